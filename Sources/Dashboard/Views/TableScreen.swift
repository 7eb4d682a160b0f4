import Browsing
import History
import Notifications
import SafeText
import Terminal

/// `2 Table`: the rows as the spreadsheet has them, under its own five headers unless others were chosen.
///
/// The rows are read with those of the event list, so a delivery without a readable event is among them; it would not
/// be in the sheet, and says so.
///
/// The object's name stays where it is while other columns scroll, as in a spreadsheet whose first columns are frozen.
struct TableScreen {
    var timestamps = SheetRow.TimestampForm.rfc3339
    /// How many of the columns that scroll are scrolled away.
    private(set) var scrolled = 0

    /// So few columns are not worth cutting a name for.
    private static let little = 6

    /// Where the columns are in a list.
    struct Arrangement {
        /// The columns that are seen, from left to right, by their numbers in the columns chosen; behind the margin.
        var places: [Columns.Place] = []
        /// The columns that scroll, and how many of them are scrolled away.
        var scrolling: [Int] = []
        var scrolled = 0
        /// Where the columns that scroll begin.
        var scrollStart = 0
        /// Whether columns are out of view at the right.
        var hasMore = false
    }

    mutating func scroll(by columns: Int, of arrangement: Arrangement) {
        scrolled = min(max(0, arrangement.scrolled + columns), max(0, arrangement.scrolling.count - 1))
    }

    /// Returns where the columns are in a list that has so many columns behind its margin.
    ///
    /// What stays is the object's name and what is left of it; where that leaves no room for any other column, the name
    /// alone, at the left edge.
    func arrange(_ layout: ListColumns, in order: RowOrder = .arrival, width: Int) -> Arrangement {
        let gap = width < 100 ? 1 : 2
        // The last column is for the sign that there are more.
        let total = width - 1
        let choice = layout.choice.table
        let columns = choice.indices.map { column(choice[$0], layout, $0, in: order) }
        let name = choice.firstIndex(of: .objectName)
        var staying = name.map { Array(0...$0) } ?? []
        var scrolling = Array(choice.indices.dropFirst(staying.count))
        let widest = scrolling.map { columns[$0].minimum }.max() ?? 0
        if let name, staying.reduce(0, { $0 + columns[$1].minimum + gap }) + widest > total {
            staying = [name]
            scrolling = choice.indices.filter { $0 != name }
        }

        // As long as nothing is scrolled away all share the room; what stays keeps its place from then on.
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

    private func column(
        _ column: TableColumn, _ layout: ListColumns, _ index: Int, in order: RowOrder
    ) -> Column {
        let title = column.title(in: order)
        let width = layout.tableWidths[index]
        var laidOut = column.column(
            title: title, holding: column.shortTitle == nil ? max(width, title.width) : width, timestamps: timestamps)
        laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
        return laidOut
    }

    /// The places of as many of these columns, in this order, as have their least width.
    private func places(
        of indices: [Int], _ columns: [Column], _ choice: [TableColumn], gap: Int, in total: Int
    ) -> [Columns.Place] {
        var shown = indices
        func least() -> Int { shown.reduce(-gap) { $0 + columns[$1].minimum + gap } }
        while shown.count > 1, least() > total { shown.removeLast() }
        var laidOut = shown.map { columns[$0] }
        // Types and names share what room there is before the columns beside them get any of it.
        let room = max(0, total - least())
        var rest = room
        func lack(_ place: Int) -> Int { laidOut[place].ideal - laidOut[place].minimum }
        var cut: [Int] = []
        for (place, index) in shown.enumerated() where choice[index].isReadFirst {
            // What lacks only a little gets it whole, before the other gets its half; together they take no more than
            // there is, or the last column would leave.
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

    static func widths(of rows: [EventRow], in columns: [TableColumn]) -> TextWidths {
        TextWidths(rows, titles: columns.map { $0.shortTitle ?? $0.title }) { row in
            guard row.position != nil else { return [] }
            let sheet = SheetRow(row.sheetFields)
            return columns.map { $0.text(of: row, sheet: sheet) }
        }
    }

    /// Where the columns are in a list so wide.
    func arrange(_ model: DashboardModel, columns: Int) -> Arrangement {
        arrange(model.rows.layout, in: model.listing.query.order, width: columns - model.listMargin)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let margin = model.listMargin
        let choice = model.rows.layout.choice.table
        let arrangement = arrange(model, columns: surface.size.columns)
        ListRow.drawTitles(arrangement.places, margin: margin, on: &surface)
        for (index, line) in model.rows.visible.enumerated() {
            guard let row = line.row else { continue }
            draw(row, choice, arrangement.places, at: index + 1, margin: margin, on: &surface)
            model.finish(row, at: index + 1, hasKeys: true, on: &surface)
        }
        if model.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        drawMore(arrangement, margin: margin, on: &surface)
    }

    private func draw(
        _ row: EventRow, _ columns: [TableColumn], _ places: [Columns.Place], at line: Int, margin: Int,
        on surface: inout Surface
    ) {
        if let note = EventLine.note(row) {
            let text: SafeText = note + "  (not in the sheet)"
            surface.put(
                text.clippedInMiddle(to: surface.size.columns - margin), at: Point(column: margin, row: line),
                style: Style(.secondary))
            return
        }
        let sheet = SheetRow(row.sheetFields, timestamps: timestamps)
        for place in places {
            let column = columns[place.index]
            surface.put(
                place.fit(column.text(of: row, sheet: sheet)),
                at: Point(column: margin + place.start, row: line), columns: place.width,
                style: Self.style(column, row))
        }
    }

    private static func style(_ column: TableColumn, _ row: EventRow) -> Style {
        switch column {
        case .verdict: row.verdict.style
        case .sheet: row.sheet?.style ?? Style(.secondary)
        default: .plain
        }
    }

    /// Draws arrows where columns are out of view, in the line of headings, beside them.
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
    /// The same place further to the right.
    fileprivate func moved(by columns: Int) -> Columns.Place {
        Columns.Place(column: column, index: index, start: start + columns, width: width)
    }
}

// MARK: - Columns

/// The columns that the table can show: the sheet's five, and what is known besides.
enum TableColumn: String, ListColumn {
    case eventTimestamp = "event-timestamp"
    case eventType = "event-type"
    case objectName = "object-name"
    case objectSize = "object-size"
    case objectVersionID = "object-version-id"
    // Those that are shown if they are chosen.
    case received, verdict, secret, bucket, rule
    case eventID = "event-id"
    case status, delivery, bytes
    // There by itself as long as an action writes a sheet.
    case sheet

    static let choosable = allCases.filter { $0 != .sheet }

    /// The sheet's own.
    static let standard: [TableColumn] = [.eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID]

    var title: SafeText {
        switch self {
        case .eventTimestamp: SafeText(SheetRow.headers[0])
        case .eventType: SafeText(SheetRow.headers[1])
        case .objectName: SafeText(SheetRow.headers[2])
        case .objectSize: SafeText(SheetRow.headers[3])
        case .objectVersionID: SafeText(SheetRow.headers[4])
        case .received: "Received"
        case .verdict: "Signature"
        case .secret: "Secret"
        case .bucket: "Bucket"
        case .rule: "Rule"
        case .eventID: "Event ID"
        case .status: "Status"
        case .delivery: "Delivery"
        case .bytes: "Bytes"
        case .sheet: "SHEET"
        }
    }

    /// A heading for a narrow column, where the whole one would have to be cut.
    var shortTitle: SafeText? {
        switch self {
        case .objectSize: "Size"
        case .objectVersionID: "Version ID"
        default: nil
        }
    }

    var meaning: String {
        switch self {
        case .eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID: "of the sheet"
        case .received: "time of arrival"
        case .verdict: "verdict on the signature"
        case .secret: "secret that matched"
        case .bucket: "name of the bucket"
        case .rule: "name of the rule"
        case .eventID: "the event's id"
        case .status: "HTTP status of the answer"
        case .delivery: "number of the delivery"
        case .bytes: "bytes of the delivery's body"
        case .sheet: "whether it is in the sheet"
        }
    }

    var sort: SortColumn? {
        switch self {
        case .eventTimestamp: .eventTime
        case .eventType: .type
        case .objectName: .object
        case .objectSize: .size
        case .received: .received
        case .verdict: .signature
        case .bucket: .bucket
        case .rule: .rule
        case .status: .status
        case .objectVersionID, .secret, .eventID, .delivery, .bytes, .sheet: nil
        }
    }

    /// The name of the same column in an export; nil for the sheet's own, which every table has.
    var exported: String? {
        switch self {
        case .eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID, .sheet: nil
        case .verdict: "signature"
        case .received, .secret, .bucket, .rule, .eventID, .status, .delivery, .bytes: rawValue
        }
    }

    /// Whether it is what a row is told apart by at a glance.
    var isReadFirst: Bool { self == .eventType || self == .objectName }

    /// The column where the widest text, or the least heading, is so wide. At 80 columns all five of the sheet are there, if only just, and each
    /// has room for its heading.
    func column(title: SafeText, holding width: Int, timestamps: SheetRow.TimestampForm) -> Column {
        switch self {
        case .eventTimestamp: Column(title, minimum: timestamps == .rfc3339 ? 24 : 15, cut: .middle)
        case .eventType: Column(title, minimum: 11, ideal: min(width, 40), cut: .middle)
        case .objectName:
            Column(title, minimum: 12, ideal: max(12, min(width, 40)), weight: 1, cut: .middle)
        case .objectSize:
            // Without its middle a number would read as another one.
            Column(
                title, short: shortTitle, minimum: min(width, 11), ideal: max(title.width, min(width, 19)),
                alignment: .right)
        case .objectVersionID:
            Column(title, short: shortTitle, minimum: 11, ideal: max(title.width, min(width, 104)), cut: .middle)
        case .received: Column(title, minimum: 24)
        case .verdict, .sheet: Column(title, minimum: width)
        case .status, .delivery, .bytes: Column(title, minimum: min(width, 12), alignment: .right)
        case .secret, .bucket, .rule, .eventID:
            Column(title, minimum: min(width, 12), ideal: min(width, 63), cut: .middle)
        }
    }

    /// What it shows of a row.
    func text(of row: EventRow, sheet: SheetRow) -> SafeText {
        switch self {
        case .eventTimestamp: SafeText(cell: sheet.cells[0].string)
        case .eventType: SafeText(cell: sheet.cells[1].string)
        case .objectName: SafeText(cell: sheet.cells[2].string)
        case .objectSize: SafeText(cell: sheet.cells[3].string)
        case .objectVersionID: SafeText(cell: sheet.cells[4].string)
        case .received: "\(row.receivedAt.rfc3339)"
        case .verdict: "\(row.verdict.title)"
        case .secret: SafeText(cell: row.secret ?? "")
        case .bucket: SafeText(cell: row.bucketName.text)
        case .rule: SafeText(cell: row.matchedRuleName.text)
        case .eventID: SafeText(cell: row.eventId.text)
        case .status: "\(row.status)"
        case .delivery: "\(row.deliveryID)"
        case .bytes: "\(row.bodyLength)"
        case .sheet: "\(row.sheet?.sheetWord ?? "–")"
        }
    }
}
