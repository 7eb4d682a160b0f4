import History
import Notifications
import Terminal

/// `7 Pulse`: the history as pictures.
struct PulseScreen {
    /// The parts that can be gone through, each with a selection of its own.
    enum Section: Int, CaseIterable {
        case bars, types, buckets, timings
    }

    private(set) var section = Section.bars
    private(set) var span = PulseSpan.day
    /// The end of the stretch; nil follows the latest delivery.
    private(set) var end: Timestamp?
    /// The start of the selected bar; nil is the last one.
    private var selectedStart: Timestamp?
    private var selectedShare = 0
    var reading = PulseReading()
    private(set) var size = Size(columns: 0, rows: 0)

    /// How many names of types and buckets are listed.
    static let mostShares = 50

    var pulse: Pulse? { reading.pulse }

    mutating func settle(size: Size) {
        self.size = size
        let count = shares.count
        selectedShare = min(selectedShare, max(0, count - 1))
    }

    /// What is to be counted for what is seen.
    func request(_ clock: WallClock) -> PulseRequest? {
        let columns = PulseChart.plotColumns(in: size.columns)
        guard columns > 0 else { return nil }
        let width = span.barWidth(atMost: columns)
        let moment = end ?? pulse?.latest ?? Timestamp(milliseconds: 0)
        return PulseRequest(
            end: end, barWidth: width, barCount: span.barCount(width: width),
            secondsFromUTC: clock.secondsFromUTC(moment))
    }
}

// The selection.
extension PulseScreen {
    var selectedBar: Int? {
        guard let pulse else { return nil }
        guard let selectedStart else { return pulse.bars.count - 1 }
        return pulse.bar(at: selectedStart) ?? (selectedStart < pulse.start ? 0 : pulse.bars.count - 1)
    }

    /// The names in the section that has the keys.
    var shares: [(name: String, count: Int)] {
        switch section {
        case .types: pulse?.types.largest(Self.mostShares) ?? []
        case .buckets: pulse?.buckets.largest(Self.mostShares) ?? []
        case .bars, .timings: []
        }
    }

    var selectedName: String? {
        let shares = shares
        return shares.indices.contains(selectedShare) ? shares[selectedShare].name : nil
    }

    /// The place of the selected name among the section's names.
    var shareIndex: Int { selectedShare }

    /// The stretch of the selected bar.
    var selectedStretch: Range<Timestamp>? {
        guard let pulse, let selectedBar else { return nil }
        let start = pulse.start.milliseconds + Int64(selectedBar) * pulse.request.barWidth
        return Timestamp(milliseconds: start)..<Timestamp(milliseconds: start + pulse.request.barWidth)
    }
}

// What the user does.
extension PulseScreen {
    mutating func moveSection(by distance: Int) {
        let all = Section.allCases
        section = all[(section.rawValue + distance + all.count) % all.count]
        selectedShare = 0
    }

    /// Up and down, in the lists.
    mutating func moveShare(by distance: Int) {
        selectedShare = min(max(0, selectedShare + distance), max(0, shares.count - 1))
    }

    mutating func moveShare(toStart: Bool) {
        selectedShare = toStart ? 0 : max(0, shares.count - 1)
    }

    /// Selects another bar; beyond the edges the stretch moves on.
    mutating func moveBar(by distance: Int) {
        guard let pulse, let selectedBar else { return }
        let target = selectedBar + distance
        let start = pulse.start.milliseconds + Int64(target) * pulse.request.barWidth
        selectedStart = Timestamp(milliseconds: start)
        if !pulse.bars.indices.contains(target) { pan(by: distance < 0 ? -pulse.bars.count / 4 : pulse.bars.count / 4) }
    }

    /// Selects a bar by its number.
    mutating func selectBar(_ bar: Int) {
        guard let pulse, pulse.bars.indices.contains(bar) else { return }
        section = .bars
        selectedStart = Timestamp(milliseconds: pulse.start.milliseconds + Int64(bar) * pulse.request.barWidth)
    }

    /// Selects a name of a section by its number.
    mutating func select(_ section: Section, _ index: Int) {
        self.section = section
        selectedShare = min(max(0, index), max(0, shares.count - 1))
    }

    /// Moves the stretch by so many bars, within the history.
    mutating func pan(by bars: Int) {
        guard let pulse, bars != 0 else { return }
        show(endingAt: pulse.end.milliseconds - 1 + Int64(bars) * pulse.request.barWidth)
    }

    mutating func pan(pages: Int) {
        guard let pulse else { return }
        pan(by: pages * max(1, pulse.bars.count * 3 / 4))
        selectedStart = selectedStretch?.lowerBound
    }

    mutating func toOldest() {
        guard let pulse, let earliest = pulse.earliest else { return }
        selectedStart = earliest
        show(endingAt: earliest.milliseconds + span.length - 1)
    }

    mutating func toLatest() {
        end = nil
        selectedStart = nil
    }

    /// Shows less or more time, about the selected bar.
    mutating func zoom(_ span: PulseSpan) {
        guard span != self.span else { return }
        let middle = selectedStretch.map { ($0.lowerBound.milliseconds + $0.upperBound.milliseconds) / 2 }
        self.span = span
        if let middle, end != nil || selectedStart != nil {
            selectedStart = Timestamp(milliseconds: middle)
            show(endingAt: middle + span.length / 2)
        }
    }

    private mutating func show(endingAt moment: Int64) {
        guard let pulse, let latest = pulse.latest, let earliest = pulse.earliest else { return }
        // At the later edge it follows again, and it never shows nothing but what was before the first delivery.
        let least = earliest.milliseconds + pulse.request.barWidth
        end = moment >= latest.milliseconds ? nil : Timestamp(milliseconds: max(least, moment))
    }
}
