import Synchronization
import Workers

/// Holds how long answers took until they are written: with the next deliveries, in their transaction, or once no delivery
/// has come for a moment. A crash may lose them.
final class AnswerTimeLog: Sendable {
    struct Entry: Sendable {
        let delivery: Int64
        let microseconds: Int64
    }

    /// How long a time waits for the next delivery.
    private static let patience = Duration.milliseconds(100)

    private struct State {
        var waiting: [Entry] = []
        /// Whether somebody waits for the patience to end.
        var isWatched = false
    }

    private let state = Mutex(State())
    private let isClosed = Monitor(false)
    private let thread = Worker("answer times")

    /// Takes note of a time. Does not block.
    ///
    /// - Parameter write: Writes what is waiting then, in a transaction of its own; called from another thread.
    func note(_ delivery: Int64, _ time: Duration, write: @escaping @Sendable () -> Void) {
        let entry = Entry(delivery: delivery, microseconds: Int64(time / .microseconds(1)))
        let isFirst = state.withLock { state in
            state.waiting.append(entry)
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if isFirst, !isClosed.withLock({ $0 }) { thread.async { [self] in watch(write) } }
    }

    /// Takes what is to be written now.
    func take() -> [Entry] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Ends the waiting. What is noted from then on is not written.
    func close() {
        isClosed.change { $0 = true }
        thread.wait()
    }

    private func watch(_ write: () -> Void) {
        // Deliveries take what waits; as long as they do, there is nothing to do here.
        while true {
            let last = state.withLock { $0.waiting.last?.delivery }
            let isClosed = isClosed.wait(until: .now + Self.patience) { $0 ? true : nil } ?? false
            let (isOver, isLate) = state.withLock { state in
                let isLate = !state.waiting.isEmpty && state.waiting.last?.delivery == last
                let isOver = isClosed || state.waiting.isEmpty || isLate
                if isOver { state.isWatched = false }
                return (isOver, isLate && !isClosed)
            }
            if isLate { write() }
            if isOver { return }
        }
    }
}
