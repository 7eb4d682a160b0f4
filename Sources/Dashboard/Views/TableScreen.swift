import Base
import History
import Notifications
import Terminal

/// The tab `2 Table`: the events as rows of the spreadsheet, with the spreadsheet's five columns unless the user has
/// chosen others.
///
/// The rows are the same as in the list of events, so they include deliveries without a readable event. Such a row
/// would not be in the sheet, which its note points out.
///
/// The column of object names stays in place while other columns scroll sideways, like the frozen columns of a
/// spreadsheet.
struct TableScreen: Tab {
    static let facts = TabFacts(
        number: 2, word: "Table", meaning: "the spreadsheet's rows",
        about: "Events as the spreadsheet has them",
        plain: .line(
            PlainWord("table", syntax: "[N]", "the same as the spreadsheet has them, with its headers") {
                $0.readRows($1, usual: 10, asTable: true)
            }),
        contexts: [.lists, .rows, .filtering, .browsing, .searching, .handling],
        symbols: { _ in
            [HelpBrief.Symbol("…", .plain, "cut: Enter shows all of it")] + HelpBrief.rows + HelpBrief.order
        }, listsEvents: true)

    static let commands: [Command] = [
        .open.also(
            in: .table, "show every cell of the selected row in full", footer: .narrow("full row"),
            unavailable: EventsScreen.hasNoRow,
            run: { model in
                // The Summary tab shows every cell in full.
                model.detail.tab = .summary
                model.detail.isFullScreen = true
            }),
        .left, .right,
        Command(
            "toggle-timestamp-form", "U", in: .table, "timestamps as RFC 3339 or as epoch milliseconds",
            footer: .medium("epoch ms") { $0.table.timestamps == .rfc3339 ? nil : "RFC 3339" }, plain: .same()
        ) { $0.table.timestamps = $0.table.timestamps == .rfc3339 ? .epochMilliseconds : .rfc3339 },
    ]
    static let brief: [Command] = [
        .open, .right, .left, .editFilter, .search, .showProblems, .followOrNot, .toggleSelected, .act, .replay, .copy,
        .export, .chooseColumns, commands[3], .sortByNext, .goToTime, .toggleUtc, .typeCommand, .nextProblem,
        .toggleMark, .showMarked, .pause, .close,
    ]

    var timestamps = SheetRow.TimestampForm.rfc3339
    /// The number of scrollable columns that are scrolled out of view.
    private(set) var scrolled = 0

    /// The number of missing characters up to which a name is shown in full instead of being cut.
    private static let little = 6

    /// The positions of the columns.
    struct Arrangement {
        /// The visible columns from left to right. Their indices refer to the chosen columns, and positions count from
        /// the margin.
        var places: [Columns.Place] = []
        /// The columns that can scroll. `scrolled` of them are out of view on the left.
        var scrolling: [Int] = []
        var scrolled = 0
        /// The position at which the scrollable columns begin.
        var scrollStart = 0
        /// Whether columns are out of view on the right.
        var hasMore = false
    }

    mutating func scroll(by columns: Int, of arrangement: Arrangement) {
        scrolled = min(max(0, arrangement.scrolled + columns), max(0, arrangement.scrolling.count - 1))
    }

    /// Returns the positions of the columns in the given width, not counting the margin.
    ///
    /// The object name and the columns to its left do not scroll. If they leave no room for another column, only the
    /// name stays, at the left edge.
    private func arrange(_ table: ListTable<EventRow>, _ context: ListContext, width: Int) -> Arrangement {
        let gap = width < 100 ? 1 : 2
        // The last column of the screen is reserved for the arrow that points to more columns.
        let total = width - 1
        let choice = table.columns
        let columns = table.laidOut(context)
        let name = choice.firstIndex { $0.name == "object-name" }
        var staying = name.map { Array(0...$0) } ?? []
        var scrolling = Array(choice.indices.dropFirst(staying.count))
        let widest = scrolling.map { columns[$0].minimum }.max() ?? 0
        if let name, staying.reduce(0, { $0 + columns[$1].minimum + gap }) + widest > total {
            staying = [name]
            scrolling = choice.indices.filter { $0 != name }
        }

        // Until the user scrolls, all columns share the width. Afterwards the fixed columns keep their widths.
        var places = self.places(of: staying + scrolling, columns, choice, gap: gap, in: total)
        var arrangement = Arrangement(scrolling: scrolling, scrolled: min(scrolled, max(0, scrolling.count - 1)))
        arrangement.scrollStart = places.prefix(staying.count).last.map { $0.start + $0.width + gap } ?? 0
        if arrangement.scrolled > 0 {
            let rest = self.places(
                of: Array(scrolling.dropFirst(arrangement.scrolled)), columns, choice, gap: gap,
                in: total - arrangement.scrollStart)
            places = places.prefix(staying.count) + rest.map { $0.moved(by: arrangement.scrollStart) }
        }
        arrangement.places = places
        arrangement.hasMore = places.last.map { $0.index != (scrolling.last ?? $0.index) } ?? false
        return arrangement
    }

    /// Returns the positions of these columns, in this order, up to as many as fit with their minimum widths.
    private func places(
        of indices: [Int], _ columns: [Column], _ choice: [ListColumn<EventRow>], gap: Int, in total: Int
    ) -> [Columns.Place] {
        var shown = indices
        func least() -> Int { shown.reduce(-gap) { $0 + columns[$1].minimum + gap } }
        while shown.count > 1, least() > total { shown.removeLast() }
        var laidOut = shown.map { columns[$0] }
        // Types and names are widened before other columns are.
        let room = max(0, total - least())
        var rest = room
        func lack(_ place: Int) -> Int { laidOut[place].ideal - laidOut[place].minimum }
        var cut: [Int] = []
        for (place, index) in shown.enumerated() where Self.readFirst.contains(choice[index].name) {
            // Show a text that lacks only a few characters in full before the other one gets half of the rest. Use no
            // more than the available width, because otherwise the last column would be hidden.
            guard lack(place) <= min(rest, Self.little) else {
                cut.append(place)
                continue
            }
            rest -= lack(place)
            laidOut[place].minimum = laidOut[place].ideal
        }
        for place in cut {
            let more = min(lack(place), room / 2, rest)
            laidOut[place].minimum += more
            rest -= more
        }
        return Columns(laidOut, gap: gap).fitted(to: total).map { place in
            Columns.Place(column: place.column, index: shown[place.index], start: place.start, width: place.width)
        }
    }

    /// Returns the positions of the columns in a list of the given width, including its margin.
    func arrange(_ model: DashboardModel, columns: Int) -> Arrangement {
        arrange(model.events.sheetTable, context(model), width: columns - model.listMargin)
    }

    private func context(_ model: DashboardModel) -> ListContext {
        var context = ListContext(model.session, order: model.events.listing.query.order.listOrder)
        context.timestamps = timestamps
        return context
    }

    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        guard row == 0 else { return .line(row - 1) }
        let places = arrange(model, columns: size.columns).places
        return model.events.sheetTable.sortName(at: column - model.listMargin, places).map(Target.sort) ?? .main
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let arrangement = arrange(model, columns: surface.size.columns)
        var drawing = model.rowDrawing(arrangement.places, context(model))
        drawing.note = { row in EventsScreen.note(row).map { $0 + "  (not in the sheet)" } }
        model.events.sheetTable.draw(model.events.rows, drawing, on: &surface)
        if model.events.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        drawMore(arrangement, margin: model.listMargin, on: &surface)
    }

    /// Draws arrows in the line of headings if columns are out of view.
    private func drawMore(_ arrangement: Arrangement, margin: Int, on surface: inout Surface) {
        if arrangement.scrolled > 0 {
            let column = max(0, margin + arrangement.scrollStart - 1)
            surface.put("←", at: Point(column: column, row: 0), style: Style(.accent, bold: true))
        }
        if arrangement.hasMore {
            surface.put("→", at: Point(column: surface.size.columns - 1, row: 0), style: Style(.accent, bold: true))
        }
    }
}

extension Columns.Place {
    /// Returns the position, moved to the right.
    fileprivate func moved(by columns: Int) -> Columns.Place {
        Columns.Place(column: column, index: index, start: start + columns, width: width)
    }
}

extension Command {
    static let left = Command("left", .left, "h", in: .table, "columns to the left") { $0.scrollTable(by: -1) }
    static let right = Command(
        "right", .right, "l", in: .table, "columns to the right", footer: .medium("columns")
    ) { $0.scrollTable(by: 1) }
}

extension DashboardModel {
    fileprivate mutating func scrollTable(by columns: Int) {
        table.scroll(by: columns, of: table.arrange(self, columns: layout.list.columns))
    }
}

// MARK: - Columns

extension TableScreen {
    /// The columns that identify a row at a glance.
    private static let readFirst = ["event-type", "object-name"]

    /// The columns of the sheet, which are shown unless the user has chosen others.
    static let usualColumns = Array(columns[..<5])

    static let sheetColumn = columns.filter { $0.name == "sheet" }

    /// All columns that the table can show. A screen of 80 columns is just wide enough for the five columns of the
    /// sheet with their headings.
    static let columns: [ListColumn<EventRow>] = [
        ListColumn(
            name: "event-timestamp", title: SafeText(SheetRow.headers[0]), meaning: "of the sheet", sort: .eventTime,
            room: { Column($0.title, minimum: $0.context.timestamps == .rfc3339 ? 24 : 15, cut: .middle) },
            cell: sheet(0)),
        ListColumn(
            name: "event-type", title: SafeText(SheetRow.headers[1]), meaning: "of the sheet", sort: .type,
            room: { Column($0.title, minimum: 11, ideal: min($0.width, 40), cut: .middle) }, cell: sheet(1)),
        ListColumn(
            name: "object-name", title: SafeText(SheetRow.headers[2]), meaning: "of the sheet", sort: .object,
            room: { Column($0.title, minimum: 12, ideal: max(12, min($0.width, 40)), weight: 1, cut: .middle) },
            cell: sheet(2)),
        ListColumn(
            name: "object-size", title: SafeText(SheetRow.headers[3]), shortTitle: "Size", meaning: "of the sheet",
            sort: .size,
            room: {
                // A number cannot be shortened in the middle because it would look like another number.
                Column(
                    $0.title, short: "Size", minimum: min($0.width, 11), ideal: max($0.title.width, min($0.width, 19)),
                    alignment: .right)
            }, cell: sheet(3)),
        ListColumn(
            name: "object-version-id", title: SafeText(SheetRow.headers[4]), shortTitle: "Version ID",
            meaning: "of the sheet",
            room: {
                Column(
                    $0.title, short: "Version ID", minimum: 11, ideal: max($0.title.width, min($0.width, 104)),
                    cut: .middle)
            }, cell: sheet(4)),
        // The following columns are shown only if the user has chosen them.
        ListColumn(
            name: "received", title: "Received", meaning: "time of arrival", sort: .received, exported: "received",
            room: { Column($0.title, minimum: 24) }, cell: text { "\($0.receivedAt.rfc3339)" }),
        ListColumn(
            name: "verdict", title: "Signature", meaning: "verdict on the signature", sort: .signature,
            exported: "signature", room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in row.position.map { _ in Cell("\(row.verdict.title)", row.verdict.style) } }),
        ListColumn(
            name: "secret", title: "Secret", meaning: "secret that matched", exported: "secret", room: name,
            cell: text { SafeText(cell: $0.secret ?? "") }),
        ListColumn(
            name: "bucket", title: "Bucket", meaning: "name of the bucket", sort: .bucket, exported: "bucket",
            room: name,
            cell: text { SafeText(cell: $0.bucketName.text) }),
        ListColumn(
            name: "rule", title: "Rule", meaning: "name of the rule", sort: .rule, exported: "rule", room: name,
            cell: text { SafeText(cell: $0.matchedRuleName.text) }),
        ListColumn(
            name: "event-id", title: "Event ID", meaning: "the event's id", exported: "event-id", room: name,
            cell: text { SafeText(cell: $0.eventId.text) }),
        ListColumn(
            name: "status", title: "Status", meaning: "HTTP status of the answer", sort: .status, exported: "status",
            room: number, cell: text { "\($0.status)" }),
        ListColumn(
            name: "delivery", title: "Delivery", meaning: "number of the delivery", exported: "delivery", room: number,
            cell: text { "\($0.deliveryID)" }),
        ListColumn(
            name: "bytes", title: "Bytes", meaning: "bytes of the delivery's body", exported: "bytes", room: number,
            cell: text { "\($0.bodyLength)" }),
        // This column is shown automatically while an action writes a sheet.
        ListColumn(
            name: "sheet", title: "SHEET", meaning: "whether it is in the sheet", isChoosable: false,
            room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in
                row.position.map { _ in Cell("\(row.sheet?.sheetWord ?? "–")", row.sheet?.style ?? Style(.secondary)) }
            }),
    ]

    private static func sheet(_ index: Int) -> @Sendable (EventRow, ListContext, Int) -> Cell? {
        { row, context, _ in
            guard row.position != nil else { return nil }
            let sheet = SheetRow(row.sheetFields, timestamps: context.timestamps)
            return Cell(SafeText(cell: sheet.cells[index].string))
        }
    }

    private static func text(
        _ text: @escaping @Sendable (EventRow) -> SafeText
    ) -> @Sendable (EventRow, ListContext, Int) -> Cell? {
        { row, _, _ in row.position.map { _ in Cell(text(row)) } }
    }

    private static let number: @Sendable (ListColumn<EventRow>.Room) -> Column = {
        Column($0.title, minimum: min($0.width, 12), alignment: .right)
    }

    private static let name: @Sendable (ListColumn<EventRow>.Room) -> Column = {
        Column($0.title, minimum: min($0.width, 12), ideal: min($0.width, 63), cut: .middle)
    }
}
