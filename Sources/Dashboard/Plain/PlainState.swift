import Base
import History
import Notifications
import Receiving

/// The state at one moment of everything that a listening user must hear about when it changes.
struct PlainState {
    private let session: Session
    private let question: Question?
    private let isFrozen: Bool
    private let filter: RowFilter
    private let matched: Int?
    private let isRunning: Bool
    private let generation: Int
    private let marks: Int
    private let chosen: Int?
    private let timestamps: String
    private let order: RowOrder

    init(_ model: DashboardModel) {
        session = model.session
        question = model.question
        isFrozen = model.frozen != nil
        filter = model.filter
        isRunning = model.events.listing.isRunning
        matched = model.events.listing.query.isPlain ? nil : model.events.listing.progress?.matched
        generation = model.events.listing.generation
        marks = model.events.marks.count
        chosen = model.events.selection.count
        timestamps = model.table.timestamps == .rfc3339 ? "RFC 3339" : "milliseconds"
        order = model.session.viewState.preferences.order
    }

    var isAsking: Bool { question != nil }

    /// Returns sentences about the changes since an earlier moment.
    func changes(since before: PlainState) -> [SafeText] {
        outside(before) + listed(before) + own(before) + asked(before)
    }

    /// Returns the changes that the listener reports.
    private func outside(_ before: PlainState) -> [SafeText] {
        var said: [SafeText] = []
        if session.listening != before.session.listening { said.append(Self.sentence(session.listening)) }
        if session.change.health != before.session.change.health {
            switch session.change.health {
            case .recording: said.append("Deliveries are recorded again.")
            case .failing(let reason): said.append("Not recording. \(reason)")
            }
        }
        if let warning = session.warning, warning != before.session.warning { said.append("Warning: \(warning)") }
        if before.session.warning != nil, session.warning == nil { said.append("The warning is over.") }
        let known = before.session.announcements.map(\.text)
        said += session.announcements.map(\.text).filter { !known.contains($0) }
        if let notice = session.notice, notice != before.session.notice { said.append(notice.text) }
        if let exposure = Self.exposure(session), Self.exposure(before.session) == nil { said.append(exposure) }
        return said
    }

    /// Returns the change of the list's restrictions.
    private func listed(_ before: PlainState) -> [SafeText] {
        let isOther = generation != before.generation
        guard isOther || (before.isRunning && !isRunning && matched != nil) else { return [] }
        guard let which = Self.listed(filter) else {
            return isOther && Self.listed(before.filter) != nil ? ["Every event is listed."] : []
        }
        guard !isRunning, let matched else { return [] }
        let all = Wording.grouped(session.change.rows)
        return ["\(Wording.grouped(matched)) of \(all) events are listed: " + which]
    }

    /// Returns the changes that the user made.
    private func own(_ before: PlainState) -> [SafeText] {
        var said: [SafeText] = []
        if isFrozen != before.isFrozen {
            said.append(
                isFrozen
                    ? "Paused: new events are recorded, and announced after follow."
                    : "Resumed: new events are announced.")
        }
        if session.showsUTC != before.session.showsUTC {
            said.append(Self.zone(session))
        }
        if order != before.order { said.append(Self.sentence(order)) }
        if timestamps != before.timestamps { said.append("The table's timestamps are in \(timestamps) now.") }
        if marks != before.marks { said.append("\(Wording.count(marks, "event is", "events are")) marked.") }
        if chosen != before.chosen {
            said.append(
                chosen.map { "\(Wording.count($0, "event is", "events are")) selected." } ?? "All are selected.")
        }
        return said
    }

    private func asked(_ before: PlainState) -> [SafeText] {
        guard let question, question != before.question else { return [] }
        return [Self.sentence(question)]
    }

    // MARK: - Phrases shared with `status`

    /// Returns a description of the rows that are listed; nil if all are.
    static func listed(_ filter: RowFilter) -> SafeText? {
        var parts: [SafeText] = []
        if filter.isOn, filter.hasFilter { parts.append("filter \(filter.filter.text)") }
        if filter.showsProblems { parts.append("problems only") }
        if filter.showsMarked { parts.append("marked only") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// Returns the zone of the printed times.
    static func zone(_ session: Session) -> SafeText {
        session.showsUTC
            ? "Times are in UTC." : "Times are local, \(session.clock.zone(at: session.wallTime))."
    }

    static func sentence(_ state: ListeningState) -> SafeText {
        switch state {
        case .starting: "Starting."
        case .listening(let url, _): "Listening on \(url)"
        case .draining: "Taking no more deliveries; those in flight are finished."
        case .away(let absence): "\(absence.reason)"
        }
    }

    static func sentence(_ order: RowOrder) -> SafeText {
        guard case .by(let column, let isDescending) = order else { return "Events are in the order of arrival." }
        return "Events are sorted by \(column.name), \(isDescending ? "descending" : "ascending")."
    }

    static func sentence(_ question: Question) -> SafeText {
        "\(question.text(Bindings(isTyped: true)))"
    }

    static func exposure(_ session: Session) -> SafeText? {
        session.exposure == nil
            ? nil : "Warning: others can post here and there is no secret: secret add LABEL adds one."
    }
}

// MARK: - Status

extension PlainModel {
    /// The lines of `status`.
    var statusLines: [SafeText] {
        let session = model.session
        var lines = [PlainState.sentence(session.listening)]
        if case .failing(let reason) = session.change.health { lines.append("Not recording. \(reason)") }
        let secrets = session.keyring.secrets.map(\.label).joined(separator: ", ")
        // A listener in another process is unknown until it has answered.
        let isUnknown = session.absence != nil || session.isAttached && session.listening == .starting
        if !isUnknown || !secrets.isEmpty {
            lines.append(secrets.isEmpty ? "No secret." : "Secrets: \(secrets).")
        }
        let tally = session.change.tally
        let counts = SignatureVerdict.counted.filter { tally[$0] > 0 }.map {
            "\(Wording.grouped(tally[$0])) \($0.title)"
        }
        let events = Wording.count(tally.rows, "event", "events")
        let deliveries = Wording.count(tally.notifications, "delivery", "deliveries")
        lines.append(
            "\(events) recorded, in \(deliveries)\(counts.isEmpty ? "" : ": ")\(counts.joined(separator: ", ")).")
        if session.isInMemory { lines.append("The history is in memory only: it ends with b2watch.") }
        if session.answers.count > 0 {
            let (median, most) = (session.answers.median, session.answers.p99)
            lines.append(
                "Answers: half within \(Wording.duration(microseconds: median)), 99 percent within \(Wording.duration(microseconds: most))."
            )
        }
        lines.append(PlainState.zone(session))
        if let which = PlainState.listed(model.filter) { lines.append("Listed: " + which) }
        let order = session.viewState.preferences.order
        if order != .arrival { lines.append(PlainState.sentence(order)) }
        if model.frozen != nil { lines.append("Paused: new events are announced after follow.") }
        if let warning = session.warning { lines.append("Warning: \(warning)") }
        if let exposure = PlainState.exposure(session) { lines.append(exposure) }
        return lines
    }

    mutating func tellSteps() {
        for (number, step) in Checklist.steps(model.session).enumerated() {
            say("\(number + 1), \(step.isDone ? "done" : "to do"): \(step.title)")
            for text in step.texts where !step.isDone {
                switch text {
                case .prose(let prose): say("\(prose)")
                case .command(let command): say("\(command)")
                }
            }
        }
    }

    mutating func help(_ arguments: PlainArguments) {
        let word = arguments.text.lowercased()
        if word.isEmpty {
            for word in PlainWord.all { say("\(word.help)") }
            say("Every command of the screen has a name too: help commands lists them.")
        } else if word == "commands" {
            for command in Command.allCases where command.plain.way == .same {
                say("\(command.name): \(command.meaning)")
            }
        } else if let known = PlainWord.named(word)?.word {
            say("\(known.help)")
            if word == "filter" {
                FilterHelp.entries.forEach { say("\($0.syntax): \($0.meaning), such as \($0.example)") }
            }
        } else if let command = Command(name: word) {
            say("\(word): \(command.meaning)")
        } else {
            say("Unknown command \(SafeText(word).clipped(to: 40)). help lists the commands.")
        }
    }
}

// MARK: - New events

/// The schedule of announcements of new events: the first is announced at once, and later ones together, at most once a
/// second.
struct PlainNews {
    /// The minimum time between two announcements.
    static let pause = Duration.seconds(1)
    /// The maximum number of events that are announced one by one.
    static let most = 5
    /// The maximum number of events that are read to describe what arrived.
    static let lookedAt = 500

    /// The newest row that was announced.
    private(set) var told: Int64
    private var lastTold: ContinuousClock.Instant?
    private(set) var isAsked = false

    init(from row: Int64) {
        told = row
    }

    /// Returns the time at which waiting events may be announced; nil if none wait.
    func deadline(latest: Int64) -> ContinuousClock.Instant? {
        guard latest > told, !isAsked else { return nil }
        return lastTold.map { $0 + Self.pause }
    }

    /// Returns whether to read the newest rows now, and records that they were asked for.
    mutating func ask(latest: Int64, at now: ContinuousClock.Instant) -> Bool {
        guard latest > told, !isAsked, lastTold.map({ now >= $0 + Self.pause }) ?? true else { return false }
        isAsked = true
        lastTold = now
        return true
    }

    /// Returns the announcement of the newest rows, which were read when `latest` was the newest row.
    mutating func take(_ window: ListWindow<EventRow>, latest: Int64, isFiltered: Bool, clock: RowClock) -> [SafeText] {
        let new = window.rows.filter { $0.id > told }
        // If the first row read is new too, more new rows precede it.
        let isAll = new.count < window.rows.count || !window.hasOlder
        defer { finish(latest: max(latest, new.last?.id ?? 0)) }
        guard isAll else {
            let count: SafeText =
                isFiltered
                ? "More than \(Wording.grouped(new.count))" : "\(Wording.grouped(Int(max(latest, new[0].id) - told)))"
            return [count + " more events; the last \(Wording.grouped(new.count)) of them: " + Self.verdicts(new)]
        }
        guard new.count > Self.most else { return new.map { PlainRow(row: $0, clock: clock).announcement } }
        return ["\(Wording.grouped(new.count)) more events, " + Self.verdicts(new)]
    }

    /// Returns an announcement that only counts the new rows, for when they are not read.
    mutating func takeCount(latest: Int64) -> SafeText {
        defer { finish(latest: latest) }
        return "\(Wording.count(Int(latest - told), "more event has", "more events have")) arrived."
    }

    /// Records that the question failed. The next announcement covers its rows too.
    mutating func failed() {
        isAsked = false
    }

    private mutating func finish(latest: Int64) {
        told = max(told, latest)
        isAsked = false
    }

    private static func verdicts(_ rows: [EventRow]) -> SafeText {
        SignatureVerdict.allCases.compactMap { verdict -> SafeText? in
            let count = rows.count { $0.verdict == verdict }
            return count > 0 ? "\(Wording.grouped(count)) \(verdict.title)" : nil
        }.joined(separator: ", ")
    }
}
