import History
import Notifications
import SafeText
import Terminal

/// The lists and the timings below the bars: side by side where there is room, else the one that has the keys.
struct PulsePanels {
    let screen: PulseScreen
    let pulse: Pulse

    func draw(on surface: inout Surface) {
        guard surface.size.rows > 1 else { return }
        for (section, rect) in Self.parts(of: surface.size, screen) {
            surface.draw(in: rect) { draw(section, on: &$0) }
        }
    }

    /// The sections that are seen, and where.
    private static func parts(
        of size: Size, _ screen: PulseScreen
    ) -> [(section: PulseScreen.Section, rect: Rect)] {
        guard size.columns >= 72 else { return [(screen.section == .bars ? .types : screen.section, Rect(size))] }
        // Types are the longest of what is usual; where there is room for all, each has a third.
        let isWide = size.columns >= 100
        let types = isWide ? size.columns / 3 : size.columns * 3 / 8
        let buckets = isWide ? size.columns / 3 : size.columns * 3 / 10
        return [
            (.types, Rect(column: 0, row: 0, columns: types - 2, rows: size.rows)),
            (.buckets, Rect(column: types, row: 0, columns: buckets - 2, rows: size.rows)),
            (
                .timings,
                Rect(
                    column: types + buckets, row: 0, columns: size.columns - types - buckets, rows: size.rows)
            ),
        ]
    }

    /// The section that is seen in a column.
    static func section(atColumn column: Int, _ size: Size, _ screen: PulseScreen) -> PulseScreen.Section? {
        parts(of: size, screen).first { ($0.rect.column..<$0.rect.endColumn).contains(column) }?.section
    }

    private func draw(_ section: PulseScreen.Section, on surface: inout Surface) {
        switch section {
        case .bars, .types: drawShares("EVENTS BY TYPE", pulse.types, section: .types, on: &surface)
        case .buckets: drawShares("EVENTS BY BUCKET", pulse.buckets, section: .buckets, on: &surface)
        case .timings: drawTimings(on: &surface)
        }
    }

    private func title(_ text: SafeText, _ section: PulseScreen.Section, on surface: inout Surface, row: Int = 0) {
        let hasKeys = screen.section == section
        surface.put(
            hasKeys ? "[" + text + "]" : " " + text, at: Point(column: 1, row: row),
            style: hasKeys ? Style(.accent, bold: true) : Style(.secondary, bold: true))
    }

    private func drawShares(
        _ text: SafeText, _ shares: PulseShares, section: PulseScreen.Section, on surface: inout Surface
    ) {
        title(text, section, on: &surface)
        guard pulse.isComplete else {
            surface.put("counting…", at: Point(column: ListRow.margin, row: 1), style: Style(.secondary))
            return
        }
        let all = screen.shares(section)
        let countColumns = all.map { SafeText(Wording.short($0.count)).width }.max() ?? 0
        let list = screen.shareList(section)
        if all.isEmpty { surface.put("no events", at: Point(column: ListRow.margin, row: 1), style: Style(.secondary)) }
        for (index, share) in all.enumerated().dropFirst(list.top).prefix(max(0, surface.size.rows - 1)) {
            let line = index - list.top + 1
            draw(share, of: shares.total, section, countColumns: countColumns, row: line, on: &surface)
            if screen.section == section, index == list.selection {
                ListRow.mark(row: line, hasKeys: true, on: &surface)
            }
        }
    }

    private func draw(
        _ share: (name: String, count: Int), of total: Int, _ section: PulseScreen.Section,
        countColumns: Int, row: Int, on surface: inout Surface
    ) {
        // The columns are no wider than what is in them: a name needs the room.
        let amount =
            SafeText("\(Wording.percent(share.count, of: total)) %").leftPadded(to: 6)
            + SafeText(Wording.short(share.count)).leftPadded(to: countColumns + 2)
        let room = surface.size.columns - ListRow.margin - amount.width
        let name = section == .types ? EventType(share.name).shortName : share.name
        let text: SafeText = name.isEmpty ? "(none)" : SafeText(cell: name)
        surface.put(text.clippedInMiddle(to: max(4, room)), at: Point(column: ListRow.margin, row: row))
        surface.put(amount, at: Point(column: ListRow.margin + room, row: row), style: Style(.secondary))
    }

    private func drawTimings(on surface: inout Surface) {
        let half = max(3, (surface.size.rows + 1) / 2)
        title("DELAY event to arrival", .timings, on: &surface)
        let upper = Rect(
            column: ListRow.margin, row: 1, columns: surface.size.columns - ListRow.margin, rows: half - 1)
        surface.draw(in: upper) {
            PulseTimings(histogram: pulse.delays, isComplete: pulse.isComplete, microsecondsPerUnit: 1_000)
                .draw(on: &$0)
        }
        surface.put(" ANSWER limit 3 s", at: Point(column: 1, row: half), style: Style(.secondary, bold: true))
        let lower = Rect(
            column: ListRow.margin, row: half + 1, columns: surface.size.columns - ListRow.margin,
            rows: surface.size.rows - half - 1)
        surface.draw(in: lower) {
            PulseTimings(
                histogram: pulse.answers, isComplete: true, microsecondsPerUnit: 1, limit: DeliveryLine.late
            ).draw(on: &$0)
        }
    }
}
