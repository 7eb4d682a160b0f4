import Browsing
import History
import Notifications
import SafeText

/// What a listener would want to be told of once it changes, as it is at a moment.
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
        isRunning = model.listing.isRunning
        matched = model.listing.query.isPlain ? nil : model.listing.progress?.matched
        generation = model.listing.generation
        marks = model.marks.count
        chosen = model.selection.count
        timestamps = model.table.timestamps == .rfc3339 ? "RFC 3339" : "milliseconds"
        order = model.session.viewState.preferences.order
    }

    var isAsking: Bool { question != nil }

    /// What has changed since an earlier moment, in sentences.
    func changes(since before: PlainState) -> [SafeText] {
        outside(before) + listed(before) + own(before) + asked(before)
    }

    /// What came of the listener.
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

    /// Which rows are listed.
    private func listed(_ before: PlainState) -> [SafeText] {
        let isOther = generation != before.generation
        guard isOther || (before.isRunning && !isRunning && matched != nil) else { return [] }
        guard let which = Self.listed(filter) else {
            return isOther && Self.listed(before.filter) != nil ? ["Every event is listed."] : []
        }
        guard !isRunning, let matched else { return [] }
        let all = Wording.grouped(session.change.tally.rows)
        return ["\(Wording.grouped(matched)) of \(all) events are listed: " + which]
    }

    /// What the user has switched or chosen.
    private func own(_ before: PlainState) -> [SafeText] {
        var said: [SafeText] = []
        if isFrozen != before.isFrozen {
            said.append(
                isFrozen
                    ? "Paused: what arrives is recorded, and told after follow." : "Going on: new events are told.")
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
}

// The same things, as `status` tells them.
extension PlainState {
    /// Which rows are listed; nil for all.
    static func listed(_ filter: RowFilter) -> SafeText? {
        var parts: [SafeText] = []
        if filter.isOn, filter.hasFilter { parts.append("filter \(filter.filter.text)") }
        if filter.showsProblems { parts.append("problems only") }
        if filter.showsMarked { parts.append("marked only") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// In which zone times are told.
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
            ? nil : "Warning: others can post here and there is no secret: secret add LABEL takes one."
    }
}
