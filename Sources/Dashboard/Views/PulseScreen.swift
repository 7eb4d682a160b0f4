import Base
import History
import Notifications
import Terminal

/// The tab `7 Pulse`: charts of the history.
struct PulseScreen: Tab {
    static let facts = TabFacts(
        number: 7, word: "Pulse", meaning: "charts of the history",
        about: "Charts of the history",
        plain: .line(
            PlainWord(
                "pulse", syntax: "[minute|hour|day|week|month|quarter|year]",
                "counts by verdict, type and bucket, delays and answer times; of an hour by default"
            ) { $0.readPulse($1) }),
        contexts: [],
        symbols: { _ in HelpBrief.verdicts + [HelpBrief.Symbol("▲", Style(.accent, bold: true), "selected")] })

    static let commands: [Command] = [
        zoomIn, zoomOut,
        .left.also(in: .pulse, "the previous bar", footer: .wide("bar"), run: { $0.pulse.moveBar(by: -1) }),
        .right.also(in: .pulse, "the next bar", run: { $0.pulse.moveBar(by: 1) }),
        panEarlier, panLater, listSelection, nextSection,
        Command("previous-section", .backTab, in: .pulse, "the previous part", plain: plain) {
            $0.pulse.moveSection(by: -1)
        },
        .down.also(in: .pulse, keys: [.down, "j"], "the next name", run: { $0.pulse.moveShare(by: 1) }),
        .up.also(in: .pulse, keys: [.up, "k"], "the previous name", run: { $0.pulse.moveShare(by: -1) }),
        .toStart.also(
            in: .pulse, keys: [.home, "g"], "to the first delivery", run: { $0.pulse.move(toStart: true) }),
        .toEnd.also(
            in: .pulse, keys: [.end, "G"], "to the latest, and follow", run: { $0.pulse.move(toStart: false) }),
    ]
    static let brief: [Command] = [
        listSelection, nextSection, zoomIn, zoomOut, .left, .right, panEarlier, panLater, .toStart, .toEnd, .goToTime,
        .toggleUtc, .pause, .typeCommand, .close,
    ]

    private static let plain = PlainForm.hint("pulse hour, pulse day; filter after:1h")
    private static let zoomIn = Command(
        "zoom-in", "+", "=", in: .pulse, "less time, around the selected bar", footer: .medium("closer"), plain: plain,
        unavailable: { $0.pulse.span == .minute ? "A minute is the minimum." : nil }
    ) { $0.pulse.zoom($0.pulse.span.closer) }
    private static let zoomOut = Command(
        "zoom-out", "-", in: .pulse, "more time", footer: .medium("wider"), plain: plain,
        unavailable: { $0.pulse.span == .year ? "A year is the maximum." : nil }
    ) { $0.pulse.zoom($0.pulse.span.wider) }
    private static let panEarlier = Command(
        "pan-earlier", "[", .pageUp, in: .pulse, "earlier", footer: .wide("earlier"), plain: plain
    ) { $0.pulse.pan(pages: -1) }
    private static let panLater = Command("pan-later", "]", .pageDown, in: .pulse, "later", plain: plain) {
        $0.pulse.pan(pages: 1)
    }
    private static let nextSection = Command(
        "next-section", .tab, in: .pulse, "bars, types, buckets, timings", footer: .medium("part"), plain: plain
    ) { $0.pulse.moveSection(by: 1) }
    static let listSelection = Command(
        "list-selection", .enter, in: .pulse, "list the events of what is selected", footer: .narrow("list"),
        plain: plain,
        unavailable: { model in
            let key = model.bindings.name(of: nextSection)
            return model.pulse.filterText == nil
                ? "Nothing to list here: \(key) goes to bars, types and buckets." : nil
        }
    ) { $0.listPulseSelection() }

    func draw(_ model: DashboardModel, on surface: inout Surface) { draw(model.session, on: &surface) }

    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        target(column: column, row: row, size: size)
    }

    mutating func settle(_ layout: Layout, _ session: Session) { settle(size: layout.list.size) }

    mutating func move(_ motion: Motion, _ change: HistoryChange) {}

    mutating func scroll(by lines: Int, _ change: HistoryChange) { pan(by: lines) }

    func deadline(_ session: Session) -> ContinuousClock.Instant? { reading.deadline }

    /// The parts of the tab that can have the keyboard focus. Each has a selection of its own.
    enum Section: Int, CaseIterable {
        case bars, types, buckets, timings
    }

    private(set) var section = Section.bars
    private(set) var span = PulseSpan.day
    /// The end of the displayed time range; nil if the range follows the latest delivery.
    private(set) var end: Timestamp?
    /// The start of the selected bar; nil for the last bar.
    private var selectedStart: Timestamp?
    private var types = ShareList()
    private var buckets = ShareList()
    private(set) var reading = PulseReading()
    private(set) var size = Size(columns: 0, rows: 0)

    /// The maximum number of types or buckets that are listed.
    private static let mostShares = 50

    var pulse: Pulse? { reading.pulse }

    mutating func settle(size: Size) {
        self.size = size
        let height = PulseParts(Rect(size)).panels.rows - 1
        types.settle(count: shares(.types).count, height: height)
        buckets.settle(count: shares(.buckets).count, height: height)
    }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        guard !reading.isCovered, let request = request(context.session.clock),
            let ticket = self.reading.take(request, context.session.shown, at: context.session.now)
        else { return }
        let base = self.reading.base(for: ticket)
        context.ask("pulse", of: Self.self, on: .pulse) { outside, asking in
            try outside.pulse(ticket, adding: base, asking)
        } then: { tab, _, result in
            tab.reading.apply(result, for: ticket)
        }
    }

    /// Returns the request for the counts that the tab shows; nil if no bar fits on the screen.
    func request(_ clock: WallClock) -> PulseRequest? {
        guard let (width, count) = bars else { return nil }
        let moment = end ?? pulse?.latest ?? Timestamp(milliseconds: 0)
        return PulseRequest(
            end: end, barWidth: width, barCount: count, secondsFromUTC: clock.secondsFromUTC(moment))
    }

    /// The width and number of the bars that fit on the screen.
    private var bars: (width: Int64, count: Int)? {
        let columns = PulseChart.plotColumns(in: size.columns)
        guard columns > 0 else { return nil }
        let width = span.barWidth(atMost: columns)
        return (width, span.barCount(width: width))
    }

    // MARK: - Selection

    var selectedBar: Int? {
        guard let pulse else { return nil }
        guard let selectedStart else { return pulse.bars.count - 1 }
        return pulse.bar(at: selectedStart) ?? (selectedStart < pulse.start ? 0 : pulse.bars.count - 1)
    }

    /// Returns the names listed in a section and their counts.
    func shares(_ section: Section) -> [(name: String, count: Int)] {
        switch section {
        case .types: pulse?.types.largest(Self.mostShares) ?? []
        case .buckets: pulse?.buckets.largest(Self.mostShares) ?? []
        case .bars, .timings: []
        }
    }

    /// Returns the position in the list of a section.
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

    /// The selected name in the section that has the keyboard focus.
    private var selectedName: String? {
        let (shares, index) = (shares(section), shareList(section).selection)
        return shares.indices.contains(index) ? shares[index].name : nil
    }

    /// The time range of the selected bar.
    private var selectedStretch: Range<Timestamp>? {
        guard let pulse, let selectedBar else { return nil }
        let start = pulse.start.milliseconds + Int64(selectedBar) * pulse.request.barWidth
        return Timestamp(milliseconds: start)..<Timestamp(milliseconds: start + pulse.request.barWidth)
    }

    // MARK: - Commands of the user

    private mutating func moveSection(by distance: Int) {
        let all = Section.allCases
        section = all[(section.rawValue + distance + all.count) % all.count]
    }

    /// Selects another name in the current list.
    private mutating func moveShare(by distance: Int) {
        change(section) { $0.select($0.selection + distance) }
    }

    private mutating func moveShare(toStart: Bool) {
        change(section) { $0.select(toStart ? 0 : Self.mostShares) }
    }

    /// Scrolls the list of a section, whether or not it has the keyboard focus.
    mutating func scroll(_ section: Section, by lines: Int) {
        change(section) { $0.scroll(by: lines) }
    }

    /// Selects another bar. Beyond the edges, also moves the displayed time range.
    mutating func moveBar(by distance: Int) {
        guard let pulse, let selectedBar else { return }
        let target = selectedBar + distance
        let start = pulse.start.milliseconds + Int64(target) * pulse.request.barWidth
        selectedStart = Timestamp(milliseconds: start)
        if !pulse.bars.indices.contains(target) { pan(by: distance < 0 ? -pulse.bars.count / 4 : pulse.bars.count / 4) }
    }

    /// Selects a bar by its index.
    mutating func selectBar(_ bar: Int) {
        guard let pulse, pulse.bars.indices.contains(bar) else { return }
        section = .bars
        selectedStart = Timestamp(milliseconds: pulse.start.milliseconds + Int64(bar) * pulse.request.barWidth)
    }

    /// Moves the keyboard focus to a section and, if an index is given, selects that name.
    mutating func select(_ section: Section, _ index: Int? = nil) {
        self.section = section
        if let index { change(section) { $0.select(index) } }
    }

    /// Moves the displayed time range by a number of bars, within the history.
    mutating func pan(by bars: Int) {
        guard let pulse, bars != 0 else { return }
        // Start from the range that was requested last, because the displayed one may still be the previous one.
        let from = end?.milliseconds ?? pulse.end.milliseconds - 1
        show(endingAt: from + Int64(bars) * pulse.request.barWidth)
    }

    mutating func pan(pages: Int) {
        guard let pulse else { return }
        pan(by: pages * max(1, pulse.bars.count * 3 / 4))
        selectedStart = selectedStretch?.lowerBound
    }

    /// Moves to the first delivery, which is then in the first bar.
    private mutating func toOldest() {
        guard let earliest = pulse?.earliest, let bars else { return }
        selectedStart = earliest
        show(endingAt: earliest.milliseconds + Int64(bars.count - 1) * bars.width)
    }

    /// Selects a time range and moves it to the middle of the chart.
    mutating func show(_ stretch: Range<Timestamp>) {
        section = .bars
        selectedStart = stretch.lowerBound
        show(endingAt: stretch.lowerBound.milliseconds + span.length / 2)
    }

    mutating func toLatest() {
        end = nil
        selectedStart = nil
    }

    /// Changes the displayed span, with the selected bar in the middle.
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
        // At the latest delivery, follow again. Do not move to a range that ends before the first delivery.
        let least = earliest.milliseconds + pulse.request.barWidth
        end = moment >= latest.milliseconds ? nil : Timestamp(milliseconds: max(least, moment))
    }

    /// Moves to the first or last bar, or to the first or last name of a list.
    mutating func move(toStart isStart: Bool) {
        guard section == .bars else { return moveShare(toStart: isStart) }
        if isStart { toOldest() } else { toLatest() }
    }

    // MARK: - Filter

    /// The filter for the selection: the time range of a bar, or a type or bucket in the whole displayed range; nil if
    /// nothing can be listed.
    var filterText: String? {
        guard let pulse else { return nil }
        let stretch = FilterTerm.arrived(from: pulse.start, before: pulse.end)
        switch section {
        case .bars:
            return selectedStretch.map { FilterTerm.arrived(from: $0.lowerBound, before: $0.upperBound) }
        case .types: return selectedName.map { FilterTerm.text(operator: "type", exactly: $0) + " " + stretch }
        case .buckets: return selectedName.map { FilterTerm.text(operator: "bucket", exactly: $0) + " " + stretch }
        case .timings: return nil
        }
    }

    // MARK: - Drawing

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

    /// Draws a rule with the legend near its right end.
    private static func draw(_ legend: StyledLine, on surface: inout Surface) {
        surface.rule(row: 0)
        guard !legend.spans.isEmpty else { return }
        let text = legend.clipped(to: surface.size.columns - 3) + StyledLine("  ")
        surface.put(text, at: Point(column: max(0, surface.size.columns - text.width - 1), row: 0))
    }

    /// Returns the target of a mouse click at a position in the tab.
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

    /// Returns a description of the selection: the full name of a selected type or bucket, else the selected bar. It is
    /// shortened if there is little room.
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

    /// Returns a description of the selected bar: its time range and the number of deliveries with each verdict.
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

    /// The marks in the tab line: the span, whether it follows the latest delivery, and whether counting is in
    /// progress.
    var marks: [(rank: Int, line: StyledLine)] {
        var marks = [
            (3, StyledLine(SafeText(span.title), Style(.notice))),
            (2, end == nil ? StyledLine("latest", Style(.good)) : StyledLine("past", Style(.notice))),
        ]
        if reading.isCounting { marks.append((1, StyledLine("counting…", Style(.secondary)))) }
        return marks
    }
}

// MARK: - Listing events

extension DashboardModel {
    /// Lists the events of the selection.
    mutating func listPulseSelection() {
        guard let text = pulse.filterText else { return }
        do throws(FilterError) {
            filter.apply(try Filter(text, in: session.filterContext), readAt: session.wallTime)
            view = .events
        } catch {
            session.tell("This is not a valid filter: \(error.description)", .bad)
        }
    }
}

// MARK: - Reading

/// The counts shown in the pulse, and the pace at which they are read. Only one question is outstanding at a time. A
/// question due to a key is asked at once; one due to new deliveries is asked at most once a second.
struct PulseReading {
    /// The minimum time between two readings that are due to new deliveries.
    static let pause = Duration.seconds(1)

    /// An outstanding question.
    struct Ticket: Hashable, Sendable {
        let request: PulseRequest
        /// The revision of the verdicts. Earlier counts are invalid when it changes.
        let revision: Int
        /// The newest delivery to count. Later deliveries are added to the answer by asking the same question again.
        let through: Int64

        func asksTheSame(as other: Ticket?) -> Bool {
            request == other?.request && revision == other?.revision
        }
    }

    private(set) var pulse: Pulse?
    private(set) var failure: EffectFailure?
    /// The time at which a postponed question is due.
    private(set) var deadline: ContinuousClock.Instant?
    private var outstanding: Ticket?
    private var shown: Ticket?
    private var readAt: (delivery: Int64, moment: ContinuousClock.Instant)?

    /// Returns the counts to extend for a question: those of the same question under the same verdicts.
    func base(for ticket: Ticket) -> Pulse? { ticket.asksTheSame(as: shown) ? pulse : nil }

    /// Whether the displayed counts are not yet those that were requested last.
    var isCounting: Bool { outstanding.map { !$0.asksTheSame(as: shown) } ?? false }

    /// Returns the question to ask now, if any.
    mutating func take(
        _ request: PulseRequest, _ change: HistoryChange, at now: ContinuousClock.Instant
    ) -> Ticket? {
        deadline = nil
        let ticket = Ticket(request: request, revision: change.revision, through: change.latestDelivery)
        // A different question replaces the outstanding one: the runner stops counting, and its answer is dropped.
        if ticket.asksTheSame(as: outstanding) { return nil }
        if ticket.request == shown?.request || outstanding?.request == ticket.request {
            guard outstanding == nil, !ticket.asksTheSame(as: shown) || change.latestDelivery != readAt?.delivery
            else { return nil }
            if let readAt, now < readAt.moment + Self.pause {
                deadline = readAt.moment + Self.pause
                return nil
            }
        }
        outstanding = ticket
        readAt = (change.latestDelivery, now)
        return ticket
    }

    mutating func apply(_ result: Result<Pulse?, EffectFailure>, for ticket: Ticket) {
        switch result {
        // The question was cancelled.
        case .success(nil): break
        case .success(let pulse?):
            self.pulse = pulse
            failure = nil
            shown = ticket
            if pulse.isComplete { outstanding = nil }
        case .failure(let failure):
            self.failure = failure
            shown = ticket
            outstanding = nil
        }
    }
}

// MARK: - Spans

/// The spans of time that the pulse can show.
enum PulseSpan: Int, CaseIterable, Comparable {
    case minute, tenMinutes, hour, sixHours, day, week, month, quarter, year

    static func < (one: PulseSpan, other: PulseSpan) -> Bool { one.rawValue < other.rawValue }

    var title: String {
        switch self {
        case .minute: "a minute"
        case .tenMinutes: "10 minutes"
        case .hour: "an hour"
        case .sixHours: "6 hours"
        case .day: "a day"
        case .week: "a week"
        case .month: "30 days"
        case .quarter: "90 days"
        case .year: "a year"
        }
    }

    /// The length in milliseconds.
    var length: Int64 {
        switch self {
        case .minute: 60 * Self.second
        case .tenMinutes: 600 * Self.second
        case .hour: 3_600 * Self.second
        case .sixHours: 21_600 * Self.second
        case .day: Self.dayLength
        case .week: 7 * Self.dayLength
        case .month: 30 * Self.dayLength
        case .quarter: 90 * Self.dayLength
        case .year: 365 * Self.dayLength
        }
    }

    var closer: PulseSpan { PulseSpan(rawValue: rawValue - 1) ?? self }
    var wider: PulseSpan { PulseSpan(rawValue: rawValue + 1) ?? self }

    /// Returns the smallest round width, in milliseconds, with which the span has no more than the given number of
    /// bars.
    func barWidth(atMost bars: Int) -> Int64 {
        let least = (length + Int64(max(1, bars)) - 1) / Int64(max(1, bars))
        return Self.widths.first { $0 >= least } ?? length
    }

    /// Returns the number of bars of a width, in milliseconds, that the span has.
    func barCount(width: Int64) -> Int {
        Int((length + width - 1) / width)
    }

    private static let second: Int64 = 1_000
    private static let dayLength: Int64 = 86_400_000
    /// The round widths of bars, which are easy to read on an axis.
    private static let widths: [Int64] = {
        let seconds: [Int64] = [
            1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600,
            28_800, 43_200,
        ]
        let days: [Int64] = [1, 2, 3, 4, 5, 7, 14, 30, 90]
        return seconds.map { $0 * second } + days.map { $0 * dayLength }
    }()
}
