import Foundation
import Synchronization

/// A reply that a thread waits for, for a time.
final class PendingReply: Sendable {
    private let result = Mutex<Result<[UInt8], ControlFailure>?>(nil)
    private let change = NSCondition()

    /// Gives it; the first one counts.
    func give(_ result: Result<[UInt8], ControlFailure>) {
        self.result.withLock { $0 = $0 ?? result }
        change.withLock { change.broadcast() }
    }

    /// Waits for it.
    ///
    /// - Throws: What was given as a failure; `silent` when the time is up.
    func take(within limit: Duration) throws(ControlFailure) -> [UInt8] {
        let end = Date(timeIntervalSinceNow: limit / .seconds(1))
        change.lock()
        defer { change.unlock() }
        while true {
            if let result = result.withLock({ $0 }) { return try result.get() }
            guard change.wait(until: end) else { throw .silent }
        }
    }
}
