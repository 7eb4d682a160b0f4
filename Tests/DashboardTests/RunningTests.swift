import Base
import Dispatch
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard
@testable import Receiving

@Suite("Running", .blocking)
struct RunningTests {
    private func dashboard() throws -> Dashboard {
        let history = try History(.memory)
        return Dashboard(DashboardEnvironment(reader: history.reader, listener: NoListener()))
    }

    @Test("a burst of announcements leaves one message, and the newest change")
    func announcements() throws {
        let dashboard = try dashboard()
        DispatchQueue.concurrentPerform(iterations: 1_000) { number in
            dashboard.announce(HistoryChange(latestRow: Int64(number)))
        }
        dashboard.announce(HistoryChange(latestRow: 7_777))
        #expect(dashboard.mailbox.drain().count == 1)
        #expect(dashboard.takeAnnounced()?.latestRow == 7_777)
        dashboard.announce(HistoryChange(latestRow: 1))
        #expect(dashboard.mailbox.drain().count == 1)
    }

    @Test("the answers to questions come back through the mailbox")
    func answers() throws {
        let dashboard = try dashboard()
        let runner = EffectRunner(dashboard.environment, mailbox: dashboard.mailbox)
        var questions = Questions<[String]>()
        questions.ask("test", on: .listener) { outside, _ in
            try outside.ask(SendTestEvent())
        } then: { said, result in
            if case .success(let sentence) = result { said.append(sentence) }
        }
        questions.ask("secret", on: .listener) { outside, _ in
            try outside.ask(AddSecret(SecretDraft(label: "a", value: "b")))
        } then: { said, result in
            if case .failure(let failure) = result { said.append(failure.sentence) }
        }
        for effect in questions.dequeue() { #expect(runner.carryOut(effect)) }
        var said: [String] = []
        try wait(for: "two answers") {
            for message in dashboard.mailbox.drain() {
                if case .answered(let answered) = message.event { questions.settle(answered)?(&said) }
            }
            return said.count < 2 ? nil : ()
        }
        #expect(said == ["answered 200 OK in 2 ms", "the disk is on fire"])
        #expect(!questions.isWaiting("test") && !questions.isWaiting("secret"))
    }

    @Test("a question that another has taken the place of ends, and one lane keeps no other waiting")
    func replaced() throws {
        let dashboard = try dashboard()
        let runner = EffectRunner(dashboard.environment, mailbox: dashboard.mailbox)
        let (gate, hasBegun) = (Gate(), Monitor(false))
        var questions = Questions<[Int]>()
        func ask(_ number: Int, _ slot: String, on lane: Lane) {
            questions.ask(slot, on: lane) { (_, asking: Asking<Int>) -> Int in
                if number == 1 {
                    hasBegun.change { $0 = true }
                    gate.wait()
                }
                return asking.isCancelled ? -number : number
            } then: { (answers: inout [Int], result) in
                if case .success(let answer) = result { answers.append(answer) }
            }
            for effect in questions.dequeue() { _ = runner.carryOut(effect) }
        }
        ask(1, "a", on: .rows)
        // What has not begun is not begun at all once another has its place.
        try hasBegun.require("the first question") { $0 ? true : nil }
        ask(2, "a", on: .rows)
        ask(3, "a", on: .rows)
        ask(4, "b", on: .counts)
        var answers: [Int] = []
        func wait(for count: Int) throws {
            try TestSupport.wait(for: "\(count) answers") {
                for message in dashboard.mailbox.drain() {
                    if case .answered(let answered) = message.event { questions.settle(answered)?(&answers) }
                }
                return answers.count < count ? nil : ()
            }
        }
        try wait(for: 1)
        #expect(answers == [4])
        gate.open()
        try wait(for: 2)
        #expect(answers == [4, 3])
    }

    @Test("a delivery that is gone says so")
    func goneDelivery() throws {
        let environment = try dashboard().environment
        let builder = DocumentBuilder(reader: environment.reader, listener: environment.listener, clock: .utc)
        let request = DocumentRequest(
            rowID: 1, deliveryID: 1, position: 0, eventCount: 1, isDuplicate: false, tab: .summary, form: .raw,
            columns: 60, showsUTC: true, revision: 0, keyringRevision: 0)
        #expect(builder.build(request).lines == [StyledLine("This delivery is no longer recorded.", Style(.notice))])
    }

    @Test("local time follows the computer's zone")
    func localTime() {
        let clock = WallClock { _ in -5_400 }
        #expect(clock.offset(at: Timestamp(milliseconds: 0)) == "-01:30")
        #expect(clock.time(Timestamp(milliseconds: 0))?.timeOfDay == "22:30:00")
        #expect(abs(WallClock.local.secondsFromUTC(Timestamp(milliseconds: 0))) <= 15 * 3_600)
    }
}

@Suite("When frames are drawn")
struct PacingTests {
    let start = ContinuousClock.now

    @Test("the first frame is drawn at once, and none without need")
    func first() {
        var pacer = FramePacer()
        #expect(pacer.isDue(at: start))
        pacer.drew(at: start)
        #expect(!pacer.isDue(at: start + .seconds(9)))
        #expect(pacer.deadline == nil)
    }

    @Test("changes wait for the next frame, keys do not")
    func paces() {
        var pacer = FramePacer()
        pacer.drew(at: start)
        pacer.noteChange(isAnswer: false, at: start + .milliseconds(5))
        #expect(!pacer.isDue(at: start + .milliseconds(5)))
        #expect(pacer.deadline == start + .milliseconds(33))
        #expect(pacer.isDue(at: start + .milliseconds(33)))
        pacer.noteInput(at: start + .milliseconds(6))
        #expect(pacer.isDue(at: start + .milliseconds(6)))
    }

    @Test("what comes of a key is drawn at once too")
    func answers() {
        var pacer = FramePacer()
        pacer.noteInput(at: start)
        pacer.drew(at: start)
        pacer.noteChange(isAnswer: true, at: start + .milliseconds(4))
        #expect(pacer.isDue(at: start + .milliseconds(4)))
    }

    @Test("the state of the history is taken at once, and then once a frame")
    func moves() {
        var pacer = FramePacer()
        pacer.drew(at: start)
        #expect(!pacer.isMoveDue(at: start))
        pacer.noteMove()
        #expect(pacer.isMoveDue(at: start))
        pacer.tookMove(at: start)
        #expect(pacer.deadline == nil)
        pacer.noteMove()
        #expect(!pacer.isMoveDue(at: start + .milliseconds(5)))
        #expect(pacer.deadline == start + .milliseconds(33))
        #expect(pacer.isMoveDue(at: start + .milliseconds(33)))
    }
}
