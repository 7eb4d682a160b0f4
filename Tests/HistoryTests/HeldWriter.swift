import Dispatch
import History
import Notifications
import TestSupport

/// Holds up a history's writer: what is recorded meanwhile queues.
final class HeldWriter: Sendable {
    private let history: History
    private let gate = DispatchSemaphore(value: 0)

    init(_ history: History) {
        self.history = history
    }

    /// Returns once the writer is held up, by the completion of a delivery of its own.
    func hold() async {
        await withCheckedContinuation { continuation in
            let isQueued = history.record(.sample()) { [gate] _ in
                continuation.resume()
                gate.wait()
            }
            if !isQueued { continuation.resume() }
        }
    }

    func letGo() {
        gate.signal()
    }
}
