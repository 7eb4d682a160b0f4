import Base
import Foundation
import History
import Notifications
import Sending
import Synchronization
import Terminal

/// The line for the name of the export file, with the choice of its format and columns.
struct ExportPrompt: Prompt {
    /// The sets of columns that can follow the sheet's five.
    enum ColumnSet: CaseIterable {
        case sheet, shown, all
    }

    private(set) var editor: LineEditor
    private var index = 0
    private var columnSet = ColumnSet.sheet
    /// The names of the columns that the list shows in addition to the sheet's five, as exports name them.
    private let shown: [String]
    let rows: ExportRequest.Rows
    /// The number of rows to export, in words.
    let words: String

    init(_ rows: ExportRequest.Rows, _ words: String, shown: [String], day: String) {
        (self.rows, self.words) = (rows, words)
        self.shown = ExportColumn.all.map(\.name).filter(shown.contains)
        editor = LineEditor("b2watch-\(day).\(ExportFormat.all[0].name)")
    }

    var format: ExportFormat { ExportFormat.all[index] }

    /// The names of the columns after the sheet's five.
    var columns: [String] { columns(of: columnSet) }

    private func columns(of set: ColumnSet) -> [String] {
        switch set {
        case .sheet: []
        case .shown: shown
        case .all: ExportColumn.all.map(\.name)
        }
    }

    var context: BindingContext { .exporting }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        _ = editor.update(.key(key))
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) { editor.insert(text) }

    /// Chooses another format. Changes the file's extension too if it was that of the previous format.
    mutating func changeFormat(by distance: Int) {
        let before = ".\(format.name)"
        index = (index + distance + ExportFormat.all.count) % ExportFormat.all.count
        guard editor.text.hasSuffix(before) else { return }
        editor = LineEditor(editor.text.dropLast(before.count) + ".\(format.name)")
    }

    /// Chooses another set of columns.
    mutating func changeColumns(by distance: Int) {
        let all = ColumnSet.allCases
        guard format.hasColumns, let index = all.firstIndex(of: columnSet) else { return }
        columnSet = all[(index + distance + all.count) % all.count]
    }

    func height(_ model: DashboardModel, columns: Int) -> Int { 3 }

    /// Draws the line and the choices below it, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
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

// MARK: - Requests

/// A request to write rows to a file.
struct ExportRequest: Sendable, Hashable {
    /// The rows to write.
    enum Rows: Sendable, Hashable {
        /// All matching rows, up to the one with this id.
        case matching(RowPredicate, through: Int64)
        case chosen([Int64])
    }

    var rows: Rows
    /// The name of the format.
    var format: String
    var path: String
    var timestamps: SheetRow.TimestampForm
    /// The names of the columns after those of the sheet.
    var columns: [String] = []
    /// Whether an existing file may be replaced.
    var mayReplace = false
}

/// The outcome of an export, or its progress.
enum ExportOutcome: Sendable {
    /// The progress so far.
    case moved(ExportProgress)
    case written(ExportProgress, path: String)
    /// The file exists, so the user must be asked.
    case exists(ExportRequest)
    case cancelled
}

/// The reason why a file is not written, as a sentence.
struct ExportRefusal: Error, CustomStringConvertible {
    let description: String
}

// MARK: - The export

/// The writer of exports, one file at a time.
final class Exporter: Sendable {
    /// The time between two reports of progress.
    private static let pause = Duration.milliseconds(100)

    private let reader: HistoryReader
    /// The file that is being written, which the end of the program may have to remove.
    private let file = Mutex<WholeFile?>(nil)

    init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Removes an incomplete file when the program ends, perhaps before the writer notices.
    func end() { file.withLock { $0 }?.abandon() }

    /// Writes a file. If the export is cancelled, it leaves no file behind. Blocks.
    ///
    /// - Throws: Errors whose text is a sentence.
    func export(_ request: ExportRequest, _ asking: Asking<ExportOutcome>) throws -> ExportOutcome {
        let path = Self.expanded(request.path)
        if let refusal = Self.refusal(path) { throw ExportRefusal(description: refusal) }
        var status = stat()
        if !request.mayReplace, stat(path, &status) == 0 { return .exists(request) }
        let format = ExportFormat.named(request.format) ?? .csv
        let selection: Export.Selection =
            switch request.rows {
            case .matching(let predicate, let last): .matching(predicate, through: last)
            case .chosen(let ids): .rows(ids)
            }
        let columns = ExportColumn.all.filter { request.columns.contains($0.name) }
        let options = ExportOptions(columns: columns, timestamps: request.timestamps)
        let export = Export(selection, by: format.writer(options))
        guard let file = try begin(path, asking) else { return .cancelled }
        defer { self.file.withLock { $0 = nil } }
        do {
            var next = ContinuousClock.now + Self.pause
            let result = try export.run(
                reading: reader, isCancelled: { asking.isCancelled },
                progress: {
                    guard ContinuousClock.now >= next else { return }
                    next = .now + Self.pause
                    asking.report(.moved($0))
                }, write: { try file.write($0) })
            try file.finish(unless: { asking.isCancelled })
            // The full path, because the user need not know where b2watch was started.
            return .written(result, path: WholeFile.resolved(path))
        } catch {
            file.discard()
            guard !asking.isCancelled else { return .cancelled }
            throw error
        }
    }

    /// Creates the file unless the export is cancelled. The lock ensures that `end()` either runs before this or sees
    /// the file.
    private func begin(_ path: String, _ asking: Asking<ExportOutcome>) throws -> WholeFile? {
        try file.withLock { file in
            guard !asking.isCancelled else { return nil }
            let new = try WholeFile(path)
            file = new
            return new
        }
    }

    /// Returns the path with `~/` replaced by the HOME of the environment, as for all other files of b2watch.
    private static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"], home.hasPrefix("/") else {
            return path
        }
        return home + path.dropFirst()
    }

    /// Returns the reason why a file must not be overwritten: it is the history or another database.
    private static func refusal(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let other = "\(path) is not a regular file: give another name"
        // Opening a pipe would block until it has a writer, even a pipe that has just replaced the file.
        guard status.st_mode & S_IFMT == S_IFREG else { return other }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return other }
        let isDatabase = (try? handle.read(upToCount: 15)) == Data("SQLite format 3".utf8)
        let isPart = ["-wal", "-shm", "-journal", ".lock"].contains { path.hasSuffix($0) }
        return isDatabase || isPart ? "\(path) is a database, or a part of one: give another name" : nil
    }
}

// MARK: - Exporting

extension BindingContext {
    static let exporting: BindingContext = .init(
        "exporting", title: "Naming the file of an export", with: [.everywhere], takesText: true,
        occasion: "while the file of an export is named", begin: .export)
}

extension Command {
    static let export = Command(
        "export", "x", in: .browsing, "export the rows listed, or those selected, to a file",
        plain: .hint(
            "export FORMAT FILE",
            PlainWord(
                "export", syntax: "[\(ExportFormat.all.map(\.name).joined(separator: "|"))] FILE",
                "writes the events selected, or else all that are listed, to a file; its ending names the format too"
            ) { $0.export($1) }), unavailable: ExportPrompt.cannotExport
    ) { $0.openExport() }

    /// The command that exports, and those of the line for the file's name.
    static let ofExport: [Command] = [
        export,
        Command(
            "write-file", .enter, in: .exporting, "write the file", footer: .narrow("write"),
            plain: .hint("export FORMAT FILE")
        ) { $0.submitExport() },
        Command("next-format", .tab, in: .exporting, "another format", footer: .narrow("format")) { model in
            model[ExportPrompt.self]?.changeFormat(by: 1)
        },
        Command("previous-format", .backTab, in: .exporting, "the previous format") { model in
            model[ExportPrompt.self]?.changeFormat(by: -1)
        },
        Command(
            "next-column-set", .down, in: .exporting, "other columns: those shown here too, or all",
            footer: .narrow("columns"), unavailable: ExportPrompt.hasNoColumns
        ) { model in model[ExportPrompt.self]?.changeColumns(by: 1) },
        Command(
            "previous-column-set", .up, in: .exporting, "the previous columns", unavailable: ExportPrompt.hasNoColumns
        ) { model in model[ExportPrompt.self]?.changeColumns(by: -1) },
        .leavePrompt.also(in: .exporting, "leave, and write nothing", footer: .narrow("leave")),
    ]
}

extension ExportPrompt {
    fileprivate static let cannotExport: @Sendable (DashboardModel) -> String? = { model in
        if model.session.exporting != nil {
            return "An export is running: \(model.bindings.name(of: .cancelJudging)) cancels it."
        }
        guard model.events.rows.selectedRow == nil else { return nil }
        let key = model.bindings.name(of: .goBack)
        return model.filter.isRestricting
            ? "No row matches the filter, so nothing can be exported: \(key) clears it." : "No row to export."
    }

    fileprivate static let hasNoColumns: @Sendable (DashboardModel) -> String? = { model in
        guard let prompt = model[ExportPrompt.self], !prompt.format.hasColumns else { return nil }
        return "\(prompt.format.name) has no columns: it contains each delivery completely."
    }
}

extension DashboardModel {
    fileprivate mutating func openExport() {
        let day = session.clock.time(session.wallTime)?.date ?? ""
        let (rows, words) = exported
        let shown = (view == .table ? events.sheetTable : events.eventTable).columns.compactMap(\.exported)
        self[ExportPrompt.self] = ExportPrompt(rows, words, shown: shown, day: "\(day)")
    }

    /// The selected rows, or all listed rows if none are selected.
    var exported: (ExportRequest.Rows, words: String) {
        if let selectedRows { return selectedRows }
        let count =
            events.listing.query.isPlain
            ? shown.rows : events.listing.isRunning ? nil : events.listing.progress?.matched
        let words = count.map { Wording.count($0, "row", "rows") } ?? "all rows that are found"
        return (.matching(events.listing.query.predicate, through: shown.latestRow), words)
    }

    /// The selected rows, to be read off the screen's thread; nil if none are selected.
    var selectedRows: (ExportRequest.Rows, words: String)? {
        guard !events.selection.isEmpty, let actsOn else { return nil }
        switch actsOn {
        case .current: return nil
        case .chosen(let ids): return (.chosen(ids.sorted()), Wording.count(ids.count, "row selected", "rows selected"))
        case .all(_, let latest, _, _):
            let words = actsOn.count.map { Wording.count($0, "row selected", "rows selected") } ?? "all rows selected"
            return (.matching(actsOn.query.predicate, through: latest), words)
        }
    }

    fileprivate mutating func submitExport() {
        guard let prompt = self[ExportPrompt.self] else { return }
        guard !prompt.editor.text.allSatisfy(\.isWhitespace) else {
            return session.tell("The file has no name yet.", .notice)
        }
        self[ExportPrompt.self] = nil
        write(
            ExportRequest(
                rows: prompt.rows, format: prompt.format.name, path: prompt.editor.text, timestamps: table.timestamps,
                columns: prompt.format.hasColumns ? prompt.columns : []))
    }

    private static let export = "export"

    mutating func write(_ request: ExportRequest) {
        session.exporting = "Exporting… \(bindings.name(of: .cancelJudging)) cancels"
        ask(Self.export, on: .export) { outside, asking in
            try outside.export(request, asking)
        } then: {
            $0.apply($1)
        }
    }

    mutating func cancelExport() { context.questions.cancel(Self.export) }

    private mutating func apply(_ result: Result<ExportOutcome, EffectFailure>) {
        session.exporting = nil
        switch result {
        case .success(.moved(let progress)):
            let done = "\(progress.percent) %, \(progress.unit.counted(progress.written))"
            session.exporting = "Exporting: \(done) … \(bindings.name(of: .cancelJudging)) cancels"
        case .success(.written(let result, let path)):
            var text: SafeText = "\(result.unit.counted(result.written)) written to \(path)."
            if result.written == 0, result.leftOut == 0 {
                session.tell("Nothing matched: \(path) has no event.", .notice)
                break
            }
            if result.leftOut > 0 {
                text =
                    text + " \(Wording.count(result.leftOut, "request", "requests")) without a readable event left out."
            }
            session.tell(text, .good)
        case .success(.exists(let request)): question = .replace(request)
        case .success(.cancelled): session.tell("The export was cancelled: no file was written.", .notice)
        case .failure(let failure): session.tell("\(failure.sentence).", .bad)
        }
    }
}
