import History
import Notifications
import Terminal
import TestSupport
import Testing

@testable import Dashboard

/// Every screen at every height that is low, and at widths on both sides of wherever something changes. The short form draws
/// each height at two of the widths, which take turns, so that each screen is drawn at each width several times.
@Suite("Every size")
struct SweepTests {
    private static let widths = [20, 40, 60, 71, 72, 100, 120]
    private static let ways: [[Key]] = [
        [], [.tab], [.enter], [.character("v"), .tab], [.character("2")], [.character("3")], [.character("4")],
        [.character("6")], [.character("7")], [.character("7"), .tab], [.character("7"), .tab, .tab, .tab],
        [.character("s")], [.character("s"), .character("a")], [.character("?")], [.character("c")], [.character("C")],
        [.character("y")], [.character("x")], [.character("q")],
    ]

    @Test("is drawn, with what is told and with what is typed too", arguments: ways)
    func draws(way: [Key]) async throws {
        let (first, history) = try await PulseTests.user()
        defer { history.close() }
        var user = first
        user.press(.character("1"))
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        for key in way { user.press(key) }
        var told = user
        told.tell(.warning("The file of secrets can be read by others: chmod 600 ~/.config/b2watch/secrets"))
        told.tell(
            .notice("An announcement that is so long that it takes two lines of a low screen"))
        var typing = told
        typing.press(.character(":"))
        typing.type("show-")
        for (turn, one) in [user, told, typing].enumerated() { try draw(one, turn) }
    }

    private func draw(_ user: User, _ turn: Int) throws {
        for rows in 1...20 {
            let few = [rows + turn, rows * 3 + turn + 1].map { Self.widths[$0 % Self.widths.count] }
            for columns in LongTests.areWanted ? Self.widths : few {
                var user = user
                user.resize(columns, rows)
                let lines = user.lines
                try #require(lines.count == rows, "\(columns)x\(rows)")
                try #require(lines.allSatisfy { $0.count <= columns }, "\(columns)x\(rows)")
            }
        }
    }
}
