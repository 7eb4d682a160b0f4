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
        let parts = PulseParts(surface.bounds)
        surface.draw(in: parts.chart) {
            PulseChart(pulse: pulse, selectedBar: selectedBar, hasKeys: section == .bars, clock: session.clock)
                .draw(on: &$0)
        }
        surface.draw(in: parts.readout) {
            $0.put(readout(pulse, session.clock).clipped(to: $0.size.columns), at: Point(column: 0, row: 0))
        }
        surface.draw(in: parts.legend) { Self.draw(PulseLayer.legend(pulse), on: &$0) }
        surface.draw(in: parts.panels) { PulsePanels(screen: self, pulse: pulse).draw(on: &$0) }
    }

    /// A rule, and near its end what the glyphs mean.
    private static func draw(_ legend: StyledLine, on surface: inout Surface) {
        surface.rule(row: 0)
        guard !legend.spans.isEmpty else { return }
        let text = legend.clipped(to: surface.size.columns - 3) + StyledLine("  ")
        surface.put(text, at: Point(column: max(0, surface.size.columns - text.width - 1), row: 0))
    }

    /// What is at a point of the view.
    func target(column: Int, row: Int, size: Size) -> Target {
        guard let pulse, pulse.latest != nil else { return .main }
        let parts = PulseParts(Rect(size))
        if row < parts.chart.endRow {
            return PulseChart.bar(atColumn: column, of: pulse, in: size.columns).map(Target.bar) ?? .main
        }
        guard row >= parts.panels.row, let section = PulsePanels.section(atColumn: column, parts.panels.size, self)
        else { return .main }
        let list = shareList(section)
        let index = list.top + row - parts.panels.row - 1
        return row > parts.panels.row && shares(section).indices.contains(index)
            ? .share(section, index) : .part(section)
    }

    /// The selected bar in words.
    private func readout(_ pulse: Pulse, _ clock: WallClock) -> StyledLine {
        guard let bar = selectedBar, let stretch = selectedStretch else { return StyledLine() }
        var line = StyledLine(" ") + StyledLine(PulseTime.stretch(stretch, clock: clock), Style(.accent, bold: true))
        line.append("   \(Wording.count(pulse.bars[bar].reduce(0, +), "delivery", "deliveries"))")
        for verdict in SignatureVerdict.allCases where pulse[bar, verdict] > 0 {
            line.append("  ")
            line.append("\(verdict.glyph) \(Wording.grouped(pulse[bar, verdict])) \(verdict.title)", verdict.style)
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
