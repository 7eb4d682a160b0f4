import History
import Notifications
import SafeText
import Terminal

/// The lists and the timings below the bars: side by side where there is room, else the one that has the keys.
struct PulsePanels {
    let screen: PulseScreen
    let pulse: Pulse

    func draw(on surface: inout Surface) {
        for (section, rect) in parts(of: surface.size) {
            surface.draw(in: rect) { draw(section, on: &$0) }
        }
    }

    /// The sections that are seen, and where.
    private func parts(of size: Size) -> [(section: PulseScreen.Section, rect: Rect)] {
        guard size.columns >= 72 else { return [(screen.section == .bars ? .types : screen.section, Rect(size))] }
        let sections: [PulseScreen.Section] = [.types, .buckets, .timings]
        let width = size.columns / sections.count
        return sections.enumerated().map { index, section in
            let columns = index == 2 ? size.columns - 2 * width : width - 2
            return (section, Rect(column: index * width, row: 0, columns: columns, rows: size.rows))
        }
    }

    /// The name at a point, by its section and its place among the section's names.
    func share(column: Int, row: Int, size: Size) -> (section: PulseScreen.Section, index: Int)? {
        for (section, rect) in parts(of: size) where (rect.column..<rect.endColumn).contains(column) {
            guard row > 0, let all = shares(section)?.largest(PulseScreen.mostShares) else { return nil }
            let index = first(of: all.count, section, rows: rect.rows - 1) + row - 1
            return all.indices.contains(index) ? (section, index) : nil
        }
        return nil
    }

    private func shares(_ section: PulseScreen.Section) -> PulseShares? {
        switch section {
        case .types: pulse.types
        case .buckets: pulse.buckets
        case .bars, .timings: nil
        }
    }

    /// The first name in view of so many.
    private func first(of count: Int, _ section: PulseScreen.Section, rows: Int) -> Int {
        let selected = screen.section == section ? screen.shareIndex : 0
        return max(0, min(selected - rows + 1, count - rows))
    }

    private func draw(_ section: PulseScreen.Section, on surface: inout Surface) {
        switch section {
        case .bars, .types: drawShares("BY TYPE", pulse.types, section: .types, on: &surface)
        case .buckets: drawShares("BY BUCKET", pulse.buckets, section: .buckets, on: &surface)
        case .timings: drawTimings(on: &surface)
        }
    }

    private func title(_ text: SafeText, _ section: PulseScreen.Section, on surface: inout Surface, row: Int = 0) {
        let hasKeys = screen.section == section
        surface.put(
            hasKeys ? "[" + text + "]" : " " + text, at: Point(column: 0, row: row),
            style: hasKeys ? Style(.accent, bold: true) : Style(.secondary, bold: true))
    }

    private func drawShares(
        _ text: SafeText, _ shares: PulseShares, section: PulseScreen.Section, on surface: inout Surface
    ) {
        title(text, section, on: &surface)
        guard pulse.isComplete else {
            surface.put("counting…", at: Point(column: 1, row: 1), style: Style(.secondary))
            return
        }
        let rows = surface.size.rows - 1
        let all = shares.largest(PulseScreen.mostShares)
        let selected = screen.section == section ? screen.shareIndex : 0
        let first = first(of: all.count, section, rows: rows)
        if all.isEmpty { surface.put("no events", at: Point(column: 1, row: 1), style: Style(.secondary)) }
        for (row, share) in all.dropFirst(first).prefix(rows).enumerated() {
            let line = row + 1
            draw(share, of: shares.total, section, row: line, on: &surface)
            if screen.section == section, first + row == selected {
                ListRow.mark(row: line, hasKeys: true, on: &surface)
            }
        }
    }

    private func draw(
        _ share: (name: String, count: Int), of total: Int, _ section: PulseScreen.Section, row: Int,
        on surface: inout Surface
    ) {
        let percent = total > 0 ? share.count * 100 / total : 0
        let amount = SafeText("\(percent) %").leftPadded(to: 5) + SafeText(Wording.short(share.count)).leftPadded(to: 7)
        let room = surface.size.columns - 1 - amount.width
        let name = section == .types ? EventType(share.name).shortName : share.name
        let text: SafeText = name.isEmpty ? "(none)" : SafeText(cell: name)
        surface.put(text.clippedInMiddle(to: max(4, room - 1)), at: Point(column: 1, row: row))
        surface.put(amount, at: Point(column: 1 + room, row: row), style: Style(.secondary))
    }

    private func drawTimings(on surface: inout Surface) {
        let half = max(3, surface.size.rows / 2)
        title("DELAY event to arrival", .timings, on: &surface)
        let upper = Rect(column: 1, row: 1, columns: surface.size.columns - 1, rows: half - 1)
        surface.draw(in: upper) {
            PulseTimings(histogram: pulse.delays, isComplete: pulse.isComplete, microsecondsPerUnit: 1_000)
                .draw(on: &$0)
        }
        surface.put(" ANSWER limit 3 s", at: Point(column: 0, row: half), style: Style(.secondary, bold: true))
        let lower = Rect(
            column: 1, row: half + 1, columns: surface.size.columns - 1, rows: surface.size.rows - half - 1)
        surface.draw(in: lower) {
            PulseTimings(
                histogram: pulse.answers, isComplete: true, microsecondsPerUnit: 1, limit: 3_000_000
            ).draw(on: &$0)
        }
    }
}
