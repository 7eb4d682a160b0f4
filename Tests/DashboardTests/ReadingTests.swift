import Base
import History
import Terminal
import Testing

@testable import Dashboard

@Suite("The rhythm of reading")
struct ReadingTests {
    @Test("one question is out at a time, however much arrives")
    func oneAtATime() {
        var user = User.watching(3)
        user.holdsEffects = true
        for id in 4...500 { user.arrive([Make.row(Int64(id))]) }
        #expect(user.held.filter { $0.asks("rows") }.count == 1)
        user.release()
        #expect(user.hasRow("16:51:20", selected: true))
    }

    @Test("a burst within a frame costs one more reading, at the frame's end")
    func coalesces() {
        var user = User.watching(3)
        user.wait(.seconds(1))
        let before = user.reads.count
        let start = user.now
        for id in 4...103 {
            user.history.append(Make.row(Int64(id)))
            user.change.latestRow = Int64(id)
            user.tell(.historyChanged(user.change))
            user.now += .microseconds(200)
        }
        #expect(user.reads.count == before + 1)
        #expect(user.model.deadline == start + ListPace.frame)
        user.now = start + ListPace.frame
        user.tell(.tick)
        #expect(user.reads.count == before + 2)
        #expect(user.hasRow("16:44:43", selected: true))
        #expect(user.model.deadline == nil)
    }

    @Test("what is read under way is dropped once the user goes elsewhere")
    func staleRows() {
        var user = User.watching(300)
        user.holdsEffects = true
        user.arrive([Make.row(301)])
        user.press(.up)
        let newest = user.held
        user.held = []
        user.holdsEffects = false
        // The answer holds only rows far from the selection.
        if let asked = newest.first(where: { $0.asks("rows") })?.asked {
            let window = ListWindow<EventRow>(rows: [Make.row(900)], hasOlder: true, hasNewer: false)
            user.tell(.answered(Answered(slot: asked.slot, number: asked.number, answer: .success(window))))
        }
        #expect(user.hasRow("16:47:59", selected: true))
    }

    @Test("an answer to a question never asked is dropped")
    func unknownQuestion() {
        var user = User.watching(3)
        let window = ListWindow<EventRow>(rows: [Make.row(9)])
        user.tell(.answered(Answered(slot: Slot(opening: 0, name: "rows"), number: 99, answer: .success(window))))
        #expect(user.hasRow("16:43:03", selected: true))
    }

    @Test("g asks for the oldest and selects it when it comes")
    func jump() {
        var user = User.watching(1_000)
        user.holdsEffects = true
        user.press(.character("g"))
        #expect(user.hasRow("16:59:40", selected: true))
        user.release()
        #expect(user.lines[3].hasPrefix("▌ 16:43:01"))
    }

    @Test("a reading that fails says so, and is not tried again until something changes")
    func failure() {
        var user = User.watching(3)
        user.holdsEffects = true
        user.arrive([Make.row(4)])
        user.fail("rows", TestFailure())
        #expect(user.screen.contains("The history could not be read: the disk is on fire"))
        user.wait(.seconds(1))
        #expect(user.held.filter { $0.asks("rows") }.isEmpty)
        user.holdsEffects = false
        user.arrive([Make.row(5)])
        #expect(user.hasRow("16:43:05", selected: true))
    }

    @Test("an idle dashboard has no deadline")
    func idle() {
        let user = User.watching(100)
        #expect(user.model.deadline == nil)
        #expect(User().model.deadline == nil)
    }

    @Test("the same history is never asked for twice")
    func quiet() {
        var user = User.watching(100)
        let reads = user.reads.count
        for _ in 0..<10 { user.wait(.seconds(1)) }
        #expect(user.reads.count == reads)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String { "the disk is on fire" }
}
