import History
import SafeText
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

// MARK: - Lines of cells

/// A row of a list as text: a cell for each column.
protocol CellLine {
    associatedtype ColumnName: CaseIterable, RawRepresentable<Int>

    /// What a column shows where it is so wide.
    func cell(_ column: ColumnName, width: Int) -> (text: SafeText, style: Style)
}

extension CellLine {
    /// The texts of all columns.
    var texts: [SafeText?] { ColumnName.allCases.map { cell($0, width: .max).text } }

    /// Draws the row; the places are those of all columns.
    func draw(_ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        for place in places {
            guard let column = ColumnName(rawValue: place.index) else { continue }
            let (text, style) = cell(column, width: place.width)
            // Without its padding: where there are no colours a style may be a line below.
            let shown = text.width < place.width ? text : place.fit(text)
            let indent = place.column.alignment == .right ? place.width - shown.width : 0
            surface.put(
                shown, at: Point(column: ListRow.margin + place.start + indent, row: line), columns: place.width,
                style: style)
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

// MARK: - Widths

/// How wide the texts of each column are, over all rows held.
///
/// Over those rather than over the few that are seen: so the columns do not jump with every line that is scrolled.
struct TextWidths: Hashable {
    /// What is wider is taken to be so wide: no column asks for more.
    static let most = 120

    private var widths: [Int]

    /// - Parameters:
    ///   - titles: The column's titles, which are texts too.
    ///   - cells: The texts of a row; nil where the row has none in that column.
    init<Row>(_ rows: [Row], titles: [SafeText], cells: (Row) -> [SafeText?]) {
        widths = titles.map(\.width)
        for row in rows {
            for (index, cell) in cells(row).enumerated() {
                if let cell { widths[index] = max(widths[index], min(cell.width, Self.most)) }
            }
        }
    }

    subscript(column: Int) -> Int { widths[column] }
}

// MARK: - Columns

/// A column that a list can show.
protocol ListColumn: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// Its heading.
    var title: SafeText { get }
    /// What it tells, for the chooser.
    var meaning: String { get }
    /// What the list is sorted by for its sake; nil where it cannot be.
    var sort: SortColumn? { get }
    /// The columns shown unless others were chosen.
    static var standard: [Self] { get }
    /// The columns that can be chosen.
    static var choosable: [Self] { get }
}

extension ListColumn {
    /// The columns of these names, without those that are not known and without repetitions.
    static func named(_ names: [String]) -> [Self] {
        var seen: Set<Self> = []
        let columns = names.compactMap(Self.init(rawValue:)).filter {
            choosable.contains($0) && seen.insert($0).inserted
        }
        return columns.isEmpty ? standard : columns
    }

    /// The heading, with a sign if the list is sorted by it.
    ///
    /// - Parameter heading: What is written in place of the title, if anything is.
    func title(in order: RowOrder, reading heading: SafeText? = nil) -> SafeText {
        let title = heading ?? title
        guard case .by(let column, let isDescending) = order, column == sort else { return title }
        return title + (isDescending ? "↓" : "↑")
    }
}

// MARK: - The columns of both lists

/// The columns of both views, and how wide the texts of the rows held are in them.
struct ListColumns: Hashable {
    /// Which columns are shown, from left to right.
    struct Choice: Hashable {
        var events = EventColumn.standard
        var table = TableColumn.standard

        /// Adds the mark for what became of the actions, behind the verdict.
        mutating func showActionMarks() {
            let place = events.firstIndex(of: .signature).map { $0 + 1 } ?? min(1, events.count)
            events.insert(.actions, at: place)
        }

        /// Adds what became of the row in the sheet, before all else.
        mutating func showSheet() { table.insert(.sheet, at: 0) }
    }

    let choice: Choice
    /// In the order of the columns chosen.
    let eventWidths: TextWidths
    let tableWidths: TextWidths

    init(_ choice: Choice = Choice(), rows: [EventRow] = []) {
        self.choice = choice
        eventWidths = EventsScreen.widths(of: rows, in: choice.events)
        tableWidths = TableScreen.widths(of: rows, in: choice.table)
    }
}

// MARK: - Extent

/// What there is to list, as far as it is known: it tells whether the rows held are still those to show.
struct ListExtent: Hashable {
    /// The newest row recorded, whether it is listed or not.
    var latestRow: Int64
    /// Grows whenever what was recorded before may read differently.
    var revision: Int
    /// Grows with every change of the outbox, by which the marks of rows read differently.
    var outbox: Int64
    /// The rows found so far; nil where every row is listed as it arrived.
    var matched: Int?
    /// Whether all rows were looked at.
    var isComplete: Bool

    /// An extent; of every row as it arrived unless there is a count of those found.
    init(_ change: HistoryChange, matched: Int? = nil, isComplete: Bool = true) {
        latestRow = change.latestRow
        revision = change.revision
        outbox = change.outbox
        self.matched = matched
        self.isComplete = isComplete
    }
}
