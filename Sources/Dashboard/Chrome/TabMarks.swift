import Browsing
import History
import Notifications
import SafeText
import Terminal

/// What stands at the right of the tab line: which rows are listed, how many are chosen, and whether the newest is
/// followed. It gives way part by part as the line narrows.
struct TabMarks {
    /// A part, in the forms from its longest to its shortest.
    private struct Part {
        var forms: [StyledLine]
        /// The least goes first.
        let rank: Int
    }

    private var parts: [Part] = []

    init(_ model: DashboardModel) {
        guard model.view != .pulse else {
            add(1, model.pulse.mark)
            if let frozen = model.frozen { addPaused(model, frozen) }
            return
        }
        // Filter and selection are those of the rows.
        if model.view.showsRows {
            addListed(model)
            addChosen(model)
        }
        if model.session.isAttached { add(1, StyledLine("attached", Style(.secondary))) }
        if model.session.showsUTC { add(3, StyledLine("UTC", Style(.notice))) }
        if model.view == .table, model.table.timestamps == .epochMilliseconds {
            add(2, StyledLine("epoch ms", Style(.notice)))
        }
        if let frozen = model.frozen {
            addPaused(model, frozen)
            return
        }
        // What lies over the view follows nothing.
        guard model.overlayTitle == nil else { return }
        switch model.view {
        case .deliveries:
            let left = model.deliveries.newestWhenLeft
            addPlace(model.deliveries.list.isFollowing, new: Int(model.session.change.latestDelivery - left))
        case .actions: addPlace(model.actions.list.isFollowing, new: 0)
        case .log: addPlace(model.log.list.isFollowing, new: 0)
        case .events, .table, .pulse: addPlace(model)
        }
    }

    /// The parts that fit.
    func line(columns: Int, separator: SafeText) -> StyledLine {
        var parts = parts
        while !parts.isEmpty, Self.width(of: parts, separator) > columns {
            let least = parts.indices.min { parts[$0].rank < parts[$1].rank } ?? 0
            // As long as one can be said more shortly none leaves.
            let shortened = parts.indices.filter { parts[$0].forms.count > 1 }.min { parts[$0].rank < parts[$1].rank }
            if let shortened { parts[shortened].forms.removeFirst() } else { parts.remove(at: least) }
        }
        let lines = parts.map { $0.forms[0] }
        return lines.dropFirst().reduce(lines.first ?? StyledLine()) { $0 + StyledLine(separator) + $1 }
    }

    private static func width(of parts: [Part], _ separator: SafeText) -> Int {
        parts.reduce(-separator.width) { $0 + $1.forms[0].width + separator.width }
    }

    private mutating func add(_ rank: Int, _ forms: StyledLine...) {
        parts.append(Part(forms: forms, rank: rank))
    }

    private mutating func addListed(_ model: DashboardModel) {
        let filter = model.filter
        if filter.hasFilter, model.prompt?.isFilter != true {
            let text = SafeText(cell: filter.filter.text)
            let style = Style(filter.isOn ? .notice : .secondary)
            let word: SafeText = filter.isOn ? "filter" : "filter off"
            let label = StyledLine(word, Style(.secondary))
            let forms = [40, 20, 10].map { label + StyledLine(" " + text.clipped(to: $0), style) }
            parts.append(Part(forms: forms + [StyledLine(word, style)], rank: filter.isOn ? 4 : 1))
        }
        if filter.showsProblems {
            add(5, StyledLine("problems only", Style(.notice)), StyledLine("problems", Style(.notice)))
        }
        if filter.showsMarked {
            add(5, StyledLine("marked only", Style(.notice)), StyledLine("marked", Style(.notice)))
        }
        guard !model.listing.query.isPlain else { return }
        let running: SafeText = model.listing.isRunning ? " …" : .empty
        guard let progress = model.listing.progress else { return add(6, StyledLine("…", Style(.notice))) }
        guard model.listing.query.predicate != .everything else {
            if model.listing.isRunning { add(3, StyledLine("sorting …", Style(.notice))) }
            return
        }
        let found: SafeText = "\(Wording.grouped(progress.matched))"
        add(
            6, StyledLine("\(found) of \(Wording.grouped(progress.total))\(running)"),
            StyledLine(found + running))
    }

    private mutating func addChosen(_ model: DashboardModel) {
        if !model.selection.isEmpty {
            let count: SafeText = model.selection.count.map { "\(Wording.grouped($0))" } ?? "all"
            let range: SafeText = model.selection.rangeStart == nil ? .empty : ", range…"
            add(7, StyledLine(count + " selected" + range, Style(.accent, bold: true)))
        }
        if let aim = model.seeking.aim {
            add(
                8, StyledLine(aim.words + " \(model.bindings.name(of: .goBack))", Style(.notice)),
                StyledLine("searching…", Style(.notice)))
        }
    }

    /// How many rows, or deliveries, have come since the screen was frozen.
    private mutating func addPaused(_ model: DashboardModel, _ frozen: HistoryChange) {
        let change = model.session.change
        let new =
            model.view.showsRows
            ? change.latestRow - frozen.latestRow : change.latestDelivery - frozen.latestDelivery
        let paused: SafeText = "PAUSED +\(Wording.grouped(Int(max(0, new))))"
        add(9, StyledLine(paused, Style(.warning, bold: true)))
    }

    private mutating func addPlace(_ model: DashboardModel) {
        let new = model.rows.arrivals(model.extent) ?? 0
        guard !model.rows.isSorted || model.rows.isFollowing || new > 0 else { return }
        addPlace(model.rows.isFollowing, new: new)
    }

    /// Whether a list follows what is newest, and else how much has come since.
    private mutating func addPlace(_ isFollowing: Bool, new: Int) {
        if isFollowing { return add(9, StyledLine("FOLLOW", Style(.good))) }
        if new > 0 { return add(9, StyledLine("+\(Wording.grouped(new)) new", Style(.notice, bold: true))) }
        add(2, StyledLine("not following", Style(.secondary)))
    }
}

extension Prompt {
    fileprivate var isFilter: Bool {
        if case .filter = self { true } else { false }
    }
}
