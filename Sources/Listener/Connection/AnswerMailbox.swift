internal import NIOCore
internal import Notifications
internal import Synchronization

/// Answers on their way to the connections of one event loop. Deliveries are recorded together, so their answers come
/// together: the event loop is woken once for them, not once for each.
final class AnswerMailbox: Sendable {
    /// An answer, with the request that it is for.
    struct Letter: Sendable {
        let connection: NIOLoopBound<ConnectionHandler>
        let answer: Answer
        let reply: ConnectionHandler.Reply
        /// The number under which the delivery is recorded.
        let record: Int64?
    }

    private let eventLoop: any EventLoop
    private let waiting = Mutex<[Letter]>([])

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Hands an answer to its connection, from any thread: at once on the event loop itself.
    func post(_ letter: Letter) {
        if eventLoop.inEventLoop { return Self.deliver(letter) }
        let isFirst = waiting.withLock { waiting in
            waiting.append(letter)
            return waiting.count == 1
        }
        guard isFirst else { return }
        eventLoop.execute { [self] in
            let letters = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            letters.forEach(Self.deliver)
        }
    }

    private static func deliver(_ letter: Letter) {
        letter.connection.value.send(letter.answer, letter.reply, letter.record)
    }
}
