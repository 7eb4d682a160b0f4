import Base
import Foundation
import Notifications
import TestSupport

/// A log in its own folder.
struct TestLog {
    let folder = TemporaryFolder()
    let limit: Int
    let kept: Int

    init(limit: Int = 1 << 20, kept: Int = 4) throws {
        (self.limit, self.kept) = (limit, kept)
    }

    var path: String { folder.file("b2watch.log") }

    /// Returns a writer like that of another process.
    func writer() throws -> LogFile { try LogFile(path, limit: limit, kept: kept) }

    /// Returns the contents of all files, the oldest first.
    var text: String {
        let names = (1...kept).reversed().map { "\(path).\($0)" } + [path]
        return names.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.joined()
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    func entries(_ anchor: WindowRequest<LogPlace>.Anchor, before: Int = 0, after: Int = 0) throws -> ListWindow<
        LogEntry
    > {
        try LogReader(path, kept: kept).entries(WindowRequest<LogPlace>(anchor, before: before, after: after))
    }
}

extension LogLine {
    static func sample(_ text: String, _ level: LogLevel = .info, at milliseconds: Int64 = 1_795_538_580_123) -> LogLine
    {
        LogLine(time: Timestamp(milliseconds: milliseconds), level: level, source: "listen[4711]", text: text)
    }
}
