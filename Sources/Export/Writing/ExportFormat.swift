/// The formats that rows can be written in: the one table that the command, its help and the screen use.
public struct ExportFormat: Sendable {
    /// Such as `csv`: what is typed, and the usual ending of a file.
    public let name: String
    /// A phrase for lists.
    public let meaning: String
    /// Whether it has columns that can be chosen.
    public let hasColumns: Bool
    /// Makes its writer.
    public let writer: @Sendable (ExportOptions) -> any ExportWriter

    public static let csv = ExportFormat(
        name: "csv", meaning: "a table for spreadsheets (RFC 4180), a line an event", hasColumns: true
    ) { CSVWriter($0) }

    public static let tsv = ExportFormat(
        name: "tsv", meaning: "the same with tabs between cells, and quotes around a cell with a tab or newline in it",
        hasColumns: true
    ) { TSVWriter($0) }

    public static let jsonl = ExportFormat(
        name: "jsonl", meaning: "a line of JSON a delivery, as listen --format json writes it", hasColumns: false
    ) { _ in JSONLinesWriter() }

    public static let curl = ExportFormat(
        name: "curl", meaning: "a shell script that sends each delivery again", hasColumns: false
    ) { CurlWriter($0) }

    public static let all = [csv, tsv, jsonl, curl]

    /// The format of this name, if there is one.
    public static func named(_ name: String) -> ExportFormat? { all.first { $0.name == name } }
}
