internal import Crypto
internal import Foundation

/// Where the last batch of an action was appended to a file: a small hidden file beside it, written before the rows.
///
/// Rows alone could not tell after a crash whether they were written: two events may make the same row.
struct CSVNote: Sendable {
    let path: String

    /// - Parameters:
    ///   - file: The file that the rows go to.
    ///   - writer: Whose note it is: actions that write to one file each keep their own.
    init(beside file: String, of writer: String) {
        let digest = SHA256.hash(data: Data(writer.utf8)).prefix(4).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        let name = (file as NSString).lastPathComponent
        let folder = (file as NSString).deletingLastPathComponent
        path = "\(folder.isEmpty ? "." : folder)/.\(name).\(digest.joined()).b2watch"
    }

    /// Notes durably that the rows of a batch will begin at an offset, or at its newline or header.
    ///
    /// - Returns: False where that cannot be noted; the rows must then tell alone.
    @discardableResult
    func write(batch: Int64, offset: Int64) -> Bool {
        let isNew = access(path, F_OK) != 0
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Always as long, so that nothing of the note before is left; both numbers twice, to know a torn one by.
        let numbers = Self.padded(batch) + " " + Self.padded(offset)
        let text = Array("\(numbers) \(numbers)\n".utf8)
        let count = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == text.count, fsync(descriptor) == 0 else {
            unlink(path)
            return false
        }
        if isNew { CSVFile.syncFolder(of: path) }
        return true
    }

    enum Answer: Hashable {
        /// The batch's rows, as far as they were written, begin here.
        case began(Int64)
        /// Nothing of the batch was written.
        case notBegun
        /// There is no note.
        case unknown
    }

    /// What is known about a batch.
    func answer(batch: Int64) -> Answer {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return .unknown }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { return .unknown }
        let numbers = String(decoding: buffer.prefix(count), as: UTF8.self).split { $0 == " " || $0 == "\n" }
            .compactMap { Int64($0) }
        // A note that is torn was being written: the rows were not.
        guard numbers.count == 4, numbers[0] == numbers[2], numbers[1] == numbers[3] else { return .notBegun }
        return numbers[0] == batch ? .began(numbers[1]) : .notBegun
    }

    private static func padded(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    }
}
