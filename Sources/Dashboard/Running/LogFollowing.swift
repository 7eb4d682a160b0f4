import Log
import Synchronization

/// The follower of the log, while there is one.
final class LogFollowing: Sendable {
    private let follower = Mutex<LogFollower?>(nil)

    /// Keeps this one; the one before ends.
    func hold(_ new: LogFollower?) {
        follower.withLock { $0 = new }
    }
}
