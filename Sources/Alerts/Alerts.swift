public import History

/// Decides when the bell rings, when the program is run, and when it has been too quiet. It does none of that itself, and
/// knows no clock but what it is told.
public struct Alerts: Sendable {
    /// What is to be done.
    public enum Action: Sendable, Hashable {
        case ring
        /// Runs the program; `ended(at:)` is to be told when it has ended.
        case run([String], ProblemReport)
        /// The same, for an action that needs a person.
        case runForAction([String], ActionTrouble)
        /// Nothing has come for so long.
        case quiet(Duration)
        /// Something has come again, or nobody wants to know any more.
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
    /// What came while the program ran, or too soon after its start.
    private var waiting: ProblemReport?
    private var waitingTroubles: [ActionTrouble] = []

    /// - Parameter now: From when on nothing has come.
    public init(_ settings: AlertSettings, at now: ContinuousClock.Instant) {
        self.settings = settings
        lastArrival = now
    }

    /// Other settings hold.
    public mutating func change(_ settings: AlertSettings, at now: ContinuousClock.Instant) -> [Action] {
        self.settings = settings
        if settings.onProblem == nil { (waiting, waitingTroubles) = (nil, []) }
        guard isQuiet, settings.quietAfter.map({ now < lastArrival + $0 }) ?? true else { return [] }
        isQuiet = false
        return [.quietIsOver]
    }

    /// Something has come.
    ///
    /// - Parameter hasEvents: Whether events are among it.
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

    /// Actions need a person: each trouble is new.
    public mutating func troubled(_ troubles: [ActionTrouble], at now: ContinuousClock.Instant) -> [Action] {
        guard !troubles.isEmpty else { return [] }
        let actions = settings.bell == .never ? [] : ring(at: now)
        if settings.onProblem != nil {
            for trouble in troubles {
                let same = waitingTroubles.firstIndex { $0.action == trouble.action && $0.kind == trouble.kind }
                var trouble = trouble
                // Those of a hold and of a backlog are the same ones.
                if let same, trouble.kind != .onHold, trouble.kind != .backlog {
                    trouble.count += waitingTroubles[same].count
                }
                if let same { waitingTroubles[same] = trouble } else { waitingTroubles.append(trouble) }
            }
        }
        return actions + run(at: now)
    }

    private mutating func ring(at now: ContinuousClock.Instant) -> [Action] {
        guard lastRing.map({ now >= $0 + Self.ringPause }) ?? true else { return [] }
        lastRing = now
        return [.ring]
    }

    /// The program has ended.
    public mutating func ended(at now: ContinuousClock.Instant) -> [Action] {
        isRunning = false
        return run(at: now)
    }

    /// The deadline has come.
    public mutating func tick(at now: ContinuousClock.Instant) -> [Action] {
        var actions = run(at: now)
        if let due = quietDeadline, now >= due, let limit = settings.quietAfter {
            isQuiet = true
            actions.append(.quiet(limit))
        }
        return actions
    }

    /// When something is to be done by itself; nil as long as nothing is.
    public var deadline: ContinuousClock.Instant? {
        [quietDeadline, runDeadline].compactMap(\.self).min()
    }

    private var quietDeadline: ContinuousClock.Instant? {
        isQuiet ? nil : settings.quietAfter.map { lastArrival + $0 }
    }

    private var runDeadline: ContinuousClock.Instant? {
        guard waiting != nil || !waitingTroubles.isEmpty, !isRunning else { return nil }
        return lastRun.map { $0 + Self.runPause } ?? lastArrival
    }

    private mutating func run(at now: ContinuousClock.Instant) -> [Action] {
        guard let program = settings.onProblem, let due = runDeadline, now >= due else { return [] }
        (isRunning, lastRun) = (true, now)
        if let report = waiting {
            waiting = nil
            return [.run(program, report)]
        }
        return [.runForAction(program, waitingTroubles.removeFirst())]
    }
}
