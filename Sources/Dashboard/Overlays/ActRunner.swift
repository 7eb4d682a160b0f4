import Actions
import Base
import History
import Notifications
import Receiving
import Sending

/// A request to do something for one or more rows of the history.
struct ActRequest: Sendable, Hashable {
    enum Deed: Sendable, Hashable {
        /// Runs the action with this name, whatever its filter.
        case run(String)
        /// Retries the action's attempts for the rows.
        case retry(String)
        /// Skips what the action still has to do for the rows.
        case skip(String)
        /// Sends the rows' deliveries again to a URL; nil means this listener.
        case replay(to: String?)

        /// The name of the action that the request concerns.
        var action: String? {
            switch self {
            case .run(let action), .retry(let action), .skip(let action): action
            case .replay: nil
            }
        }
    }

    var deed: Deed
    var rows: ActedRows
    /// Whether to count only, so that a person can be asked first.
    var isCount: Bool

    // MARK: - Carrying it out

    /// Processes the rows piece by piece until all are done or the request is cancelled. Blocks.
    ///
    /// - Parameters:
    ///   - replay: Sends deliveries again, while its last argument returns true.
    ///   - note: Writes a line to the log: the result of the replay, however it ended.
    func act(
        _ reader: HistoryReader, _ actions: any ActionAsking, replay: @escaping ActWalk.Replaying,
        note: (String) -> Void,
        _ asking: Asking<ActOutcome>
    ) throws -> ActOutcome {
        var walk = ActWalk(self)
        defer { if walk.report.replay.total > 0 { note(walk.report.replay.sentence) } }
        while !asking.isCancelled {
            let isLeft = try walk.step(reader, actions, replay) { passed in
                asking.report(.passed(passed))
                return !asking.isCancelled
            }
            guard isLeft else { return isCount ? .counted(walk.count) : .done(walk.report) }
            asking.report(.passed(walk.report.passed))
        }
        return .cancelled(walk.report)
    }

    // MARK: - Words

    /// Returns the question to ask before the work starts.
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

    /// Returns the reason why there is nothing to do; nil if there is something.
    func emptiness(_ count: ActCount) -> String? {
        switch deed {
        case .run where count.events == 0: "None of these rows has an event."
        case .retry(let action) where count.count(where: \.canBeRetried) == 0:
            "“\(action)” has nothing to try again for these."
        case .skip(let action) where count.count(where: \.canBeSkipped) == 0:
            "“\(action)” has nothing to skip for these."
        case .replay where count.deliveries == 0: "No delivery to replay."
        default: nil
        }
    }

    /// Returns a sentence about the result.
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

    /// Returns the text of the progress line.
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

/// The counts that a request would lead to.
struct ActCount: Sendable, Hashable {
    var events = 0
    var deliveries = 0
    /// The number of events whose signature is not valid.
    var notValid = 0
    /// The number of the rows' entries of the action, by state.
    var states: [EntryState: Int] = [:]

    func count(where holds: (EntryState) -> Bool) -> Int {
        states.reduce(0) { holds($1.key) ? $0 + $1.value : $0 }
    }
}

/// The result of a request so far.
struct ActReport: Sendable, Hashable {
    /// The number of rows or deliveries processed.
    var passed = 0
    var addition = Outbox.Addition()
    /// The number of entries that were retried or skipped.
    var changed = 0
    var replay = ReplayCount()
}

/// The outcome of a request, or its progress.
enum ActOutcome: Sendable, Hashable {
    /// The number of rows processed so far.
    case passed(Int)
    case counted(ActCount)
    case done(ActReport)
    case cancelled(ActReport)
}

// MARK: - Processing the rows

/// A request in progress, which processes its rows piece by piece.
struct ActWalk: Sendable {
    /// Sends deliveries again to a URL, or to the listener, while a closure returns true for the results so far.
    typealias Replaying = (_ deliveries: [Int64], _ url: String?, _ goesOn: (ReplayCount) -> Bool) throws -> ReplayCount

    /// The maximum number of rows in a piece.
    static let piece = Outbox.most
    let request: ActRequest
    private(set) var count = ActCount()
    private(set) var report = ActReport()
    /// The last row processed, or the number of the chosen rows that were processed.
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

    /// Processes the next piece.
    ///
    /// - Parameter goesOn: Called within the piece before each row that takes time, with the number of rows processed
    ///   so far. If it returns false, the walk ends, however many rows are left.
    /// - Returns: Whether more rows are left to process.
    mutating func step(
        _ reader: HistoryReader, _ actions: any ActionAsking, _ replay: @escaping Replaying, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        let (rows, isLast) = try next(reader)
        guard !rows.isEmpty else { return !isLast }
        guard !request.isCount, case .replay(let url) = request.deed else {
            if request.isCount { try count(rows, reader) } else { try act(rows, reader, actions) }
            report.passed += rows.count
            return !isLast
        }
        return try !send(rows, to: url, replay, while: goesOn) || !isLast
    }

    /// Returns the first rows, up to a limit.
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

    private mutating func act(_ rows: [EventRow], _ reader: HistoryReader, _ actions: any ActionAsking) throws {
        switch request.deed {
        case .run(let action):
            report.addition += try actions.ask(RunAction(action, rows: rows.map(\.id)))
        case .retry(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeRetried).map(\.id)
            if !ids.isEmpty { report.changed += try actions.ask(RetryEntries(ids)) }
        case .skip(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeSkipped).map(\.id)
            if !ids.isEmpty { report.changed += try actions.ask(SkipEntries(ids)) }
        case .replay: break
        }
    }

    /// Sends the deliveries of these rows again, each once.
    ///
    /// - Returns: Whether all of them were sent.
    private mutating func send(
        _ rows: [EventRow], to url: String?, _ replay: @escaping Replaying, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        var ids: [Int64] = []
        for row in rows where row.deliveryID != lastDelivery {
            lastDelivery = row.deliveryID
            ids.append(row.deliveryID)
        }
        guard !ids.isEmpty else { return true }
        let before = report.passed
        // The compiler refuses a closure that captures another one as an argument for a third.
        let count = try withoutActuallyEscaping(goesOn) { goesOn in
            try replay(ids, url) { goesOn(before + $0.total) }
        }
        report.replay.add(count)
        report.passed += count.total
        return count.total == ids.count
    }

    /// Returns the action's entries for these rows. Rows without entries cost nothing.
    private func entries(of action: String, _ rows: [EventRow], _ reader: HistoryReader) throws -> [OutboxEntry] {
        // A duplicate shares the entries of the original event.
        var seen: Set<Int64> = []
        return try rows.filter { $0.actions != nil }
            .flatMap { try reader.outboxEntries(ofRow: $0.id) }
            .filter { $0.action == action && seen.insert($0.id).inserted }
    }
}
