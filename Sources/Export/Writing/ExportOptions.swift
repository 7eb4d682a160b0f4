public import Notifications

/// How a format is to be written; each takes of it what it knows.
public struct ExportOptions: Sendable {
    /// Columns behind those of the sheet.
    public var columns: [ExportColumn]
    public var timestamps: SheetRow.TimestampForm
    /// Whether text that a spreadsheet would take for a formula stays as it is.
    public var isVerbatim: Bool
    /// What of a request is masked.
    public var masking: Masking

    public init(
        columns: [ExportColumn] = [], timestamps: SheetRow.TimestampForm = .rfc3339, isVerbatim: Bool = false,
        masking: Masking = .masked
    ) {
        self.columns = columns
        self.timestamps = timestamps
        self.isVerbatim = isVerbatim
        self.masking = masking
    }
}
