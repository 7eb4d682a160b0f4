import Workers

/// A reply that a thread waits for, for a time.
final class PendingReply: Sendable {
    private let result = Monitor<Result<[UInt8], ControlFailure>?>(nil)

    /// Gives it; the first one counts.
    func give(_ result: Result<[UInt8], ControlFailure>) {
        self.result.change { $0 = $0 ?? result }
    }

    /// Waits for it.
    ///
    /// - Throws: What was given as a failure; `silent` when the time is up.
    func take(within limit: Duration) throws(ControlFailure) -> [UInt8] {
        guard let result = result.wait(until: .now + limit, for: { $0 }) else { throw .silent }
        return try result.get()
    }
}
