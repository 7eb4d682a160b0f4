/// A line of the log: `2026-11-24T16:43:05.123Z warning listen[4711] the text`.
public struct LogLine: Sendable, Hashable {
    /// The most bytes of a text; longer ones are cut.
    static let longestText = 8 << 10

    public var time: Timestamp
    public var level: LogLevel
    /// The command and the process's number, such as `listen[4711]`; without white space.
    public var source: String
    public var text: String

    public init(time: Timestamp, level: LogLevel, source: String, text: String) {
        self.time = time
        self.level = level
        self.source = source
        self.text = text
    }

    /// The line with its newline. Whatever the text contains, it is one line, without effects on terminals.
    public var bytes: [UInt8] {
        let isCut = text.utf8.count > Self.longestText
        let text = isCut ? SafeText(utf8: text.utf8.prefix(Self.longestText)).string + "…" : SafeText(text).string
        return Array("\(time.rfc3339) \(level.rawValue) \(source) \(text)\n".utf8)
    }

    /// Reads a line; nil if b2watch did not write it in this form, such as the message of a crash.
    init?(_ line: some StringProtocol) {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let time = Self.time(Array(parts[0].utf8)),
            let level = LogLevel(rawValue: "\(parts[1])")
        else { return nil }
        self.init(time: time, level: level, source: String(parts[2]), text: String(parts[3]))
    }

    /// Returns a time in the form that `Timestamp.rfc3339` writes.
    private static func time(_ bytes: [UInt8]) -> Timestamp? {
        let form = Array("0000-00-00T00:00:00.000Z".utf8)
        guard bytes.count == form.count else { return nil }
        var fields: [Int64] = [0]
        for (byte, expected) in zip(bytes, form) {
            if expected == UInt8(ascii: "0") {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                fields[fields.count - 1] = fields[fields.count - 1] * 10 + Int64(byte - UInt8(ascii: "0"))
            } else {
                guard byte == expected else { return nil }
                fields.append(0)
            }
        }
        let (year, month, day) = (fields[0], fields[1], fields[2])
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Days since 1970, in years that begin on the first of March.
        let shifted = month > 2 ? year : year - 1
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
        let seconds = ((days * 24 + fields[3]) * 60 + fields[4]) * 60 + fields[5]
        return Timestamp(milliseconds: seconds * 1_000 + fields[6])
    }
}

// MARK: - Levels

/// The importance of an entry of the log.
public enum LogLevel: String, Sendable, Hashable, CaseIterable {
    /// Something was done.
    case info
    /// A person should know of it.
    case warning
    /// Something does not work.
    case error
}

// MARK: - Entries

/// A line of the log as read.
public struct LogEntry: Sendable, Hashable, Identifiable {
    public var id: LogPlace
    /// The time; nil, like the source, if b2watch did not write the line in this form, such as the message of a crash.
    public var time: Timestamp?
    public var level: LogLevel
    /// The source of the line, such as `listen[4711]`.
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

/// The start of a line. It remains valid when the file is rotated.
public struct LogPlace: Sendable, Hashable {
    /// The file's, whatever its name is.
    public var inode: UInt64
    /// The length in bytes.
    public var offset: Int

    public init(inode: UInt64, offset: Int) {
        self.inode = inode
        self.offset = offset
    }
}
