import Base
import Dispatch
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("Running", .blocking)
struct RunningTests {
    private func dashboard() throws -> Dashboard {
        let history = try History(.memory)
        return Dashboard(DashboardEnvironment(reader: history.reader, control: NoListener()))
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

    @Test("what comes of effects comes back through the mailbox")
    func effects() throws {
        let dashboard = try dashboard()
        let runner = EffectRunner(dashboard.environment, mailbox: dashboard.mailbox)
        runner.call(.sendTestEvent)
        runner.call(.addSecret(SecretDraft(label: "a", value: "b")))
        var outcomes: [DashboardEvent] = []
        try wait(for: "two outcomes") {
            outcomes += dashboard.mailbox.drain().map(\.event)
            return outcomes.count < 2 ? nil : ()
        }
        guard case .controlEnded(_, .success(.said(let sentence)))? = outcomes.first,
            case .controlEnded(_, .failure(let failure))? = outcomes.last
        else {
            Issue.record("\(outcomes.count) outcomes")
            return
        }
        #expect(sentence == "answered 200 OK in 2 ms")
        #expect(failure.sentence == "the disk is on fire")
    }

    @Test("a delivery that is gone says so")
    func goneDelivery() throws {
        let environment = try dashboard().environment
        let builder = DocumentBuilder(reader: environment.reader, control: environment.control, clock: .utc)
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
}
