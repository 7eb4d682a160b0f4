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
    private var types = ShareList()
    private var buckets = ShareList()
    var reading = PulseReading()
    private(set) var size = Size(columns: 0, rows: 0)

    /// How many names of types and buckets are listed.
    static let mostShares = 50

    var pulse: Pulse? { reading.pulse }

    mutating func settle(size: Size) {
        self.size = size
        let height = PulseParts(Rect(size)).panels.rows - 1
        types.settle(count: shares(.types).count, height: height)
        buckets.settle(count: shares(.buckets).count, height: height)
    }

    /// What is to be counted for what is seen.
    func request(_ clock: WallClock) -> PulseRequest? {
        guard let (width, count) = bars else { return nil }
        let moment = end ?? pulse?.latest ?? Timestamp(milliseconds: 0)
        return PulseRequest(
            end: end, barWidth: width, barCount: count, secondsFromUTC: clock.secondsFromUTC(moment))
    }

    /// The bars of the span, as many as there is room for.
    private var bars: (width: Int64, count: Int)? {
        let columns = PulseChart.plotColumns(in: size.columns)
        guard columns > 0 else { return nil }
        let width = span.barWidth(atMost: columns)
        return (width, span.barCount(width: width))
    }
}

// The selection.
extension PulseScreen {
    var selectedBar: Int? {
        guard let pulse else { return nil }
        guard let selectedStart else { return pulse.bars.count - 1 }
        return pulse.bar(at: selectedStart) ?? (selectedStart < pulse.start ? 0 : pulse.bars.count - 1)
    }

    /// The names listed in a section.
    func shares(_ section: Section) -> [(name: String, count: Int)] {
        switch section {
        case .types: pulse?.types.largest(Self.mostShares) ?? []
        case .buckets: pulse?.buckets.largest(Self.mostShares) ?? []
        case .bars, .timings: []
        }
    }

    /// Where one is in the list of a section.
    func shareList(_ section: Section) -> ShareList {
        switch section {
        case .types: types
        case .buckets: buckets
        case .bars, .timings: ShareList()
        }
    }

    private mutating func change(_ section: Section, _ body: (inout ShareList) -> Void) {
        switch section {
        case .types: body(&types)
        case .buckets: body(&buckets)
        case .bars, .timings: break
        }
    }

    /// The name selected in the section that has the keys.
    var selectedName: String? {
        let (shares, index) = (shares(section), shareList(section).selection)
        return shares.indices.contains(index) ? shares[index].name : nil
    }

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
    }

    /// Up and down, in the lists.
    mutating func moveShare(by distance: Int) {
        change(section) { $0.select($0.selection + distance) }
    }

    mutating func moveShare(toStart: Bool) {
        change(section) { $0.select(toStart ? 0 : Self.mostShares) }
    }

    /// Scrolls the list of a section, whichever has the keys.
    mutating func scroll(_ section: Section, by lines: Int) {
        change(section) { $0.scroll(by: lines) }
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

    /// Gives a section the keys, and where a number is given selects that name of it.
    mutating func select(_ section: Section, _ index: Int? = nil) {
        self.section = section
        if let index { change(section) { $0.select(index) } }
    }

    /// Moves the stretch by so many bars, within the history.
    mutating func pan(by bars: Int) {
        guard let pulse, bars != 0 else { return }
        // From where it was asked to be: what is shown may still be what was before.
        let from = end?.milliseconds ?? pulse.end.milliseconds - 1
        show(endingAt: from + Int64(bars) * pulse.request.barWidth)
    }

    mutating func pan(pages: Int) {
        guard let pulse else { return }
        pan(by: pages * max(1, pulse.bars.count * 3 / 4))
        selectedStart = selectedStretch?.lowerBound
    }

    /// The first bar is then the one that holds the first delivery.
    mutating func toOldest() {
        guard let earliest = pulse?.earliest, let bars else { return }
        selectedStart = earliest
        show(endingAt: earliest.milliseconds + Int64(bars.count - 1) * bars.width)
    }

    /// Shows a stretch of time, its bar selected, in the middle of what is seen.
    mutating func show(_ stretch: Range<Timestamp>) {
        section = .bars
        selectedStart = stretch.lowerBound
        show(endingAt: stretch.lowerBound.milliseconds + span.length / 2)
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
