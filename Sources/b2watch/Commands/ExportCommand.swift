import ArgumentParser
import Browsing
import Export
import History
import Notifications
import Settings

/// Writes what is recorded, or the part of it that a filter lets through, in a format for other programs.
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

    @Option(help: "Only events that the filter lets through; of jsonl and curl, deliveries with such an event.")
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

    @Option(
        help: ArgumentHelp(
            "The history to read.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var history: String?

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
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
        if output?.isEmpty == true { throw ValidationError("--output wants a file's path") }
    }

    func run() throws {
        Signals.hold()
        let diagnostics = Diagnostics()
        try StartFailure.explained(by: diagnostics) {
            let filter = try FilterArgument(filter, isUTC: utc, allowsRegularExpressions: true).parsed()
            let readable = try ReadableHistory(try history ?? ProcessEnvironment.places.history)
            defer { readable.close() }
            let run = try ExportRun(to: outputFile, reading: readable, diagnostics)
            try run.write(filter, by: format.format.writer(try options))
            if let damage = readable.damage { throw damage }
        }
    }

    /// Nil for standard output, by whichever name: a file that it was sent to, perhaps to be added to, is the shell's and
    /// not to be put another in place of.
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

/// What `--format` takes.
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

/// What `--timestamps` takes.
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
