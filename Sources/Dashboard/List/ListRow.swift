import Base
import History
import Notifications
import Terminal

/// What the rows of all lists have in common: a margin, and the mark of the selected one in it.
enum ListRow {
    /// The columns left of a row's text: the bar of the selected row, and a blank so that it never touches the text.
    static let margin = 2

    static func drawTitles(_ places: [Columns.Place], margin: Int = margin, on surface: inout Surface) {
        for place in places {
            surface.put(
                place.fit(place.column.heading(in: place.width)), at: Point(column: margin + place.start, row: 0),
                style: Style(.secondary, bold: true))
        }
    }

    /// Marks a row as selected: with the keys, as one reversed bar; without them, bold. Both show without colours.
    ///
    /// The bar is of one colour, for reversed cells of several would be blocks; so what stands out in it is bold.
    ///
    /// - Parameters:
    ///   - emphasis: What is bold in the bar, if anything is.
    ///   - margin: The columns left of the first one.
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
    /// The most scalars of one end of a text that any column could show.
    private static let mostShown = 500

    /// A text for a cell of a list.
    ///
    /// Who sends a name of a mebibyte would have every frame escape it, so all that could never be seen is left out.
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

/// What rows are sorted by: a number, or a text; numbers come first.
enum SortKey: Sendable, Hashable, Comparable {
    case number(Int64)
    case text(String)
}

/// The order of a list: by a column, named as it is typed.
struct ListOrder: Sendable, Hashable {
    let column: String
    var isDescending: Bool
}

/// What columns and cells are laid out by, besides the row.
struct ListContext: Sendable {
    var clock: RowClock
    /// The time by the calendar.
    var now = Timestamp(milliseconds: 0)
    /// The heading of the column of times, with the zone.
    var timeTitle: SafeText = "TIME"
    var order: ListOrder?
    var timestamps = SheetRow.TimestampForm.rfc3339
    /// Whether there is room for words next to symbols that have a legend otherwise.
    var hasWords = true
    /// Whether the rows are of several processes.
    var isShared = false

    /// The context in which texts are measured.
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
    /// What is written before the text, in a style of its own.
    var mark: SafeText = .empty

    init(_ text: SafeText, _ style: Style = .plain, mark: SafeText = .empty) {
        (self.text, self.style, self.mark) = (text, style, mark)
    }
}

/// A column of a list: its name, its meaning, how it is sorted and exported, how much room it wants, and its cells.
struct ListColumn<Row: WindowedRow>: Sendable, Hashable {
    /// What a column knows of the list when it is laid out.
    struct Room {
        let title: SafeText
        /// The width of the widest text, or of the title.
        let width: Int
        let widths: [String: Int]
        let context: ListContext
    }

    /// The name where it is typed or kept.
    let name: String
    let title: SafeText
    /// The heading where the column is too narrow for `title`.
    var shortTitle: SafeText?
    /// What it shows, for the chooser.
    var meaning = ""
    /// How events are sorted by it; nil where they cannot be.
    var sort: SortColumn?
    /// What other rows are sorted by; nil where they cannot be.
    var key: (@Sendable (Row) -> SortKey?)?
    /// The name of the same column in an export; nil for those that every export has.
    var exported: String?
    /// Whether it can be chosen; others are there by themselves.
    var isChoosable = true
    /// Whether it is shown next to the note of a row without an event.
    var standsBesideNote = false
    /// The moment it shows, by which the width of a column of times is found.
    var moment: (@Sendable (Row) -> Timestamp?)?
    let room: @Sendable (Room) -> Column
    let cell: @Sendable (Row, ListContext, _ width: Int) -> Cell?

    /// The name that the list is sorted by; nil where it cannot be.
    var sortName: String? { sort?.name ?? (key == nil ? nil : name) }

    /// Returns the heading, with a sign if the list is sorted by it.
    func title(in context: ListContext) -> SafeText {
        let title = moment == nil || self.title != "TIME" ? title : context.timeTitle
        guard let order = context.order, order.column == sortName else { return title }
        return title + (order.isDescending ? "↓" : "↑")
    }

    static func == (one: Self, other: Self) -> Bool { one.name == other.name }

    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Array {
    /// Returns the text that a column has of a row.
    func text<Row>(_ name: String, of row: Row, _ context: ListContext) -> SafeText where Element == ListColumn<Row> {
        first { $0.name == name }?.cell(row, context, .max)?.text ?? .empty
    }
}

extension [ListColumn<EventRow>] {
    /// Those that can be chosen.
    var choosable: Self { filter(\.isChoosable) }

    /// Returns the columns of these names, without those that are not known and without repetitions; the usual ones where
    /// there is none.
    func named(_ names: [String], usual: Self) -> Self {
        var seen: Set<String> = []
        let columns = names.compactMap { name in choosable.first { $0.name == name } }
            .filter { seen.insert($0.name).inserted }
        return columns.isEmpty ? usual : columns
    }
}

/// Which columns the lists of events show, from left to right.
struct ColumnChoice: Hashable {
    var events = EventsScreen.usualColumns
    var table = TableScreen.usualColumns
}

// MARK: - Tables

/// Columns with the widths of their texts, over all rows of the window: so the columns do not jump with every line that is
/// scrolled.
struct ListTable<Row: WindowedRow> {
    /// The greatest width that a text is measured with.
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

    /// Returns the columns as they are laid out.
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

    /// Returns the places of the columns in so many columns of the screen.
    func places(_ context: ListContext, width: Int, gap: Int = 2) -> [Columns.Place] {
        Columns(laidOut(context), gap: gap).fitted(to: width)
    }

    /// Returns the place of a column, by its name.
    func place(of name: String, in places: [Columns.Place]) -> Columns.Place? {
        places.first { columns[$0.index].name == name }
    }

    /// Returns the name that the list is sorted by for the heading at a column of the screen.
    func sortName(at column: Int, _ places: [Columns.Place]) -> String? {
        places.first { ($0.start..<$0.start + $0.width).contains(column) }.flatMap { columns[$0.index].sortName }
    }

    /// Returns whether a text is in a cell of the row.
    func holds(_ pattern: SearchPattern, _ row: Row, _ context: ListContext) -> Bool {
        columns.contains { $0.cell(row, context, .max).map { pattern.matches($0.text.string) } ?? false }
    }
}

// MARK: - Drawing

/// How a list is drawn, besides its rows.
struct ListDrawing<Row: WindowedRow> {
    var places: [Columns.Place]
    var context: ListContext
    var margin = ListRow.margin
    /// Whether the keys are in the list.
    var hasKeys = true
    var showsSelection = true
    /// The column that stands out in the selected row.
    var emphasis = ""
    /// The text in place of the cells of a row without an event.
    var note: (Row) -> SafeText? = { _ in nil }
    /// The signs left of a row: each with its column and style.
    var signs: (Row) -> [(text: SafeText, column: Int, role: Role)] = { _ in [] }
    /// The number of the window's first row, counted from 1, and that of all rows, for the scroll bar; nil where they are
    /// not known.
    var extent: (first: Int, total: Int)?
}

extension ListTable {
    /// Draws the headings and the lines of a list: the one loop for all lists.
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
            // Without its padding: where there are no colours a style may be a line below.
            let shown = cell.text.width < room ? cell.text : place.column.fit(cell.text, to: room)
            let indent = place.column.alignment == .right ? room - shown.width : 0
            surface.put(
                shown, at: Point(column: start + cell.mark.width + indent, row: line), columns: room, style: cell.style)
        }
        guard let note else { return }
        // As many columns side by side as there are, from the first that is the event's.
        let isOwn = drawing.places.map { columns[$0.index].standsBesideNote }
        guard let first = isOwn.firstIndex(of: false) else { return }
        let last = isOwn[first...].firstIndex(of: true).map { $0 - 1 } ?? isOwn.count - 1
        let (start, end) = (drawing.places[first].start, drawing.places[last].start + drawing.places[last].width)
        surface.put(
            note.clippedInMiddle(to: end - start), at: Point(column: drawing.margin + start, row: line),
            columns: end - start, style: Style(.secondary))
    }
}

/// The bar at the right edge of a list that is longer than the screen.
enum ScrollBar {
    /// Returns whether a list needs it, so that it has a column of its own.
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
