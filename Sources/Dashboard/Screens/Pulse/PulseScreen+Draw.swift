import History
import Notifications
import SafeText
import Terminal

extension PulseScreen {
    func draw(_ session: Session, on surface: inout Surface) {
        guard let pulse, pulse.latest != nil else {
            let text = reading.failure?.sentence ?? (session.isEmpty ? "No delivery yet." : "Counting…")
            surface.put(SafeText(text), at: Point(column: ListRow.margin, row: 1), style: Style(.secondary))
            return
        }
        let parts = PulseParts(surface.bounds)
        surface.draw(in: parts.chart) {
            PulseChart(pulse: pulse, selectedBar: selectedBar, hasKeys: section == .bars, clock: session.clock)
                .draw(on: &$0)
        }
        surface.draw(in: parts.readout) {
            let columns = $0.size.columns
            $0.put(
                readout(pulse, session.clock, columns: columns).clipped(to: columns), at: Point(column: 0, row: 0))
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

    /// What is selected, in words: a name in full where one of a list is, else the bar. It is said more shortly where
    /// there is little room.
    private func readout(_ pulse: Pulse, _ clock: WallClock, columns: Int) -> StyledLine {
        if let name = selectedName {
            let (shares, index) = (shares(section), shareList(section).selection)
            let total = section == .types ? pulse.types.total : pulse.buckets.total
            let count = shares[index].count
            let amount: SafeText =
                "\(Wording.count(count, "event", "events")), \(Wording.percent(count, of: total)) %"
            let text = name.isEmpty ? "(none)" : SafeText(cell: name)
            let room = columns - 5 - amount.width
            return StyledLine("  ") + StyledLine(text.clippedInMiddle(to: max(8, room)), Style(.accent, bold: true))
                + StyledLine("   " + amount)
        }
        let forms = [
            bar(pulse, clock, isShort: false, hasWords: true), bar(pulse, clock, isShort: true, hasWords: true),
            bar(pulse, clock, isShort: true, hasWords: false),
        ]
        return forms.first { $0.width < columns } ?? forms[2]
    }

    /// The selected bar: its time, and how many deliveries of each verdict it has.
    private func bar(_ pulse: Pulse, _ clock: WallClock, isShort: Bool, hasWords: Bool) -> StyledLine {
        guard let bar = selectedBar, let stretch = selectedStretch else { return StyledLine() }
        let time = PulseTime.stretch(stretch, clock: clock, isShort: isShort)
        var line = StyledLine("  ") + StyledLine(time, Style(.accent, bold: true))
        line.append("   \(Wording.count(pulse.bars[bar].reduce(0, +), "delivery", "deliveries"))")
        for verdict in SignatureVerdict.allCases where pulse[bar, verdict] > 0 {
            line.append("  ")
            let count: SafeText = "\(verdict.glyph) \(Wording.grouped(pulse[bar, verdict]))"
            line.append(hasWords ? count + " \(verdict.title)" : count, verdict.style)
        }
        return line
    }

    /// The marks in the tab line: how much time is shown, which, and whether it is still being counted.
    var marks: [(rank: Int, line: StyledLine)] {
        var marks = [
            (3, StyledLine(SafeText(span.title), Style(.notice))),
            (2, end == nil ? StyledLine("latest", Style(.good)) : StyledLine("past", Style(.notice))),
        ]
        if reading.isCounting { marks.append((1, StyledLine("counting…", Style(.secondary)))) }
        return marks
    }
}
