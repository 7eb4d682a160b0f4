public import Base
import Dispatch
import Foundation
import Synchronization
import Testing

/// A value that one thread changes and a test waits for.
public final class Watched<Value: Sendable>: @unchecked Sendable {
    // `value` is used only while `condition` is locked.
    private let condition = NSCondition()
    private var value: Value

    public init(_ value: Value) {
        self.value = value
    }

    public var now: Value { change { $0 } }

    @discardableResult
    public func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body(&value)
    }

    /// Waits until `body` returns a result for the value.
    ///
    /// - Returns: The result; nil when the time is over.
    public func wait<Result>(
        within limit: Duration = .patience,
        for body: (Value) -> Result?
    ) -> Result? {
        Blocking.check()
        let end = Date(timeIntervalSinceNow: limit.seconds)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = body(value) { return result }
            guard condition.wait(until: end) else { return body(value) }
        }
    }

    /// Waits until `body` returns a result for the value.
    ///
    /// - Parameter what: The event that is waited for, named if it does not happen.
    /// - Throws: `WaitedInVain`.
    public func require<Result>(
        _ what: String, within limit: Duration = .patience,
        where body: (Value) -> Result?
    ) throws -> Result {
        if let found = wait(within: limit, for: body) { return found }
        throw WaitedInVain(for: what, seeing: "\(now)")
    }
}

extension Monitor {
    /// Waits until `body` returns a result for the value.
    ///
    /// - Parameter what: The event that is waited for, named if it does not happen.
    /// - Throws: `WaitedInVain`.
    @discardableResult
    public func require<Found: Sendable>(
        _ what: String, within limit: Duration = .patience,
        where body: (inout State) -> Found?
    ) throws -> Found {
        Blocking.check()
        if let found = wait(until: .now + limit, for: body) { return found }
        throw WaitedInVain(for: what, seeing: withLock { "\($0)" })
    }

    /// Waits until `body` returns a result for the value; otherwise the test fails and continues.
    ///
    /// - Parameter what: The event that is waited for, named if it does not happen.
    @discardableResult
    public func expect<Found: Sendable>(
        _ what: String, within limit: Duration = .patience,
        where body: (inout State) -> Found?
    ) -> Found? {
        do {
            return try require(what, within: limit, where: body)
        } catch {
            Issue.record(error)
            return nil
        }
    }
}

/// Waits, by asking repeatedly, for an event that nothing reports, such as a file of another process.
///
/// - Parameter what: The event that is waited for, named if it does not happen.
/// - Throws: `WaitedInVain`, or the error of `find`.
public func wait<Found>(
    for what: String, within limit: Duration = .patience,
    _ find: () throws -> Found?
) throws -> Found {
    Blocking.check()
    let end = ContinuousClock.now + limit
    while true {
        if let found = try find() { return found }
        guard .now < end else { throw WaitedInVain(for: what, seeing: "nothing of the kind") }
        usleep(10_000)
    }
}

/// Waits, without a thread, until the product calls back; otherwise the test fails and continues.
///
/// - Parameters:
///   - what: The event that is waited for, named if it does not happen.
///   - other: The value returned if it does not happen.
///   - begin: Starts the product's work, which calls the closure once, on any thread.
public func answer<Value: Sendable>(
    _ what: String, orElse other: Value, within limit: Duration = .patience,
    from begin: (@escaping @Sendable (Value) -> Void) -> Void
) async -> Value {
    let waiting = Waiting<Value>()
    let found = await withCheckedContinuation { continuation in
        waiting.begin(continuation, atMost: limit)
        begin { waiting.end($0) }
    }
    if let found { return found }
    Issue.record(WaitedInVain(for: what, seeing: "no answer"))
    return other
}

/// A task that waits for a value or for the end of its time, whichever is first.
private final class Waiting<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Value?, Never>?
        var timer: Task<Void, Never>?
    }

    private let state = Mutex(State())

    func begin(_ continuation: CheckedContinuation<Value?, Never>, atMost limit: Duration) {
        state.withLock { state in
            state.continuation = continuation
            state.timer = Task {
                if (try? await Task.sleep(for: limit)) != nil { self.end(nil) }
            }
        }
    }

    func end(_ value: Value?) {
        let ended = state.withLock { state in
            defer { state = State() }
            return state
        }
        ended.timer?.cancel()
        ended.continuation?.resume(returning: value)
    }
}

/// Holds up a thread of the product until the test opens the gate, or the test's time is over.
public final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)

    public init() {}

    /// Opens the gate for all threads, now and later.
    public func open() {
        opened.signal()
    }

    /// Waits until the gate is open. For threads that do not belong to the test.
    public func wait() {
        if opened.wait(timeout: .now() + Duration.patience.seconds) == .success { opened.signal() }
    }
}

/// The event that a test waited for without success, and the last state seen.
public struct WaitedInVain: Error, CustomStringConvertible {
    public let description: String

    public init(for what: String, seeing instead: String) {
        description = "waited without success for \(what); there was:\n\(instead)"
    }
}

extension Duration {
    /// The time limit for events that should be immediate, because a machine may be busy.
    public static var patience: Duration { Duration.seconds(60) * Sanitizer.slowness }

    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
