import Dashboard
import Synchronization

/// What became of a replay so far, for whoever ends it.
final class ReplaySum: Sendable {
    private let state = Mutex(ReplayCount())

    var count: ReplayCount { state.withLock { $0 } }

    func take(_ count: ReplayCount) {
        state.withLock { $0 = count }
    }
}
