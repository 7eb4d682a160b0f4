import Export
import SafeText
import Terminal

/// The line in which a file to write is named, and the choice of its format and columns.
struct ExportPrompt {
    /// The columns that a table can have behind the sheet's five.
    enum ColumnSet: CaseIterable {
        case sheet, shown, all
    }

    private(set) var editor: LineEditor
    private var index = 0
    private var columnSet = ColumnSet.sheet
    /// The names of the columns that the list shows beside the sheet's five, as an export calls them.
    private let shown: [String]
    let rows: ExportRequest.Rows
    /// How many they are, in words.
    let words: String

    init(_ rows: ExportRequest.Rows, _ words: String, shown: [String], day: String) {
        (self.rows, self.words) = (rows, words)
        self.shown = ExportColumn.all.map(\.name).filter(shown.contains)
        editor = LineEditor("b2watch-\(day).\(ExportFormat.all[0].name)")
    }

    var format: ExportFormat { ExportFormat.all[index] }

    /// The names of the columns behind the sheet's five.
    var columns: [String] { columns(of: columnSet) }

    private func columns(of set: ColumnSet) -> [String] {
        switch set {
        case .sheet: []
        case .shown: shown
        case .all: ExportColumn.all.map(\.name)
        }
    }

    mutating func type(_ key: Key) { _ = editor.update(.key(key)) }

    mutating func insert(_ text: String) { editor.insert(text) }

    /// Chooses another format, and changes the file's ending with it where it was that of the format before.
    mutating func changeFormat(by distance: Int) {
        let before = ".\(format.name)"
        index = (index + distance + ExportFormat.all.count) % ExportFormat.all.count
        guard editor.text.hasSuffix(before) else { return }
        editor = LineEditor(editor.text.dropLast(before.count) + ".\(format.name)")
    }

    /// Chooses other columns.
    mutating func changeColumns(by distance: Int) {
        let all = ColumnSet.allCases
        guard format.hasColumns, let index = all.firstIndex(of: columnSet) else { return }
        columnSet = all[(index + distance + all.count) % all.count]
    }

    /// The lines that it takes.
    static let height = 3

    /// Draws the line and the choices below it, and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("export to", editor, Style(.plain), on: &surface)
        let formats = ExportFormat.all.map { ($0.name, $0.name == format.name) }
        let lines = [
            StyledLine(" \(words), in the order of arrival, as ", Style(.secondary)) + choices(formats),
            columnsLine,
        ]
        for (row, line) in lines.enumerated() {
            surface.put(line.clipped(to: surface.size.columns), at: Point(column: 0, row: row + 1))
        }
        return cursor
    }

    private var columnsLine: StyledLine {
        guard format.hasColumns else {
            return StyledLine(" all of each delivery: there are no columns to choose", Style(.secondary))
        }
        let sets = ColumnSet.allCases.map { set in
            let count = ExportColumn.sheetCount + columns(of: set).count
            let word =
                switch set {
                case .sheet: "the sheet's \(count)"
                case .shown: "with those shown, \(count)"
                case .all: "all \(count)"
                }
            return (word, set == columnSet)
        }
        return StyledLine(" columns ", Style(.secondary)) + choices(sets)
    }

    private func choices(_ choices: [(word: String, isChosen: Bool)]) -> StyledLine {
        choices.reduce(StyledLine()) { line, choice in
            line
                + StyledLine(
                    choice.isChosen ? "[\(choice.word)]" : " \(choice.word) ",
                    choice.isChosen ? Style(.accent, bold: true) : Style(.secondary))
        }
    }
}
