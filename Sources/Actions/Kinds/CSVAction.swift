internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
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
        // An earlier process has noted the columns that it filled.
        if bits == nil, case .began(let noted) = note.latest() { bits = noted.filled }
        return bits.flatMap { header.lossWarning(since: $0, in: "the first line of \(settings.path)", old: old) }
    }

    /// Returns the layouts that existing rows may have: the layout of the file's header, and the layout of a new file
    /// with a header that may be incomplete.
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

/// The settings of the kind `csv`.
struct CSVSettings: Sendable {
    var path: String
    /// The identity of the action and its configuration.
    var writer: String
    var options = SheetOptions()
    /// Whether texts that a spreadsheet would read as a formula stay unchanged.
    var isVerbatim = false
    var separator = CSVSeparator.comma
    /// Whether a comma separates the decimals of a number, not a dot.
    var hasDecimalComma = false
    /// Whether a new file begins with a byte-order mark, by which some programs recognise UTF-8.
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

// MARK: - Problems

/// The reason why nothing can be appended to a file, in a sentence.
struct CSVProblem: Error, CustomStringConvertible {
    let description: String
    /// Whether it may work later without anybody changing the settings.
    let mayPass: Bool
    /// Whether it lasts until a person changes something.
    var isLasting = true
    let after: Duration?
    /// Whether part of the appended bytes may be in the file.
    var isUnsure = false

    init(_ path: String, _ text: String, mayPass: Bool, after: Duration? = nil) {
        description = "\(path) \(text)"
        self.mayPass = mayPass
        self.after = after
        isLasting = after == nil
    }

    init(_ path: String, opening code: Int32, isLink: Bool = false) {
        switch code {
        case ENOENT where isLink, ENOTDIR where isLink:
            self.init(
                path, "cannot be made: it is a link to a file in a folder that is missing; make that folder",
                mayPass: true)
        case ENOENT, ENOTDIR: self.init(path, "cannot be made: its folder is missing; make the folder", mayPass: true)
        case EISDIR: self.init(path, "is a folder: name a file for the rows", mayPass: false)
        // A pipe without a reader, or a socket.
        case ENXIO: self.init(path, "is not a regular file: name a file for the rows", mayPass: false)
        case EACCES, EPERM, EROFS:
            self.init(
                path, "cannot be written (\(Self.words(code))): let b2watch's user read and write it", mayPass: true)
        default:
            self.init(path, "cannot be opened: \(Self.words(code))", mayPass: true)
            isLasting = false
        }
    }

    init(_ path: String, writing code: Int32) {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(
                path, "cannot grow (\(Self.words(code))): make room; no half row was left, and b2watch tries again",
                mayPass: true)
        default:
            self.init(path, "cannot be written: \(Self.words(code))", mayPass: true)
            isLasting = false
        }
    }

    /// Creates the problem that the note of a file cannot be written.
    init(noting path: String, _ code: Int32) {
        self.init(
            path,
            "cannot be written (\(Self.words(code))): b2watch notes there what it appends; make room, and let its user"
                + " write into that folder", mayPass: true)
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

// MARK: - Recovery

/// Finds out how much of a batch a process has written before it ended.
struct CSVRecovery {
    /// The distance, in bytes, from the end of the file within which rows are searched.
    static let reach = 1 << 20

    let file: CSVFile

    /// The rows of a batch that were found.
    struct Finding: Hashable {
        /// The number of its rows in the file, from the first.
        var rows: Int
        /// The offset at which the file must be cut, because part of a row of this batch follows.
        var cut: Int64?

        static let nothing = Finding(rows: 0)
        var isNothing: Bool { self == .nothing }
    }

    /// Looks for the rows that were noted before the batch was written.
    func find(_ noted: CSVNote.Batch) throws(CSVProblem) -> Finding {
        let size = try file.size()
        guard noted.offset != size else { return .nothing }
        let lines = noted.rows.map(\.bytes)
        if noted.offset < size {
            let finding = try walk([noted.lead] + lines, from: noted.offset, size: size)
            if !finding.isNothing { return finding }
        }
        // The bytes before the rows were changed by somebody else.
        return try search(lines, behind: noted.offset == 0 ? noted.lead : [], size: size)
    }

    /// Looks for the rows of items without a note.
    ///
    /// - Parameter layouts: As they may have been written.
    func find(_ items: [ActionItem], layouts: [CSVLayout]) throws(CSVProblem) -> Finding {
        let size = try file.size()
        for layout in layouts.flatMap(\.variants) {
            let finding = try search(items.map(layout.line), behind: layout.headerLine, size: size)
            if !finding.isNothing { return finding }
        }
        return .nothing
    }

    /// Compares the bytes at an offset with those that should have been written there.
    ///
    /// - Parameter pieces: The bytes before the rows, which may be empty, and then the rows.
    private func walk(_ pieces: [[UInt8]], from offset: Int64, size: Int64) throws(CSVProblem) -> Finding {
        let length = pieces.reduce(0) { $0 + $1.count }
        let bytes = try file.read(at: offset, length)
        let isEnd = offset + Int64(bytes.count) == size
        var index = 0
        for (number, piece) in pieces.enumerated() {
            let rest = bytes[index...]
            if rest.starts(with: piece) {
                index += piece.count
                continue
            }
            // After a loss of power, pages that were not written yet are zeros.
            let written = rest.prefix(rest.count - rest.reversed().prefix { $0 == 0 }.count)
            let isTorn =
                isEnd && !rest.isEmpty && written.count < piece.count && piece.starts(with: written)
            return Finding(rows: max(0, number - 1), cut: isTorn ? offset + Int64(index) : nil)
        }
        return Finding(rows: pieces.count - 1)
    }

    /// Looks for rows near the end of the file when their start is unknown.
    ///
    /// - Parameter header: The bytes before them if they are the first rows of the file; else empty.
    private func search(_ lines: [[UInt8]], behind header: [UInt8], size: Int64) throws(CSVProblem) -> Finding {
        guard let first = lines.first else { return .nothing }
        let start = max(0, size - Int64(Self.reach + lines.reduce(0) { $0 + $1.count }))
        let bytes = try file.read(at: start, Int(size - start))
        if start == 0, !header.isEmpty {
            let finding = try walk([header] + lines, from: 0, size: size)
            if finding.rows > 0 || finding.cut != nil { return finding }
        }
        // The last place with the most of them.
        var best = Finding.nothing
        var end = bytes.count
        while end >= first.count, let place = Self.last(first, in: bytes[..<end]) {
            let finding = try walk([[]] + lines, from: start + Int64(place), size: size)
            if finding.rows > best.rows { best = finding }
            if best.rows == lines.count { break }
            end = place + first.count - 1
        }
        if !best.isNothing { return best }
        // An incomplete first row: the bytes after the last newline, provided that the row itself contains no newlines.
        for length in stride(from: first.count - 1, to: 0, by: -1) where bytes.count >= length {
            let place = bytes.count - length
            let isLine = place == 0 ? start == 0 : bytes[place - 1] == 0x0A
            if isLine, bytes[place...].elementsEqual(first[..<length]) {
                return Finding(rows: 0, cut: start + Int64(place))
            }
        }
        return .nothing
    }

    /// Returns the last place of a piece that begins a line.
    private static func last(_ piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var place = bytes.endIndex - piece.count
        while place >= bytes.startIndex {
            if place == bytes.startIndex || bytes[place - 1] == 0x0A, bytes[place...].starts(with: piece) {
                return place
            }
            place -= 1
        }
        return nil
    }
}
