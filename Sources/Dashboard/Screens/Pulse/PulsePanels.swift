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
        let sections: [PulseScreen.Section] = [.types, .buckets, .timings]
        let width = size.columns / sections.count
        return sections.enumerated().map { index, section in
            let columns = index == 2 ? size.columns - 2 * width : width - 2
            return (section, Rect(column: index * width, row: 0, columns: columns, rows: size.rows))
        }
    }

    /// The section that is seen in a column.
    static func section(atColumn column: Int, _ size: Size, _ screen: PulseScreen) -> PulseScreen.Section? {
        parts(of: size, screen).first { ($0.rect.column..<$0.rect.endColumn).contains(column) }?.section
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
        let all = screen.shares(section)
        let list = screen.shareList(section)
        if all.isEmpty { surface.put("no events", at: Point(column: 1, row: 1), style: Style(.secondary)) }
        for (index, share) in all.enumerated().dropFirst(list.top).prefix(max(0, surface.size.rows - 1)) {
            let line = index - list.top + 1
            draw(share, of: shares.total, section, row: line, on: &surface)
            if screen.section == section, index == list.selection {
                ListRow.mark(row: line, hasKeys: true, on: &surface)
            }
        }
    }

    private func draw(
        _ share: (name: String, count: Int), of total: Int, _ section: PulseScreen.Section, row: Int,
        on surface: inout Surface
    ) {
        let amount =
            SafeText("\(Wording.percent(share.count, of: total)) %").leftPadded(to: 5)
            + SafeText(Wording.short(share.count)).leftPadded(to: 7)
        let room = surface.size.columns - 1 - amount.width
        let name = section == .types ? EventType(share.name).shortName : share.name
        let text: SafeText = name.isEmpty ? "(none)" : SafeText(cell: name)
        surface.put(text.clippedInMiddle(to: max(4, room - 1)), at: Point(column: 1, row: row))
        surface.put(amount, at: Point(column: 1 + room, row: row), style: Style(.secondary))
    }

    private func drawTimings(on surface: inout Surface) {
        let half = max(3, (surface.size.rows + 1) / 2)
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
                histogram: pulse.answers, isComplete: true, microsecondsPerUnit: 1, limit: DeliveryLine.late
            ).draw(on: &$0)
        }
    }
}
