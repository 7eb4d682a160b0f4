import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Order and columns")
struct ChoosingTests {
    private func user() -> User {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive((1...300).map { Make.row($0, size: .integer(($0 * 7_919) % 1_009)) })
        return user
    }

    private func sizes(_ user: User) -> [Int64] {
        user.model.events.rows.visible.compactMap { $0.row?.objectSize.integer }
    }

    @Test("the list is sorted by a column, with a sign, from its start, and goes back")
    func sorts() {
        var user = user()
        user.press(.character("2"))
        for _ in 0..<4 { user.press(.character(">")) }
        #expect(user.lines[2].contains("Object Size↓"))
        #expect(sizes(user) == sizes(user).sorted(by: >))
        #expect(sizes(user).first == user.history.compactMap(\.objectSize.integer).max())
        user.press(.character("I"))
        #expect(user.lines[2].contains("Object Size↑"))
        #expect(sizes(user).first == user.history.compactMap(\.objectSize.integer).min())
        #expect(user.kept.last?.preferences.order == .by(.size, isDescending: false))
        user.press(.character("G"))
        #expect(sizes(user).last == user.history.compactMap(\.objectSize.integer).max())
        #expect(!user.marks.contains("FOLLOW"))
        user.press(.character("S"), .character("G"))
        #expect(!user.lines[2].contains("↑"))
        #expect(user.marks.hasSuffix("FOLLOW"))
    }

    @Test("a kept order is shown from its start")
    func keptOrder() {
        var state = ViewState()
        state.preferences.order = .by(.size, isDescending: true)
        var user = User(columns: 120, rows: 36, holding: [.prod], viewState: state)
        user.arrive((1...300).map { Make.row($0, size: .integer(($0 * 7_919) % 1_009)) })
        #expect(sizes(user).first == user.history.compactMap(\.objectSize.integer).max())
        #expect(user.lines[3].hasPrefix("▌"))
    }

    @Test("a sorted list is walked from end to end, a margin at a time")
    func walks() {
        var user = user()
        user.press(.character(">"), .character(">"), .character(">"), .character(">"), .character(">"))
        var seen: [Int64] = []
        for _ in 0..<300 {
            if let id = user.model.events.rows.selection { seen.append(id) }
            user.press(.down)
            #expect(user.model.events.rows.window.rows.count < 250)
        }
        #expect(Set(seen).count == 300)
    }

    @Test("what arrives is sorted in, and the selection stays on its row")
    func arrivals() {
        var user = user()
        user.press(.character("2"), .character(">"), .character(">"), .character(">"), .character(">"), .down, .down)
        let selected = user.model.events.rows.selection
        user.arrive([Make.row(301, size: .integer(1_000_000))])
        #expect(user.model.events.rows.selection == selected)
        #expect(user.model.events.rows.window.rows.first?.id == 301)
    }

    @Test("columns are hidden, shown, moved and brought back, each list's own")
    func columns() {
        var user = user()
        user.press(.character("2"), .character("C"))
        #expect(user.screen.contains("Columns of the table"))
        user.press(.character(" "))
        user.press(.escape)
        #expect(user.lines[2].hasPrefix("  Event Type"))
        #expect(user.kept.last?.preferences.tableColumns.first == "event-type")
        user.press(.character("C"))
        for _ in 0..<3 { user.press(.down) }
        user.press(.character("K"), .character("K"), .character("K"), .escape)
        #expect(user.lines[2].hasPrefix("  Object Version ID"))
        user.press(.character("C"), .character("r"), .escape)
        #expect(user.lines[2].hasPrefix("  Event Timestamp"))
        user.press(.character("1"))
        #expect(user.lines[2].hasPrefix("  TIME UTC"))
    }

    @Test("a column beyond the usual ones")
    func more() {
        var user = user()
        user.press(.character("C"))
        for _ in 0..<7 { user.press(.down) }
        user.press(.enter, .escape)
        #expect(user.lines[2].hasSuffix("STATUS"))
        #expect(user.hasRow(" 200", selected: true))
    }

    @Test("the last column cannot be hidden")
    func lastColumn() {
        var user = user()
        user.press(.character("C"))
        for _ in 0..<7 { user.press(.character(" "), .down) }
        user.press(.escape)
        #expect(user.lines[2] == "  RULE")
    }

    @Test("what was kept from the run before is shown, and names that are not known are passed over")
    func kept() {
        var state = ViewState()
        state.preferences.eventColumns = ["time", "object", "colour", "time"]
        state.preferences.order = .by(.object, isDescending: true)
        var user = User(columns: 120, rows: 36, holding: [.prod], viewState: state)
        user.arrive((1...9).map { Make.row($0) })
        #expect(user.lines[2].split(separator: " ") == ["TIME", "UTC", "OBJECT↓"])
        #expect(user.model.events.rows.visible.first?.row?.id == 9)
    }
}
