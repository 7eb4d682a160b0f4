import Base
import History
import Notifications
import Receiving
import Terminal

/// The top line: whether deliveries are received, which secrets verify them, and the number of deliveries by verdict.
///
/// As the screen narrows, parts are shortened or dropped in the order of `Shortening`; the listener's state and the
/// counts always stay. The line names the unit of the counts, because they count deliveries while the lists count
/// events.
struct TopLine {
    /// The steps by which the line is shortened.
    enum Shortening: Int, CaseIterable, Comparable {
        /// The complete line.
        case none
        /// Without the program's name, and with narrow gaps.
        case noName
        /// Without `http://`, and with only the number of the actions.
        case noScheme
        /// With only the 99th percentile of the answer times.
        case noMedian
        /// With only the port and the path of the address.
        case noHost
        /// With the secret's label but without the word before it.
        case shortSecret
        /// With one count for all verdicts that are neither valid nor invalid.
        case fewVerdicts
        /// With only the fingerprint of the secret.
        case noLabel
        case noAnswers
        /// With only the symbol of each count.
        case noWords
        /// These keep the advice for a listener without secrets: first without counts of zero, then with one count for
        /// all verdicts that are neither valid nor invalid, then without the address.
        case adviceForZeros, adviceForVerdicts, adviceForURL
        /// Without the advice for a listener without secrets.
        case noAdvice
        case noURL, noZeros, noSecret
        /// Without the unit of the counts.
        case noUnit

        static func < (one: Shortening, other: Shortening) -> Bool { one.rawValue < other.rawValue }
    }

    let session: Session

    func line(columns: Int) -> StyledLine {
        let lines = Shortening.allCases.lazy.map(line)
        return lines.first { $0.width <= columns } ?? line(.noUnit).clipped(to: columns)
    }

    private func line(_ shortening: Shortening) -> StyledLine {
        var parts: [StyledLine] = []
        if shortening < .noName {
            parts.append(StyledLine("b2watch", Style(.heading)))
        }
        parts.append(state(shortening))
        if session.isInMemory { parts.append(StyledLine("in memory", Style(.warning))) }
        // The secrets of a listener that does not answer are unknown.
        if shortening < .noSecret, session.absence == nil || !session.keyring.isEmpty {
            parts.append(secrets(shortening))
        }
        parts.append(counts(shortening))
        if let mark = ActionMark(session.troubles) { parts.append(mark.line(isShort: shortening >= .noScheme)) }
        if shortening < .noAnswers, session.answers.count > 0 { parts.append(answers(shortening)) }
        return parts.enumerated().reduce(StyledLine(" ")) { line, part in
            line + StyledLine(part.offset == 0 ? .empty : shortening < .noName ? "   " : "  ") + part.element
        }
    }

    /// Whether the line advises the user to add a secret.
    private var asksForSecret: Bool { session.absence == nil && session.keyring.secrets.isEmpty }

    private func state(_ shortening: Shortening) -> StyledLine {
        let (word, role): (SafeText, Role) =
            switch (session.listening, session.change.health) {
            case (_, .failing): ("NOT RECORDING", .bad)
            case (.starting, _): ("starting", .notice)
            case (.draining, _): ("draining", .notice)
            case (.away(let absence), _): (absence.kind.word, .bad)
            case (.listening, _): ("LISTENING", .good)
            }
        var line = StyledLine(word, Style(role, bold: true))
        guard let url = session.url, shortening < (asksForSecret ? .adviceForURL : .noURL) else { return line }
        line.append(" \(shortened(url, shortening))")
        return line
    }

    private func shortened(_ url: String, _ shortening: Shortening) -> String {
        guard shortening >= .noScheme else { return url }
        let address = url.drop { $0 != "/" }.drop { $0 == "/" }
        guard shortening >= .noHost, let colon = address.lastIndex(of: ":") else { return String(address) }
        return String(address[colon...])
    }

    private func secrets(_ shortening: Shortening) -> StyledLine {
        let held = session.keyring.secrets
        switch held.count {
        case 0:
            return StyledLine(
                shortening < .noAdvice ? "no secret — \(session.bindings.asking(for: .showKeyring))" : "no secret",
                Style(.notice))
        case 1:
            let secret = held[0]
            let name = SafeText(secret.label).clipped(to: 20)
            let fingerprint = StyledLine("(\(secret.fingerprint))", Style(.secondary))
            guard shortening < .noLabel else { return fingerprint }
            let word: SafeText = shortening < .shortSecret ? "secret " : .empty
            return StyledLine(word, Style(.secondary)) + StyledLine(name + " ") + fingerprint
        default: return StyledLine("\(held.count) secrets")
        }
    }

    /// Returns the number of deliveries by verdict: symbol, count and word, with the unit before the first one.
    private func counts(_ shortening: Shortening) -> StyledLine {
        let tally = session.change.tally
        let hasZeros = shortening < (asksForSecret ? .adviceForZeros : .noZeros)
        let standing: [SignatureVerdict] = hasZeros ? [.valid, .invalid] : []
        let shown = SignatureVerdict.counted.filter { tally[$0] > 0 || standing.contains($0) }
        guard tally.notifications > 0 else { return StyledLine("no deliveries yet", Style(.secondary)) }
        let hasWords = shortening < .noWords
        let others = shown.filter { $0 != .valid && $0 != .invalid }
        let isGrouping =
            hasWords ? shortening >= .fewVerdicts : asksForSecret && shortening >= .adviceForVerdicts
        let areGrouped = isGrouping && others.count > 1
        var parts = shown.filter { !areGrouped || !others.contains($0) }.map { verdict in
            let count: SafeText = "\(verdict.glyph) \(Wording.grouped(tally[verdict]))"
            let style = tally[verdict] == 0 ? Style(.secondary) : verdict.style
            return StyledLine(hasWords ? count + " \(verdict.title)" : count, style)
        }
        if areGrouped {
            let count = others.reduce(0) { $0 + tally[$1] }
            parts.append(StyledLine("\(Wording.grouped(count)) other", Style(.warning)))
        }
        let unit: SafeText = shortening < .noUnit ? "deliveries " : .empty
        guard let first = parts.first else { return StyledLine() }
        return StyledLine(unit, Style(.secondary)) + parts.dropFirst().reduce(first) { $0 + StyledLine("  ") + $1 }
    }

    private func answers(_ shortening: Shortening) -> StyledLine {
        let answers = session.answers
        let p99 = StyledLine("p99 ", Style(.secondary)) + StyledLine("\(Wording.duration(microseconds: answers.p99))")
        guard shortening < .noMedian else { return p99 }
        return StyledLine("answers ", Style(.secondary))
            + StyledLine("\(Wording.duration(microseconds: answers.median))")
            + StyledLine(", ", Style(.secondary)) + p99
    }
}

extension ListenerAbsence.Kind {
    fileprivate var word: SafeText {
        switch self {
        case .gone: "LISTENER GONE"
        case .notRunning: "NO LISTENER"
        case .notPermitted: "NOT PERMITTED"
        case .otherVersion: "OTHER VERSION"
        case .notAnswering: "NO ANSWER"
        }
    }
}

// MARK: - The line of tabs

/// The second line: the tabs, and at its right end the restrictions of the list and whether it follows the newest row.
///
/// The tabs keep their names and positions: marks that do not fit to their right get a line of their own below. Only on
/// a screen that is too narrow for the names alone do the other tabs shrink to their numbers.
struct TabLine {
    /// The minimum width at which the names fit with room for a mark.
    private static let roomForNames = 76
    /// The minimum width for wide gaps.
    private static let roomForGaps = 100

    /// The tabs, each as a button.
    let tabs: ButtonLine<MainView>
    /// The marks to the right of the tabs.
    private let beside: StyledLine
    /// The marks below the tabs; nil if they fit to the right.
    private let below: StyledLine?

    /// The number of lines that it needs.
    var height: Int { below == nil ? 1 : 2 }

    init(_ model: DashboardModel, columns: Int) {
        let isAiry = columns >= Self.roomForGaps
        let separator: SafeText = isAiry ? "   " : columns < 60 ? " " : "  "
        let marks = TabMarks(model)
        func room(_ tabs: ButtonLine<MainView>) -> Int { columns - tabs.width - 2 }
        let named = Self.tabs(model, isShort: false, gap: isAiry ? " " : .empty)
        if columns >= Self.roomForNames {
            tabs = named
            let (line, isWhole) = marks.line(columns: room(named), separator: separator)
            // A low screen has no line to spare.
            let hasRoom = model.session.size.rows >= 20
            below = isWhole || !hasRoom ? nil : marks.line(columns: columns - 2, separator: separator).line
            beside = below == nil ? line : StyledLine()
        } else {
            let fits = marks.line(columns: room(named), separator: separator).isWhole
            tabs = fits && named.width <= columns ? named : Self.tabs(model, isShort: true, gap: .empty)
            beside = marks.line(columns: room(tabs), separator: separator).line
            below = nil
        }
    }

    func draw(on surface: inout Surface) {
        surface.put(tabs.line, at: Point(column: 0, row: 0))
        for (row, line) in [beside, below ?? StyledLine()].enumerated() {
            surface.put(line, at: Point(column: surface.size.columns - line.width - 1, row: row))
        }
    }

    private static func tabs(_ model: DashboardModel, isShort: Bool, gap: SafeText) -> ButtonLine<MainView> {
        var line = ButtonLine<MainView>(StyledLine(" "))
        let isTight = gap.isEmpty
        var isBehindShown = false
        for view in MainView.allCases {
            let isShown = model.view == view && model.overlayTitle == nil
            let title = isShort && !isShown ? "\(view.rawValue)" : view.title
            let style = isShown ? Style(.accent, bold: true) : Style(.secondary)
            let mark = view == .actions ? ActionMark(model.session.troubles)?.tab ?? StyledLine() : StyledLine()
            // Next to a tab that is not current, the mark replaces the blank, so that no tab moves. If there is little
            // room, two tabs share the blank between them.
            let right = StyledLine(isTight ? .empty : isShown ? "]" : mark.width > 0 ? .empty : " ", style)
            let left: SafeText = isShown ? "[" : isBehindShown && isTight ? "]" : " "
            line.append(StyledLine(left, isBehindShown && isTight ? Style(.accent, bold: true) : style))
            line.append(StyledLine("\(title)", style) + mark + right, view)
            line.append(StyledLine(gap))
            isBehindShown = isShown
        }
        if isBehindShown, isTight { line.append(StyledLine("]", Style(.accent, bold: true))) }
        if let title = model.overlayTitle { line.append(StyledLine("[\(title)]", Style(.accent, bold: true))) }
        return line
    }
}

// MARK: - The marks in the line of tabs

/// The marks at the right end of the line of tabs: which rows are listed, how many are selected, and whether the list
/// follows the newest row. They are shortened or dropped one by one as the line narrows.
struct TabMarks {
    /// A mark, with its forms from the longest to the shortest.
    private struct Part {
        var forms: [StyledLine]
        /// The rank; the mark with the lowest rank is dropped first.
        let rank: Int
        /// Whether the mark is dropped first, without a line of its own for the marks that do not fit.
        var isOptional = false
        /// The number of its last forms that are used only on a screen without a line to spare.
        var poorForms = 0
    }

    private var parts: [Part] = []

    init(_ model: DashboardModel) {
        // The marks describe the list, so they are not shown for an overlay.
        guard model.overlayTitle == nil else {
            if model.session.isAttached { add(1, StyledLine("attached", Style(.secondary))) }
            if let frozen = model.frozen { addPaused(model, frozen) }
            return
        }
        guard model.view != .pulse else {
            for part in model.pulse.marks { add(part.rank, part.line) }
            if let frozen = model.frozen { addPaused(model, frozen) }
            return
        }
        addListed(model)
        if model.view.showsRows { addChosen(model) }
        addMatch(model)
        if model.session.isAttached { add(1, StyledLine("attached", Style(.secondary))) }
        if model.view == .table, model.table.timestamps == .epochMilliseconds {
            add(2, StyledLine("epoch ms", Style(.notice)))
        }
        if let frozen = model.frozen {
            addPaused(model, frozen)
            return
        }
        if let found = model.found {
            addPlace(model, found.isFollowing, new: found.arrivals(model.foundExtent) ?? 0)
        } else {
            addPlace(model)
        }
    }

    /// Returns the marks that fit, shortened if necessary, and whether all marks that matter are among them.
    func line(columns: Int, separator: SafeText) -> (line: StyledLine, isWhole: Bool) {
        var parts = parts
        var isWhole = true
        while !parts.isEmpty, Self.width(of: parts, separator) > columns {
            // Optional marks are dropped first. Then each mark is shortened fully before another is dropped.
            let least = parts.indices.min { parts[$0].rank < parts[$1].rank } ?? 0
            let shortened = parts.indices.filter { parts[$0].forms.count > 1 }.min { parts[$0].rank < parts[$1].rank }
            if let optional = parts.firstIndex(where: \.isOptional) {
                parts.remove(at: optional)
            } else if let shortened {
                parts[shortened].forms.removeFirst()
            } else {
                parts.remove(at: least)
                isWhole = false
            }
        }
        if parts.contains(where: { $0.forms.count <= $0.poorForms }) { isWhole = false }
        let lines = parts.map { $0.forms[0] }
        let line = lines.dropFirst().reduce(lines.first ?? StyledLine()) { $0 + StyledLine(separator) + $1 }
        return (line, isWhole)
    }

    private static func width(of parts: [Part], _ separator: SafeText) -> Int {
        parts.reduce(-separator.width) { $0 + $1.forms[0].width + separator.width }
    }

    private mutating func add(_ rank: Int, _ forms: StyledLine...) {
        parts.append(Part(forms: forms, rank: rank))
    }

    /// The number of columns that make a filter's text recognizable.
    private static let readableFilter = 20

    private mutating func addListed(_ model: DashboardModel) {
        let filter = model.filter
        if filter.hasFilter, model[FilterPrompt.self] == nil {
            let text = SafeText(cell: filter.filter.text)
            let style = Style(filter.isOn ? .notice : .secondary)
            let word: SafeText = filter.isOn ? "filter" : "filter off"
            let label = StyledLine(word, Style(.secondary))
            let widths = stride(from: max(10, min(40, text.width)), through: 10, by: -1)
            let forms = widths.map { label + StyledLine(" " + text.clipped(to: $0), style) }
            let poor = widths.count { $0 < min(Self.readableFilter, text.width) } + 1
            parts.append(
                Part(
                    forms: forms + [StyledLine(word, style)], rank: filter.isOn ? 4 : 1,
                    poorForms: filter.isOn ? poor : 0))
        }
        if filter.showsProblems {
            add(5, StyledLine("problems only", Style(.notice)), StyledLine("problems", Style(.notice)))
        }
        if filter.showsMarked {
            add(5, StyledLine("marked only", Style(.notice)), StyledLine("marked", Style(.notice)))
        }
        guard model.view.showsRows else { return addFound(model) }
        guard !model.events.listing.query.isPlain else { return addAll(model) }
        let running: SafeText = model.events.listing.isRunning ? " …" : .empty
        guard let progress = model.events.listing.progress else { return add(6, StyledLine("…", Style(.notice))) }
        guard model.events.listing.query.predicate != .everything else {
            if model.events.listing.isRunning { add(3, StyledLine("sorting …", Style(.notice))) } else { addAll(model) }
            return
        }
        let found: SafeText = "\(Wording.grouped(progress.matched))"
        let unit = StyledLine(progress.matched == 1 ? " event" : " events", Style(.secondary))
        let unitOfAll = StyledLine(progress.total == 1 ? " event" : " events", Style(.secondary))
        let all: SafeText = " of \(Wording.grouped(progress.total))"
        add(
            6, StyledLine(found + all) + unitOfAll + StyledLine(running), StyledLine(found) + unit + StyledLine(running)
        )
    }

    /// Adds the number of events if all are listed, because the top line counts only deliveries.
    private mutating func addAll(_ model: DashboardModel) {
        let count = model.shown.rows
        guard count > 0 else { return }
        let line =
            StyledLine("\(Wording.grouped(count))") + StyledLine(count == 1 ? " event" : " events", Style(.secondary))
        parts.append(Part(forms: [line], rank: 0, isOptional: true))
    }

    /// Adds the number of listed rows of a list that is not one of events.
    private mutating func addFound(_ model: DashboardModel) {
        guard let found = model.found else { return }
        guard found.filter.isRestricting || found.order != nil || model[FilterPrompt.self] != nil else { return }
        let running: SafeText = found.isFinding ? " …" : .empty
        let count = found.place(model.foundExtent)?.total ?? 0
        add(6, StyledLine("\(Wording.grouped(count)) listed") + StyledLine(running))
    }

    /// Adds the position of the selected row among the matches of the search.
    private mutating func addMatch(_ model: DashboardModel) {
        guard model.pattern != nil, !model.detail.hasKeys, let (place, count) = model.matchPlace else { return }
        // A number alone would not show what it counts.
        let forms: [SafeText] =
            if let place {
                ["match \(Wording.grouped(place)) of \(Wording.grouped(count))", "\(place)/\(count)"]
            } else {
                ["\(Wording.grouped(count)) \(count == 1 ? "match" : "matches")"]
            }
        parts.append(Part(forms: forms.map { StyledLine($0, Style(.notice)) }, rank: 5))
    }

    private mutating func addChosen(_ model: DashboardModel) {
        // The list draws the same signs, which these marks explain.
        if !model.events.marks.isEmpty {
            let count = "* \(Wording.grouped(model.events.marks.count))"
            add(
                3, StyledLine("\(count)", Style(.notice, bold: true)) + StyledLine(" marked", Style(.secondary)))
        }
        if !model.events.selection.isEmpty {
            let count: SafeText = model.events.selection.count.map { "\(Wording.grouped($0))" } ?? "all"
            let range: SafeText = model.events.selection.rangeStart == nil ? .empty : ", range…"
            add(7, StyledLine("◆ " + count + " selected" + range, Style(.accent, bold: true)))
        }
        if let aim = model.events.seeking {
            add(
                8, StyledLine(aim.words + " \(model.bindings.name(of: .goBack))", Style(.notice)),
                StyledLine("searching…", Style(.notice)))
        }
    }

    /// Adds the number of rows or deliveries received since the screen was frozen.
    private mutating func addPaused(_ model: DashboardModel, _ frozen: HistoryChange) {
        let change = model.session.change
        let new =
            model.view.showsRows
            ? change.latestRow - frozen.latestRow : change.latestDelivery - frozen.latestDelivery
        let paused: SafeText = "PAUSED +\(Wording.grouped(Int(max(0, new))))"
        add(9, StyledLine(paused, Style(.warning, bold: true)))
    }

    private mutating func addPlace(_ model: DashboardModel) {
        let new = model.events.rows.arrivals(model.extent) ?? 0
        guard !model.events.rows.isSorted || model.events.rows.isFollowing || new > 0 else { return addRow(model) }
        addPlace(model, model.events.rows.isFollowing, new: new)
    }

    /// Adds whether the list follows the newest row, and if not, how many rows have arrived since.
    private mutating func addPlace(_ model: DashboardModel, _ isFollowing: Bool, new: Int) {
        if isFollowing { return add(9, StyledLine("FOLLOW", Style(.good))) }
        if new > 0 { return add(9, StyledLine("+\(Wording.grouped(new)) new", Style(.notice, bold: true))) }
        addRow(model)
    }

    /// Adds the number of the selected row and the number of listed rows.
    private mutating func addRow(_ model: DashboardModel) {
        var text: SafeText = "not following"
        if let (place, total) = model.placeInList, let place {
            text = "row \(Wording.grouped(place)) of \(Wording.grouped(total))"
        }
        parts.append(Part(forms: [StyledLine(text, Style(.secondary))], rank: 2, isOptional: true))
    }
}
