import Foundation
import Synchronization

/// A wait for a moment that can be cut short.
final class Pause: Sendable {
    private let isOver = Mutex(false)
    private let change = NSCondition()

    /// Blocks until then, or until `end` was called since the last wait.
    func wait(until moment: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (moment - .now).components
        let date = Date(timeIntervalSinceNow: Double(seconds) + Double(attoseconds) / 1e18)
        change.withLock {
            while !isOver.withLock({ $0 }), change.wait(until: date) {}
            isOver.withLock { $0 = false }
        }
    }

    /// Ends the wait there is, or the next one.
    func end() {
        isOver.withLock { $0 = true }
        change.withLock { change.signal() }
    }
}
