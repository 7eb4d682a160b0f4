import History
import Notifications
import SafeText
import Terminal

extension DeliveryRow: WindowedRow {
    var moment: Timestamp? { first.receivedAt }
}

/// `3 Deliveries`: a row for each request, unjudged ones included.
struct DeliveriesScreen {
    private(set) var list = WindowedList<DeliveryRow>()
    /// How wide the texts of the rows held are.
    private(set) var widths = Self.widths(of: [])
    /// The newest delivery there was when following ended.
    private(set) var newestWhenLeft: Int64 = 0
    /// The history that the rows held were read from.
    private var known: HistoryChange?
    /// The newest delivery shown while the screen is frozen.
    private var limit: Int64?
    /// The delivery whose next one of the same event is looked for.
    private var origin: Int64?

    private static func widths(of rows: [DeliveryRow]) -> TextWidths {
        let clock = RowClock(.utc, now: Timestamp(milliseconds: 0))
        return TextWidths(rows, titles: DeliveryColumn.allCases.map(\.title)) {
            DeliveryLine(row: $0, clock: clock).texts
        }
    }

    // MARK: - What the user does

    mutating func move(_ command: Command, latest: Int64) {
        leaving(latest) { $0.move(command) }
    }

    mutating func followOrNot(latest: Int64) {
        leaving(latest) { if $0.isFollowing { $0.stopFollowing() } else { $0.follow() } }
    }

    /// Selects a delivery, wherever it is.
    mutating func select(_ id: Int64, latest: Int64) {
        let id = seen(id)
        leaving(latest) { $0.jump(to: id) }
    }

    mutating func scroll(by lines: Int, latest: Int64) {
        leaving(latest) { $0.scroll(by: lines) }
    }

    /// The newest there is on a frozen screen, in place of one that came later.
    private func seen(_ id: Int64) -> Int64 { limit.map { min(id, $0) } ?? id }

    private mutating func leaving(_ latest: Int64, _ change: (inout WindowedList<DeliveryRow>) -> Void) {
        let wasFollowing = list.isFollowing
        change(&list)
        if wasFollowing, !list.isFollowing { newestWhenLeft = max(latest, list.held.rows.last?.id ?? 0) }
    }

    /// Begins to look for the next delivery of the same event.
    ///
    /// - Returns: The delivery to look from.
    mutating func lookForNext() -> Int64? {
        origin = list.selectedRow?.id
        return origin
    }

    /// Goes to the delivery that was found, unless the user has gone elsewhere.
    ///
    /// - Returns: Whether it was awaited still.
    mutating func found(_ next: Int64?, from id: Int64, latest: Int64) -> Bool {
        guard origin == id, list.selection == id else { return false }
        origin = nil
        if let next {
            let next = seen(next)
            leaving(latest) { $0.jump(to: next) }
        }
        return true
    }

    // MARK: - What is read and seen

    /// What to read next for a list that is seen.
    ///
    /// - Parameter isFrozen: Whether nothing is shown that came after the change.
    mutating func request(
        _ change: HistoryChange, isFrozen: Bool, at now: ContinuousClock.Instant
    ) -> WindowTicket<Int64>? {
        limit = isFrozen ? change.latestDelivery : nil
        if let known, known != change {
            // Answer times are written behind the rows.
            if known.revision != change.revision || list.visibleRows.contains(where: { $0.answerTime == nil }) {
                list.outdate()
            }
            if list.held.rows.last?.id ?? 0 < change.latestDelivery { list.noteNewer() }
        }
        known = change
        let ticket = list.request(at: now)
        guard let limit else { return ticket }
        return ticket.map { WindowTicket(request: $0.request.limited(to: limit), generation: $0.generation) }
    }

    mutating func take(_ answer: WindowAnswer<DeliveryRow>, generation: Int) {
        let answer = limit.map(answer.limited) ?? answer
        if list.take(answer, generation: generation) { widths = Self.widths(of: answer.rows) }
    }

    mutating func readingFailed(generation: Int) {
        list.readingFailed(generation: generation)
    }

    mutating func settle(height: Int, clock: WallClock) {
        list.settle(height: height, days: clock)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let clock = model.session.rowClock
        let columns = Columns(
            DeliveryColumn.allCases.map { column in
                column == .time
                    ? clock.column(model.session.timeTitle, holding: list.held.rows.lazy.map(\.first.receivedAt))
                    : column.column(holding: widths)
            })
        let places = columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        if list.visible.isEmpty {
            let text: SafeText = model.session.isEmpty ? "No delivery yet." : .empty
            surface.put(text, at: Point(column: ListRow.margin, row: 2), style: Style(.secondary))
        }
        let verdict = places.first { $0.index == DeliveryColumn.signature.rawValue }
        for (index, line) in list.visible.enumerated() {
            switch line {
            case .day(let day): DayRule.draw(day, row: index + 1, on: &surface)
            case .row(let row):
                DeliveryLine(row: row, clock: clock).draw(places, at: index + 1, on: &surface)
                if row.id == list.selection {
                    ListRow.mark(row: index + 1, hasKeys: !model.detail.hasKeys, emphasis: verdict, on: &surface)
                }
            }
        }
    }
}

extension WindowRequest<Int64> {
    /// The same, from no newer row on than this one.
    fileprivate func limited(to row: Int64) -> WindowRequest {
        switch anchor {
        case .oldest: self
        case .newest: WindowRequest(anchor: .row(row), before: before, after: 0)
        case .row(let id): WindowRequest(anchor: .row(min(id, row)), before: before, after: after)
        }
    }
}

extension WindowAnswer<DeliveryRow> {
    /// Without the rows that are newer than this one.
    fileprivate func limited(to row: Int64) -> WindowAnswer {
        guard rows.contains(where: { $0.id > row }) else { return self }
        return WindowAnswer(rows: rows.filter { $0.id <= row }, hasOlder: hasOlder, hasNewer: false)
    }
}

// MARK: - Columns

/// The columns of the delivery list, from left to right.
enum DeliveryColumn: Int, CaseIterable {
    case id, time, signature, status, answer, bytes, events, also, from, object

    var title: SafeText {
        switch self {
        case .id: "ID"
        case .time: "TIME"
        case .signature: "SIGNATURE"
        case .status: "STATUS"
        case .answer: "ANSWER"
        case .bytes: "BYTES"
        case .events: "EVENTS"
        case .also: "ALSO"
        case .from: "FROM"
        case .object: "OBJECT"
        }
    }

    /// The column where the texts are so wide.
    ///
    /// As the list narrows ID leaves first, then EVENTS, BYTES, FROM, ALSO, ANSWER and STATUS; OBJECT takes what the
    /// others leave. Numbers and verdicts are never cut.
    func column(holding widths: TextWidths) -> Column {
        let width = widths[rawValue]
        return switch self {
        case .time: Column(title, minimum: 8)
        case .signature: Column(title, minimum: width)
        case .object: Column(title, minimum: 14, ideal: min(width, 40), weight: 1, cut: .middle)
        case .from: Column(title, minimum: min(width, 15), ideal: min(width, 39), leaveOrder: 4, cut: .middle)
        case .id: Column(title, minimum: width, leaveOrder: 1, spare: 10, alignment: .right)
        case .events: Column(title, minimum: width, leaveOrder: 2, spare: 10, alignment: .right)
        case .bytes: Column(title, minimum: width, leaveOrder: 3, spare: 4, alignment: .right)
        case .also: Column(title, minimum: width, leaveOrder: 5, alignment: .right)
        case .answer: Column(title, minimum: width, leaveOrder: 6, alignment: .right)
        case .status: Column(title, minimum: width, leaveOrder: 7, alignment: .right)
        }
    }
}

// MARK: - Lines

/// A row of the delivery list as text.
struct DeliveryLine: CellLine {
    /// From here on an answer is slow, in microseconds.
    static let slow = 1_000_000
    /// From here on B2 has given up, in microseconds.
    static let late = 3_000_000

    let row: DeliveryRow
    let clock: RowClock

    private var first: EventRow { row.first }

    /// What is no notification is dim.
    private var quiet: Style { first.verdict == .unjudged ? Style(.secondary) : .plain }

    func cell(_ column: DeliveryColumn, width: Int) -> (text: SafeText, style: Style) {
        switch column {
        case .id: ("\(row.id)", Style(.secondary))
        case .time: (clock.text(first.receivedAt, columns: width), quiet)
        case .signature: ("\(first.verdict.glyph) \(first.verdict.title)", first.verdict.style)
        case .status: ("\(first.status)", statusStyle)
        case .answer: answer
        case .bytes: ("\(Wording.bytes(Int64(first.bodyLength)))", quiet)
        case .events: (first.verdict == .unjudged ? .empty : "\(Wording.grouped(first.eventCount))", quiet)
        case .also: (others, Style(.notice))
        case .from: (SafeText(cell: row.remoteAddress), Style(.secondary))
        case .object: (object, first.position == nil ? Style(.secondary) : .plain)
        }
    }

    private var statusStyle: Style {
        switch first.status {
        case 500...: Style(.bad)
        case 400..<500 where first.verdict != .unjudged: Style(.warning)
        default: quiet
        }
    }

    private var answer: (text: SafeText, style: Style) {
        guard let time = row.answerTime else { return ("–", Style(.secondary)) }
        let style = time >= Self.late ? Style(.bad, bold: true) : time >= Self.slow ? Style(.warning) : quiet
        return ("\(Wording.duration(microseconds: time))", style)
    }

    /// How many other deliveries hold the same event, such as `3×`.
    private var others: SafeText {
        switch row.others {
        case 0: .empty
        case ...DeliveryRow.mostOthers: "\(row.others)×"
        default: "\(DeliveryRow.mostOthers)+×"
        }
    }

    /// The first event's object, or what the request was.
    private var object: SafeText {
        if first.verdict == .unjudged { return SafeText(cell: "\(first.method) \(first.target)") }
        guard first.position != nil else { return "no events" }
        let name = first.objectName.text
        let shown = SafeText(cell: name.isEmpty ? EventType(first.eventType.text).shortName : name)
        return first.eventCount > 1 ? shown + " +\(Wording.grouped(first.eventCount - 1))" : shown
    }
}
