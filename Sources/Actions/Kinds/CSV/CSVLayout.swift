internal import Export
internal import Notifications

/// How rows are written in one file: by its own header, with its own newlines.
struct CSVLayout: Sendable {
    /// The longest header that is read, in bytes.
    static let longestHeader = 64 << 10
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    let header: SheetHeader
    let newline: [UInt8]
    /// The settings of the action, or those that it may have had before.
    var settings: CSVSettings

    /// The layout of a new file.
    init(_ settings: CSVSettings) {
        self.init(SheetHeader(adding: settings.options.columns), newline: CSVRecord.newline, settings)
    }

    /// The layout of a file that may have a header.
    ///
    /// - Throws: `CSVProblem` where its first line is not a header that b2watch knows.
    init(of file: CSVFile, _ settings: CSVSettings) throws(CSVProblem) {
        self.init(settings)
        let size = try file.size()
        guard size > 0 else { return }
        var bytes = try file.read(at: 0, Int(min(size, Int64(Self.longestHeader))))
        // The only line may lack its newline.
        if size == bytes.count, bytes.last != 0x0A { bytes.append(0x0A) }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw CSVProblem(file.path, "is UTF-16: save it as UTF-8, or name another file", mayPass: false)
        }
        let start = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
        guard let (cells, length) = CSVRecord.first(of: bytes[start...], separator: settings.separator.byte) else {
            throw CSVProblem(
                file.path, "has a first line that does not end: its first line must hold the headers", mayPass: false)
        }
        let header = SheetHeader(cells)
        if let problem = Self.problem(header, bytes[start...], settings) {
            throw CSVProblem(file.path, problem, mayPass: false)
        }
        let end = start + length
        let isBare = length < 2 || bytes[end - 2] != 0x0D
        self.init(header, newline: isBare && size >= end ? [0x0A] : CSVRecord.newline, settings)
    }

    private init(_ header: SheetHeader, newline: [UInt8], _ settings: CSVSettings) {
        self.header = header
        self.newline = newline
        self.settings = settings
    }

    /// What is wrong with a file's first line; nil where rows can follow it.
    private static func problem(
        _ header: SheetHeader, _ bytes: ArraySlice<UInt8>, _ settings: CSVSettings
    ) -> String? {
        for separator in CSVSeparator.allCases where separator != settings.separator {
            guard let cells = CSVRecord.first(of: bytes, separator: separator.byte)?.cells,
                SheetHeader(cells).filled.count > header.filled.count
            else { continue }
            return
                "is separated by \(separator.words), and “separator” is \(settings.separator.rawValue): set “separator:"
                + " \(separator.rawValue)”, or name another file"
        }
        guard !header.isUseful else { return nil }
        let expected = SheetHeader(adding: settings.options.columns).texts
        if header.texts.count <= 2, header.texts[0].lowercased().hasPrefix("sep=") {
            return
                "begins with the line “\(header.texts[0])”: remove that line, so that the first one holds the headers"
        }
        return "has none of b2watch's headers in its first line: write"
            + " \(expected.joined(separator: settings.separator.shown)) there, or name another file"
    }

    /// The line of the headers.
    var headerLine: [UInt8] {
        var bytes = settings.hasByteOrderMark ? Self.byteOrderMark : []
        CSVRecord.append(header.texts, separator: settings.separator.byte, to: &bytes)
        return bytes + newline
    }

    /// A row with its newline.
    func line(_ item: ActionItem) -> [UInt8] {
        var bytes: [UInt8] = []
        let cells = header.values(item, settings.options).map { value in
            value.exported.string(isVerbatim: settings.isVerbatim, hasDecimalComma: settings.hasDecimalComma)
        }
        CSVRecord.append(cells, separator: settings.separator.byte, to: &bytes)
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
        let forms = [settings.options.timestamps, .rfc3339, .epochMilliseconds, .date]
        return forms.flatMap { form in
            [settings.isVerbatim, !settings.isVerbatim].flatMap { isVerbatim in
                [settings.hasDecimalComma, !settings.hasDecimalComma].map { hasDecimalComma in
                    var variant = self
                    variant.settings.options.timestamps = form
                    variant.settings.isVerbatim = isVerbatim
                    variant.settings.hasDecimalComma = hasDecimalComma
                    return variant
                }
            }
        }
    }
}
