import GRDB
public import Notifications

/// The state of the history, reported after each commit and each change of its health.
public struct HistoryChange: Sendable, Hashable {
    /// The id of the newest row; 0 without rows.
    public var latestRow: Int64
    /// The id of the newest delivery; 0 without deliveries.
    public var latestDelivery: Int64
    /// The counts of everything received, including removed requests.
    public var tally: Tally
    /// The amounts that still exist.
    public var kept = KeptAmounts()
    public var health: HistoryHealth
    /// A number that grows whenever older records may read differently, because their verdicts were computed again.
    public var revision: Int
    /// The newest delivery with an answer time recorded since the start; 0 without one.
    public var latestAnswered: Int64 = 0
    /// Grows with every change of the outbox.
    public var outbox: Int64 = 0

    public init(
        latestRow: Int64 = 0, latestDelivery: Int64 = 0, tally: Tally = Tally(), health: HistoryHealth = .recording,
        revision: Int = 0
    ) {
        self.latestRow = latestRow
        self.latestDelivery = latestDelivery
        self.tally = tally
        self.health = health
        self.revision = revision
    }
}

/// Whether deliveries can be recorded.
public enum HistoryHealth: Codable, Sendable, Hashable {
    case recording
    /// The last write failed; every delivery is answered 503 until one succeeds. The sentence gives the reason and a
    /// remedy.
    case failing(String)
}

/// An event that observers of a history receive.
public enum HistoryEvent: Sendable, Hashable {
    case changed(HistoryChange)
    /// A delivery was recorded whose verdict is of an older keyring: it must be verified again.
    case stale
    /// A delivery could not be recorded, although the history can be written; the sentence gives the reason.
    case refused(String)
    /// Something else that a person should know, in a sentence.
    case warning(String)
    /// Something for the log, in a sentence.
    case note(String)
    /// A condition began or ended that lasts: what is new, in a sentence, and all that lasts now; nil for none.
    case lasting(news: String?, all: String?)
}

extension HistoryChange {
    /// The number of rows of the event list that are there.
    public var rows: Int { tally.rows - kept.removedRows }

    /// Reads the state of the history from the file.
    static func read(_ db: Database) throws -> HistoryChange {
        var change = HistoryChange(
            latestRow: try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0,
            latestDelivery: try Int64.fetchOne(db, sql: "SELECT max(id) FROM delivery") ?? 0,
            tally: Tally())
        try TallyChange.read(db, into: &change)
        change.outbox = try Int64.fetchOne(db, sql: "SELECT revision FROM outboxRevision") ?? 0
        return change
    }
}

/// The number of deliveries with each verdict, and of their rows.
public struct Tally: Sendable, Hashable {
    public private(set) var deliveries: [SignatureVerdict: Int]
    /// Rows of the event list, those of unjudged requests included.
    public var rows: Int

    public init(deliveries: [SignatureVerdict: Int] = [:], rows: Int = 0) {
        self.deliveries = deliveries
        self.rows = rows
    }

    /// The deliveries with this verdict.
    public subscript(verdict: SignatureVerdict) -> Int {
        get { deliveries[verdict] ?? 0 }
        set { deliveries[verdict] = newValue }
    }

    /// The number of all notifications; requests that are never verified do not count.
    public var notifications: Int {
        SignatureVerdict.counted.reduce(0) { $0 + self[$1] }
    }
}

// MARK: - Health

/// The health of a history as reported to a person: a failure at once, a recovery once it has lasted, so that a history
/// that fails and recovers many times a second causes two reports and not hundreds.
///
/// A pure state machine: times are arguments.
public struct SteadyHealth: Sendable {
    /// A report to a person.
    public enum Report: Sendable, Hashable {
        case failing(String)
        /// Deliveries are recorded again, after this number of failures in this time.
        case recovered(failures: Int, within: Duration)
    }

    /// The time that a recovery must last before it is reported: the shortest, and the longest if failures recur.
    static let shortest = Duration.seconds(2)
    static let longest = Duration.seconds(16)
    /// Failures that are further apart have nothing to do with each other.
    static let memory = Duration.seconds(60)
    /// The pause between two attempts to write while nothing is recorded.
    static let pause = Duration.seconds(5)

    /// The health in the last report, with the latest reason.
    public private(set) var shown = HistoryHealth.recording
    /// When a recovery is to be reported, if it lasts until then.
    public private(set) var due: ContinuousClock.Instant?
    /// When to try to write, because no delivery may arrive that does; nil while deliveries are recorded.
    public private(set) var attempt: ContinuousClock.Instant?

    private var calm = shortest
    private var failures = 0
    private var began: ContinuousClock.Instant?
    private var lastReport: ContinuousClock.Instant?

    public init() {}

    /// Applies the current health.
    ///
    /// - Returns: The report to make now, if any.
    public mutating func see(_ health: HistoryHealth, at now: ContinuousClock.Instant) -> Report? {
        switch (shown, health) {
        case (.recording, .recording): return nil
        case (.recording, .failing(let reason)):
            (failures, began) = (1, now)
            return report(reason, at: now)
        case (.failing(let last), .failing(let reason)):
            if due != nil { failures += 1 }
            due = nil
            if attempt == nil { attempt = now + Self.pause }
            shown = health
            // Reasons that take turns are reported as rarely as recoveries.
            guard last != reason, let lastReport, now - lastReport >= calm else { return nil }
            return report(reason, at: now)
        case (.failing, .recording):
            if due == nil { due = now + calm }
            attempt = nil
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

    /// Notes that an attempt to write begins.
    ///
    /// - Returns: Whether it was time for one.
    public mutating func beginAttempt(at now: ContinuousClock.Instant) -> Bool {
        guard let attempt, now >= attempt else { return false }
        self.attempt = now + Self.pause
        return true
    }

    /// Gives up trying to write.
    public mutating func giveUp() {
        attempt = nil
    }

    private mutating func report(_ reason: String, at now: ContinuousClock.Instant) -> Report {
        calm = lastReport.map { now - $0 < Self.memory } ?? false ? min(calm * 2, Self.longest) : Self.shortest
        due = nil
        attempt = now + Self.pause
        shown = .failing(reason)
        lastReport = now
        return .failing(reason)
    }
}
