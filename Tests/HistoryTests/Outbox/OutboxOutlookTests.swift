import History
import Notifications
import TestSupport
import Testing

@Suite("The outbox, for those who look at it", .blocking)
struct OutboxOutlookTests {
    @Test("says what running an action would come to, as running it then does")
    func plan() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["done", "dead", "new", nil]))
        try history.keepNow(.sample(ids: ["new", "other"], .invalid))
        try history.keepNow(.sample(.sample(body: Array("no JSON".utf8)), .valid))
        _ = try history.outbox.add(action, rows: [1, 2], at: .at(0))
        let ids = try history.entries().map(\.id)
        _ = try history.outbox.begin(ids, batch: 1, at: .at(1))
        try history.outbox.settle([.init(ids[0], .done), .init(ids[1], .dead)], exchange: nil, at: .at(1))
        var plan = OutboxPlan(most: 3)
        try history.reader.plan("rows", for: [1, 2, 3, 4], into: &plan)
        try history.reader.plan("rows", for: [5, 6, 7, 99], into: &plan)
        #expect(plan.rows == [2, 3, 4] && plan.count == 4)
        #expect(plan.there == 1 && plan.repeated == 1 && plan.unfit == 2)
        let addition = try history.outbox.add(action, rows: [1, 2, 3, 4, 5, 6, 7, 99], at: .at(2))
        #expect(addition.added + addition.again == plan.count && addition.unfit == plan.unfit)
        #expect(addition.there == plan.there + plan.repeated)
    }

    @Test("marks rows with what declared actions have done, and with nothing of others")
    func undeclaredMarks() throws {
        let history = try History(.memory)
        let action = try history.declare("old", kind: "csv")
        try history.keepNow(.sample(ids: ["1"]))
        try history.walkAll(action)
        #expect(try history.allRows.map(\.sheet) == [.queued])
        _ = try history.declare("new", kind: "csv")
        #expect(try history.allRows.map(\.sheet) == [nil])
        #expect(try history.allRows.map(\.actions) == [nil])
        _ = try history.declare("old", kind: "csv")
        #expect(try history.allRows.map(\.actions) == [.queued])
    }

    @Test("lists the declared actions first")
    func order() throws {
        let history = try History(.memory)
        let action = try history.declare("a")
        try history.keepNow(.sample(ids: ["1"]))
        try history.walkAll(action)
        _ = try history.outbox.declare(["c", "b"].map { .init(name: $0, kind: "csv", summary: "") })
        #expect(try history.reader.actions().map(\.name) == ["b", "c", "a"])
    }

    @Test("says until when an action is held, with each entry that waits for that, until it is declared anew")
    func held() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["1", "2"]))
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        _ = try history.outbox.begin([ids[0]], batch: 1, at: .at(1))
        try history.outbox.settle([.init(ids[0], .failed, due: .at(5))], exchange: nil, at: .at(1))
        #expect(try history.entries().map(\.nextTry) == [.at(5), nil])
        let revision = history.current.outbox
        let hold = ActionHold(.onHold, until: .at(60), reason: "not shared", since: .at(1))
        try history.outbox.hold(action, hold)
        #expect(history.current.outbox > revision)
        #expect(try history.reader.actions().map(\.hold) == [hold])
        #expect(try history.entries().map(\.nextTry) == [.at(60), nil])
        _ = try history.declare()
        #expect(try history.reader.actions().map(\.hold) == [nil])
    }

    @Test("an entry that describes a failure is written with what failed, and shows what it describes")
    func notes() throws {
        let history = try History(.memory)
        let ids = try history.outbox.declare([
            .init(name: "a", kind: "csv", summary: "a"), .init(name: "b", kind: "slack", summary: "b"),
        ])
        let action = ids["a"] ?? 0
        try history.keepNow(.sample(ids: ["1"]))
        try history.walkAll(action)
        let entry = try #require(history.entries().first)
        let note = Array(#"{"events":[{"eventType":"b2watch:ActionFailed:Dead","objectName":"a is dead"}]}"#.utf8)
        let report = Outbox.FailureReport(action: ids["b"] ?? 0, row: entry.row, note: note)
        _ = try history.outbox.begin([entry.id], batch: 1, at: .at(1))
        try history.outbox.settle([.init(entry.id, .dead, reason: "no")], exchange: nil, reports: [report], at: .at(2))
        // Written again, as after a write that seemed to fail, it changes nothing.
        try history.outbox.settle([.init(entry.id, .dead, reason: "no")], exchange: nil, reports: [report], at: .at(2))
        let window = try history.reader.outbox(OutboxRequest(action: "b", .newest, before: 9, after: 0))
        #expect(window.rows.map(\.event.objectName.text) == ["a is dead"])
        #expect(window.rows.first?.entry.note == note && window.rows.first?.entry.state == .queued)
        #expect(try history.reader.outboxEntries(ofRow: entry.row).map(\.action) == ["a"])
    }

    @Test("looks for what was missed among the newest rows only, and says so")
    func missedLately() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["first"], .unverified))
        // A filter that reads what was received is looked at for fewer rows.
        for start in stride(from: 0, to: 2_000, by: 500) {
            try history.keepNow(.sample(ids: (start..<start + 500).map(String.init), .invalid))
        }
        try history.keepNow(.sample(ids: ["last"], .unverified))
        try history.walkAll(action)
        let predicate = RowPredicate.all([
            .verdict([.unverified]), .not(.text([.headers], TextPattern("none") { _ in false })),
        ])
        #expect(try history.reader.missed(action, matching: predicate).rows == [1, 2_002])
        let newest = try history.reader.missed(action, matching: predicate, in: .newest)
        #expect(newest == MissedRows(count: 1, rows: [2_002], isAll: false))
    }
}
