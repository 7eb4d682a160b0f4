import Foundation
import Synchronization

/// The file with b2watch's own actions and warnings: 0600, and rotated, so that it never fills a disk.
///
/// Several processes may write to it, each by its own `LogFile`. A line is appended as a whole. A process that finds
/// the file full renames it while it has locked it, and the others change to the new one with their next line.
///
/// Calls block for the disk.
public final class LogFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// Whether the last line was written in part, as on a full disk.
        var isBroken = false
        /// A descriptor that is the same file, such as standard error.
        var mirror: Int32?
    }

    public let path: String
    /// The size with which a file is full, in bytes.
    private let limit: Int
    /// The number of full files that are kept: `.1` is the newest of them.
    private let kept: Int
    private let state = Mutex(State())

    /// Opens the file, made with its folder if it is not there.
    ///
    /// - Throws: `LogFailure`.
    public init(_ path: String, limit: Int = 1 << 20, kept: Int = LogReader.kept) throws(LogFailure) {
        self.path = path
        self.limit = limit
        self.kept = kept
        try? PrivateFolder.make(PathParts(path).folder)
        let descriptor = try Self.open(path)
        state.withLock { $0.descriptor = descriptor }
    }

    deinit {
        state.withLock { _ = close($0.descriptor) }
    }

    /// Appends a line, which ends with its newline.
    ///
    /// - Throws: `LogFailure`; some of the line may be written.
    public func append(_ line: [UInt8]) throws(LogFailure) {
        let failure = state.withLock { state -> LogFailure? in
            do throws(LogFailure) {
                try follow(&state)
                try rotate(&state, for: line.count)
                try write(line, &state)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Makes a descriptor the same file from now on, whichever that is by then; nil makes none.
    public func mirror(_ descriptor: Int32?) {
        state.withLock { state in
            state.mirror = descriptor
            if let descriptor { _ = dup2(state.descriptor, descriptor) }
        }
    }

    private static func open(_ path: String) throws(LogFailure) -> Int32 {
        // Opening a pipe must not wait for a reader.
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw LogFailure(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LogFailure(path, reason: "is not a regular file")
        }
        if status.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
        return descriptor
    }

    /// Switches to the file that has the name now, if another process has rotated it.
    private func follow(_ state: inout State) throws(LogFailure) {
        guard !Self.isSame(state.descriptor, path) else { return }
        try reopen(&state)
    }

    private func reopen(_ state: inout State) throws(LogFailure) {
        let descriptor = try Self.open(path)
        close(state.descriptor)
        state.descriptor = descriptor
        state.isBroken = false
        if let mirror = state.mirror { _ = dup2(descriptor, mirror) }
    }

    private func rotate(_ state: inout State, for more: Int) throws(LogFailure) {
        var status = stat()
        guard fstat(state.descriptor, &status) == 0, status.st_size > 0, Int(status.st_size) + more > limit else {
            return
        }
        // Without the lock, continue to write: another process is about to rotate. Closing the descriptor releases the
        // lock.
        guard flock(state.descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        if Self.isSame(state.descriptor, path) {
            for number in stride(from: kept, to: 1, by: -1) { rename("\(path).\(number - 1)", "\(path).\(number)") }
            // Where that cannot be, the file grows on.
            guard rename(path, "\(path).1") == 0 else {
                flock(state.descriptor, LOCK_UN)
                return
            }
        }
        try reopen(&state)
    }

    private func write(_ line: [UInt8], _ state: inout State) throws(LogFailure) {
        let line = state.isBroken ? [UInt8(ascii: "\n")] + line : line
        var count: Int
        repeat {
            count = line.withUnsafeBytes { Foundation.write(state.descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        if count > 0 { state.isBroken = count < line.count }
        guard count == line.count else { throw count < 0 ? LogFailure(path, errno) : LogFailure(path, ENOSPC) }
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (one, other) = (stat(), stat())
        return fstat(descriptor, &one) == 0 && stat(path, &other) == 0 && one.st_ino == other.st_ino
            && one.st_dev == other.st_dev
    }
}

/// The reason why the log is unavailable, in a sentence.
public struct LogFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ path: String, reason: String) {
        description = "the log \(path) \(reason)"
    }

    init(_ path: String, _ code: Int32) {
        self.init(path, reason: "cannot be read or written: \(String(cString: strerror(code)))")
    }
}

// MARK: - Segments

/// An open file of the log, with its length at that time.
///
/// It is read in blocks. A line ends with a newline, or after a whole block without one: so whatever is in the file, no
/// line is longer than two blocks, and reading from either side gives the same lines.
final class LogSegment {
    private static let block = 64 << 10
    /// The most that is shown of a line, in bytes.
    private static let longest = 16 << 10

    let inode: UInt64
    let size: Int
    private let descriptor: Int32

    /// - Returns: Nil if the file does not exist.
    /// - Throws: `LogFailure` if it cannot be read.
    init?(_ path: String) throws(LogFailure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LogFailure(path, errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LogFailure(path, reason: "is not a regular file")
        }
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// Returns the last lines that end at or before an offset at which one begins.
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

    /// Returns the first lines from an offset on at which one begins.
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
            // The last one may be incomplete.
            if starts.count > limit || end == size {
                let bounds = Array(starts.prefix(limit + 1))
                return Array(entries(bounds[...], in: bytes, at: first).prefix(limit))
            }
        }
    }

    /// Returns the starts of lines in whole blocks. It is unknown whether the first byte starts a line, except at the
    /// start of the file.
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

// MARK: - Lines to an output

/// An output of lines, in order and on its own thread. An output that accepts nothing delays nobody: the waiting lines
/// are limited, and the number of dropped ones is reported once there is room again.
public final class LineOutlet: Sendable {
    /// The lines that may wait.
    public static let mostWaiting = 1_000

    private struct State {
        var waiting = 0
        var dropped = 0
    }

    private let thread: Worker
    private let state = Mutex(State())
    private let write: @Sendable ([UInt8]) -> Void
    private let confess: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - name: The thread's.
    ///   - confess: Makes the line that reports this number of dropped lines.
    ///   - write: May block.
    public init(
        _ name: String, confess: @escaping @Sendable (Int) -> [UInt8], write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        thread = Worker(name)
        self.confess = confess
        self.write = write
    }

    /// Accepts a line, or several that belong together. Returns at once.
    public func add(_ lines: [UInt8]) {
        let isTaken = state.withLock { state in
            let hasRoom = state.waiting < Self.mostWaiting
            if hasRoom { state.waiting += 1 } else { state.dropped += 1 }
            return hasRoom
        }
        guard isTaken else { return }
        thread.async { [self] in
            write(lines)
            let dropped = state.withLock { state in
                state.waiting -= 1
                // The report follows the lines that were kept, in the place of the dropped ones.
                guard state.waiting == 0 else { return 0 }
                defer { state.dropped = 0 }
                return state.dropped
            }
            if dropped > 0 { write(confess(dropped)) }
        }
    }

    /// Waits until all is written, up to this time.
    public func flush(within limit: Duration) {
        thread.wait(atMost: limit)
    }
}
