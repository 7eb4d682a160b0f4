internal import Base
internal import CBase
internal import Glibc
internal import Synchronization

/// The only place where the screen's thread waits: for the terminal, its mailbox, a signal and a deadline, all at once.
///
/// While it exists, it catches SIGWINCH, SIGCONT and SIGTSTP on any thread. Only one may exist at a time.
public final class TerminalLoop {
    private let signals: Int32

    /// Begins to catch the signals.
    public init() {
        signals = terminal_signals_watch()
    }

    deinit {
        terminal_signals_unwatch()
    }

    /// Sleeps until there is something to do, and returns the reasons. Without a deadline only an event ends the sleep.
    public func wait(
        _ screen: Screen, _ mailbox: Mailbox<some Sendable>, until deadline: ContinuousClock.Instant? = nil
    ) -> Wake {
        let wanted = Int16(POLLIN)
        // A descriptor of -1 is one that poll passes over.
        var sources = [screen.inputDescriptor, mailbox.fileDescriptor, signals].map {
            pollfd(fd: $0, events: wanted, revents: 0)
        }
        var wake: Wake = []
        while wake.isEmpty {
            let timeout = PollTime.milliseconds(until: deadline)
            let count = poll(&sources, nfds_t(sources.count), timeout)
            if count == 0, timeout >= 0, PollTime.milliseconds(until: deadline) == 0 { wake.insert(.deadline) }
            guard count > 0 else { continue }  // interrupted, or not quite there yet

            if sources[0].revents & wanted != 0 { wake.insert(.input) }
            if sources[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { wake.insert(.hangUp) }
            if sources[1].revents != 0 { wake.insert(.mail) }
            if sources[2].revents != 0 { wake.formUnion(drainSignals()) }
        }
        return wake
    }

    private func drainSignals() -> Wake {
        // The order matters: a signal that arrives between the two is handled now, and wakes us once more for nothing.
        terminal_event_clear(signals)
        let caught = Int(terminal_signals_take())
        var wake: Wake = []
        if caught & TERMINAL_RESIZED != 0 { wake.insert(.input) }
        if caught & TERMINAL_CONTINUED != 0 { wake.insert(.continued) }
        if caught & TERMINAL_STOP_ASKED != 0 { wake.insert(.stopAsked) }
        return wake
    }
}

// MARK: - What wakes it

/// The reasons why the screen's thread woke up. Several may apply at once.
public struct Wake: OptionSet, Sendable, Hashable {
    /// The reasons as bits.
    public let rawValue: UInt8

    /// Reasons from bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Something was typed, or the size changed: `Screen.readInput()`.
    public static let input = Wake(rawValue: 1)
    /// There are messages: `Mailbox.drain()`.
    public static let mail = Wake(rawValue: 2)
    /// The deadline was reached.
    public static let deadline = Wake(rawValue: 4)
    /// The terminal is gone: its window was closed, or the connection was lost. It will send nothing more.
    public static let hangUp = Wake(rawValue: 8)
    /// Someone sent SIGTSTP: `Screen.suspend()`, if that is wanted.
    public static let stopAsked = Wake(rawValue: 16)
    /// The process was stopped and continues, so the terminal may be in any state: `Screen.redraw()`.
    public static let continued = Wake(rawValue: 32)
    /// The output accepts more: reported only on request.
    public static let room = Wake(rawValue: 64)
}

// MARK: - Messages from other threads

/// The mailbox of the screen's thread: any thread posts messages, and that thread waits for and reads them.
public final class Mailbox<Message: Sendable>: Sendable {
    /// Readable while there are messages.
    let fileDescriptor: Int32
    private let messages = Mutex<[Message]>([])

    /// Creates an empty mailbox.
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
