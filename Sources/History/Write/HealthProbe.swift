import GRDB
import Synchronization

/// Finds out whether deliveries can be recorded now, by a write that is larger than most of them.
///
/// Whoever asks while one is under way is told what the next finds, so that asking often writes no more often.
final class HealthProbe: Sendable {
    private struct State {
        var isRunning = false
        var waiting: [@Sendable (Bool) -> Void] = []
    }

    private let writer: HistoryWriter
    private let state = Mutex(State())

    init(_ writer: HistoryWriter) {
        self.writer = writer
    }

    /// - Parameter completion: Is called on the writer's thread, or at once where no delivery would be taken.
    func ask(_ completion: @escaping @Sendable (Bool) -> Void) {
        guard writer.hasRoom else { return completion(false) }
        let isFirst = state.withLock { state in
            state.waiting.append(completion)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { run() }
    }

    private func run() {
        let asking = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        writer.perform({ db in try db.execute(sql: "UPDATE probe SET filler = randomblob(16384)") }) { [self] result in
            let isRecorded = (try? result.get()) != nil
            asking.forEach { $0(isRecorded) }
            let isWanted = state.withLock { state in
                state.isRunning = !state.waiting.isEmpty
                return state.isRunning
            }
            if isWanted { run() }
        }
    }
}
