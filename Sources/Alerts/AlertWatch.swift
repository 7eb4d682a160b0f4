internal import Foundation
public import History
internal import Workers

/// Watches what is recorded, and tells, on a thread of its own that sleeps unless something has come or is due. Nothing
/// that receives waits for it.
// @unchecked: what changes is guarded by `condition`, as is said there.
public final class AlertWatch: @unchecked Sendable {
    /// How people are told. All of it is called from other threads, and must not block.
    public struct Voice: Sendable {
        /// Rings a bell.
        public var ring: @Sendable () -> Void
        /// A warning that stands until another one, or none, takes its place.
        public var quiet: @Sendable (String?) -> Void
        /// What the program said.
        public var note: @Sendable (String) -> Void
        /// What went wrong with it.
        public var warn: @Sendable (String) -> Void

        /// A voice.
        public init(
            ring: @escaping @Sendable () -> Void, quiet: @escaping @Sendable (String?) -> Void,
            note: @escaping @Sendable (String) -> Void, warn: @escaping @Sendable (String) -> Void
        ) {
            (self.ring, self.quiet, self.note, self.warn) = (ring, quiet, note, warn)
        }
    }

    private let reader: HistoryReader
    private let watcher = Worker("alerts")
    private let programs = Worker("alert programs")
    private let environment = AlertProgram.environment(of: ProcessInfo.processInfo.environment)

    // `condition` guards all that follows.
    private let condition = NSCondition()
    private var latest: Int64
    /// The newest row that has been looked at.
    private var cursor: Int64
    private var alerts: Alerts
    private var hasProgramEnded = false
    private var isStopped = false
    private var isStarted = false
    private var voice: Voice?

    /// What is said once something comes after it was too quiet.
    public static let quietIsOver = "deliveries come again"

    /// A watch that tells nothing of what is recorded already.
    ///
    /// - Parameter change: The history as it is.
    public init(_ settings: AlertSettings, reading reader: HistoryReader, from change: HistoryChange) {
        self.reader = reader
        (latest, cursor) = (change.latestRow, change.latestRow)
        alerts = Alerts(settings, at: .now)
    }

    /// Tells from now on, also of what has come meanwhile.
    public func begin(_ voice: Voice) {
        condition.withLock {
            self.voice = voice
            start()
        }
    }

    /// Takes note of what is recorded by now.
    public func observe(_ change: HistoryChange) {
        condition.withLock {
            guard change.latestRow > latest else { return }
            latest = change.latestRow
            // Where nobody is to be told anything, what comes is not even looked at.
            if isStarted {
                condition.signal()
            } else if alerts.settings.isNothing {
                cursor = latest
            }
        }
    }

    /// Other settings hold from now on.
    public func change(_ settings: AlertSettings) {
        let actions = condition.withLock {
            defer {
                start()
                condition.signal()
            }
            return alerts.change(settings, at: .now)
        }
        actions.forEach(perform)
    }

    /// Ends it: the history is read no more. A program that runs goes on by itself.
    public func stop() {
        condition.withLock {
            isStopped = true
            condition.signal()
        }
        watcher.wait()
    }

    /// Begins, with the first settings that want something.
    private func start() {
        guard !isStarted, !isStopped, voice != nil, !alerts.settings.isNothing else { return }
        isStarted = true
        watcher.async { [weak self] in
            while let self, step() {}
        }
    }

    /// Waits for what is next and does it.
    ///
    /// - Returns: False at the end.
    private func step() -> Bool {
        let (rows, settings, isEnd): (Range<Int64>, AlertSettings, Bool) = condition.withLock {
            while !isStopped, latest == cursor, !hasProgramEnded, alerts.deadline.map({ $0 > .now }) ?? true {
                if let deadline = alerts.deadline {
                    _ = condition.wait(until: Date(timeIntervalSinceNow: max(0.001, (deadline - .now) / .seconds(1))))
                } else {
                    condition.wait()
                }
            }
            defer { cursor = latest }
            return (cursor..<latest, alerts.settings, isStopped)
        }
        guard !isEnd else { return false }
        let found = rows.isEmpty ? nil : look(at: rows, settings)
        let actions = condition.withLock {
            let now = ContinuousClock.now
            var actions: [Alerts.Action] = []
            if hasProgramEnded {
                hasProgramEnded = false
                actions += alerts.ended(at: now)
            }
            if let found { actions += alerts.arrived(hasEvents: found.hasEvents, problems: found.problems, at: now) }
            return actions + alerts.tick(at: now)
        }
        actions.forEach(perform)
        return true
    }

    /// What is in the rows after the first one and up to the last one.
    private func look(
        at rows: Range<Int64>, _ settings: AlertSettings
    ) -> (hasEvents: Bool, problems: ProblemReport?) {
        var hasEvents = false
        var problems: ProblemReport?
        do {
            if settings.bell == .event {
                hasEvents = try !reader.rows(
                    matching: AlertRows.events, after: rows.lowerBound, through: rows.upperBound, limit: 1
                ).rows.isEmpty
            }
            guard settings.bell != .never || settings.onProblem != nil else { return (hasEvents, nil) }
            var after = rows.lowerBound
            while after < rows.upperBound {
                let found = try reader.rows(
                    matching: AlertRows.problems, after: after,
                    through: rows.upperBound, limit: 500)
                // The rows of a delivery follow each other.
                for row in found.rows where row.deliveryID != problems?.latest.delivery {
                    problems = ProblemReport(count: (problems?.count ?? 0) + 1, latest: Problem(row))
                }
                after = found.through
            }
        } catch {
            told?.warn("what has come could not be looked at for problems: \(error)")
        }
        return (hasEvents, problems)
    }

    private var told: Voice? { condition.withLock { voice } }

    private func perform(_ action: Alerts.Action) {
        guard let voice = told else { return }
        switch action {
        case .ring: voice.ring()
        case .quiet(let limit): voice.quiet("nothing has come for \(Self.words(limit))")
        case .quietIsOver: voice.quiet(nil)
        case .run(let words, let report):
            let program = AlertProgram(
                words: words, environment: environment.merging(report.environment) { $1 })
            programs.async { [weak self] in
                let outcome = program.run()
                outcome.lines.forEach { voice.note("on-problem: \($0)") }
                if let failure = outcome.failure { voice.warn(failure) }
                self?.noteEnd()
            }
        }
    }

    private func noteEnd() {
        condition.withLock {
            hasProgramEnded = true
            condition.signal()
        }
    }

    /// Such as `30 s`, `5 min` and `2 h 30 min`.
    static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        guard seconds > 0 else { return "\(Int(duration / .milliseconds(1))) ms" }
        let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
