public import Base
import Dispatch
import Foundation
import Synchronization
import Testing

/// A value that one thread changes and a test waits for.
public final class Watched<Value: Sendable>: @unchecked Sendable {
    // `value` is touched only while `condition` is locked.
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

    /// Waits until `body` finds in the value what it looks for.
    ///
    /// - Returns: What it found; nil when the time is up.
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

    /// Waits until `body` finds in the value what it looks for.
    ///
    /// - Parameter what: What is waited for, to be named where it does not come.
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
    /// Waits until `body` finds in the value what it looks for.
    ///
    /// - Parameter what: What is waited for, to be named where it does not come.
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

    /// Waits until `body` finds in the value what it looks for; where it does not, the test fails and goes on.
    ///
    /// - Parameter what: What is waited for, to be named where it does not come.
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

/// Waits until something is there that tells nobody of its coming, such as a file of another process.
///
/// - Parameter what: What is waited for, to be named where it does not come.
/// - Throws: `WaitedInVain`, or what `find` throws.
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

/// Waits, without a thread, until the product calls back; where it does not, the test fails and goes on.
///
/// - Parameters:
///   - what: What is waited for, to be named where it does not come.
///   - other: What is returned where it does not come.
///   - begin: Asks the product, which calls the closure once, on any thread.
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

/// A task that waits for a value or for the end of its time, whichever comes first.
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

/// Holds up a thread of the product until the test opens it, or the test has had time enough.
public final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)

    public init() {}

    /// Lets through who waits, now and later.
    public func open() {
        opened.signal()
    }

    /// Waits until it is open. For threads that are not the test's own.
    public func wait() {
        if opened.wait(timeout: .now() + Duration.patience.seconds) == .success { opened.signal() }
    }
}

/// What a test waited for without success, and what there was instead.
public struct WaitedInVain: Error, CustomStringConvertible {
    public let description: String

    public init(for what: String, seeing instead: String) {
        description = "waited without success for \(what); there was:\n\(instead)"
    }
}

extension Duration {
    /// How long anything may take that should take an instant: a machine may be busy with other things.
    public static var patience: Duration { .seconds(60) }

    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
