internal import Base
internal import Foundation
internal import Notifications
internal import Sending

/// A CSV file, opened for one batch and locked while this object exists, so that two that append to it take turns.
final class CSVFile {
    let path: String
    /// Whether it was made just now.
    let isNew: Bool
    private let descriptor: Int32

    /// Opens it; if `creates` is set, creates a missing one with 0600.
    ///
    /// - Returns: Nil if it is missing and is not to be created.
    static func open(_ path: String, creates: Bool) throws(CSVProblem) -> CSVFile? {
        // A pipe without a reader must not make us wait; O_APPEND writes all bytes at the end.
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        for _ in 0..<3 {
            var isNew = false
            var descriptor = Foundation.open(path, flags)
            if descriptor < 0, errno == ENOENT {
                guard creates else { return nil }
                descriptor = Foundation.open(path, flags | O_CREAT | O_EXCL, 0o600)
                isNew = descriptor >= 0
                if descriptor < 0, errno == EEXIST {
                    // Another process was faster, or it is a link to a missing file, which is created then.
                    guard Self.isLink(path) else { continue }
                    descriptor = Foundation.open(path, flags | O_CREAT, 0o600)
                    isNew = descriptor >= 0
                }
            }
            guard descriptor >= 0 else {
                throw CSVProblem(path, opening: errno, isLink: Self.isLink(path))
            }
            let file = CSVFile(path, descriptor, isNew: isNew)
            if try file.lock() { return file }
        }
        throw CSVProblem(path, "is being replaced again and again: close what writes it", mayPass: true)
    }

    private init(_ path: String, _ descriptor: Int32, isNew: Bool) {
        self.path = path
        self.descriptor = descriptor
        self.isNew = isNew
    }

    deinit {
        close(descriptor)
    }

    /// - Returns: False if the file at the path is another one by now.
    private func lock() throws(CSVProblem) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CSVProblem(path, opening: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CSVProblem(path, "is not a regular file: name a file for the rows", mayPass: false)
        }
        // While a program starts it briefly shares its parent's files, and their locks.
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, tries < 40 {
            tries += 1
            usleep(25_000)
        }
        guard tries < 40 else {
            throw CSVProblem(
                path, "is locked by another program, which is appending to it: b2watch tries again", mayPass: true,
                after: .seconds(1))
        }
        var place = stat()
        return stat(path, &place) == 0 && place.st_ino == status.st_ino && place.st_dev == status.st_dev
    }

    /// Returns the size in bytes.
    func size() throws(CSVProblem) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CSVProblem(path, opening: errno) }
        return Int64(status.st_size)
    }

    /// Reads bytes; fewer at the end of the file.
    func read(at offset: Int64, _ count: Int) throws(CSVProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let result = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled,
                    off_t(offset) + off_t(filled))
            }
            if result > 0 {
                filled += result
            } else if result == 0 || errno != EINTR {
                guard result == 0 else { throw CSVProblem(path, opening: errno) }
                break
            }
        }
        return Array(bytes.prefix(filled))
    }

    /// Appends bytes, and waits until they are on the disk.
    ///
    /// - Throws: `CSVProblem`; none of the bytes is in the file then, unless the problem states that this is unknown.
    func append(_ bytes: [UInt8]) throws(CSVProblem) {
        let size = try size()
        let code = Self.write(bytes, to: descriptor)
        guard code != 0 else {
            if isNew { Self.syncFolder(of: WholeFile.resolved(path)) }
            return
        }
        var problem = CSVProblem(path, writing: code)
        if ftruncate(descriptor, off_t(size)) != 0 { problem.isUnsure = true }
        throw problem
    }

    /// Cuts it off.
    func cut(to size: Int64) throws(CSVProblem) {
        guard ftruncate(descriptor, off_t(size)) == 0, fsync(descriptor) == 0 else {
            throw CSVProblem(path, writing: errno)
        }
    }

    /// Writes bytes, and waits until they are on the disk.
    ///
    /// - Returns: The error's number; 0 if all are written.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        let code = AllBytes.write(bytes, to: descriptor)
        return code == 0 && fsync(descriptor) != 0 ? errno : code
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    static func syncFolder(of path: String) {
        let descriptor = Foundation.open(PathParts(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

// MARK: - Layout

/// The layout of rows in one file: its own header and its own newlines.
struct CSVLayout: Sendable {
    /// The longest header that is read, in bytes.
    static let longestHeader = 64 << 10
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    let header: SheetHeader
    let newline: [UInt8]
    /// The settings of the action, or those that it may have had before.
    var settings: CSVSettings

    /// Creates the layout of a new file.
    init(_ settings: CSVSettings) {
        self.init(SheetHeader(adding: settings.options.columns), newline: CSVRecord.newline, settings)
    }

    /// Creates the layout of a file that may have a header.
    ///
    /// - Throws: `CSVProblem` if its first line is not a header that b2watch knows.
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
                file.path, "has a first line that does not end: its first line must be the headers", mayPass: false)
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

    /// Returns the problem of a file's first line; nil if rows can follow it.
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
                "begins with the line “\(header.texts[0])”: remove that line, so that the headers are the first line"
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

    /// Returns a row with its newline.
    func line(_ item: ActionItem) -> [UInt8] {
        var bytes: [UInt8] = []
        let cells = header.values(item, settings.options).map { value in
            value.exported.string(isVerbatim: settings.isVerbatim, hasDecimalComma: settings.hasDecimalComma)
        }
        CSVRecord.append(cells, separator: settings.separator.byte, to: &bytes)
        return bytes + newline
    }

    /// Returns the bytes needed between the file's bytes before an offset and the first row after it.
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

// MARK: - Note of the last batch

/// The bytes that the last batch of an action appends to a file, and their place: a hidden file in the same folder,
/// written before the rows.
///
/// After a crash the rows alone would not show whether they were written: two events may make the same row, and the
/// verdict, which is a column too, may have changed.
struct CSVNote: Sendable {
    /// The bytes that a batch appends.
    struct Batch: Sendable, Hashable {
        var number: Int64
        /// The columns that it fills, as `SheetHeader.bits`; nil in a note of before.
        var filled: Int?
        /// The offset in the file where it begins.
        var offset: Int64
        /// The bytes before the rows: the header, or a newline that was missing.
        var lead: [UInt8] = []
        var rows: [Row] = []

        struct Row: Sendable, Hashable {
            var entry: Int64
            /// With its newline.
            var bytes: [UInt8]
        }

        var bytes: [UInt8] { rows.reduce(into: lead) { $0 += $1.bytes } }
    }

    let path: String

    /// - Parameters:
    ///   - file: The file that the rows go to.
    ///   - writer: Whose note it is: actions that write to one file each keep their own.
    init(beside file: String, of writer: String) {
        let digest = Hex.encode(SHA256.hash(writer.utf8).prefix(4))
        let file = PathParts(file)
        path = "\(file.folder)/.\(file.name).\(digest).b2watch"
    }

    /// Notes durably the bytes that are appended next.
    ///
    /// - Throws: `CSVProblem`. The note is then not about this batch.
    func write(_ batch: Batch) throws(CSVProblem) {
        let isNew = access(path, F_OK) != 0
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw CSVProblem(noting: path, errno) }
        defer { close(descriptor) }
        let text = Self.text(batch)
        // The digest reveals an incompletely written note.
        let code = CSVFile.write(SHA256.hash(text) + text, to: descriptor)
        guard code == 0 else {
            ftruncate(descriptor, 0)
            throw CSVProblem(noting: path, code)
        }
        if isNew { CSVFile.syncFolder(of: path) }
    }

    /// Checks that the note can be written, as far as this can be seen.
    func check() throws(CSVProblem) {
        let isThere = access(path, F_OK) == 0
        guard access(isThere ? path : PathParts(path).folder, W_OK) != 0 else { return }
        throw CSVProblem(noting: path, errno)
    }

    enum Answer: Hashable {
        /// The batch's rows may have been written, entirely or in part.
        case began(Batch)
        /// Nothing of the batch was written.
        case notBegun
        /// The note does not exist.
        case unknown
    }

    /// Returns the information about a batch.
    func answer(batch: Int64) -> Answer {
        switch latest() {
        case .began(let noted) where noted.number != batch: .notBegun
        case let answer: answer
        }
    }

    /// Returns the information about the latest batch, whatever its number.
    func latest() -> Answer {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return .unknown }
        defer { close(descriptor) }
        guard let bytes = Self.read(descriptor) else { return .unknown }
        let text = bytes.dropFirst(SHA256.byteCount)
        // A note that is torn was being written: the rows were not.
        guard bytes.prefix(SHA256.byteCount).elementsEqual(SHA256.hash(text)) else { return .notBegun }
        guard let noted = Self.batch(text) else { return .unknown }
        return .began(noted)
    }

    /// Returns a line with the batch's numbers, a line for each row, an empty line, and the bytes.
    private static func text(_ batch: Batch) -> [UInt8] {
        var lines = ["\(batch.number) \(batch.offset) \(batch.lead.count)\(batch.filled.map { " \($0)" } ?? "")"]
        lines += batch.rows.map { "\($0.entry) \($0.bytes.count)" }
        return Array((lines.joined(separator: "\n") + "\n\n").utf8) + batch.bytes
    }

    private static func batch(_ text: ArraySlice<UInt8>) -> Batch? {
        guard let end = text.indices.first(where: { text[$0...].starts(with: [0x0A, 0x0A]) }) else { return nil }
        var bytes = text[(end + 2)...]
        var lines = text[..<end].split(separator: 0x0A).map { line in
            line.split(separator: UInt8(ascii: " ")).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        }[...]
        func read(_ count: Int64) -> [UInt8]? {
            guard (0...Int64(bytes.count)).contains(count) else { return nil }
            defer { bytes = bytes.dropFirst(Int(count)) }
            return Array(bytes.prefix(Int(count)))
        }
        guard let head = lines.popFirst(), (3...4).contains(head.count), head[1] >= 0, let lead = read(head[2]) else {
            return nil
        }
        var batch = Batch(
            number: head[0], filled: head.count == 4 ? Int(head[3]) : nil, offset: head[1], lead: lead)
        for line in lines {
            guard line.count == 2, let row = read(line[1]) else { return nil }
            batch.rows.append(Batch.Row(entry: line[0], bytes: row))
        }
        return batch
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer.prefix(count)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? bytes : nil
            }
        }
    }
}
