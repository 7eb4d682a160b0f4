public import Notifications
internal import Synchronization

/// How long answers took, over the last five minutes: from the last byte of a notification to the writing of its
/// answer. Safe to use from any thread.
public final class AnswerTimes: Sendable {
    private static let sliceSeconds: Int64 = 10

    private let origin: ContinuousClock.Instant
    private let histogram = Mutex(AnswerHistogram())

    /// - Parameter origin: A moment before everything that will be recorded.
    public init(origin: ContinuousClock.Instant = .now) {
        self.origin = origin
    }

    /// Counts an answer.
    ///
    /// - Parameter end: When the answer was written.
    public func record(_ duration: Duration, at end: ContinuousClock.Instant) {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        let slice = slice(at: end)
        histogram.withLock { $0.record(microseconds: microseconds, in: slice) }
    }

    /// The answers of the five minutes before `now`, to within ten seconds.
    public func summary(at now: ContinuousClock.Instant) -> AnswerTimesSummary {
        let slice = slice(at: now)
        let summary = histogram.withLock { $0.summary(in: slice) }
        return AnswerTimesSummary(
            count: summary.count, median: summary.median, p99: summary.p99,
            until: summary.until.map { origin + .seconds(Int64($0) * Self.sliceSeconds) })
    }

    private func slice(at instant: ContinuousClock.Instant) -> Int {
        max(0, Int((instant - origin).components.seconds / Self.sliceSeconds))
    }
}
