internal import Export
internal import Notifications

/// How rows are written in one file: by its own header, with its own newlines.
struct CSVLayout: Sendable {
    /// The longest header that is read, in bytes.
    static let longestHeader = 64 << 10

    let header: SheetHeader
    let newline: [UInt8]
    var timestamps: SheetRow.TimestampForm
    /// Whether what a spreadsheet would take for a formula stays as it is.
    var isVerbatim: Bool

    /// A fresh file's.
    init(_ settings: CSVSettings) {
        header = SheetHeader(adding: settings.options.columns)
        newline = CSVRecord.newline
        timestamps = settings.options.timestamps
        isVerbatim = settings.isVerbatim
    }

    /// The layout of a file that may have a header.
    ///
    /// - Throws: `CSVProblem` where its first line is no header that we know.
    init(of file: CSVFile, _ settings: CSVSettings) throws(CSVProblem) {
        self.init(settings)
        let size = try file.size()
        guard size > 0 else { return }
        var bytes = try file.read(at: 0, Int(min(size, Int64(Self.longestHeader))))
        // The only line may lack its newline.
        if size == bytes.count, bytes.last != 0x0A { bytes.append(0x0A) }
        guard let (cells, length) = CSVRecord.first(of: bytes) else {
            throw CSVProblem(
                file.path, "has a first line that does not end: its first line must hold the headers", mayPass: false)
        }
        let header = SheetHeader(cells)
        guard header.isUseful else {
            throw CSVProblem(
                file.path,
                "has none of b2watch's headers in its first line: write \(self.header.texts.joined(separator: ","))"
                    + " there, or name another file", mayPass: false)
        }
        let isBare = length < 2 || bytes[length - 2] != 0x0D
        self.init(
            header, newline: isBare && size >= length ? [0x0A] : CSVRecord.newline, timestamps: timestamps,
            isVerbatim: isVerbatim)
    }

    private init(_ header: SheetHeader, newline: [UInt8], timestamps: SheetRow.TimestampForm, isVerbatim: Bool) {
        self.header = header
        self.newline = newline
        self.timestamps = timestamps
        self.isVerbatim = isVerbatim
    }

    /// The line of the headers.
    var headerLine: [UInt8] {
        var bytes: [UInt8] = []
        CSVRecord.append(header.texts, to: &bytes)
        return bytes + newline
    }

    /// A row with its newline.
    func line(_ item: ActionItem) -> [UInt8] {
        var bytes: [UInt8] = []
        let values = header.values(item, timestamps: timestamps)
        CSVRecord.append(values.map { $0.exported.string(isVerbatim: isVerbatim) }, to: &bytes)
        return bytes + newline
    }

    /// What stands between the file's bytes before an offset and the first row behind it.
    ///
    /// - Parameter last: The byte before the offset; nil at the start of the file.
    func lead(behind last: UInt8?) -> [UInt8] {
        switch last {
        case nil: headerLine
        case 0x0A: []
        default: newline
        }
    }

    /// The layouts that a process before this one may have had, with other settings.
    var variants: [CSVLayout] {
        var variants: [CSVLayout] = []
        for form in [timestamps, timestamps == .rfc3339 ? .epochMilliseconds : .rfc3339] {
            for isVerbatim in [isVerbatim, !isVerbatim] {
                var variant = self
                variant.timestamps = form
                variant.isVerbatim = isVerbatim
                variants.append(variant)
            }
        }
        return variants
    }
}
