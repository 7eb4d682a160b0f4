/// The health of a history as a person is told of it: a failure at once, a recovery once it has lasted, so that a history
/// that fails and recovers many times a second makes two reports and not hundreds.
///
/// A pure state machine: times come in.
public struct SteadyHealth: Sendable {
    /// What a person is told.
    public enum Report: Sendable, Hashable {
        case failing(String)
        /// Deliveries are recorded again, after so many failures in so long a time.
        case recovered(failures: Int, within: Duration)
    }

    /// How long a recovery lasts before it is reported: the shortest, and the longest where failures recur.
    static let shortest = Duration.seconds(2)
    static let longest = Duration.seconds(16)
    /// Failures that are further apart have nothing to do with each other.
    static let memory = Duration.seconds(60)

    /// The health as it was last reported, with the latest reason.
    public private(set) var shown = HistoryHealth.recording
    /// When a recovery is to be reported, if it lasts until then.
    public private(set) var due: ContinuousClock.Instant?

    private var calm = shortest
    private var failures = 0
    private var began: ContinuousClock.Instant?
    private var lastReport: ContinuousClock.Instant?

    public init() {}

    /// Sees the health as it is.
    ///
    /// - Returns: What is to be reported now, if anything.
    public mutating func see(_ health: HistoryHealth, at now: ContinuousClock.Instant) -> Report? {
        switch (shown, health) {
        case (.recording, .recording): return nil
        case (.recording, .failing(let reason)):
            (failures, began) = (1, now)
            return report(reason, at: now)
        case (.failing(let last), .failing(let reason)):
            if due != nil { failures += 1 }
            due = nil
            shown = health
            // Reasons that take turns are reported as rarely as recoveries.
            guard last != reason, let lastReport, now - lastReport >= calm else { return nil }
            return report(reason, at: now)
        case (.failing, .recording):
            if due == nil { due = now + calm }
            return nil
        }
    }

    /// Reports a recovery that has lasted.
    public mutating func recover(at now: ContinuousClock.Instant) -> Report? {
        guard let due, now >= due else { return nil }
        self.due = nil
        shown = .recording
        lastReport = now
        return .recovered(failures: failures, within: (began ?? now).duration(to: due - calm))
    }

    private mutating func report(_ reason: String, at now: ContinuousClock.Instant) -> Report {
        calm = lastReport.map { now - $0 < Self.memory } ?? false ? min(calm * 2, Self.longest) : Self.shortest
        due = nil
        shown = .failing(reason)
        lastReport = now
        return .failing(reason)
    }
}
