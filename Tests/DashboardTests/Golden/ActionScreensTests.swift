import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Kept screens: actions")
struct ActionScreensTests {
    @Test("4 Actions", arguments: listScenes)
    func lists(scene: Scene) async throws { try await scene.expect() }

    @Test("The Actions tab, marks, the sheet, acting", arguments: rowScenes)
    func rows(scene: Scene) async throws { try await scene.expect() }

    @Test("Marks by their meaning, as letters")
    func styles() {
        let user = Self.user(Size(columns: 80, rows: 24))
        Golden.expect(user.surface.styledText, "styles-actions-80x24")
    }

    private static let reason =
        "The sheet is not shared with b2watch@my-project.iam.gserviceaccount.com: share it with that address, as an editor."

    private static let actions = [
        Make.action(
            "alerts", [.done: 1_204, .queued: 37, .failed: 2, .running: 1], kind: "slack", oldest: -190_000,
            reason: "429 Too Many Requests: Slack asks to wait 30 s.", due: 90_000),
        Make.action("pager\u{1B}[31m", [.done: 3, .uncertain: 1, .skipped: 2], kind: "twilio", isDeclared: false),
        Make.action("rows", [.done: 15_231, .dead: 1, .failed: 3, .queued: 2], kind: "google-sheet", reason: reason),
        Make.action("script", [.queued: 12], kind: "command", isPaused: true, oldest: -7_200_000),
    ]

    private static var entries: [OutboxRow] {
        let states: [(EntryState, Int, Int64?, String?)] = [
            (.done, 1, nil, nil), (.done, 2, nil, nil), (.skipped, 0, nil, nil),
            (.uncertain, 1, nil, "No answer came."),
            (.dead, 1, nil, reason), (.failed, 4, 90_000, "503 Service Unavailable"), (.running, 1, nil, nil),
            (.queued, 0, nil, nil),
        ]
        let rows = GoldenRows.all.suffix(states.count)
        return zip(rows, states).map { row, state in
            Make.entry(row.id, row: row, state.0, attempts: state.1, due: state.2, reason: state.3)
        }
    }

    private static func user(_ size: Size) -> User {
        var rows = GoldenRows.all
        for (index, entry) in entries.enumerated() {
            let place = rows.count - entries.count + index
            (rows[place].actions, rows[place].sheet) = (entry.entry.state, entry.entry.state)
        }
        var user = User.acting(rows, size: size, actions: actions, entries: entries)
        user.exchanges[18] = Make.exchange
        user.exchanges[17] = Make.exchange
        return user
    }

    private static func scene(_ name: String, _ keys: Key...) -> Scene {
        Scene(name) { size in
            var user = user(size)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static let listScenes: [Scene] = [
        scene("actions", .character("4"), .down, .down).everySize,
        scene("actions-entries", .character("4"), .down, .down, .tab, .up, .up).everySize,
        scene("actions-failed", .character("4"), .down, .down, .right, .right),
        scene("actions-entry", .character("4"), .down, .down, .enter, .up, .up, .enter),
        scene("actions-retry-all", .character("4"), .down, .down, .character("R")).everySize,
        Scene("actions-missed") { size in
            var user = user(size)
            user.reply(to: FindMissedRows.self) {
                $0.action == "rows" ? MissedRows(count: 12, rows: [1, 2]) : nil
            }
            user.press(.character("4"), .down, .down)
            user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 12])))
            return user
        },
        Scene("actions-dry-run") { size in
            var user = user(size)
            user.preview = { _ in
                DryRun(text: Array("POST /services/T0/B0/***\n\n{\"text\": \"cat.jpg\"}".utf8))
            }
            user.press(.character("4"), .character("d"))
            return user
        },
        Scene("actions-none") { size in
            var user = User.acting(size: size, actions: [])
            user.press(.character("4"))
            return user
        },
    ]

    private static let rowScenes: [Scene] = [
        scene("events-actions"),
        scene("table-sheet", .character("2")),
        scene("detail-actions", .up, .up, .enter, .left).everySize,
        scene("detail-actions-none", .home, .enter, .left),
        scene("act", .character("a")).everySize,
        scene("replay", .character("r")).everySize,
        Scene("act-many") { size in
            var user = user(size)
            user.outcome = { _ in .counted(ActCount(events: 1_204, deliveries: 900, states: [.done: 37, .failed: 2])) }
            user.press(.character("A"), .character("a"), .tab, .character("r"))
            return user
        }.everySize,
    ]
}
