import Export
import History
import Notifications

/// Rows to write to a file.
struct ExportRequest: Sendable, Hashable {
    /// Which rows.
    enum Rows: Sendable, Hashable {
        /// All that match, up to the one with this id.
        case matching(RowPredicate, through: Int64)
        case chosen([Int64])
    }

    var rows: Rows
    /// The format's name.
    var format: String
    var path: String
    var timestamps: SheetRow.TimestampForm
    /// The names of the columns behind those of the sheet.
    var columns: [String] = []
    /// Whether a file that is there may be replaced.
    var mayReplace = false
}

/// What became of an export.
enum ExportOutcome: Sendable {
    case written(ExportProgress, path: String)
    /// A file is there; the user is to be asked.
    case exists(ExportRequest)
    case cancelled
}

/// Why a file is not written, in a sentence.
struct ExportRefusal: Error, CustomStringConvertible {
    let description: String
}
