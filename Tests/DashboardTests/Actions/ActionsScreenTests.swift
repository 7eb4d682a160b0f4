import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("4 Actions")
struct ActionsScreenTests {
    private static let actions = [
        Make.action("alerts", [.done: 2], kind: "slack"), Make.action("rows", [.done: 3, .failed: 2, .dead: 1]),
    ]

    private func user(_ entries: [OutboxRow] = []) -> User {
        var user = User.acting(actions: Self.actions, entries: entries)
        user.press(.character("4"))
        return user
    }

    @Test("lists the actions, and the entries of the one selected")
    func lists() {
        var user = user([Make.entry(1, of: "alerts"), Make.entry(2, of: "rows"), Make.entry(3, of: "rows", .failed)])
        #expect(user.lines[1].contains("[4 Actions!]"))
        #expect(user.hasRow("alerts", selected: true))
        #expect(user.screen.contains("cat-1.jpg") && !user.screen.contains("cat-2.jpg"))
        user.press(.down)
        #expect(user.screen.contains("cat-3.jpg") && !user.screen.contains("cat-1.jpg"))
        user.press(.right, .right)
        #expect(user.screen.contains("[failed]") && !user.screen.contains("cat-2.jpg"))
    }

    @Test("drops what was read for another action")
    func lateAnswer() {
        var user = user([Make.entry(1, of: "alerts"), Make.entry(2, of: "rows")])
        user.holdsEffects = true
        user.outboxMoves()
        user.press(.down)
        user.release()
        #expect(user.screen.contains("cat-2.jpg") && !user.screen.contains("cat-1.jpg"))
    }

    @Test("follows what comes, and counts anew when the outbox has moved")
    func moves() {
        var user = user([Make.entry(1, of: "alerts")])
        user.entries.append(Make.entry(9, of: "alerts", .queued))
        user.actions[0] = Make.action("alerts", [.done: 2, .queued: 1_234])
        #expect(!user.screen.contains("cat-9.jpg"))
        user.outboxMoves()
        #expect(user.screen.contains("cat-9.jpg") && user.screen.contains("1,234"))
    }

    @Test("reads how they stand no more often than there are frames, and once a second where they are not seen")
    func pace() {
        var user = user()
        user.holdsEffects = true
        func reads(_ user: User) -> Int {
            user.held.count { $0.asks("actions") }
        }
        user.change.outbox += 1
        user.now += .seconds(5)
        user.tell(.historyChanged(user.change))
        #expect(reads(user) == 1)
        user.release()
        user.holdsEffects = true
        user.change.outbox += 1
        user.now += .milliseconds(5)
        user.tell(.historyChanged(user.change))
        #expect(reads(user) == 0 && user.model.deadline != nil)
        user.wait(.milliseconds(40))
        #expect(reads(user) == 1)
        user.release()
        user.press(.character("1"))
        user.holdsEffects = true
        user.change.outbox += 1
        user.now += .milliseconds(500)
        user.tell(.historyChanged(user.change))
        #expect(reads(user) == 0)
        user.wait(.milliseconds(600))
        #expect(reads(user) == 1)
    }

    @Test("opens an entry to its request and answer, and closes it")
    func opens() {
        var user = user([Make.entry(1, of: "alerts", .failed, due: 90_000)])
        user.exchanges[1] = Make.exchange
        user.press(.enter)
        #expect(user.model.actions.isInEntries)
        user.press(.enter)
        #expect(user.lines[1].contains("[Entry 1]"))
        #expect(user.screen.contains("Authorization: ***") && user.screen.contains("503 Service Unavailable"))
        user.press(.end)
        #expect(user.screen.contains("\\x1b[31m"))
        user.press(.character("R"))
        #expect(user.actionCalls == calls(RetryEntries([1])))
        user.entries[0].entry.state = .done
        user.outboxMoves()
        user.press(.home)
        #expect(user.screen.contains("● done"))
        user.press(.character("R"))
        #expect(user.screen.contains("The entry is done."))
        user.press(.escape)
        #expect(user.model.page == nil && user.model.actions.isInEntries)
        user.press(.escape)
        #expect(!user.model.actions.isInEntries)
    }

    @Test("pauses, tries out, and shows what would be sent")
    func asks() {
        var user = user()
        user.reply(to: PauseAction.self) { _ in ControlDone() }
        user.reply(to: TestAction.self) { _ in "it would work" }
        user.preview = { _ in DryRun(text: Array("{\"text\": \"hello\"}".utf8)) }
        user.press(.character("p"))
        #expect(user.actionCalls == calls(PauseAction("alerts", isPaused: true)))
        #expect(user.screen.contains("“alerts” is paused"))
        user.press(.character("T"))
        #expect(user.screen.contains("it would work"))
        user.press(.character("d"))
        #expect(user.lines[1].contains("[Dry run]") && user.screen.contains("hello"))
        #expect(user.screen.contains("Nothing was sent."))
    }

    @Test("tries all again that failed, after a question")
    func retryAll() {
        var user = user()
        user.press(.character("R"))
        #expect(user.screen.contains("No entry of this action has failed."))
        user.press(.down, .character("R"))
        #expect(user.screen.contains("Retry “rows” for all 3 entries that failed? (y/n)"))
        user.press(.character("n"))
        #expect(user.actionCalls.isEmpty)
        user.press(.character("R"), .character("y"))
        #expect(user.actionCalls == calls(RetryAction("rows", in: [.failed, .dead, .onHold])))
    }

    @Test("skips the entry selected, and no other")
    func skips() {
        var user = user([Make.entry(1, of: "alerts", .dead)])
        user.press(.character("D"))
        #expect(user.screen.contains("No entry of this action is waiting or dead."))
        user.press(.tab, .character("D"))
        #expect(user.actionCalls == calls(SkipEntries([1])))
    }

    @Test("offers what was missed once verdicts have changed, and adds it after a question")
    func missed() {
        var user = user()
        user.reply(to: FindMissedRows.self) { $0.action == "rows" ? MissedRows(count: 2, rows: [4, 7]) : nil }
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 2])))
        #expect(user.actionCalls == calls(FindMissedRows("alerts", in: .all), FindMissedRows("rows", in: .all)))
        #expect(
            user.screen.contains(
                "“rows”: 2 events were missed before their verdict or “when” changed; + in Actions adds them."))
        user.press(.down)
        #expect(user.screen.contains("2 events were missed before their verdict or “when” changed: can be added."))
        user.press(.character("+"))
        #expect(user.screen.contains("Run “rows” for them? (y/n)"))
        user.press(.character("y"))
        #expect(user.acts.map(\.deed) == [.run("rows")] && user.acts.map(\.rows) == [.chosen([4, 7])])
    }

    @Test("says how an action is declared where none is, and why keys do nothing")
    func empty() {
        var user = User.acting(actions: [])
        user.press(.character("a"))
        #expect(user.screen.contains("No actions are declared: 4 shows how."))
        user.press(.character("4"))
        for line in ActionsScreen.example { #expect(user.screen.contains(line)) }
        for word in ["filter", "sort", "search", "follow"] { #expect(user.lines.last?.contains(word) == false) }
        for key in "pf>/" {
            user.press(.character(key))
            #expect(user.screen.contains("No actions are declared."), "\(key)")
        }
    }

    @Test("takes the mouse as the other lists do")
    func mouse() {
        var user = user([Make.entry(1, of: "rows"), Make.entry(2, of: "rows")])
        user.click(on: "rows ")
        #expect(user.model.actions.selection == "rows")
        user.click(on: " failed ")
        #expect(user.model.actions.choice == .troubled)
        user.click(on: " all ")
        guard let place = user.place(of: "cat-1.jpg") else {
            Issue.record("no entry")
            return
        }
        user.doubleClick(place.column, place.row)
        #expect(user.model.page?.kind == .entry(1))
    }

    @Test("goes on while an age is shown, and is idle where none is")
    func ages() {
        var user = User.acting(actions: [Make.action("rows", [.queued: 1], oldest: 0)])
        user.wait(.seconds(60))
        // Where no age is shown, nothing wakes the screen before the entry has waited for ten minutes.
        let late = Make.start + 600_000 - user.model.session.wallTime.milliseconds
        let expected = user.now + .milliseconds(late)
        #expect(late > 530_000)
        #expect(user.model.deadline == expected)
        user.press(.character("4"))
        #expect(user.screen.contains("1 min"))
        user.wait(.seconds(60))
        #expect(user.screen.contains("2 min"))
        let deadline = user.model.deadline ?? user.now + .seconds(999)
        #expect(deadline <= user.now + .seconds(60))
        var calm = User.acting(actions: [Make.action("rows", [.done: 1])])
        calm.wait(.seconds(60))
        #expect(calm.model.deadline == nil)
    }

    @Test("shows what the selected action has missed whenever it is opened, asked for once each time")
    func missedWhenOpened() {
        var user = User.acting(actions: Self.actions)
        user.reply(to: FindMissedRows.self) {
            $0.action == "rows" && $0.reach == .newest ? MissedRows(count: 30, isAll: false) : nil
        }
        user.press(.character("4"))
        #expect(!user.screen.contains("missed before"))
        user.press(.down)
        #expect(
            user.screen.contains("At least 30 events were missed before their verdict or “when” changed: can be added.")
        )
        user.outboxMoves()
        user.press(.up, .down)
        #expect(user.glances == ["alerts", "rows"])
        user.press(.character("1"))
        user.press(.character("4"))
        #expect(user.glances == ["alerts", "rows", "rows"])
    }

    @Test("says until when an action is held, and of no entry that it is tried before that")
    func held() {
        var action = Make.action("rows", [.failed: 1, .queued: 2], due: 5_000)
        action.status.hold = ActionHold(.failing, until: Timestamp(milliseconds: Make.start + 90_000))
        var entry = Make.entry(1, .failed, due: 5_000)
        entry.entry.heldUntil = action.status.heldUntil
        var user = User.acting(actions: [action], entries: [entry])
        user.press(.character("4"))
        #expect(user.lines.filter { $0.contains("in 2 min") }.count == 2)
        #expect(user.screen.contains("retry in 2 min"))
        user.press(.enter, .enter)
        #expect(user.screen.contains("Next try        2026") && user.screen.contains("16:44:30.000"))
    }

    @Test("keeps the last error where it is narrow, and drops counts that are zero for all", arguments: [80, 100, 120])
    func lastError(columns: Int) {
        let user = { () -> User in
            var user = User.acting(
                size: Size(columns: columns, rows: 30),
                actions: [Make.action("rows", [.done: 3, .failed: 1], reason: "no answer", due: 90_000)])
            user.press(.character("4"))
            return user
        }()
        #expect(user.screen.contains("retry in 2 min") && user.screen.contains("LAST ERROR"))
        #expect(user.screen.contains("no answer") && user.screen.contains("FAILED"))
    }

    @Test("says of an entry without a request why there is none, and breaks no word of a reason")
    func unsent() {
        let reason = "The receiver does not accept the signing secret of this delivery any more: look at its settings."
        var user = User.acting(
            size: Size(columns: 60, rows: 30), actions: Self.actions,
            entries: [Make.entry(1, of: "alerts", .dead, reason: reason), Make.entry(2, of: "alerts")])
        user.press(.character("4"), .enter, .end, .enter)
        #expect(user.screen.contains("b2watch ended without a word while it ran."))
        #expect(!user.screen.contains("Nothing has been sent") && !user.screen.contains("Batch"))
        user.press(.escape, .up, .enter)
        let words = user.lines.dropFirst(2).flatMap { $0.split(separator: " ").map(String.init) }
        for word in reason.split(separator: " ") { #expect(words.contains(String(word)), "\(word)") }
    }
}
