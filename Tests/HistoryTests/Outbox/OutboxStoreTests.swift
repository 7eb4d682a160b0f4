import Base
import GRDB
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import History

@Suite("The storage of the outbox", .blocking)
struct OutboxStoreTests {
    /// Returns a history with an action whose entries are all in one state.
    private func history(_ count: Int, _ state: EntryState) throws -> (history: History, action: Int64, ids: [Int64]) {
        let history = try History(.memory)
        let action = try history.declare()
        for first in stride(from: 0, to: count, by: 500) {
            try history.keepNow(.sample(ids: (first..<min(count, first + 500)).map(String.init)))
        }
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        _ = try history.outbox.begin(ids, batch: 1, at: .at(1))
        try history.outbox.settle(ids.map { .init($0, state, reason: "refused") }, exchange: nil, at: .at(2))
        return (history, action, ids)
    }

    @Test("notes of failures have a bound for each action: the oldest go, first those that are done with")
    func notesAreBounded() throws {
        let (history, _, ids) = try history(1, .dead)
        let other = try #require(
            try history.outbox.declare([.init(name: "tell", kind: "command", summary: "")])["tell"])
        let day: Int64 = 86_400_000
        func note(_ count: Int, at time: Int64) throws {
            let reports = (0..<count).map { _ in Outbox.FailureReport(action: other, row: 1, note: Array("{}".utf8)) }
            _ = try history.outbox.retry(ids, at: .at(time))
            _ = try history.outbox.begin(ids, batch: time, at: .at(time))
            try history.outbox.settle(
                [.init(ids[0], .dead, reason: "refused")], exchange: nil, reports: reports, at: .at(time))
        }
        func notes() throws -> [Int64] { try history.entries().filter { $0.action == "tell" }.map(\.id) }
        try note(1_000, at: 10)
        let first = try notes()
        #expect(first.count == 1_000)
        // Two of the newer ones are done with.
        _ = try history.outbox.skip([first[700], first[800]], at: .at(11))
        try note(3, at: 20 + day)
        let left = try notes()
        #expect(left.count == 1_000)
        #expect(Set(first).subtracting(left) == [first[0], first[700], first[800]])
        #expect(try history.entries().contains { $0.action == "rows" })
    }

    @Test("retries each entry once, even if it soon fails again")
    func retriedOnce() throws {
        let (history, action, ids) = try history(2_100, .dead)
        // Between two transactions all retried entries fail again.
        history.observe { [writer = history.writer] _ in
            writer.perform({ db in try db.execute(sql: "UPDATE entry SET state = 4 WHERE state = 0") }) { _ in }
        }
        #expect(try history.outbox.retryAll(action, in: [.failed, .dead, .done], at: .at(3)) == ids.count)
    }

    @Test("returns the newest times at which entries were done, or may have been")
    func spent() throws {
        let (history, action, ids) = try history(6, .failed)
        let outbox = history.outbox
        for (id, (state, time)) in zip(
            ids, [(EntryState.done, 9), (.uncertain, 7), (.dead, 8), (.done, 5), (.done, 20), (.skipped, 6)])
        {
            _ = try outbox.begin([id], batch: id, at: .at(3))
            try outbox.settle([.init(id, state)], exchange: nil, at: .at(Int64(time)))
        }
        func spent(_ start: Int64, _ end: Int64, _ limit: Int) throws -> [Timestamp] {
            try history.reader.outboxSpent(action, after: .at(start), through: .at(end), limit: limit)
        }
        #expect(try spent(0, 20, 9) == [.at(5), .at(7), .at(9), .at(20)])
        #expect(try spent(0, 20, 2) == [.at(9), .at(20)])
        #expect(try spent(5, 19, 9) == [.at(7), .at(9)])
        #expect(try history.reader.outboxSpent(action + 1, after: .at(0), through: .at(20), limit: 9) == [])
    }

    @Test("takes back a batch that was begun and not sent, and no other")
    func takenBack() throws {
        let (history, action, ids) = try history(4, .failed)
        _ = try history.outbox.begin(Array(ids[0...1]), batch: 8, at: .at(3))
        _ = try history.outbox.begin([ids[2]], batch: 9, at: .at(3))
        try history.outbox.takeBack(action, batch: 8, at: .at(4))
        let entries = try history.entries()
        #expect(entries.map(\.state) == [.queued, .queued, .running, .failed])
        #expect(entries.map(\.attempts) == [1, 1, 2, 1])
        #expect(try history.reader.outboxDue(action, at: .at(3), limit: 9).map(\.id) == [ids[0], ids[1], ids[3]])
    }

    @Test("removes the reason of the last failure when an entry is retried")
    func reasonForgotten() throws {
        let (history, _, ids) = try history(2, .dead)
        #expect(try history.reader.actions().map(\.lastReason) == ["refused"])
        #expect(try history.outbox.retry(ids, at: .at(3)) == 2)
        #expect(try history.entries().map(\.reason) == [nil, nil])
        #expect(try history.reader.actions().map(\.lastReason) == [nil])
    }

    @Test("retries at once an entry that failed without a time for the next attempt")
    func dueAtOnce() throws {
        let (history, action, ids) = try history(2, .failed)
        #expect(try history.reader.outboxNextDue(action) == .at(2))
        #expect(try history.reader.outboxDue(action, at: .at(2), limit: 9).map(\.id) == ids)
    }

    @Test("reports no change if nothing has changed")
    func unchanged() throws {
        let (history, action, ids) = try history(2, .done)
        let observer = Observer(history)
        let before = history.current.outbox
        #expect(try history.outbox.begin(ids, batch: 2, at: .at(3)) == [])
        try history.outbox.settle(ids.map { .init($0, .dead) }, exchange: nil, at: .at(3))
        #expect(try history.outbox.retry(ids, at: .at(3)) == 0)
        #expect(try history.outbox.skip(ids, at: .at(3)) == 0)
        #expect(try history.outbox.retryAll(action, in: Set(EntryState.allCases), at: .at(3)) == 0)
        #expect(try history.add(action, rows: [1, 99], at: .at(3)) == .init(there: 1, unfit: 1))
        #expect(try history.walkAll(action) == 0)
        #expect(history.current.outbox == before && observer.events.isEmpty)
        try history.outbox.setPaused(action, true)
        #expect(history.current.outbox > before && observer.changes.last == history.current)
        #expect(try history.reader.actions().map(\.isPaused) == [true])
    }

    @Test("walks in shorter steps with a filter that searches received text, with the same result")
    func shortSteps() throws {
        let history = try History(.memory)
        let action = try history.declare()
        for first in [0, 600] { try history.keepNow(.sample(ids: (first..<first + 600).map(String.init))) }
        let pattern = TextPattern("POST", literals: nil) { !$0.isEmpty }
        let walk = try history.outbox.walk(
            action, through: 1_200, matching: .text([.method], pattern), at: .at(0), limit: 10_000)
        // 500 rows, and the others of the delivery.
        #expect(walk == Outbox.Walk(cursor: 600, added: 600))
        #expect(try history.walkAll(action, matching: .text([.method], pattern)) == 600)
    }

    /// Returns the statements that run in `body`, on the only connection of a history in memory.
    private func statements(of history: History, _ body: () throws -> Void) throws -> [String] {
        let seen = Mutex<[String]>([])
        try history.reader.read { db in
            db.trace { event in
                if case .statement(let statement) = event {
                    let sql = statement.expandedSQL
                    seen.withLock { $0.append(sql) }
                }
            }
        }
        try body()
        try history.reader.read { db in db.trace(options: []) }
        return seen.withLock { $0 }
    }

    @Test("uses indexes for all reads and changes, so that finished entries cost nothing")
    func plans() throws {
        let (history, action, ids) = try history(20, .done)
        let (reader, outbox) = (history.reader, history.outbox)
        let statements = try statements(of: history) {
            _ = try reader.actions()
            _ = try reader.outbox(OutboxRequest(.newest, before: 5, after: 0))
            _ = try reader.outbox(OutboxRequest(action: "rows", states: [.dead], .row(7), before: 5, after: 5))
            _ = try reader.outboxEntry(ids[0])
            _ = try reader.outboxEntries(ofRow: 1)
            _ = try reader.outboxDue(action, at: .at(9), limit: 5)
            _ = try reader.outboxNextDue(action)
            _ = try reader.outboxRunning(action)
            _ = try reader.outboxSpent(action, after: .at(1), through: .at(9), limit: 5)
            try outbox.takeBack(action, batch: 9, at: .at(9))
            _ = try reader.missed(action, matching: .everything)
            _ = try reader.rows(WindowRequest<Int64>(.newest, before: 5, after: 0))
            _ = try reader.deliveryRows(WindowRequest<Int64>(.newest, before: 5, after: 0))
            _ = try outbox.add(action, rows: [1], at: .at(5))
            _ = try outbox.begin(ids, batch: 5, at: .at(5))
            try outbox.settle([.init(ids[0], .dead)], exchange: nil, at: .at(5))
            _ = try outbox.retryAll(action, in: [.dead, .failed], at: .at(5))
        }
        // `--` marks the statements of triggers.
        let own = statements.filter { sql in ["SELECT", "UPDATE", "INSERT", "DELETE"].contains { sql.hasPrefix($0) } }
        #expect(own.count > 15)
        try history.reader.read { db in
            for sql in own where sql.contains("entry") {
                let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
                #expect(!plan.contains { $0.hasPrefix("SCAN entry") }, "\(sql)\n\(plan)")
                #expect(!plan.contains { $0.hasPrefix("USE TEMP B-TREE") && sql.contains("changedAt >") }, "\(plan)")
            }
        }
    }

    @Test("is not read by a search of the event list")
    func searches() throws {
        let history = try history(20, .done).history
        let statements = try statements(of: history) {
            _ = try history.reader.ids(matching: .verdict([.valid]), in: 0...100)
            _ = try history.reader.ids(matching: .everything, by: .by(.size, isDescending: true))
        }
        #expect(statements.count { $0.contains("FROM event") } == 2)
        #expect(!statements.contains { $0.contains("entry") })
    }
}

// MARK: - Outlook

@Suite("The outbox for its readers", .blocking)
struct OutboxOutlookTests {
    @Test("predicts the effect of running an action, which then has that effect")
    func plan() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["done", "dead", "new", nil]))
        try history.keepNow(.sample(ids: ["new", "other"], .invalid))
        try history.keepNow(.sample(.sample(body: Array("no JSON".utf8)), .valid))
        _ = try history.add(action, rows: [1, 2], at: .at(0))
        let ids = try history.entries().map(\.id)
        _ = try history.outbox.begin(ids, batch: 1, at: .at(1))
        try history.outbox.settle([.init(ids[0], .done), .init(ids[1], .dead)], exchange: nil, at: .at(1))
        var plan = OutboxPlan(most: 3)
        try history.reader.plan("rows", for: [1, 2, 3, 4], into: &plan)
        try history.reader.plan("rows", for: [5, 6, 7, 99], into: &plan)
        #expect(plan.rows == [2, 3, 4] && plan.count == 4)
        #expect(plan.there == 1 && plan.repeated == 1 && plan.unfit == 2)
        let addition = try history.add(action, rows: [1, 2, 3, 4, 5, 6, 7, 99], at: .at(2))
        #expect(addition.added + addition.again == plan.count && addition.unfit == plan.unfit)
        #expect(addition.there == plan.there + plan.repeated)
    }

    @Test("marks rows only with the entries of declared actions")
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

    @Test("shows until when an action is delayed, with each waiting entry, until it is declared again")
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

    @Test("stores an entry that describes a failure together with that failure")
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
        // Repeated, as after a write that seemed to fail, it changes nothing.
        try history.outbox.settle([.init(entry.id, .dead, reason: "no")], exchange: nil, reports: [report], at: .at(2))
        let window = try history.reader.outbox(OutboxRequest(action: "b", .newest, before: 9, after: 0))
        #expect(window.rows.map(\.event.objectName.text) == ["a is dead"])
        #expect(window.rows.first?.entry.note == note && window.rows.first?.entry.state == .queued)
        #expect(try history.reader.outboxEntries(ofRow: entry.row).map(\.action) == ["a"])
    }

    @Test("searches only the newest rows for missed events, and reports that")
    func missedLately() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["first"], .unverified))
        // Fewer rows are searched by a filter that reads received text.
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

// MARK: - Leaked secrets

/// Entries that are queued for events verified by a leaked secret go on hold.
@Suite(.blocking) struct OutboxLeakTests {
    private func judged(_ id: String, by secret: String?) -> JudgedDelivery {
        .sample(.sample([SampleEvent(id: id)]), secret == nil ? .invalid : .valid, secret: secret)
    }

    @Test func whatWaitsForItsEventsGoesOnHoldAndNothingElse() throws {
        let history = try History(.memory)
        let action = try history.declare()
        for (id, secret) in [("a", "one"), ("b", "two"), ("c", "one"), ("d", nil), ("e", "one"), ("f", "one")] {
            try history.keepNow(judged(id, by: secret))
        }
        _ = try history.walkAll(action, matching: .everything)
        let entries = try history.reader.outboxDue(action, at: .at(9), limit: 99).map(\.id)
        #expect(entries.count == 6)
        // The third is done, the fifth runs, the sixth has failed.
        #expect(try history.outbox.begin([entries[2], entries[4], entries[5]], batch: 1, at: .at(1)).count == 3)
        try history.outbox.settle(
            [.init(entries[2], .done), .init(entries[5], .failed, due: .at(5), reason: "no answer")], exchange: nil,
            at: .at(2))
        let before = history.current.outbox
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == 2)
        #expect(history.current.outbox > before)
        func state(_ index: Int) throws -> OutboxEntry? { try history.reader.outboxEntry(entries[index])?.row.entry }
        #expect(
            try (0..<6).map { try state($0)?.state } == [.onHold, .queued, .done, .queued, .running, .onHold])
        #expect(try state(0)?.reason == "leaked")
        #expect(try history.reader.outboxDue(action, at: .at(9), limit: 99).map(\.id) == [entries[1], entries[3]])
        #expect(try history.reader.actions().first?[.onHold] == 2)
        // None of them begins until a person decides.
        #expect(try history.outbox.begin([entries[0]], batch: 2, at: .at(4)) == [])
        #expect(try history.allRows.first?.actions == .onHold)
        #expect(try history.outbox.retry([entries[0]], at: .at(5)) == 1)
        #expect(try history.outbox.skip([entries[5]], at: .at(5)) == 1)
        #expect(try state(0)?.state == .queued)
    }

    @Test func moreThanATransactionHoldsIsHeldToo() throws {
        let history = try History(.memory)
        let action = try history.declare()
        for number in 0..<(Outbox.most / 40 + 3) {
            let events = (0..<45).map { SampleEvent(id: "\(number) \($0)") }
            try history.keepNow(.sample(.sample(events), .valid, secret: "one"))
        }
        let count = try history.walkAll(action)
        #expect(count > Outbox.most)
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == count)
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == 0)
    }
}
