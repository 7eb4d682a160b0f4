import Foundation
import Synchronization

/// A value that several threads change, and that threads can wait for.
///
/// Waiting uses no clock unless a time is given, so a process in which everybody waits is idle.
///
/// Sendable because `state` is used only while `condition` is locked, and only `Sendable` values enter and leave it.
public final class Monitor<State>: @unchecked Sendable {
    private let condition = NSCondition()
    private var state: State

    public init(_ state: sending State) {
        self.state = state
    }

    /// Reads the value, or changes it in a way that no thread waits for.
    public func withLock<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return try body(&state)
    }

    /// Changes the value and wakes all waiting threads to look at it again.
    @discardableResult
    public func change<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        condition.lock()
        // Unlock before signalling, so that a woken thread finds the lock free.
        defer {
            condition.unlock()
            condition.broadcast()
        }
        return try body(&state)
    }

    /// Waits until `body` returns a result for the value. Blocks.
    @discardableResult
    public func wait<Found: Sendable>(for body: (inout State) -> Found?) -> Found {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let found = body(&state) { return found }
            condition.wait()
        }
    }

    /// Waits until `body` returns a result for the value, or the time is up. Blocks.
    ///
    /// - Parameters:
    ///   - deadline: The time limit; nil for none.
    ///   - body: Called at once, after each change, and a last time when the time is up.
    /// - Returns: The result; nil if the time was up first.
    @discardableResult
    public func wait<Found: Sendable>(
        until deadline: ContinuousClock.Instant?, for body: (inout State) -> Found?
    ) -> Found? {
        guard let deadline else { return wait(for: body) }
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let found = body(&state) { return found }
            let rest = deadline - .now
            guard rest > .zero else { return nil }
            let (seconds, attoseconds) = rest.components
            _ = condition.wait(until: Date(timeIntervalSinceNow: Double(seconds) + Double(attoseconds) / 1e18))
        }
    }
}

// MARK: - Handing over one result

/// A result that one thread provides and another waits for.
public final class Handoff<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isComplete = DispatchSemaphore(value: 0)

    public init() {}

    /// Provides the result, once.
    public func complete(_ result: Result<Value, any Error>) {
        self.result.withLock { $0 = result }
        isComplete.signal()
    }

    /// Returns the result once it is provided. Blocks; call it once.
    ///
    /// - Throws: The failure provided.
    public func wait() throws -> Value {
        while true {
            isComplete.wait()
            if let result = result.withLock({ $0 }) { return try result.get() }
        }
    }
}

// MARK: - Waiting in poll

/// The time limit of `poll`.
public enum PollTime {
    /// Returns the time left, rounded up so that no deadline is reached early; -1, forever, without a deadline.
    public static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        let whole = seconds.multipliedReportingOverflow(by: 1000)
        guard !whole.overflow else { return Int32.max }
        return Int32(clamping: whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
