import Foundation

/// Reads stretches of the log, the rotated files included: no more of them than it takes, however long they are.
public struct LogReader: Sendable {
    /// The most rotated files.
    public static let kept = 4

    let path: String
    private let kept: Int

    public init(_ path: String, kept: Int = kept) {
        self.path = path
        self.kept = kept
    }

    /// Returns entries of the log.
    ///
    /// - Throws: `LogFailure` if an existing file cannot be read.
    public func entries(_ request: WindowRequest<LogPlace>) throws(LogFailure) -> ListWindow<LogEntry> {
        let files = try files()
        guard let last = files.indices.last else { return ListWindow<LogEntry>() }
        // One more on each side shows whether there are others.
        var (before, after) = (request.before, request.after + 1)
        var (index, offset) = (0, 0)
        switch request.anchor {
        case .oldest: before = 0
        case .newest: (index, offset, before, after) = (last, files[last].size, request.before + 1, 0)
        case .row(let place):
            if let found = files.firstIndex(where: { $0.inode == place.inode }), place.offset <= files[found].size {
                (index, offset) = (found, place.offset)
            } else {
                before = 0
            }
        }
        let older = Self.lines(before: offset, in: files[...index], limit: before + 1)
        let newer = Self.lines(from: offset, in: files[index...], limit: after + 1)
        return ListWindow<LogEntry>(
            rows: Array(older.suffix(before)) + newer.prefix(after), hasOlder: older.count > before,
            hasNewer: newer.count > after)
    }

    /// Returns the place of the dated entry nearest to a period: the first in it, or the nearer of those on both sides;
    /// nil if no entry has a date. Reads one file of the log, and the beginnings of others.
    ///
    /// - Throws: `LogFailure` if an existing file cannot be read.
    public func place(nearestTo stretch: Range<Timestamp>) throws(LogFailure) -> LogPlace? {
        let files = try files()
        // The last file that begins before the period has the line, or the next file begins with it.
        let start = files.lastIndex { file in
            file.lines(from: 0, limit: Self.looked).lazy.compactMap(\.time).first.map { $0 < stretch.lowerBound }
                ?? false
        }
        var before: LogEntry?
        for file in files[(start ?? 0)...] {
            var offset = 0
            while true {
                let entries = file.lines(from: offset, limit: Self.looked)
                for entry in entries {
                    guard let time = entry.time else { continue }
                    guard time >= stretch.lowerBound else {
                        before = entry
                        continue
                    }
                    guard let earlier = before?.time, !stretch.contains(time),
                        stretch.lowerBound.milliseconds - earlier.milliseconds
                            < time.milliseconds - stretch.upperBound.milliseconds
                    else { return entry.id }
                    return before?.id
                }
                // The last line is read again as the first of the next ones: its place is known.
                guard entries.count == Self.looked, let last = entries.last else { break }
                offset = last.id.offset
            }
        }
        return before?.id
    }

    /// The number of lines read at once when looking for a time.
    private static let looked = 1_000

    /// Returns the files, the oldest first. The newest is opened first, so that a simultaneous rotation hides none of
    /// them.
    private func files() throws(LogFailure) -> [LogSegment] {
        var files: [LogSegment] = []
        for name in [path] + (1...max(1, kept)).map({ "\(path).\($0)" }) {
            guard let file = try LogSegment(name), !files.contains(where: { $0.inode == file.inode }) else { continue }
            files.insert(file, at: 0)
        }
        return files
    }

    private static func lines(before offset: Int, in files: ArraySlice<LogSegment>, limit: Int) -> [LogEntry] {
        var entries: [LogEntry] = []
        var end: Int? = offset
        for file in files.reversed() where entries.count < limit {
            entries = file.lines(before: end ?? file.size, limit: limit - entries.count) + entries
            end = nil
        }
        return entries
    }

    private static func lines(from offset: Int, in files: ArraySlice<LogSegment>, limit: Int) -> [LogEntry] {
        var entries: [LogEntry] = []
        var start = offset
        for file in files where entries.count < limit {
            entries += file.lines(from: start, limit: limit - entries.count)
            start = 0
        }
        return entries
    }
}

// MARK: - Following

/// Reports new lines of the log from any process, until it is stopped or released. Nothing runs while nobody writes.
public final class LogFollower: Sendable {
    private let watch: FileWatch
    private let thread = Worker("log follower")

    /// - Parameter tell: Called when the log has grown, on a separate thread; it must return at once.
    /// - Returns: Nil if the system has no file watch left.
    public init?(_ path: String, tell: @escaping @Sendable () -> Void) {
        let file = PathParts(path)
        guard let watch = FileWatch(file.folder, contents: [file.name]) else {
            return nil
        }
        self.watch = watch
        thread.async {
            while let seen = watch.wait() {
                guard seen.isChanged || !seen.moved.isEmpty else { continue }
                tell()
                // However often the file is written, a person can see each report.
                usleep(33_000)
            }
        }
    }

    deinit {
        watch.stop()
    }
}

extension LogReader {
    /// Reports new lines for as long as the follower exists.
    ///
    /// - Parameter tell: Called when the log has grown, on a separate thread; it must return at once.
    /// - Returns: Nil if the system has no file watch left.
    public func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower? { LogFollower(path, tell: tell) }
}
