import History
import Notifications
import SafeText
import Terminal

extension ActionsScreen {
    func draw(_ model: DashboardModel, on surface: inout Surface) {
        guard !actions.isEmpty else {
            if reading.hasBeenRead { drawNothing(on: &surface) }
            return
        }
        let (clock, now) = (model.session.clock, model.session.wallTime)
        surface.draw(in: parts.actions) { drawActions(clock, now, on: &$0) }
        surface.draw(in: parts.about) { part in
            part.rule(row: 0)
            let columns = part.size.columns
            part.put(heading.line.clipped(to: columns - 1), at: Point(column: 1, row: 0))
            for (row, line) in about(columns: columns - 3, most: part.size.rows - 1, clock, now).enumerated() {
                part.put(line, at: Point(column: ListRow.margin, row: row + 1))
            }
        }
        surface.draw(in: parts.entries) { drawEntries(model.session, on: &$0) }
    }

    private func drawActions(_ clock: WallClock, _ now: Timestamp, on surface: inout Surface) {
        let lines = actions.map { ActionLine(action: $0, clock: clock, now: now) }
        let widths = TextWidths(lines, titles: ActionColumn.allCases.map(\.title)) { $0.texts }
        let gap = surface.size.columns < 100 ? 1 : 2
        var columns = ActionColumn.allCases.map { column in
            column.column(holding: widths, saysNothing: lines.allSatisfy { $0.saysNothing(in: column) })
        }
        if surface.size.columns >= 100 {
            // When an action goes on is told whole: columns that say nothing leave for it, then KIND.
            let state = ActionColumn.state.rawValue
            let needed = lines.filter { $0.action.goesOn != nil }.map { $0.state.text.width }.max() ?? 0
            columns[state].minimum = max(columns[state].minimum, min(needed, columns[state].ideal))
        }
        let places = Columns(columns, gap: gap)
            .fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        let state = places.first { $0.index == ActionColumn.state.rawValue }
        for (row, line) in lines.dropFirst(top).prefix(max(0, surface.size.rows - 1)).enumerated() {
            line.draw(places, at: row + 1, on: &surface)
            if row + top == selectedIndex {
                ListRow.mark(row: row + 1, hasKeys: !isInEntries, emphasis: state, on: &surface)
            }
        }
    }

    /// The rule's text, in which the states are buttons; it begins one column from the edge.
    var heading: ButtonLine<EntryChoice> {
        var line = ButtonLine<EntryChoice>(StyledLine("─ ", Style(.secondary)))
        line.append(StyledLine(SafeText(cell: selected?.name ?? "").clipped(to: 30), Style(.plain, bold: true)))
        line.append(StyledLine(" ── ", Style(.secondary)))
        for each in EntryChoice.allCases {
            let isChosen = each == choice
            line.append(
                StyledLine(
                    isChosen ? "[\(each.title)]" : " \(each.title) ",
                    isChosen ? Style(.accent, bold: true) : Style(.secondary)), each)
        }
        line.append(StyledLine(" "))
        return line
    }

    /// What is to be said of the selected action: what was missed, what went wrong last, what it does.
    func about(columns: Int, most: Int, _ clock: WallClock, _ now: Timestamp) -> [StyledLine] {
        guard let status = selected, let listed = selectedIndex.map({ actions[$0] }) else { return [] }
        var lines: [StyledLine] = []
        if let missed = missed[status.name], missed.count > 0 {
            let words = Self.missedWords(missed)
            let text = "\(words.prefix(1).uppercased())\(words.dropFirst()): can be added."
            lines += Prose.lines(text, columns: columns, style: Style(.notice)).prefix(1)
        }
        if let text = Self.obstacle(listed, clock, now) {
            // What is too long is cut here; an entry tells the whole of it.
            let room = max(1, most - lines.count - 1)
            let style = Style(status.isOnHold ? .bad : .warning)
            let prose = Prose.lines(text, columns: columns, style: style)
            lines +=
                prose.count > 1 && room == 1
                ? [StyledLine(SafeText(cell: text), style).clipped(to: columns)]
                : Prose.shortened(prose, to: room, columns: columns, style: style)
        }
        lines.append(StyledLine(SafeText(cell: status.summary).clipped(to: columns), Style(.secondary)))
        return Array(lines.prefix(max(0, most)))
    }

    /// Why nothing of an action is begun and when it goes on, or what went wrong last; nil where nothing is wrong.
    private static func obstacle(_ action: ListedAction, _ clock: WallClock, _ now: Timestamp) -> String? {
        let status = action.status
        let next = action.goesOn.flatMap { $0 > now ? ActionLine.soon($0, now, clock).string : nil }
        if let hold = status.currentHold(at: now), let reason = hold.reason {
            let events = Wording.count(status.waiting, "event waits", "events wait")
            switch hold.kind {
            case .onHold: return "On hold, \(events), next try \(next ?? "now"): \(reason)"
            case .limit:
                return "\(events.prefix(1).uppercased())\(events.dropFirst()), next \(next ?? "now"): \(reason)"
            case .failing, .order: return "Next try \(next ?? "now"), \(events): \(reason)"
            }
        }
        guard status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0,
            let reason = status.lastReason,
            !reason.isEmpty
        else { return nil }
        return "Last error: \(reason)"
    }

    /// Such as `12 events were missed because they were judged later`.
    static func missedWords(_ missed: MissedRows) -> String {
        let were = missed.count == 1 ? "it was" : "they were"
        let least = missed.isAll ? "" : "at least "
        return "\(least)\(Wording.count(missed.count, "event was", "events were")) missed because \(were) judged later"
    }

    private func drawEntries(_ session: Session, on surface: inout Surface) {
        let (clock, now) = (session.rowClock, session.wallTime)
        let columns = Columns(
            EntryColumn.allCases.map { column in
                column == .time
                    ? clock.column(session.timeTitle, holding: list.held.rows.lazy.map(\.entry.addedAt))
                    : column.column(holding: widths)
            })
        let places = columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        if list.visible.isEmpty {
            let text: SafeText = choice == .all ? "No entry yet." : "No such entry; f lists others."
            surface.put(text, at: Point(column: ListRow.margin, row: 1), style: Style(.secondary))
        }
        let state = places.first { $0.index == EntryColumn.state.rawValue }
        for (index, line) in list.visible.enumerated() {
            switch line {
            case .day(let day): DayRule.draw(day, row: index + 1, on: &surface)
            case .row(let row):
                EntryLine(row: row, clock: clock, now: now).draw(places, at: index + 1, on: &surface)
                if isInEntries, row.id == list.selection {
                    ListRow.mark(row: index + 1, hasKeys: true, emphasis: state, on: &surface)
                }
            }
        }
    }

    /// How an action is declared.
    private func drawNothing(on surface: inout Surface) {
        let columns = surface.size.columns - 3
        var lines = [StyledLine("No actions yet.", Style(.heading)), StyledLine()]
        lines += Prose.lines(
            """
            An action does something for each event, durably: it writes a row in a sheet, sends a message, runs a \
            command, forwards the delivery. Declare one in config.yaml, then type :reload.
            """,
            columns: columns, style: .plain)
        lines.append(StyledLine())
        lines += Self.example.map { StyledLine("  " + SafeText($0), Style(.accent)) }
        lines.append(StyledLine())
        lines += Prose.lines(
            "Kinds: google-sheet, csv, slack, twilio, command, forward. docs/actions.md shows each of them.",
            columns: columns, style: Style(.secondary))
        for (row, line) in lines.enumerated() { surface.put(line, at: Point(column: ListRow.margin, row: row + 1)) }
    }

    /// The least that an action takes in config.yaml.
    static let example = ["actions:", "  rows:", "    kind: csv", "    file: ~/b2-events.csv"]
}
