import Base
import History
import Notifications
import Sending

/// Asks whoever runs the actions, on threads of its own: what is done for many rows, what may take its time, and what is
/// done at once, such as pausing an action. None of them waits for another.
///
/// What is done for many rows is one call for each piece of them, so that it can be cancelled.
final class ActRunner: Sendable {
    /// A dry run shows no more rows.
    private static let previewed = 10
    /// How many rows are looked at for those.
    private static let lookedAt = 5_000

    private let reader: HistoryReader
    private let control: (any ActionControl)?
    private let note: @Sendable (String) -> Void
    private let worker = Worker("b2watch-actions")
    private let patient = Worker("b2watch-asking")
    private let walker = Worker("b2watch-acting")
    private let turns = Turns()

    /// - Parameter note: Writes a line to the log.
    init(
        _ reader: HistoryReader, _ control: (any ActionControl)?, note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.reader = reader
        self.control = control
        self.note = note
    }

    func call(_ call: ActionCall, then tell: @escaping @Sendable (Result<ActionAnswer, EffectFailure>) -> Void) {
        (call.takesTime ? patient : worker).async { [self] in
            tell(Result { try answer(to: call) }.mapError(EffectFailure.init))
        }
    }

    /// Ends what is under way after the piece it is at, or the delivery that is sent again.
    func cancel() { _ = turns.next() }

    func act(
        _ request: ActRequest, progress: @escaping @Sendable (Int) -> Void,
        then tell: @escaping @Sendable (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        go(ActWalk(request), turns.next(), progress, tell)
    }

    private func go(
        _ walk: ActWalk, _ turn: Turns.Turn, _ progress: @escaping @Sendable (Int) -> Void,
        _ tell: @escaping @Sendable (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        walker.async { [self] in
            guard turn.isCurrent else { return end(walk, .cancelled(walk.report), tell) }
            do {
                guard let control else { throw NobodyActs() }
                var walk = walk
                let isLeft = try walk.step(reader, control) { passed in
                    progress(passed)
                    return turn.isCurrent
                }
                guard isLeft else {
                    return end(walk, walk.request.isCount ? .counted(walk.count) : .done(walk.report), tell)
                }
                progress(walk.report.passed)
                go(walk, turn, progress, tell)
            } catch {
                noteReplay(of: walk)
                tell(.failure(EffectFailure(error)))
            }
        }
    }

    private func end(
        _ walk: ActWalk, _ outcome: ActOutcome, _ tell: (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        noteReplay(of: walk)
        tell(.success(outcome))
    }

    /// Logs what was sent again, however the replay ended.
    private func noteReplay(of walk: ActWalk) {
        if walk.report.replay.total > 0 { note(walk.report.replay.sentence) }
    }

    private func answer(to call: ActionCall) throws -> ActionAnswer {
        guard let control else { throw NobodyActs() }
        switch call {
        case .setPaused(let action, let isPaused):
            try control.setPaused(action, isPaused)
            return .done
        case .retryEntry(let id): return .count(try control.retryEntries([id]))
        case .skipEntry(let id): return .count(try control.skipEntries([id]))
        case .retryAll(let action, let states): return .count(try control.retryAll(action, in: states))
        case .skipAll(let action, let states): return .count(try control.skipAll(action, in: states))
        case .preview(let action, let rows): return .preview(try preview(action, rows, control))
        case .test(let action): return .sentence(try control.testAction(action))
        case .missed(let action, let occasion):
            return .missed(try control.missedRows(action, in: occasion.reach))
        }
    }

    /// What would be sent, and nothing else; but a single row is shown also where the action is done for it.
    private func preview(_ action: String, _ rows: ActedRows, _ control: any ActionControl) throws -> DryRun {
        let ids = try ActWalk.first(Self.lookedAt + 1, of: rows, reader)
        var plan = OutboxPlan(most: Self.previewed)
        try reader.plan(action, for: Array(ids.prefix(Self.lookedAt)), into: &plan)
        let shown = ids.count == 1 ? ids : plan.rows
        return DryRun(
            text: shown.isEmpty ? [] : try control.previewAction(action, rows: shown), shown: shown.count,
            count: plan.count, there: plan.there, repeated: plan.repeated, unfit: plan.unfit,
            isStart: ids.count > Self.lookedAt)
    }
}

// MARK: - What is asked

/// Something to be done for rows of the history, one or any number of them.
struct ActRequest: Sendable, Hashable {
    enum Deed: Sendable, Hashable {
        /// Runs the action of this name, whatever its filter.
        case run(String)
        /// Lets the action's entries of the rows be tried again.
        case retry(String)
        /// Decides that the action's entries of the rows are not to be done.
        case skip(String)
        /// Sends the rows' deliveries again; nil to the listener itself.
        case replay(to: String?)

        /// The action it is about.
        var action: String? {
            switch self {
            case .run(let action), .retry(let action), .skip(let action): action
            case .replay: nil
            }
        }
    }

    var deed: Deed
    var rows: ActedRows
    /// Whether it is only counted what it would come to, so that a person can be asked.
    var isCount: Bool
    /// What comes of an older request is dropped.
    var generation: Int

    // MARK: - Words

    /// What is asked before it is done.
    func question(_ count: ActCount, answers: String) -> String {
        switch deed {
        case .run(let action):
            let done = count.states[.done] ?? 0
            let stay = done == 1 ? "stays" : "stay"
            let stays = done == 0 ? "" : " \(Wording.count(done, "is", "are")) done already and \(stay)."
            let others = Wording.count(count.notValid, "of them has", "of them have")
            let notValid = count.notValid == 0 ? "" : " \(others) no valid signature."
            return
                "Run “\(action)” for \(Wording.count(count.events, "event", "events"))?\(notValid)\(stays) \(answers)"
        case .retry(let action):
            let number = count.count(where: \.canBeRetried)
            return "Retry “\(action)” for \(Wording.count(number, "event", "events"))?\(rest(number, count)) \(answers)"
        case .skip(let action):
            let number = count.count(where: \.canBeSkipped)
            return "Skip “\(action)” for \(Wording.count(number, "event", "events"))?\(rest(number, count)) \(answers)"
        case .replay(let url):
            let place = url.map { Masking.masked.target($0) } ?? "this listener"
            return "Replay \(Wording.count(count.deliveries, "delivery", "deliveries")) to \(place)? \(answers)"
        }
    }

    private func rest(_ number: Int, _ count: ActCount) -> String {
        let rest = count.events - number
        guard rest > 0 else { return "" }
        return " The other \(Wording.grouped(rest)) \(rest == 1 ? "stays as it is" : "stay as they are")."
    }

    /// Why there is nothing to ask; nil where there is something to do.
    func emptiness(_ count: ActCount) -> String? {
        switch deed {
        case .run where count.events == 0: "None of these rows has an event."
        case .retry(let action) where count.count(where: \.canBeRetried) == 0:
            "“\(action)” has nothing to try again for these."
        case .skip(let action) where count.count(where: \.canBeSkipped) == 0:
            "“\(action)” has nothing to skip for these."
        case .replay where count.deliveries == 0: "There is no delivery to replay."
        default: nil
        }
    }

    /// What has come of it, in a sentence.
    func sentence(_ report: ActReport) -> String {
        switch deed {
        case .run(let action):
            let addition = report.addition
            var parts: [String] = []
            if addition.added > 0 { parts.append("\(Wording.count(addition.added, "event", "events")) added") }
            if addition.again > 0 { parts.append("\(Wording.grouped(addition.again)) tried again") }
            if addition.there > 0 { parts.append("\(Wording.grouped(addition.there)) done or waiting already") }
            if addition.unfit > 0 { parts.append("\(Wording.grouped(addition.unfit)) without an event") }
            return "“\(action)”: \(parts.isEmpty ? "nothing to do" : parts.joined(separator: ", "))."
        case .retry(let action):
            return report.changed == 0
                ? "“\(action)” has nothing to try again for these."
                : "“\(action)”: \(Wording.count(report.changed, "entry is", "entries are")) tried again."
        case .skip(let action):
            return report.changed == 0
                ? "“\(action)” has nothing to skip for these."
                : "“\(action)”: \(Wording.count(report.changed, "entry is", "entries are")) skipped."
        case .replay: return report.replay.sentence
        }
    }

    /// What the line of its progress says.
    func progress(_ passed: Int, _ bindings: Bindings) -> String {
        let cancel = "\(bindings.name(of: .cancelJudging)) cancels"
        let what =
            switch deed {
            case _ where isCount: "Counting"
            case .run(let action): "Adding to “\(action)”"
            case .retry(let action): "Retrying “\(action)”"
            case .skip(let action): "Skipping “\(action)”"
            case .replay: "Replaying"
            }
        return passed == 0 ? "\(what)… \(cancel)" : "\(what): \(Wording.grouped(passed)) … \(cancel)"
    }
}

/// What a request would come to.
struct ActCount: Sendable, Hashable {
    var events = 0
    var deliveries = 0
    /// Events whose signature is not valid.
    var notValid = 0
    /// The action's entries of the rows, by their state.
    var states: [EntryState: Int] = [:]

    func count(where holds: (EntryState) -> Bool) -> Int {
        states.reduce(0) { holds($1.key) ? $0 + $1.value : $0 }
    }
}

/// What has come of a request so far.
struct ActReport: Sendable, Hashable {
    /// Rows, or deliveries, that were gone through.
    var passed = 0
    var addition = Outbox.Addition()
    /// Entries that were let be tried again, or skipped.
    var changed = 0
    var replay = ReplayCount()
}

/// What became of a request.
enum ActOutcome: Sendable, Hashable {
    case counted(ActCount)
    case done(ActReport)
    case cancelled(ActReport)
}

// MARK: - Going through the rows

/// A request on its way over its rows, piece by piece.
struct ActWalk: Sendable {
    /// The most rows of a piece.
    static let piece = Outbox.most
    let request: ActRequest
    private(set) var count = ActCount()
    private(set) var report = ActReport()
    /// The last row gone through, or how many of those chosen.
    private var cursor: Int64 = 0
    private var lastDelivery: Int64?
    private let chosen: [Int64]?

    init(_ request: ActRequest) {
        self.request = request
        switch request.rows {
        case .current(let row): chosen = [row.id]
        case .chosen(let ids): chosen = ids.sorted()
        case .all: chosen = nil
        }
    }

    /// Goes through the next piece.
    ///
    /// - Parameter goesOn: Is asked within the piece where each row of it takes its time, told how many were gone through
    ///   so far. Where it says no, the walk is at its end, however much is left.
    /// - Returns: Whether there is more to go through.
    mutating func step(
        _ reader: HistoryReader, _ control: any ActionControl, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        let (rows, isLast) = try next(reader)
        guard !rows.isEmpty else { return !isLast }
        guard !request.isCount, case .replay(let url) = request.deed else {
            if request.isCount { try count(rows, reader) } else { try act(rows, reader, control) }
            report.passed += rows.count
            return !isLast
        }
        return try !replay(rows, to: url, control, while: goesOn) || !isLast
    }

    /// The first rows, as many as there are up to a limit.
    static func first(_ limit: Int, of rows: ActedRows, _ reader: HistoryReader) throws -> [Int64] {
        switch rows {
        case .current(let row): return [row.id]
        case .chosen(let ids): return Array(ids.sorted().prefix(limit))
        case .all(_, let latest, _, _):
            var found: [Int64] = []
            var cursor: Int64 = 0
            while cursor < latest, found.count < limit {
                let stretch = try reader.rows(
                    matching: rows.query.predicate, after: cursor, through: latest, limit: limit - found.count)
                found += stretch.rows.map(\.id)
                cursor = stretch.through
            }
            return found
        }
    }

    private mutating func next(_ reader: HistoryReader) throws -> (rows: [EventRow], isLast: Bool) {
        if let chosen {
            let start = Int(cursor)
            let end = min(chosen.count, start + Self.piece)
            cursor = Int64(end)
            return (try reader.rows(ids: Array(chosen[start..<end])), end == chosen.count)
        }
        guard case .all(_, let latest, _, _) = request.rows else { return ([], true) }
        let stretch = try reader.rows(
            matching: request.rows.query.predicate, after: cursor, through: latest, limit: Self.piece)
        cursor = stretch.through
        return (stretch.rows, cursor >= latest)
    }

    private mutating func count(_ rows: [EventRow], _ reader: HistoryReader) throws {
        count.events += rows.count { $0.position != nil }
        count.notValid += rows.count { $0.position != nil && $0.verdict != .valid }
        for row in rows where row.deliveryID != lastDelivery {
            lastDelivery = row.deliveryID
            count.deliveries += 1
        }
        guard let action = request.deed.action else { return }
        for entry in try entries(of: action, rows, reader) { count.states[entry.state, default: 0] += 1 }
    }

    private mutating func act(_ rows: [EventRow], _ reader: HistoryReader, _ control: any ActionControl) throws {
        switch request.deed {
        case .run(let action):
            report.addition += try control.runAction(action, rows: rows.map(\.id))
        case .retry(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeRetried).map(\.id)
            if !ids.isEmpty { report.changed += try control.retryEntries(ids) }
        case .skip(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeSkipped).map(\.id)
            if !ids.isEmpty { report.changed += try control.skipEntries(ids) }
        case .replay: break
        }
    }

    /// - Returns: Whether all of them were sent.
    private mutating func replay(
        _ rows: [EventRow], to url: String?, _ control: any ActionControl, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        var ids: [Int64] = []
        for row in rows where row.deliveryID != lastDelivery {
            lastDelivery = row.deliveryID
            ids.append(row.deliveryID)
        }
        guard !ids.isEmpty else { return true }
        let before = report.passed
        let count = try control.replay(ids, to: url) { goesOn(before + $0.total) }
        report.replay.add(count)
        report.passed += count.total
        return count.total == ids.count
    }

    /// The action's entries of these rows; those without any cost nothing.
    private func entries(of action: String, _ rows: [EventRow], _ reader: HistoryReader) throws -> [OutboxEntry] {
        // A duplicate's entries are the original's.
        var seen: Set<Int64> = []
        return try rows.filter { $0.actions != nil }
            .flatMap { try reader.outboxEntries(ofRow: $0.id) }
            .filter { $0.action == action && seen.insert($0.id).inserted }
    }
}
