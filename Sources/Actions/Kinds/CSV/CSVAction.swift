internal import Export
internal import Files
internal import Foundation
internal import History
internal import Notifications
internal import Settings
internal import Synchronization

/// Appends a row for each event to a file: a sheet without a service.
final class CSVAction: Action {
    let settings: CSVSettings
    let now: @Sendable () -> Timestamp
    let note: CSVNote
    /// The columns that the latest batch of this process has filled.
    private let filled = Mutex<SheetHeader?>(nil)

    init(_ settings: CSVSettings, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.now = now
        note = CSVNote(beside: settings.path, of: settings.writer)
    }

    var summary: String { "rows in \(settings.path)" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.largestBatch = 500
        manner.gathering = .milliseconds(200)
        // The note is of one batch: that of another would take its place.
        manner.mostLanes = 1
        return manner
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        do throws(CSVProblem) {
            let began = now()
            let clock = ContinuousClock.now
            guard let file = try CSVFile.open(settings.path, creates: true) else { return ActionReport([]) }
            let layout = try CSVLayout(of: file, settings)
            let size = try file.size()
            let last = size > 0 ? try file.read(at: size - 1, 1).first : nil
            let warning = lossWarning(layout.header)
            let appended = CSVNote.Batch(
                number: batch, filled: layout.header.bits, offset: size, lead: layout.lead(behind: last),
                rows: items.map { CSVNote.Batch.Row(entry: $0.entry, bytes: layout.line($0)) })
            let bytes = appended.bytes
            try note.write(appended)
            try file.append(bytes)
            let exchange = OutboxExchange(
                startedAt: began, duration: Self.microseconds(ContinuousClock.now - clock), request: bytes,
                outcome: items.count == 1 ? "1 row appended" : "\(items.count) rows appended")
            filled.withLock { $0 = layout.header }
            return ActionReport(items.map { _ in .done }, exchange: exchange, warning: warning)
        } catch {
            return ActionReport(items.map { _ in Self.outcome(error) })
        }
    }

    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        do throws(CSVProblem) {
            guard let file = try CSVFile.open(settings.path, creates: false) else {
                return ActionReport(items.map { _ in Self.again })
            }
            let recovery = CSVRecovery(file: file)
            var finding = CSVRecovery.Finding.nothing
            var written: Set<Int64> = []
            switch note.answer(batch: batch) {
            case .notBegun: break
            case .began(let noted):
                finding = try recovery.find(noted)
                written = Set(noted.rows.prefix(finding.rows).map(\.entry))
            case .unknown:
                finding = try recovery.find(items, layouts: try layouts(of: file))
                written = Set(items.prefix(finding.rows).map(\.entry))
            }
            if let cut = finding.cut { try file.cut(to: cut) }
            return ActionReport(
                items.map { written.contains($0.entry) ? .done : Self.again },
                warning: finding.cut.map { "\(settings.path): half a row was cut off at byte \($0)" })
        } catch {
            return ActionReport(items.map { _ in .unknown(error.description, after: error.after) })
        }
    }

    /// Returns a warning where columns that the batch before has filled have no heading any more.
    private func lossWarning(_ header: SheetHeader) -> String? {
        let old = filled.withLock { $0 }
        var bits = old?.bits
        // A process before this one has noted what it has filled.
        if bits == nil, case .began(let noted) = note.latest() { bits = noted.filled }
        return bits.flatMap { header.lossWarning(since: $0, in: "the first line of \(settings.path)", old: old) }
    }

    /// As rows may have been written: by the header of the file, and by a fresh file's, of which only half may be there.
    private func layouts(of file: CSVFile) throws(CSVProblem) -> [CSVLayout] {
        let fresh = CSVLayout(settings)
        do throws(CSVProblem) {
            return [try CSVLayout(of: file, settings), fresh]
        } catch {
            guard !error.mayPass else { throw error }
            return [fresh]
        }
    }

    private static let again = ActionOutcome.again("b2watch ended before the row was written")

    private static func outcome(_ problem: CSVProblem) -> ActionOutcome {
        if problem.isUnsure { return .unknown(problem.description, after: problem.after) }
        return problem.isLasting
            ? .hold(problem.description) : .retry(problem.description, after: problem.after, scope: .action)
    }

    private static func microseconds(_ duration: Duration) -> Int {
        Int(duration / .microseconds(1))
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        var layout = CSVLayout(settings)
        var last: UInt8?
        if let file = try CSVFile.open(settings.path, creates: false) {
            layout = try CSVLayout(of: file, settings)
            if try file.size() > 0 { last = 0x0A }
        }
        return items.reduce(into: layout.lead(behind: last)) { $0 += layout.line($1) }
    }

    func test(_ item: ActionItem) throws -> String {
        try check()
        if let file = try CSVFile.open(settings.path, creates: false) {
            let layout = try CSVLayout(of: file, settings)
            if try file.size() > 0 {
                return "\(settings.path) can be written; \(layout.header.summary(settings.options))"
            }
        }
        let headers = CSVLayout(settings).header.texts
        return "\(settings.path) will be made with the headers \(headers.joined(separator: ", "))"
    }

    /// Looks at the folder before the file.
    private func check() throws(CSVProblem) {
        if access(settings.path, F_OK) != 0, access(PathParts(settings.path).folder, W_OK | X_OK) != 0 {
            throw CSVProblem(settings.path, opening: errno)
        }
        try note.check()
    }
}

/// What the kind `csv` is told.
struct CSVSettings: Sendable {
    var path: String
    /// Which action of which configuration it is.
    var writer: String
    var options = SheetOptions()
    /// Whether what a spreadsheet would take for a formula stays as it is.
    var isVerbatim = false
    var separator = CSVSeparator.comma
    /// Whether a comma separates the decimals of a number, not a dot.
    var hasDecimalComma = false
    /// Whether a new file begins with a byte-order mark, by which some programs know UTF-8.
    var hasByteOrderMark = false
}

/// The character between two cells of a line.
enum CSVSeparator: String, Sendable, Hashable, CaseIterable {
    case comma, semicolon, tab

    var byte: UInt8 {
        switch self {
        case .comma: CSVRecord.comma
        case .semicolon: CSVRecord.semicolon
        case .tab: CSVRecord.tab
        }
    }

    /// Several of them, in words.
    var words: String { "\(rawValue)s" }
    /// As a person reads it in a sentence.
    var shown: String {
        switch self {
        case .comma: ","
        case .semicolon: ";"
        case .tab: "<tab>"
        }
    }
}

extension ActionKind {
    /// Rows in a file.
    static let csv = ActionKind("csv") { reading, surroundings in
        let count = reading.problems.count
        let file = reading.path("file", expected: "the path of the file that the rows go to, such as events.csv")
        let options = SheetOptions(&reading)
        let isVerbatim = reading.truth("verbatim") ?? false
        let separator = reading.choice(
            "separator", of: ["comma": CSVSeparator.comma, "semicolon": .semicolon, "tab": .tab],
            or: [",": .comma, ";": .semicolon, "\t": .tab, "\\t": .tab])
        let hasDecimalComma = reading.choice(
            "decimal-separator", of: ["dot": false, "comma": true], or: [".": false, ",": true])
        let hasByteOrderMark = reading.truth("bom") ?? false
        guard let file, reading.problems.count == count else { return nil }
        let settings = CSVSettings(
            path: file.value, writer: "\(reading.folder)\n\(reading.name)", options: options, isVerbatim: isVerbatim,
            separator: separator ?? .comma, hasDecimalComma: hasDecimalComma ?? false,
            hasByteOrderMark: hasByteOrderMark)
        return CSVAction(settings, now: surroundings.now)
    }
}
