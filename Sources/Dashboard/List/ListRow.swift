import Base
import History
import Notifications
import Terminal

/// The parts that rows of all lists share: a margin, and the highlight of the selected row.
enum ListRow {
    /// The number of columns to the left of a row's text: the bar of the selected row, and a blank that separates it
    /// from the text.
    static let margin = 2

    static func drawTitles(_ places: [Columns.Place], margin: Int = margin, on surface: inout Surface) {
        for place in places {
            surface.put(
                place.fit(place.column.heading(in: place.width)), at: Point(column: margin + place.start, row: 0),
                style: Style(.secondary, bold: true))
        }
    }

    /// Highlights the selected row: in reverse video if the list has the keyboard focus, else in bold. Both are visible
    /// without colours.
    ///
    /// Reverse video replaces the colours of the cells, because reversed cells of several colours would look like
    /// blocks. Text to emphasise in the bar is therefore bold.
    ///
    /// - Parameters:
    ///   - emphasis: The cell to show in bold, if any.
    ///   - margin: The number of columns to the left of the first cell.
    static func mark(
        row: Int, hasKeys: Bool, emphasis: Columns.Place? = nil, margin: Int = margin, on surface: inout Surface
    ) {
        surface.put("▌", at: Point(column: 0, row: row), style: Style(.accent, bold: true))
        let rest = Rect(column: 1, row: row, columns: surface.size.columns - 1, rows: 1)
        surface.restyle(rest) { style in
            if hasKeys { style = Style(.plain, reversed: true) } else { style.isBold = true }
        }
        guard let emphasis else { return }
        surface.restyle(Rect(column: margin + emphasis.start, row: row, columns: emphasis.width, rows: 1)) {
            $0.isBold = true
        }
    }
}

// MARK: - Texts of cells

extension SafeText {
    /// The maximum number of scalars shown from each end of a long text. No column is wider.
    private static let mostShown = 500

    /// Creates the text for a cell of a list.
    ///
    /// A very long text is shortened before it is escaped, because a sender can choose names of a mebibyte, which would
    /// otherwise be escaped for every frame.
    init(cell text: String) {
        guard text.utf8.count > 4 * Self.mostShown else {
            self.init(text)
            return
        }
        let scalars = text.unicodeScalars
        self.init(String(scalars.prefix(Self.mostShown)) + "…" + String(scalars.suffix(Self.mostShown)))
    }
}

// MARK: - Columns

/// The value of a row that a list is sorted by: a number or a text. Numbers sort before texts.
enum SortKey: Sendable, Hashable, Comparable {
    case number(Int64)
    case text(String)
}

/// The order of a list: the name of the column, as typed, and the direction.
struct ListOrder: Sendable, Hashable {
    let column: String
    var isDescending: Bool
}

/// The settings, apart from the row, that decide how columns and cells look.
struct ListContext: Sendable {
    var clock: RowClock
    /// The current wall-clock time.
    var now = Timestamp(milliseconds: 0)
    /// The heading of the time column, including the time zone.
    var timeTitle: SafeText = "TIME"
    var order: ListOrder?
    var timestamps = SheetRow.TimestampForm.rfc3339
    /// Whether there is room for words next to symbols, which otherwise need a legend.
    var hasWords = true
    /// Whether several processes wrote the rows.
    var isShared = false

    /// The context for measuring texts.
    static var plain: ListContext { ListContext(clock: RowClock(.utc, now: Timestamp(milliseconds: 0))) }

    init(clock: RowClock) { self.clock = clock }

    init(_ session: Session, order: ListOrder? = nil) {
        clock = session.rowClock
        (now, timeTitle) = (session.wallTime, session.timeTitle)
        self.order = order
    }
}

/// A cell of a list.
struct Cell {
    var text: SafeText
    var style: Style
    /// A prefix of the text with a style of its own.
    var mark: SafeText = .empty

    init(_ text: SafeText, _ style: Style = .plain, mark: SafeText = .empty) {
        (self.text, self.style, self.mark) = (text, style, mark)
    }
}

/// A column of a list: its name, meaning, sort order, export column, width and cells.
struct ListColumn<Row: WindowedRow>: Sendable, Hashable {
    /// The information a column receives to choose its width.
    struct Room {
        let title: SafeText
        /// The width of the widest text or of the title, whichever is greater.
        let width: Int
        let widths: [String: Int]
        let context: ListContext
    }

    /// The name in commands and in the saved settings.
    let name: String
    let title: SafeText
    /// The heading for a column that is too narrow for `title`.
    var shortTitle: SafeText?
    /// The description in the column chooser.
    var meaning = ""
    /// The database column that events are sorted by; nil if they cannot be sorted by this column.
    var sort: SortColumn?
    /// A function that returns the sort key of a row that is not an event; nil if rows cannot be sorted by this column.
    var key: (@Sendable (Row) -> SortKey?)?
    /// The name of the matching export column; nil if every export contains it anyway.
    var exported: String?
    /// Whether the user can choose the column. Other columns are shown automatically.
    var isChoosable = true
    /// Whether the column is still shown in a row without an event, next to its note.
    var standsBesideNote = false
    /// A function that returns the time shown in the column, from which the width of a time column is computed.
    var moment: (@Sendable (Row) -> Timestamp?)?
    let room: @Sendable (Room) -> Column
    let cell: @Sendable (Row, ListContext, _ width: Int) -> Cell?

    /// The name to sort the list by; nil if the list cannot be sorted by this column.
    var sortName: String? { sort?.name ?? (key == nil ? nil : name) }

    /// Returns the heading, with an arrow if the list is sorted by the column.
    func title(in context: ListContext) -> SafeText {
        let title = moment == nil || self.title != "TIME" ? title : context.timeTitle
        guard let order = context.order, order.column == sortName else { return title }
        return title + (order.isDescending ? "↓" : "↑")
    }

    static func == (one: Self, other: Self) -> Bool { one.name == other.name }

    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Array {
    /// Returns the text of a row's cell in the named column.
    func text<Row>(_ name: String, of row: Row, _ context: ListContext) -> SafeText where Element == ListColumn<Row> {
        first { $0.name == name }?.cell(row, context, .max)?.text ?? .empty
    }
}

extension [ListColumn<EventRow>] {
    /// The columns that the user can choose.
    var choosable: Self { filter(\.isChoosable) }

    /// Returns the columns with these names, without unknown names and duplicates. Returns the default columns if none
    /// remains.
    func named(_ names: [String], usual: Self) -> Self {
        var seen: Set<String> = []
        let columns = names.compactMap { name in choosable.first { $0.name == name } }
            .filter { seen.insert($0.name).inserted }
        return columns.isEmpty ? usual : columns
    }
}

/// The columns that the lists of events show, from left to right.
struct ColumnChoice: Hashable {
    var events = EventsScreen.usualColumns
    var table = TableScreen.usualColumns
}

// MARK: - Tables

/// Columns with the widths of their texts. The widths are measured over all rows of the window, so that the columns do
/// not move with every scrolled line.
struct ListTable<Row: WindowedRow> {
    /// The greatest width that a text is measured to have.
    private static var most: Int { 120 }

    let columns: [ListColumn<Row>]
    private let rows: [Row]
    let widths: [Int]

    init(_ columns: [ListColumn<Row>], rows: [Row] = [], _ context: ListContext = .plain) {
        self.columns = columns
        self.rows = rows
        widths = columns.map { column in
            rows.reduce((column.shortTitle ?? column.title).width) { width, row in
                guard let cell = column.cell(row, context, .max) else { return width }
                return max(width, min(cell.mark.width + cell.text.width, Self.most))
            }
        }
    }

    /// Returns the layout of the columns.
    func laidOut(_ context: ListContext) -> [Column] {
        let named = Dictionary(zip(columns.map(\.name), widths)) { first, _ in first }
        return zip(columns, widths).map { column, width in
            let title = column.title(in: context)
            let room = ListColumn<Row>.Room(
                title: title, width: column.shortTitle == nil ? max(width, title.width) : width, widths: named,
                context: context)
            var laidOut = column.room(room)
            if let moment = column.moment {
                let times = context.clock.column(title, holding: rows.lazy.compactMap(moment))
                laidOut.minimum = times.minimum
                laidOut.ideal = times.ideal + max(0, laidOut.ideal - 8)
            }
            if let order = context.order, order.column == column.sortName {
                laidOut.minimum = max(laidOut.minimum, title.width)
            }
            laidOut.ideal = max(laidOut.ideal, laidOut.minimum)
            return laidOut
        }
    }

    /// Returns the positions of the columns in the given width.
    func places(_ context: ListContext, width: Int, gap: Int = 2) -> [Columns.Place] {
        Columns(laidOut(context), gap: gap).fitted(to: width)
    }

    /// Returns the position of the named column.
    func place(of name: String, in places: [Columns.Place]) -> Columns.Place? {
        places.first { columns[$0.index].name == name }
    }

    /// Returns the sort name of the column whose heading is at the given column of the screen.
    func sortName(at column: Int, _ places: [Columns.Place]) -> String? {
        places.first { ($0.start..<$0.start + $0.width).contains(column) }.flatMap { columns[$0.index].sortName }
    }

    /// Returns whether the pattern matches the text of a cell in the row.
    func holds(_ pattern: SearchPattern, _ row: Row, _ context: ListContext) -> Bool {
        columns.contains { $0.cell(row, context, .max).map { pattern.matches($0.text.string) } ?? false }
    }
}

// MARK: - Drawing

/// The settings for drawing a list.
struct ListDrawing<Row: WindowedRow> {
    var places: [Columns.Place]
    var context: ListContext
    var margin = ListRow.margin
    /// Whether the list has the keyboard focus.
    var hasKeys = true
    var showsSelection = true
    /// The name of the column to emphasise in the selected row.
    var emphasis = ""
    /// A function that returns the note shown in place of the cells of a row without an event.
    var note: (Row) -> SafeText? = { _ in nil }
    /// A function that returns the signs to the left of a row, each with its column and style.
    var signs: (Row) -> [(text: SafeText, column: Int, role: Role)] = { _ in [] }
    /// The number of the window's first row, counted from 1, and the number of all rows, which the scroll bar shows;
    /// nil if unknown.
    var extent: (first: Int, total: Int)?
}

extension ListTable {
    /// Draws the headings and the lines of the list. All lists are drawn by this function.
    func draw(_ list: WindowedList<Row>, _ drawing: ListDrawing<Row>, on surface: inout Surface) {
        ListRow.drawTitles(drawing.places, margin: drawing.margin, on: &surface)
        let emphasis = place(of: drawing.emphasis, in: drawing.places)
        for (index, line) in list.visible.enumerated() {
            switch line {
            case .day(let day): DayRule.draw(day, row: index + 1, on: &surface)
            case .row(let row):
                draw(row, drawing, at: index + 1, on: &surface)
                let isCurrent = drawing.showsSelection && row.id == list.selection
                if isCurrent {
                    ListRow.mark(
                        row: index + 1, hasKeys: drawing.hasKeys, emphasis: emphasis, margin: drawing.margin,
                        on: &surface)
                }
                for sign in drawing.signs(row) {
                    let style =
                        isCurrent && drawing.hasKeys
                        ? Style(.plain, bold: true, reversed: true) : Style(sign.role, bold: true)
                    surface.put(sign.text, at: Point(column: sign.column, row: index + 1), style: style)
                }
            }
        }
        if let (first, total) = drawing.extent {
            ScrollBar.draw(
                first: first - 1 + list.rowsAboveScreen, visible: list.visibleRows.count, total: total, top: 1,
                list.height, on: &surface)
        }
    }

    private func draw(_ row: Row, _ drawing: ListDrawing<Row>, at line: Int, on surface: inout Surface) {
        let note = drawing.note(row)
        for place in drawing.places where note == nil || columns[place.index].standsBesideNote {
            guard let cell = columns[place.index].cell(row, drawing.context, place.width) else { continue }
            let start = drawing.margin + place.start
            let room = place.width - cell.mark.width
            if !cell.mark.isEmpty {
                surface.put(cell.mark, at: Point(column: start, row: line), columns: place.width, style: Style(.notice))
            }
            // Draw the text without its padding, because a style without colours may underline it.
            let shown = cell.text.width < room ? cell.text : place.column.fit(cell.text, to: room)
            let indent = place.column.alignment == .right ? room - shown.width : 0
            surface.put(
                shown, at: Point(column: start + cell.mark.width + indent, row: line), columns: room, style: cell.style)
        }
        guard let note else { return }
        // The note covers the adjacent columns that describe the event, starting at the first of them.
        let isOwn = drawing.places.map { columns[$0.index].standsBesideNote }
        guard let first = isOwn.firstIndex(of: false) else { return }
        let last = isOwn[first...].firstIndex(of: true).map { $0 - 1 } ?? isOwn.count - 1
        let (start, end) = (drawing.places[first].start, drawing.places[last].start + drawing.places[last].width)
        surface.put(
            note.clippedInMiddle(to: end - start), at: Point(column: drawing.margin + start, row: line),
            columns: end - start, style: Style(.secondary))
    }
}

/// The scroll bar at the right edge of a list that is longer than the screen.
enum ScrollBar {
    /// Returns whether a list needs a scroll bar, for which a column is then reserved.
    static func isNeeded(total: Int, height: Int) -> Bool { total > height && height > 2 }

    static func draw(first: Int, visible: Int, total: Int, top: Int, _ height: Int, on surface: inout Surface) {
        guard height > 2, visible > 0, total > visible else { return }
        let size = max(1, height * visible / total)
        let start = first + visible >= total ? height - size : min(height - size, max(0, first) * height / total)
        for row in 0..<height {
            let isThumb = (start..<start + size).contains(row)
            surface.put(
                isThumb ? "┃" : "│", at: Point(column: surface.size.columns - 1, row: top + row),
                style: Style(isThumb ? .accent : .secondary))
        }
    }
}
