import Foundation

/// What other threads have told, for a test to wait for. The lock is the condition's own.
final class Told<Value: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var values: [Value] = []

    func tell(_ value: Value) {
        condition.withLock {
            values.append(value)
            condition.broadcast()
        }
    }

    /// The first so many values.
    func first(_ count: Int, within limit: TimeInterval = 20) throws -> [Value] {
        let end = Date(timeIntervalSinceNow: limit)
        return try condition.withLock {
            while values.count < count {
                guard condition.wait(until: end) else { throw WaitedInVain(count: count, told: values.count) }
            }
            return Array(values.prefix(count))
        }
    }

    struct WaitedInVain: Error {
        let count: Int
        let told: Int
    }
}
