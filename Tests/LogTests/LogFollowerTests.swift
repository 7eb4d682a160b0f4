import Log
import Testing
import Workers

@Suite("Following the log")
struct LogFollowerTests {
    @Test("tells of lines that others write, and of the first ones")
    func follows() throws {
        let log = try TestLog(limit: 500, kept: 3)
        let moves = Monitor(0)
        let follower = try #require(LogFollower(log.path) { moves.change { $0 += 1 } })
        let writer = try log.writer()
        try writer.append(LogLine.sample("first").bytes)
        let first = moves.wait { $0 > 0 ? $0 : nil }
        // Behind a rotation too.
        for index in 0..<50 { try writer.append(LogLine.sample("line \(index)").bytes) }
        #expect(moves.wait(until: .now + .seconds(120)) { $0 > first ? true : nil } == true)
        withExtendedLifetime(follower) {}
    }
}
