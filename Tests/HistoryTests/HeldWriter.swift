import History
import Notifications
import TestSupport

/// Holds up a history's writer: what is recorded meanwhile queues.
final class HeldWriter: Sendable {
    private let history: History
    private let gate = Gate()

    init(_ history: History) {
        self.history = history
    }

    /// Returns once the writer is held up, by the completion of a delivery of its own.
    func hold() async {
        await answer("the writer to be held up", orElse: ()) { give in
            let isQueued = history.record(.sample()) { [gate] _ in
                give(())
                gate.wait()
            }
            if !isQueued { give(()) }
        }
    }

    func letGo() {
        gate.open()
    }
}
