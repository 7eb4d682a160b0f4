internal import CTerminal
internal import Glibc
internal import Synchronization

/// How everybody else speaks to the thread of the screen: anyone posts, that thread waits and drains.
public final class Mailbox<Message: Sendable>: Sendable {
    /// Readable while there are messages.
    let fileDescriptor: Int32
    private let messages = Mutex<[Message]>([])

    /// An empty mailbox.
    public init() {
        fileDescriptor = terminal_event_create()
    }

    deinit {
        close(fileDescriptor)
    }

    /// Leaves a message. Only the first one of a batch wakes the reader.
    public func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if isFirst { terminal_event_signal(fileDescriptor) }
    }

    /// Takes all messages, in the order they were posted.
    public func drain() -> [Message] {
        terminal_event_clear(fileDescriptor)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
