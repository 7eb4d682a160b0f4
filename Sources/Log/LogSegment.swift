import Foundation

/// One file of the log, open, as long as it was then.
///
/// It is read in blocks. A line ends with a newline, or where a whole block holds none: so whatever is in the file, no
/// line is longer than two blocks, and it is the same line from both sides.
final class LogSegment {
    private static let block = 64 << 10
    /// The most that is shown of a line, in bytes.
    private static let longest = 16 << 10

    let inode: UInt64
    let size: Int
    private let descriptor: Int32

    /// - Returns: Nil where there is no such file.
    /// - Throws: `LogFailure` where it cannot be read.
    init?(_ path: String) throws(LogFailure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LogFailure(path, errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LogFailure(path, reason: "is no ordinary file")
        }
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// The last lines that end at or before an offset at which one begins.
    func lines(before end: Int, limit: Int) -> [LogEntry] {
        guard limit > 0, end > 0 else { return [] }
        var first = (end - 1) / Self.block * Self.block
        var bytes = read(first..<end)
        while true {
            let starts = starts(in: bytes, at: first)
            if starts.count >= limit || first == 0 { return entries(starts.suffix(limit), in: bytes, at: first) }
            bytes = read(first - Self.block..<first) + bytes
            first -= Self.block
        }
    }

    /// The first lines from an offset on at which one begins.
    func lines(from start: Int, limit: Int) -> [LogEntry] {
        guard limit > 0, start < size else { return [] }
        let first = start / Self.block * Self.block
        var end = first
        var bytes: [UInt8] = []
        while true {
            let next = min(size, end + Self.block)
            bytes += read(end..<next)
            end = next
            let starts = starts(in: bytes, at: first).filter { $0 >= start }
            // The last one may go on.
            if starts.count > limit || end == size {
                let bounds = Array(starts.prefix(limit + 1))
                return Array(entries(bounds[...], in: bytes, at: first).prefix(limit))
            }
        }
    }

    /// Where lines begin in whole blocks. Whether one does at the first byte is not known, but at the file's start.
    private func starts(in bytes: [UInt8], at first: Int) -> [Int] {
        var starts = first == 0 && !bytes.isEmpty ? [0] : []
        var hasNewline = false
        for (index, byte) in bytes.enumerated() {
            if index > 0, index % Self.block == 0 {
                if !hasNewline { starts.append(first + index) }
                hasNewline = false
            }
            guard byte == UInt8(ascii: "\n") else { continue }
            hasNewline = true
            if index + 1 < bytes.count { starts.append(first + index + 1) }
        }
        return starts
    }

    private func entries(_ starts: ArraySlice<Int>, in bytes: [UInt8], at first: Int) -> [LogEntry] {
        let ends = starts.dropFirst() + [first + bytes.count]
        return zip(starts, ends).map { start, end in
            var line = bytes[start - first..<end - first]
            if line.last == UInt8(ascii: "\n") { line.removeLast() }
            let text = String(decoding: line.prefix(Self.longest), as: UTF8.self)
            return LogEntry(text, at: LogPlace(inode: inode, offset: start))
        }
    }

    private func read(_ range: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count {
                let more = pread(
                    descriptor, buffer.baseAddress.map { $0 + count }, range.count - count,
                    off_t(range.lowerBound + count))
                if more < 0, errno == EINTR { continue }
                // A file that was cut short under us ends here.
                guard more > 0 else { return }
                count += more
            }
        }
    }
}
