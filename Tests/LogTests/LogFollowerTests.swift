import Log
import TestSupport
import Testing
import Workers

@Suite("Following the log", .blocking)
struct LogFollowerTests {
    @Test("tells of lines that others write, and of the first ones")
    func follows() throws {
        let log = try TestLog(limit: 500, kept: 3)
        let moves = Monitor(0)
        let follower = try #require(LogFollower(log.path) { moves.change { $0 += 1 } })
        let writer = try log.writer()
        try writer.append(LogLine.sample("first").bytes)
        let first = try moves.require("a line") { $0 > 0 ? $0 : nil }
        // Behind a rotation too.
        for index in 0..<50 { try writer.append(LogLine.sample("line \(index)").bytes) }
        try moves.require("more lines") { $0 > first ? true : nil }
        withExtendedLifetime(follower) {}
    }
}
