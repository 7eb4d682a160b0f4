import ArgumentParser
import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Synchronization

/// Writes recorded deliveries, or those that match a filter, in a format for other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes recorded events as a table, JSON Lines or curl commands.",
        discussion: """
            Reads the history beside a b2watch that records into it, up to the newest event at the start, and changes \
            nothing in it. Rows come in the order of arrival.

            A table has a line for each event, and none for requests without a readable one; jsonl and curl have those \
            too. Its columns are exactly these: \(SheetRow.headers.joined(separator: ", ")). Those that can be added with \
            --columns: \(ExportColumn.names).

            The filter language is that of the dashboard, with regular expressions: docs/filter.md.

            Of a damaged history it writes every row that can be read, and then says so. Where nothing matches, standard error \
            says so, and how many events each term of the filter matches alone.

            Exit status: 0 written, also where nothing matched; 1 not written; 4 the history cannot be read, or only in \
            part; 64 usage. \
            What ends it by a signal leaves no file behind.
            """)

    @Option(help: "\(ExportFormat.all.map { "\($0.name): \($0.meaning)" }.joined(separator: "; ")).")
    var format = ExportFormatName.csv

    @Option(
        parsing: .unconditional,
        help: "Only events that the filter lets through; of jsonl and curl, deliveries with such an event.")
    var filter = ""

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write, 0600; without it, or with -, standard output.",
            discussion: """
                It appears when it is whole: what fails leaves none. A file that is there is replaced then, and not \
                before.
                """, valueName: "file"))
    var output: String?

    @OptionGroup var history: HistoryOption

    @OptionGroup var shared: SharedOption

    @Option(
        help: ArgumentHelp(
            "Columns to add behind the five of a table, by name, with commas between them.", valueName: "names"))
    var columns: String?

    @Option(
        help: """
            How times are written: rfc3339, in UTC; epoch, in milliseconds since 1970; or date, as \
            2026-01-01 10:11:12.345, which spreadsheets take for a date, in UTC.
            """)
    var timestamps = TimestampFormName.rfc3339

    @Flag(
        help: """
            Write text as it is, also what a spreadsheet would take for a formula. Without it, = + - @ at the start of a \
            text, or behind a comma, semicolon, tab or newline in it, gets an apostrophe before it; so does a tab or a \
            return at the start.
            """)
    var verbatim = false

    @Flag(help: "Write what may be secret in header values and URLs too: in curl commands, and in the column path.")
    var unmasked = false

    @Flag(help: "Read times in the filter that name no zone as UTC, not as local ones.")
    var utc = false

    func validate() throws {
        _ = try options
        if columns != nil, !format.format.hasColumns {
            throw ValidationError("--columns is for tables: give --format csv or tsv, or leave it out")
        }
        if verbatim, !format.format.hasColumns {
            throw ValidationError("--verbatim is for tables: give --format csv or tsv, or leave it out")
        }
        if unmasked, format.format.name == ExportFormat.jsonl.name {
            throw ValidationError(
                "--unmasked is for curl commands and tables: jsonl has every value as it was received")
        }
        if output?.isEmpty == true { throw ValidationError("--output wants a file's path") }
    }

    func run() throws {
        Signals.block()
        let diagnostics = Diagnostics()
        try StartFailure.explained(by: diagnostics) {
            let filter = try FilterArgument(filter, isUTC: utc, allowsRegularExpressions: true).parsed()
            let path = try shared.place(history)?.refresh(diagnostics) ?? history.path
            let readable = try ReadableHistory(path)
            defer { readable.close() }
            let run = try ExportRun(to: outputFile, reading: readable, diagnostics)
            try run.write(filter, by: format.format.writer(try options))
            if let damage = readable.damage { throw damage }
        }
    }

    /// The file to write; nil for standard output under any name. A file to which the shell has redirected standard
    /// output may be appended to, so it must not be replaced.
    private var outputFile: String? {
        output.flatMap { ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains($0) ? nil : $0 }
    }

    private var options: ExportOptions {
        get throws {
            var options = ExportOptions(
                timestamps: timestamps.form, isVerbatim: verbatim, masking: unmasked ? .asReceived : .masked)
            guard let columns else { return options }
            do throws(ExportColumnError) {
                options.columns = try ExportColumn.columns(columns)
            } catch {
                throw ValidationError("--columns: \(error)")
            }
            return options
        }
    }
}

/// The argument of `--format`.
struct ExportFormatName: ExpressibleByArgument, Sendable {
    let format: ExportFormat

    static let csv = ExportFormatName(format: .csv)

    init(format: ExportFormat) {
        self.format = format
    }

    init?(argument: String) {
        guard let format = ExportFormat.named(argument) else { return nil }
        self.format = format
    }

    var defaultValueDescription: String { format.name }
    static var allValueStrings: [String] { ExportFormat.all.map(\.name) }
}

/// The argument of `--timestamps`.
enum TimestampFormName: String, ExpressibleByArgument, CaseIterable, Sendable {
    case rfc3339
    case epoch
    case date

    var form: SheetRow.TimestampForm {
        switch self {
        case .rfc3339: .rfc3339
        case .epoch: .epochMilliseconds
        case .date: .date
        }
    }
}

// MARK: - Exporting

/// An export on its way to a file or to standard output, and its cleanup if it cannot continue.
final class ExportRun: Sendable {
    private let file: WholeFile?
    private let history: ReadableHistory
    private let diagnostics: Diagnostics
    private let progress: ProgressLine

    /// Creates the file, and from now on removes it if a signal ends the process. The signals are blocked.
    ///
    /// - Parameter path: Nil for standard output.
    /// - Throws: `WholeFileError`, or `OutputIsHistory`.
    init(to path: String?, reading history: ReadableHistory, _ diagnostics: Diagnostics) throws {
        if let path, Self.isPart(path, of: history) { throw OutputIsHistory(path: path) }
        let file = try path.map { try WholeFile($0) }
        // A bar amid the rows themselves would spoil both.
        let progress = ProgressLine(isShown: file != nil || isatty(STDOUT_FILENO) == 0)
        (self.file, self.history, self.diagnostics, self.progress) = (file, history, diagnostics, progress)
        // The writing thread is not asked to stop: the reader of a pipe may never read the rest.
        Signals.follow { number in
            file?.abandon()
            history.removeCopy()
            progress.clear()
            Signals.end(by: number)
        }
    }

    /// Writes all that matches.
    ///
    /// - Throws: An `ExitCode`, after the reason has been printed, or the history's error.
    func write(_ filter: Filter, by writer: any ExportWriter) throws {
        let isForTerminal = file == nil && isatty(STDOUT_FILENO) == 1
        let export = Export(
            .matching(filter.predicate, through: history.latestRow), by: writer, isForTerminal: isForTerminal)
        let output = ByteOutput(descriptor: STDOUT_FILENO)
        do {
            let result = try export.run(
                reading: history.reader, progress: { progress.show($0) },
                onDamage: { [history, progress] in
                    try history.recover { progress.show("reading around the damage: \(Int($0 * 100)) %") }
                }
            ) { bytes in
                if let file { try file.write(bytes) } else { try output.write(bytes) }
            }
            try file?.finish()
            progress.clear()
            // A person sees the result; a script reads the exit status.
            if isatty(STDERR_FILENO) == 1, !isForTerminal { report(result) }
            if result.written == 0, result.leftOut == 0 || isatty(STDERR_FILENO) != 1 {
                reportNothing(filter, leftOut: result.leftOut)
            }
        } catch {
            file?.discard()
            progress.clear()
            switch error {
            case let error as OutputFailure where error.isClosedPipe: Signals.end(by: SIGPIPE)
            case let error as WholeFileError where error.isClosedPipe: Signals.end(by: SIGPIPE)
            case let error as OutputFailure:
                diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
                diagnostics.flush()
                throw ExitStatus.failed
            default: throw error
            }
        }
    }

    /// Reports that nothing was written. This is not an error, but appears in a script's log too.
    private func reportNothing(_ filter: Filter, leftOut: Int) {
        if leftOut > 0 {
            let requests = leftOut == 1 ? "a request" : "\(leftOut) requests"
            diagnostics.say("b2watch: only \(requests) without a readable event matched: --format jsonl has them")
        } else {
            let sentence = NothingMatched.sentence(filter, history.reader, through: history.latestRow)
            diagnostics.say("b2watch: \(sentence)")
        }
        diagnostics.flush()
    }

    private func report(_ result: ExportProgress) {
        if let file { diagnostics.say("\(result.unit.counted(result.written)) written to \(file.path)") }
        if result.leftOut > 0 {
            let requests = result.leftOut == 1 ? "1 request" : "\(result.leftOut) requests"
            diagnostics.say("\(requests) without a readable event left out: --format jsonl has them")
        }
        diagnostics.flush()
    }

    /// Returns whether a file would replace the history, or a file that belongs to it.
    private static func isPart(_ path: String, of history: ReadableHistory) -> Bool {
        let place = WholeFile.resolved(path)
        return ["", "-wal", "-shm", "-journal", ".lock"].contains { place == history.path + $0 }
    }
}

/// The output file is the history itself.
struct OutputIsHistory: Error, CustomStringConvertible {
    let path: String

    var description: String { "--output \(path) is the history itself: give another file" }
}

// MARK: - Progress

/// A bar on standard error while work takes longer than a second, if a person sees it.
final class ProgressLine: Sendable {
    private struct State {
        var next: ContinuousClock.Instant
        /// The current width of the bar.
        var width = 0
        var isOver = false
    }

    private static let delay = Duration.seconds(1)
    private static let pause = Duration.milliseconds(100)

    private let isShown: Bool
    private let state: Mutex<State>

    /// - Parameter isShown: False to show nothing; otherwise the bar is shown if standard error is a terminal.
    init(isShown: Bool) {
        self.isShown = isShown && isatty(STDERR_FILENO) == 1
        state = Mutex(State(next: .now + Self.delay))
    }

    /// Shows the progress, if it is time to.
    func show(_ progress: ExportProgress) {
        show(progress.bar(columns: Self.columns))
    }

    /// Shows a text in ASCII, if it is time to.
    func show(_ text: String) {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard now >= state.next, !state.isOver else { return }
            state.next = now + Self.pause
            // A line that wraps could not be erased.
            let text = String(text.prefix(Self.columns))
            Self.write("\r" + text + String(repeating: " ", count: max(0, state.width - text.utf8.count)))
            state.width = text.utf8.count
        }
    }

    /// Erases the bar.
    func clear() {
        state.withLock { state in
            if state.width > 0 { Self.write("\r" + String(repeating: " ", count: state.width) + "\r") }
            state.width = 0
        }
    }

    /// Leaves the line as it is, because a signal ends the process: nothing more is shown, and further words begin a
    /// new line.
    func leave() {
        state.withLock { state in
            if !state.isOver, isatty(STDERR_FILENO) == 1 { Self.write("\n") }
            (state.isOver, state.width) = (true, 0)
        }
    }

    /// The width that a line may have without wrapping.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 79 }
        return Int(size.ws_col) - 1
    }

    private static func write(_ text: String) {
        var text = text
        // If standard error cannot be written, nobody sees the bar.
        _ = text.withUTF8 { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

// MARK: - Nothing matched

/// The message if nothing recorded matches a filter: the number of matches of each term alone.
enum NothingMatched {
    /// The terms that are counted, at most.
    private static let most = 10

    /// Returns the sentence, such as `nothing matches type:copy size>1MB; alone, type:copy matches 0, size>1MB matches 12, of
    /// 40 recorded`. Reads the history.
    static func sentence(_ filter: Filter, _ reader: HistoryReader, through latest: Int64) -> String {
        guard latest > 0 else { return "nothing is recorded yet" }
        let start = "nothing matches \(SafeText(filter.text).clipped(to: 200))"
        guard filter.parts.count > 1 else { return "\(start), of \(latest) recorded" }
        var counts: [String] = []
        for part in filter.parts.prefix(most) {
            let found = try? RowCount(reader, part.predicate).count(in: 1...latest) { false }
            guard let count = found else { return start }
            counts.append("\(SafeText(part.text).clipped(to: 60)) matches \(count)")
        }
        let rest = filter.parts.count > most ? ", …" : ""
        return "\(start); alone, \(counts.joined(separator: ", "))\(rest), of \(latest) recorded"
    }
}
