import Foundation

/// A value that one thread changes and another waits for.
package final class Watched<Value: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var value: Value

    package init(_ value: Value) {
        self.value = value
    }

    package var now: Value { change { $0 } }

    @discardableResult
    package func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body(&value)
    }

    /// Waits until `body` finds in the value what it looks for.
    ///
    /// - Returns: What it found; nil when the time is up.
    package func wait<Result>(within limit: Duration = .patience, for body: (Value) -> Result?) -> Result? {
        let end = Date(timeIntervalSinceNow: limit.seconds)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = body(value) { return result }
            guard condition.wait(until: end) else { return body(value) }
        }
    }
}

extension Duration {
    /// How long anything may take that should take an instant: a machine may be busy with other things.
    package static var patience: Duration { .seconds(120) }

    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// What was waited for in vain, and what there was instead.
package struct WaitedInVain: Error, CustomStringConvertible {
    package let description: String

    package init(for what: String, seeing instead: String) {
        description = "waited in vain for \(what); there was:\n\(instead)"
    }
}
