import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("The mouse")
struct MouseTests {
    @Test("selects a row, and opens it with a double click")
    func rows() {
        var user = User.watching(50)
        user.click(20, 5)
        #expect(user.selected == user.lines[5])
        #expect(!user.model.events.rows.isFollowing)
        user.doubleClick(20, 4)
        #expect(user.model.detail.isFullScreen)
        user.press(.escape)
        #expect(user.selected == user.lines[4])
    }

    @Test("selects no row where there is none")
    func noRow() {
        var user = User.watching(2)
        let before = user.selected
        user.click(20, 9)
        #expect(user.selected == before)
        user.doubleClick(20, 9)
        #expect(!user.model.detail.isFullScreen)
    }

    @Test("gives the keys to the pane that is clicked")
    func panes() {
        var user = User.watching(50)
        user.click(20, 18)
        #expect(user.model.place.nearest == .detail)
        user.click(20, 4)
        #expect(user.model.place.nearest == .events)
    }

    @Test("turns to a tab of the pane")
    func detailTabs() {
        var user = User.watching(50)
        user.click(on: "Headers")
        #expect(user.model.detail.tab == .headers)
        user.click(on: "Signature", behind: 10)
        #expect(user.model.detail.tab == .signature)
        #expect(user.model.place.nearest == .events)
    }

    @Test("scrolls the list under it, and the selection comes along")
    func wheelOnList() {
        var user = User.watching(50)
        let top = user.lines[3]
        user.wheel(.wheelUp, 20, 5)
        #expect(user.lines[6] == top)
        #expect(!user.model.events.rows.isFollowing)
        for _ in 0..<30 { user.wheel(.wheelUp, 20, 5) }
        #expect(user.lines[3].contains("16:43:01"))
        for _ in 0..<30 { user.wheel(.wheelDown, 20, 5) }
        #expect(user.screen.contains("16:43:50"))
        #expect(user.selected != nil)
    }

    @Test("scrolls the pane under it, though the list has the keys")
    func wheelOnDetail() {
        var user = User.watching(50)
        user.press(.character("v"))
        let selected = user.selected
        let before = user.model.detail.scroll.top
        user.wheel(.wheelDown, 20, 18)
        #expect(user.model.detail.scroll.top == before + 3)
        #expect(user.selected == selected)
        #expect(user.model.place.nearest == .events)
    }

    @Test("goes through time over the bars of the pulse")
    func wheelOnBars() async throws {
        var (user, history) = try await PulseTests.user()
        defer { history.close() }
        user.type("+++")
        let (span, before) = (user.model.pulse.span, try #require(user.model.pulse.pulse).start)
        user.wheel(.wheelUp, 30, 4)
        user.wheel(.wheelUp, 30, 4)
        #expect(user.marks.contains("10 minutes  past"))
        let pulse = try #require(user.model.pulse.pulse)
        #expect(pulse.start.milliseconds == before.milliseconds - 6 * pulse.request.barWidth)
        #expect(user.model.pulse.span == span)
        for _ in 0..<9 { user.wheel(.wheelDown, 30, 4) }
        #expect(user.marks.hasSuffix("10 minutes  latest"))
    }

    @Test("scrolls the shares of the pulse under it, though the bars have the keys")
    func wheelOnShares() async throws {
        var (user, history) = try await PulseTests.user(columns: 80, rows: 12)
        defer { history.close() }
        let place = try #require(user.place(of: "BY BUCKET"))
        #expect(user.lines[place.row + 1].contains("b0 "))
        user.wheel(.wheelDown, place.column, place.row + 1)
        #expect(!user.lines[place.row + 1].contains("b0 "))
        #expect(user.model.pulse.section == .bars)
        user.wheel(.wheelUp, place.column, place.row + 1)
        #expect(user.lines[place.row + 1].contains("b0 "))
        user.click(place.column, place.row)
        #expect(user.model.pulse.section == .buckets)
    }

    @Test("turns to a view by its tab")
    func tabs() {
        var user = User.watching(50)
        user.click(on: "2 Table")
        #expect(user.model.view == .table)
        user.click(on: "3 Deliveries")
        user.click(20, 5)
        #expect(user.selected == user.lines[5])
        user.wheel(.wheelUp, 20, 5)
        #expect(!user.model.deliveries.list.isFollowing)
    }

    @Test("presses the hints of the footer")
    func hints() {
        var user = User.watching(50)
        user.click(on: "help", behind: 23)
        #expect(user.model.help != nil)
        user.click(on: "close", behind: 23)
        #expect(user.model.help == nil)
        user.click(on: "test", behind: 23)
        #expect(user.calls.count == 1)
    }

    @Test("sorts by the heading that is clicked, and turns the order about")
    func headings() {
        var user = User.watching(50)
        user.click(on: "OBJECT", behind: 2)
        #expect(user.model.session.viewState.preferences.order == .by(.object, isDescending: false))
        user.click(on: "OBJECT", behind: 2)
        #expect(user.model.session.viewState.preferences.order == .by(.object, isDescending: true))
    }

    @Test("answers a question by its hints, and does nothing elsewhere meanwhile")
    func question() {
        var user = User.watching(50)
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.character("q"))
        let before = user.model.events.rows.selection
        user.click(20, 5)
        user.click(on: "2 Table")
        #expect(user.model.events.rows.selection == before)
        #expect(user.model.view == .events)
        user.click(on: "no", behind: 23)
        #expect(user.model.question == nil)
        #expect(user.ending == nil)
    }

    @Test("does nothing to the list while something is typed")
    func prompts() {
        var user = User.watching(50)
        user.press(.character("f"))
        user.type("cat")
        let before = user.model.events.rows.selection
        user.click(20, 5)
        #expect(user.model.events.rows.selection == before)
        #expect(user.model.place.nearest == .filter)
    }

    @Test("chooses from the menu of what to copy")
    func copying() {
        var user = User.watching(50)
        user.press(.character("y"))
        user.click(on: "curl command")
        #expect(user.clipboard != nil)
        #expect(user.model[CopyMenu.self] == nil)
    }

    @Test("does nothing anywhere that crashes", arguments: ["", "2", "3", "6", "7", "s", "?", "C", "c", ":", "y"])
    func everywhere(key: String) {
        var user = User.watching(30)
        user.type(key)
        for row in stride(from: 0, to: 24, by: 2) {
            for column in stride(from: 0, to: 80, by: 19) {
                var one = user
                one.doubleClick(column, row)
                one.wheel(.wheelDown, column, row)
                one.wheel(.wheelUp, column, row)
                #expect(!one.screen.isEmpty)
            }
        }
    }
}
