import Browsing
import History
import Notifications
import SafeText
import Terminal

/// The right end of the tab line: which rows are listed, how many are selected, and whether the newest is followed. It
/// gives way part by part as the line narrows.
struct TabMarks {
    /// A part, in the forms from its longest to its shortest.
    private struct Part {
        var forms: [StyledLine]
        /// The least goes first.
        let rank: Int
        /// Whether nobody misses it where there is no room.
        var isOptional = false
        /// How many of its forms, the last ones, are for a screen that has no line to spare.
        var poorForms = 0
    }

    private var parts: [Part] = []

    init(_ model: DashboardModel) {
        // An overlay is not about what the view lists.
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
        // Filter and selection are those of the rows.
        if model.view.showsRows {
            addListed(model)
            addChosen(model)
        }
        if model.session.isAttached { add(1, StyledLine("attached", Style(.secondary))) }
        if model.view == .table, model.table.timestamps == .epochMilliseconds {
            add(2, StyledLine("epoch ms", Style(.notice)))
        }
        if let frozen = model.frozen {
            addPaused(model, frozen)
            return
        }
        switch model.view {
        case .deliveries:
            let left = model.deliveries.newestWhenLeft
            addPlace(model.deliveries.list.isFollowing, new: Int(model.session.change.latestDelivery - left))
        case .actions: addPlace(model.actions.list.isFollowing, new: 0)
        case .log: addPlace(model.log.list.isFollowing, new: 0)
        case .events, .table, .pulse: addPlace(model)
        }
    }

    /// The parts that fit, in their shortest forms where they must, and whether none that matters is missing.
    func line(columns: Int, separator: SafeText) -> (line: StyledLine, isWhole: Bool) {
        var parts = parts
        var isWhole = true
        while !parts.isEmpty, Self.width(of: parts, separator) > columns {
            // What nobody misses leaves first; then each is shortened as far as it goes before any other leaves.
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

    /// So many columns of a filter's text say enough.
    private static let readableFilter = 20

    private mutating func addListed(_ model: DashboardModel) {
        let filter = model.filter
        if filter.hasFilter, model.prompt?.isFilter != true {
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
        guard !model.listing.query.isPlain else { return addAll(model) }
        let running: SafeText = model.listing.isRunning ? " …" : .empty
        guard let progress = model.listing.progress else { return add(6, StyledLine("…", Style(.notice))) }
        guard model.listing.query.predicate != .everything else {
            if model.listing.isRunning { add(3, StyledLine("sorting …", Style(.notice))) } else { addAll(model) }
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

    /// How many events are listed, where nothing narrows the list: the top line counts deliveries.
    private mutating func addAll(_ model: DashboardModel) {
        let count = model.shown.tally.rows
        guard count > 0 else { return }
        let line =
            StyledLine("\(Wording.grouped(count))") + StyledLine(count == 1 ? " event" : " events", Style(.secondary))
        parts.append(Part(forms: [line], rank: 0, isOptional: true))
    }

    private mutating func addChosen(_ model: DashboardModel) {
        // The signs are those in the list, which these parts explain.
        if !model.marks.isEmpty {
            let count = "* \(Wording.grouped(model.marks.count))"
            add(
                3, StyledLine("\(count)", Style(.notice, bold: true)) + StyledLine(" marked", Style(.secondary)))
        }
        if !model.selection.isEmpty {
            let count: SafeText = model.selection.count.map { "\(Wording.grouped($0))" } ?? "all"
            let range: SafeText = model.selection.rangeStart == nil ? .empty : ", range…"
            add(7, StyledLine("◆ " + count + " selected" + range, Style(.accent, bold: true)))
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
        parts.append(Part(forms: [StyledLine("not following", Style(.secondary))], rank: 2, isOptional: true))
    }
}

extension Prompt {
    fileprivate var isFilter: Bool {
        if case .filter = self { true } else { false }
    }
}
