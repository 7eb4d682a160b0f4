import Base
import History
import Notifications
import Terminal

extension DeliveryRow: WindowedRow {
    var moment: Timestamp? { first.receivedAt }
    var number: Int64 { id }
}

/// The tab `3 Deliveries`: all requests, including those that are not deliveries from B2.
struct DeliveriesScreen: ListTab {
    static let facts = TabFacts(
        number: 3, word: "Deliveries", meaning: "the deliveries, requests of all kinds",
        about: "Every HTTP request, events or not",
        plain: .line(
            PlainWord("deliveries", syntax: "[N]", "the last N requests: answers, sizes and addresses") {
                $0.readDeliveries($1)
            }),
        contexts: [.lists, .filtering, .searching, .handling],
        symbols: { _ in
            HelpBrief.verdicts + [HelpBrief.Symbol("1×", .plain, "one more delivery of the same event")]
        }, hasDetailPane: true)

    static let commands: [Command] = [
        .open.also(
            in: .deliveries, "open the detail of the selected delivery", footer: .narrow("detail"),
            unavailable: { $0.selectedRow == nil ? "No delivery to open." : nil }),
        .focusDetail.also(
            in: .deliveries, "to the detail pane", footer: .medium("pane"), unavailable: DetailPane.hasNoPane),
        nextOfSameEvent,
        .previousTab.also(in: .deliveries, "previous tab of the pane"),
        .nextTab.also(in: .deliveries, "next tab of the pane", footer: .wide("tab")),
        .cycleBody.also(in: .deliveries, "body as raw text, pretty, hex"),
    ]
    private static let nextOfSameEvent = Command(
        "next-of-same-event", "o", in: .deliveries, "the next delivery of the same event",
        footer: .medium("same event"),
        plain: .line(
            PlainWord("same", "to the next delivery of the same event") { plain, _ in plain.nextOfSameEvent() }),
        unavailable: { $0.deliveries.list.list.selectedRow == nil ? "No delivery here." : nil }
    ) { model in model.change(DeliveriesScreen.self) { $0.lookForNext(&$1) } }
    static let brief: [Command] = [
        .open, .focusDetail, .editFilter, .search, .nextTab, nextOfSameEvent, .followOrNot, .sortByNext, .act,
        .replay, .copy, .copyAsReceived, .showKeyring, .sendTest, .goToTime, .toggleUtc, .pause, .typeCommand, .close,
    ]

    var list = FoundList(Self.columns, growth: .byNumber)

    var event: EventRow? { list.list.selectedRow?.first }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        askForRows(reading, on: .rows, &context) {
            try $0.deliveries($1)
        } then: { _, context, failure in
            if let failure { context.session.tell("The history could not be read: \(failure.sentence)", .bad) }
        }
    }

    mutating func freeze(at change: HistoryChange?) { list.freeze(at: change?.latestDelivery) }

    /// Returns the extent of all deliveries. It depends on the answer times while some are not recorded yet.
    func extent(_ change: HistoryChange) -> ListExtent {
        let isUnanswered = list.list.visibleRows.contains { $0.answerTime == nil }
        return ListExtent(
            latest: change.latestDelivery, revision: change.revision,
            marks: isUnanswered ? change.latestAnswered : 0)
    }

    /// Selects a delivery anywhere in the list.
    mutating func select(_ id: Int64, _ change: HistoryChange) {
        guard id != list.selection else { return }
        list.change(extent(change)) { $0.go(to: id, in: $1) }
    }

    /// Selects the next delivery of the same event. Does nothing if the user moves before it is found.
    mutating func lookForNext(_ context: inout Context) {
        guard let origin = list.list.selectedRow?.id else { return }
        context.ask("same event", of: Self.self, on: .rows) { outside, _ in
            try outside.nextDelivery(sharingEventWith: origin)
        } then: { tab, context, result in
            guard tab.list.selection == origin else { return }
            switch result {
            case .success(let id?): tab.select(id, context.session.shown)
            case .success(nil): context.session.tell("No other delivery contains this event.", .notice)
            case .failure(let failure):
                context.session.tell("The history could not be read: \(failure.sentence)", .bad)
            }
        }
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let context = ListContext(model.session, order: list.order)
        let places = list.table.places(context, width: list.width(in: surface.size.columns))
        var drawing = ListDrawing<DeliveryRow>(places: places, context: context)
        (drawing.hasKeys, drawing.emphasis) = (!model.detail.hasKeys, "signature")
        drawing.extent = list.extent(extent(model.shown))
        list.table.draw(list.list, drawing, on: &surface)
        if list.isEmpty { model.drawNothing(model.session.isEmpty ? "No delivery yet." : .empty, row: 2, on: &surface) }
    }

    // MARK: - Columns

    /// The time in microseconds from which an answer is slow.
    static let slow = 1_000_000
    /// The time in microseconds after which B2 stops waiting for the answer.
    static let late = 3_000_000

    /// The columns, from left to right.
    ///
    /// As the list narrows, ID is hidden first, then EVENTS, BYTES, FROM, ALSO, ANSWER and STATUS. OBJECT uses the
    /// remaining width. Numbers and verdicts are never cut.
    static let columns: [ListColumn<DeliveryRow>] = [
        ListColumn(
            name: "id", title: "ID", key: { .number($0.id) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 1, spare: 10, alignment: .right) },
            cell: { row, _, _ in Cell("\(row.id)", Style(.secondary)) }),
        ListColumn(
            name: "time", title: "TIME", key: { .number($0.first.receivedAt.milliseconds) },
            moment: { $0.first.receivedAt }, room: { Column($0.title, minimum: 8) },
            cell: { row, context, width in
                Cell(context.clock.text(row.first.receivedAt, columns: width), quiet(row))
            }),
        ListColumn(
            name: "signature", title: "SIGNATURE", key: { .number(Int64($0.first.verdict.rawValue)) },
            room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in
                Cell("\(row.first.verdict.glyph) \(row.first.verdict.title)", row.first.verdict.style)
            }),
        ListColumn(
            name: "status", title: "STATUS", key: { .number(Int64($0.first.status)) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 7, alignment: .right) },
            cell: { row, _, _ in Cell("\(row.first.status)", statusStyle(row)) }),
        ListColumn(
            name: "answer", title: "ANSWER", key: { $0.answerTime.map { .number(Int64($0)) } },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 6, alignment: .right) },
            cell: { row, _, _ in
                guard let time = row.answerTime else { return Cell("–", Style(.secondary)) }
                let style = time >= late ? Style(.bad, bold: true) : time >= slow ? Style(.warning) : quiet(row)
                return Cell("\(Wording.duration(microseconds: time))", style)
            }),
        ListColumn(
            name: "bytes", title: "BYTES", key: { .number(Int64($0.first.bodyLength)) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 3, spare: 4, alignment: .right) },
            cell: { row, _, _ in Cell("\(Wording.bytes(Int64(row.first.bodyLength)))", quiet(row)) }),
        ListColumn(
            name: "events", title: "EVENTS", key: { .number(Int64($0.first.eventCount)) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 2, spare: 10, alignment: .right) },
            cell: { row, _, _ in
                Cell(row.first.verdict == .unjudged ? .empty : "\(Wording.grouped(row.first.eventCount))", quiet(row))
            }),
        // The number of other deliveries of the same event, such as `3×`.
        ListColumn(
            name: "also", title: "ALSO", key: { .number(Int64($0.others)) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 5, alignment: .right) },
            cell: { row, _, _ in
                let most = DeliveryRow.mostOthers
                let text: SafeText = row.others == 0 ? .empty : row.others > most ? "\(most)+×" : "\(row.others)×"
                return Cell(text, Style(.notice))
            }),
        ListColumn(
            name: "from", title: "FROM", key: { .text($0.remoteAddress) },
            room: {
                Column(
                    $0.title, minimum: min($0.width, 15), ideal: min($0.width, 39), leaveOrder: 4, cut: .middle)
            }, cell: { row, _, _ in Cell(SafeText(cell: row.remoteAddress), Style(.secondary)) }),
        ListColumn(
            name: "object", title: "OBJECT",
            key: { $0.first.position == nil ? nil : .text($0.first.objectName.text) },
            room: { Column($0.title, minimum: 14, ideal: min($0.width, 40), weight: 1, cut: .middle) },
            cell: { row, _, _ in Cell(object(row.first), row.first.position == nil ? Style(.secondary) : .plain) }),
    ]

    /// Returns the style of plain values, which is dim for requests that are not deliveries from B2.
    private static func quiet(_ row: DeliveryRow) -> Style {
        row.first.verdict == .unjudged ? Style(.secondary) : .plain
    }

    private static func statusStyle(_ row: DeliveryRow) -> Style {
        switch row.first.status {
        case 500...: Style(.bad)
        case 400..<500 where row.first.verdict != .unjudged: Style(.warning)
        default: quiet(row)
        }
    }

    /// Returns the name of the first event's object, or a description of the request.
    private static func object(_ first: EventRow) -> SafeText {
        if first.verdict == .unjudged { return SafeText(cell: "\(first.method) \(first.target)") }
        guard first.position != nil else { return "no events" }
        let name = first.objectName.text
        let shown = SafeText(cell: name.isEmpty ? EventType(first.eventType.text).shortName : name)
        return first.eventCount > 1 ? shown + " +\(Wording.grouped(first.eventCount - 1))" : shown
    }
}

extension HistoryReader {
    /// The deliveries as the source of a list. A delivery matches a filter if one of its rows does.
    var deliverySource: ListSource<DeliveryRow> {
        ListSource { request in
            try deliveryRows(request)
        } keep: { predicate, rows in
            guard let first = rows.first?.first.id, let last = rows.last?.first else { return [] }
            let found = try ids(
                matching: predicate, in: first...last.id + Int64(max(1, last.eventCount)) - 1, newestFirst: false)
            var (kept, next): ([DeliveryRow], Int) = ([], 0)
            for (index, row) in rows.enumerated() {
                let end = index + 1 < rows.count ? rows[index + 1].first.id : Int64.max
                let start = next
                while next < found.count, found[next] < end { next += 1 }
                if next > start { kept.append(row) }
            }
            return kept
        }
    }
}
