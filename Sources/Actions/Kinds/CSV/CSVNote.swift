internal import Files
internal import Foundation
internal import Notifications

/// What the last batch of an action was to append to a file, and where: a hidden file beside it, written before the rows.
///
/// Rows alone could not tell after a crash whether they were written: two events may make the same row, and what is
/// thought of a signature, which is a column too, may be something else by then.
struct CSVNote: Sendable {
    /// What a batch appends.
    struct Batch: Sendable, Hashable {
        var number: Int64
        /// The columns that it fills, as `SheetHeader.bits`; nil in a note of before.
        var filled: Int?
        /// Where it begins in the file.
        var offset: Int64
        /// What stands before the rows: the header, or a newline that was missing.
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
        let digest = SHA256.hash(writer.utf8).prefix(4).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        let file = PathParts(file)
        path = "\(file.folder)/.\(file.name).\(digest.joined()).b2watch"
    }

    /// Notes durably what is appended next.
    ///
    /// - Throws: `CSVProblem`. What the note says then is not about this batch.
    func write(_ batch: Batch) throws(CSVProblem) {
        let isNew = access(path, F_OK) != 0
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw CSVProblem(noting: path, errno) }
        defer { close(descriptor) }
        let text = Self.text(batch)
        // The digest tells a note that is torn.
        let code = CSVFile.write(SHA256.hash(text) + text, to: descriptor)
        guard code == 0 else {
            ftruncate(descriptor, 0)
            throw CSVProblem(noting: path, code)
        }
        if isNew { CSVFile.syncFolder(of: path) }
    }

    /// Whether it can be written, as far as that can be seen; a problem where not.
    func check() throws(CSVProblem) {
        let isThere = access(path, F_OK) == 0
        guard access(isThere ? path : PathParts(path).folder, W_OK) != 0 else { return }
        throw CSVProblem(noting: path, errno)
    }

    enum Answer: Hashable {
        /// The batch's rows may have been written, as far as they are there.
        case began(Batch)
        /// Nothing of the batch was written.
        case notBegun
        /// There is no note.
        case unknown
    }

    /// What is known about a batch.
    func answer(batch: Int64) -> Answer {
        switch latest() {
        case .began(let noted) where noted.number != batch: .notBegun
        case let answer: answer
        }
    }

    /// What is known about the latest batch, whichever it was.
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

    /// A line of the batch's numbers, one for each row, an empty one, and the bytes.
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
        func take(_ count: Int64) -> [UInt8]? {
            guard (0...Int64(bytes.count)).contains(count) else { return nil }
            defer { bytes = bytes.dropFirst(Int(count)) }
            return Array(bytes.prefix(Int(count)))
        }
        guard let head = lines.popFirst(), (3...4).contains(head.count), head[1] >= 0, let lead = take(head[2]) else {
            return nil
        }
        var batch = Batch(
            number: head[0], filled: head.count == 4 ? Int(head[3]) : nil, offset: head[1], lead: lead)
        for line in lines {
            guard line.count == 2, let row = take(line[1]) else { return nil }
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
