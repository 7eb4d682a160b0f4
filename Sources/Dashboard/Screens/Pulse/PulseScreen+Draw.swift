import History
import Notifications
import SafeText
import Terminal

extension PulseScreen {
    func draw(_ session: Session, on surface: inout Surface) {
        guard let pulse, pulse.latest != nil else {
            let text = reading.failure?.sentence ?? (session.isEmpty ? "No delivery yet." : "Counting…")
            surface.put(SafeText(text), at: Point(column: 1, row: 1), style: Style(.secondary))
            return
        }
        let (top, rest, panels) = Self.parts(of: surface.bounds)
        surface.draw(in: top) {
            PulseChart(pulse: pulse, selectedBar: selectedBar, hasKeys: section == .bars, clock: session.clock)
                .draw(on: &$0)
        }
        surface.put(
            readout(pulse, session.clock).clipped(to: surface.size.columns), at: Point(column: 0, row: rest.row))
        surface.rule(row: rest.row + 1)
        surface.draw(in: panels) { PulsePanels(screen: self, pulse: pulse).draw(on: &$0) }
    }

    /// Bars, axis and times; the line of the selected bar with a rule and what is below; of that the panels.
    private static func parts(of bounds: Rect) -> (chart: Rect, rest: Rect, panels: Rect) {
        let rows = bounds.rows
        let (chart, rest) = bounds.splitTop(rows < 14 ? max(5, rows - 6) : rows * 45 / 100 + 1)
        return (chart, rest, Rect(column: 0, row: rest.row + 2, columns: rest.columns, rows: rest.rows - 2))
    }

    /// What is at a point of the view.
    func target(column: Int, row: Int, size: Size) -> Target {
        guard let pulse, pulse.latest != nil else { return .main }
        let (chart, _, panels) = Self.parts(of: Rect(size))
        if row < chart.endRow {
            return PulseChart.bar(atColumn: column, of: pulse, in: size.columns).map(Target.bar) ?? .main
        }
        guard row >= panels.row else { return .main }
        return PulsePanels(screen: self, pulse: pulse).share(column: column, row: row - panels.row, size: panels.size)
            .map { Target.share($0, $1) } ?? .main
    }

    /// The selected bar in words.
    private func readout(_ pulse: Pulse, _ clock: WallClock) -> StyledLine {
        guard let bar = selectedBar, let stretch = selectedStretch else { return StyledLine() }
        var line = StyledLine(" ") + StyledLine(PulseTime.stretch(stretch, clock: clock), Style(.accent, bold: true))
        line.append("   \(Wording.count(pulse.bars[bar].reduce(0, +), "delivery", "deliveries"))")
        for verdict in SignatureVerdict.allCases where pulse[bar, verdict] > 0 {
            line.append("  ")
            line.append("\(verdict.glyph) \(Wording.grouped(pulse[bar, verdict])) \(verdict.word)", verdict.style)
        }
        return line
    }

    /// What the tab line says of it.
    var mark: StyledLine {
        StyledLine(SafeText(span.title), Style(.notice))
            + (end == nil ? StyledLine("   to the latest", Style(.good)) : StyledLine("   in the past", Style(.notice)))
            + (reading.isCounting ? StyledLine("   counting…", Style(.secondary)) : StyledLine())
    }
}
