public import Notifications

/// A line of the log as it was read.
public struct LogEntry: Sendable, Hashable, Identifiable {
    public var id: LogPlace
    /// Nil, with the source, where the line is none of ours, such as the last words of a crash.
    public var time: Timestamp?
    public var level: LogLevel
    /// Such as `listen[4711]`.
    public var source: String
    public var text: String

    public init(id: LogPlace, time: Timestamp?, level: LogLevel, source: String, text: String) {
        self.id = id
        self.time = time
        self.level = level
        self.source = source
        self.text = text
    }

    init(_ line: String, at place: LogPlace) {
        if let ours = LogLine(line) {
            self.init(id: place, time: ours.time, level: ours.level, source: ours.source, text: ours.text)
        } else {
            self.init(id: place, time: nil, level: .error, source: "", text: line)
        }
    }
}

/// Where a line begins. It stays so when the file is rotated.
public struct LogPlace: Sendable, Hashable {
    /// The file's, whatever its name is.
    public var inode: UInt64
    /// In bytes.
    public var offset: Int

    public init(inode: UInt64, offset: Int) {
        self.inode = inode
        self.offset = offset
    }
}

/// Which entries of the log are wanted.
public struct LogRequest: Sendable, Hashable {
    /// A place in the log.
    public enum Anchor: Sendable, Hashable {
        case newest
        case oldest
        /// The line that begins there; where that file is gone, the oldest.
        case entry(LogPlace)
    }

    public var anchor: Anchor
    /// How many entries before (older than) the anchor's.
    public var before: Int
    /// How many entries behind (newer than) the anchor's.
    public var after: Int

    public init(_ anchor: Anchor, before: Int, after: Int) {
        self.anchor = anchor
        self.before = before
        self.after = after
    }
}

/// A stretch of the log, the oldest entry first.
public struct LogWindow: Sendable, Hashable {
    public var entries: [LogEntry]
    /// Whether there are older entries than these.
    public var hasOlder: Bool
    /// Whether there are newer entries than these.
    public var hasNewer: Bool

    public init(entries: [LogEntry] = [], hasOlder: Bool = false, hasNewer: Bool = false) {
        self.entries = entries
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }
}
