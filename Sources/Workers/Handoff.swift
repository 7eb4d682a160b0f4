import Dispatch
import Synchronization

/// One result on its way from a thread that finds it to a thread that waits for it.
public final class Handoff<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isGiven = DispatchSemaphore(value: 0)

    public init() {}

    /// Gives the result; once.
    public func give(_ result: Result<Value, any Error>) {
        self.result.withLock { $0 = result }
        isGiven.signal()
    }

    /// Waits for the result; once. Blocks.
    ///
    /// - Throws: What was given as a failure.
    public func take() throws -> Value {
        while true {
            isGiven.wait()
            if let result = result.withLock({ $0 }) { return try result.get() }
        }
    }
}
