internal import Base
internal import Foundation
public import History
public import Notifications

/// The settings for alerting a person who is not looking at the screen.
public struct AlertSettings: Sendable, Hashable {
    /// The events at which the bell rings.
    public enum Bell: Sendable, Hashable {
        case never
        /// A delivery that is a problem, as `!` lists them.
        case problem
        /// Every event, and every problem.
        case event
    }

    /// The events at which the bell rings.
    public var bell = Bell.never
    /// The program to run on a problem, with its arguments; never a shell's line. At least one element.
    public var onProblem: [String]?
    /// The time without deliveries after which a warning appears; more than zero.
    public var quietAfter: Duration?

    /// Creates settings without alerts.
    public init(bell: Bell = .never, onProblem: [String]? = nil, quietAfter: Duration? = nil) {
        self.bell = bell
        self.onProblem = onProblem
        self.quietAfter = quietAfter
    }

    /// Whether nothing is to be done, whatever happens.
    public var isNothing: Bool { self == AlertSettings() }
}

// MARK: - Deciding

/// Decides when the bell rings, when the program is run, and when it has been quiet for too long. It does none of this
/// itself, and times are arguments.
public struct Alerts: Sendable {
    /// The action to carry out.
    public enum Action: Sendable, Hashable {
        case ring
        /// Runs the program; call `ended(at:)` when it has ended.
        case run([String], ProblemReport)
        /// Runs the program for an action that needs a person.
        case runForAction([String], ActionTrouble)
        /// Runs the program for a bucket that needs a person.
        case runForBucket([String], BucketTrouble)
        /// Nothing has arrived for this time.
        case quiet(Duration)
        /// Something has arrived again, or the warning is no longer wanted.
        case quietIsOver
    }

    /// The bell rings no more often.
    static let ringPause = Duration.seconds(1)
    /// From one start of the program to the next, however short it runs.
    static let runPause = Duration.seconds(1)

    public private(set) var settings: AlertSettings
    private var lastArrival: ContinuousClock.Instant
    private var isQuiet = false
    private var lastRing: ContinuousClock.Instant?
    private var lastRun: ContinuousClock.Instant?
    private var isRunning = false
    /// The problems that arrived while the program ran, or too soon after its start.
    private var waiting: ProblemReport?
    private var waitingTroubles: [ActionTrouble] = []
    private var waitingBuckets: [BucketTrouble] = []

    /// - Parameter now: The start of the quiet time.
    public init(_ settings: AlertSettings, at now: ContinuousClock.Instant) {
        self.settings = settings
        lastArrival = now
    }

    /// Applies other settings.
    public mutating func change(_ settings: AlertSettings, at now: ContinuousClock.Instant) -> [Action] {
        self.settings = settings
        if settings.onProblem == nil { (waiting, waitingTroubles, waitingBuckets) = (nil, [], []) }
        guard isQuiet, settings.quietAfter.map({ now < lastArrival + $0 }) ?? true else { return [] }
        isQuiet = false
        return [.quietIsOver]
    }

    /// Notes that something has arrived.
    ///
    /// - Parameter hasEvents: Whether there are events in it.
    public mutating func arrived(
        hasEvents: Bool, problems: ProblemReport?, at now: ContinuousClock.Instant
    ) -> [Action] {
        lastArrival = now
        var actions: [Action] = isQuiet ? [.quietIsOver] : []
        isQuiet = false
        let isToRing =
            switch settings.bell {
            case .never: false
            case .problem: problems != nil
            case .event: hasEvents || problems != nil
            }
        if isToRing { actions += ring(at: now) }
        if let problems, settings.onProblem != nil {
            waiting?.add(problems)
            waiting = waiting ?? problems
        }
        return actions + run(at: now)
    }

    /// Notes that actions need a person: each trouble is new.
    public mutating func troubled(_ troubles: [ActionTrouble], at now: ContinuousClock.Instant) -> [Action] {
        guard !troubles.isEmpty else { return [] }
        let actions = settings.bell == .never ? [] : ring(at: now)
        if settings.onProblem != nil {
            for trouble in troubles {
                let same = waitingTroubles.firstIndex { $0.action == trouble.action && $0.kind == trouble.kind }
                var trouble = trouble
                // A hold and a backlog always concern the same entries.
                if let same, trouble.kind != .onHold, trouble.kind != .backlog {
                    trouble.count += waitingTroubles[same].count
                }
                if let same { waitingTroubles[same] = trouble } else { waitingTroubles.append(trouble) }
            }
        }
        return actions + run(at: now)
    }

    /// Notes that a bucket needs a person.
    public mutating func troubled(_ trouble: BucketTrouble, at now: ContinuousClock.Instant) -> [Action] {
        let actions = settings.bell == .never ? [] : ring(at: now)
        if settings.onProblem != nil {
            waitingBuckets.removeAll { $0.bucket == trouble.bucket && $0.kind == trouble.kind }
            waitingBuckets.append(trouble)
        }
        return actions + run(at: now)
    }

    private mutating func ring(at now: ContinuousClock.Instant) -> [Action] {
        guard lastRing.map({ now >= $0 + Self.ringPause }) ?? true else { return [] }
        lastRing = now
        return [.ring]
    }

    /// Notes that the program has ended.
    public mutating func ended(at now: ContinuousClock.Instant) -> [Action] {
        isRunning = false
        return run(at: now)
    }

    /// Notes that the deadline has been reached.
    public mutating func tick(at now: ContinuousClock.Instant) -> [Action] {
        var actions = run(at: now)
        if let due = quietDeadline, now >= due, let limit = settings.quietAfter {
            isQuiet = true
            actions.append(.quiet(limit))
        }
        return actions
    }

    /// The time when something is due without a new arrival; nil if nothing is.
    public var deadline: ContinuousClock.Instant? {
        [quietDeadline, runDeadline].compactMap(\.self).min()
    }

    private var quietDeadline: ContinuousClock.Instant? {
        isQuiet ? nil : settings.quietAfter.map { lastArrival + $0 }
    }

    private var runDeadline: ContinuousClock.Instant? {
        guard waiting != nil || !waitingTroubles.isEmpty || !waitingBuckets.isEmpty, !isRunning else { return nil }
        return lastRun.map { $0 + Self.runPause } ?? lastArrival
    }

    private mutating func run(at now: ContinuousClock.Instant) -> [Action] {
        guard let program = settings.onProblem, let due = runDeadline, now >= due else { return [] }
        (isRunning, lastRun) = (true, now)
        if let report = waiting {
            waiting = nil
            return [.run(program, report)]
        }
        if !waitingTroubles.isEmpty { return [.runForAction(program, waitingTroubles.removeFirst())] }
        return [.runForBucket(program, waitingBuckets.removeFirst())]
    }
}

// MARK: - Problems

/// A delivery that a person should look at, as in `RowPredicate.problem`: its signature is not valid, or it was not
/// answered with 200.
public struct Problem: Sendable, Hashable {
    /// The longest value passed to a program, in characters.
    static let longestValue = 1_000

    public var delivery: Int64
    public var verdict: SignatureVerdict
    /// The body of the answer.
    public var status: Int
    public var type: String
    public var object: String
    public var bucket: String
    public var rule: String

    /// Creates the problem in a row of the event list.
    public init(_ row: EventRow) {
        delivery = row.deliveryID
        verdict = row.verdict
        status = row.status
        type = row.eventType.text
        object = row.objectName.text
        bucket = row.bucketName.text
        rule = row.matchedRuleName.text
    }
}

/// Problems reported together: their number, and the latest of them.
public struct ProblemReport: Sendable, Hashable {
    /// The number of events, at least 1.
    public var count: Int
    public var latest: Problem

    /// Adds later problems.
    mutating func add(_ later: ProblemReport) {
        self = ProblemReport(count: count + later.count, latest: later.latest)
    }

    /// All variables passed to a program, whatever the problem is.
    static let variables = [
        "B2WATCH_PROBLEM", "B2WATCH_PROBLEMS", "B2WATCH_VERDICT", "B2WATCH_STATUS", "B2WATCH_DELIVERY", "B2WATCH_TYPE",
        "B2WATCH_OBJECT", "B2WATCH_BUCKET", "B2WATCH_RULE", "B2WATCH_ACTION", "B2WATCH_ACTION_PROBLEM",
        "B2WATCH_REASON", "B2WATCH_BUCKET_PROBLEM",
    ]

    /// The variables passed to a program. Text from outside is escaped, so that it has no effect on terminals.
    public var environment: [String: String] {
        func value(_ text: String) -> String {
            String(SafeText(String(text.prefix(Problem.longestValue))).string.prefix(Problem.longestValue))
        }
        return [
            "B2WATCH_PROBLEM": "delivery", "B2WATCH_ACTION": "", "B2WATCH_ACTION_PROBLEM": "", "B2WATCH_REASON": "",
            "B2WATCH_BUCKET_PROBLEM": "", "B2WATCH_PROBLEMS": String(count), "B2WATCH_VERDICT": latest.verdict.word,
            "B2WATCH_STATUS": String(latest.status), "B2WATCH_DELIVERY": String(latest.delivery),
            "B2WATCH_TYPE": value(latest.type),
            "B2WATCH_OBJECT": value(latest.object), "B2WATCH_BUCKET": value(latest.bucket),
            "B2WATCH_RULE": value(latest.rule),
        ]
    }
}

/// A problem of a bucket that a comparison with the record has found.
public struct BucketTrouble: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Objects changed without a notification.
        case missing
        /// The bucket could not be compared.
        case failed
        /// B2 has suspended a rule.
        case suspended
        /// Nothing has arrived from a rule for longer than the configuration allows.
        case silent
    }

    public var bucket: String
    public var kind: Kind
    /// The number of objects concerned.
    public var count: Int
    /// The problem in a sentence; it may contain text from outside.
    public var reason: String

    public init(bucket: String, kind: Kind, count: Int = 0, reason: String) {
        self.bucket = bucket
        self.kind = kind
        self.count = count
        self.reason = reason
    }

    /// The variables passed to a program.
    var environment: [String: String] {
        var all = Dictionary(uniqueKeysWithValues: ProblemReport.variables.map { ($0, "") })
        all["B2WATCH_PROBLEM"] = "bucket"
        all["B2WATCH_BUCKET_PROBLEM"] = kind.rawValue
        all["B2WATCH_PROBLEMS"] = String(count)
        all["B2WATCH_BUCKET"] = String(SafeText(bucket).string.prefix(Problem.longestValue))
        all["B2WATCH_REASON"] = String(SafeText(reason).string.prefix(Problem.longestValue))
        return all
    }
}

// MARK: - Arrivals

/// The news in the rows that have arrived.
struct Arrivals: Sendable, Hashable {
    /// Whether there are events in it; false if reports of events are not wanted.
    var hasEvents = false
    /// The problems; nil if the rows contain none, or reports of them are not wanted.
    var problems: ProblemReport?

    init(hasEvents: Bool = false, problems: ProblemReport? = nil) {
        (self.hasEvents, self.problems) = (hasEvents, problems)
    }

    /// Reads the news in the rows after the first one and up to the last one.
    init(_ rows: Range<Int64>, for settings: AlertSettings, reading reader: HistoryReader) throws {
        if settings.bell == .event {
            hasEvents = try !reader.rows(
                matching: AlertRows.events, after: rows.lowerBound, through: rows.upperBound, limit: 1
            ).rows.isEmpty
        }
        guard settings.bell != .never || settings.onProblem != nil else { return }
        var after = rows.lowerBound
        while after < rows.upperBound {
            let found = try reader.rows(
                matching: AlertRows.problems, after: after, through: rows.upperBound, limit: 500)
            // The rows of a delivery follow each other.
            for row in found.rows where row.deliveryID != problems?.latest.delivery {
                problems = ProblemReport(count: (problems?.count ?? 0) + 1, latest: Problem(row))
            }
            after = found.through
        }
    }
}

// MARK: - Quiet

/// The warning that nothing has arrived for too long. It stays until something arrives, and is not updated by time; so
/// it gives the moment when the quiet time began.
struct QuietWarning {
    /// The quiet time allowed.
    let limit: Duration
    /// The start of the quiet time, on clocks of a zone with this offset in seconds east of UTC.
    let since: Timestamp
    let secondsFromUTC: Int

    init(limit: Duration, since: Timestamp, secondsFromUTC: Int) {
        (self.limit, self.since, self.secondsFromUTC) = (limit, since, secondsFromUTC)
    }

    /// Creates a warning for a limit that was reached now, by this computer's clock and zone.
    init(reachedNow limit: Duration) {
        let start = Date(timeIntervalSinceNow: -(limit / .seconds(1)))
        self.init(
            limit: limit, since: Timestamp(milliseconds: Int64(start.timeIntervalSince1970 * 1_000)),
            secondsFromUTC: TimeZone.current.secondsFromGMT(for: start))
    }

    var text: String {
        let length = "nothing has arrived for \(AlertWatch.words(limit)) and more"
        guard let time = CalendarTime(since, secondsFromUTC: secondsFromUTC) else { return length }
        return "\(length) (since \(time.date) \(time.timeOfDay) \(offset))"
    }

    /// The offset from UTC, such as `+01:00`.
    private var offset: String {
        let (hours, minutes) = (abs(secondsFromUTC) / 60).quotientAndRemainder(dividingBy: 60)
        return "\(secondsFromUTC < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
    }
}

// MARK: - Actions in trouble

/// Finds out which troubles of actions are new, so that each is reported once. Times are arguments.
struct TroubleNews {
    /// The number of entries that each trouble concerned at the last look; nil before the first look, whose troubles
    /// are not new.
    private var known: [String: Int]?
    /// The time from which an action may count as late: entries that waited before get time to be done.
    private let start: Timestamp

    init(at start: Timestamp) {
        self.start = start
    }

    /// Applies the current states of the actions.
    ///
    /// - Returns: The new troubles, with the number of additional entries that each concerns.
    mutating func update(_ statuses: [ActionStatus], at now: Timestamp) -> [ActionTrouble] {
        var current: [String: Int] = [:]
        var new: [ActionTrouble] = []
        for trouble in statuses.flatMap({ $0.troubles(at: now) }) {
            if trouble.kind == .backlog, now < lateAt { continue }
            let key = "\(trouble.kind.rawValue) \(trouble.action)"
            current[key] = trouble.count
            let before = known?[key]
            switch trouble.kind {
            case .onHold where before == nil, .backlog where before == nil: new.append(trouble)
            case .dead where trouble.count > before ?? 0, .uncertain where trouble.count > before ?? 0,
                .heldEntries where trouble.count > before ?? 0:
                var more = trouble
                more.count -= before ?? 0
                new.append(more)
            default: break
            }
        }
        defer { known = current }
        return known == nil ? new.filter { $0.kind == .backlog } : new
    }

    /// Returns the next time when another action will be late; nil if none will.
    func nextLate(_ statuses: [ActionStatus], after now: Timestamp) -> Timestamp? {
        statuses.compactMap(\.lateAt).map { max($0, lateAt) }.filter { $0 > now }.min()
    }

    private var lateAt: Timestamp {
        Timestamp(milliseconds: start.milliseconds + Int64(ActionStatus.lateness / .milliseconds(1)))
    }
}

extension ActionTrouble {
    /// The variables passed to a program, escaped. Those about a delivery are empty.
    var environment: [String: String] {
        func value(_ text: String) -> String {
            String(SafeText(String(text.prefix(Problem.longestValue))).string.prefix(Problem.longestValue))
        }
        var variables = Dictionary(uniqueKeysWithValues: ProblemReport.variables.map { ($0, "") })
        variables["B2WATCH_PROBLEM"] = "action"
        variables["B2WATCH_PROBLEMS"] = String(count)
        variables["B2WATCH_ACTION"] = action
        variables["B2WATCH_ACTION_PROBLEM"] = kind.rawValue
        variables["B2WATCH_REASON"] = value(reason ?? "")
        return variables
    }
}
