import Base
import History
import Notifications
import TestSupport
import Testing

@Suite("The outbox", .blocking)
struct OutboxTests {
    private let folder = TemporaryFolder()

    @Test("begins after the existing rows, and has one entry for each matching event", arguments: Kept.allCases)
    func walks(kept: Kept) throws {
        let history = try kept.open(folder)
        try history.keepNow(.sample(ids: ["before"]))
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["a", "b"]))
        try history.keepNow(.sample(ids: ["forged"], .invalid))
        try history.keepNow(.sample(ids: ["a"]))
        try history.keepNow(.sample(ids: [nil]))
        try history.keepNow(.sample(.sample(body: Array("no JSON".utf8)), .valid))
        #expect(try history.walkAll(action, limit: 1) == 3)
        let entries = try history.entries()
        #expect(entries.map(\.row) == [2, 3, 6])
        #expect(entries.allSatisfy { $0.state == .queued && $0.action == "rows" && $0.attempts == 0 })
        #expect(try history.walkAll(action) == 0)
        #expect(try history.reader.actions().map(\.cursor) == [history.current.latestRow])
    }

    @Test("reads the rows of a delivery together, whatever the limit", arguments: Kept.allCases)
    func whole(kept: Kept) throws {
        let history = try kept.open(folder)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["a"]))
        try history.keepNow(.sample(ids: ["b", "c", "d", "e"]))
        try history.keepNow(.sample(ids: ["f", "g"]))
        func walk(through last: Int64 = 7) throws -> [Int64] {
            let walk = try history.outbox.walk(action, through: last, matching: .everything, at: .at(0), limit: 2)
            return [walk.cursor, Int64(walk.added)]
        }
        #expect(try [walk(), walk(), walk()] == [[5, 5], [7, 2], [7, 0]])
    }

    @Test("adds an entry for an event that was refused at first once it is accepted")
    func refusedAtFirst() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["late"], .invalid))
        #expect(try history.walkAll(action) == 0)
        try history.keepNow(.sample(ids: ["late"]))
        #expect(try history.walkAll(action) == 1)
        try history.keepNow(.sample(ids: ["late"]))
        #expect(try history.walkAll(action) == 0)
    }

    @Test("distinguishes ids of another type from missing ones")
    func identities() throws {
        let history = try History(.memory)
        let action = try history.declare()
        let events = [
            SampleEvent(id: "5"), SampleEvent().with("eventId", json: "5"), SampleEvent().with("eventId", json: "[5]"),
            SampleEvent(id: nil), SampleEvent(id: nil), SampleEvent().with("eventId", json: "null"),
        ]
        for _ in 0..<2 { try history.keepNow(.sample(.sample(events))) }
        #expect(try history.walkAll(action) == 9)
    }

    @Test(
        "continues after a crash where it was, and finds entries that were running",
        arguments: [EntryState.done, .failed, .uncertain])
    func reopened(state: EntryState) throws {
        var history = try Kept.onFile.open(folder)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["1", "2", "3"]))
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        #expect(try history.outbox.begin(Array(ids.prefix(2)), batch: 7, at: .at(1)) == Array(ids.prefix(2)))
        #expect(try history.outbox.begin(ids, batch: 8, at: .at(1)) == [ids[2]])
        history.close()

        history = try Kept.onFile.open(folder)
        #expect(try history.declare() == action)
        try history.keepNow(.sample(ids: ["4", "3"]))
        #expect(try history.walkAll(action) == 1)
        let running = try history.reader.outboxRunning(action)
        #expect(running.map(\.batch) == [7, 7, 8])
        #expect(running.allSatisfy { $0.attempts == 1 })
        let exchange = OutboxExchange(
            startedAt: .at(1), duration: 5, request: Array("POST /".utf8), outcome: "200 OK", answer: [1, 2])
        try history.outbox.settle(
            ids.map { Outbox.Settlement($0, state, due: state == .failed ? .at(9) : nil, reason: "why") },
            exchange: exchange, at: .at(2))
        let read = try #require(try history.reader.outboxEntry(ids[0]))
        #expect(read.exchange == exchange)
        #expect(read.row.entry.state == state && read.row.entry.reason == "why")
        #expect(read.row.event.eventId == .string("1"))
        // An entry that does not run is not settled again.
        try history.outbox.settle([Outbox.Settlement(ids[0], .dead)], exchange: nil, at: .at(3))
        #expect(try history.entries().map(\.state) == [state, state, state, .queued])
        history.close()
    }

    @Test("lists due entries, and the time of the next one")
    func due() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["1", "2", "3"]))
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        _ = try history.outbox.begin(ids, batch: 1, at: .at(1))
        try history.outbox.settle(
            [.init(ids[0], .failed, due: .at(20)), .init(ids[1], .failed, due: .at(10)), .init(ids[2], .done)],
            exchange: nil, at: .at(2))
        #expect(try history.reader.outboxNextDue(action) == .at(10))
        #expect(try history.reader.outboxDue(action, at: .at(9), limit: 9) == [])
        #expect(try history.reader.outboxDue(action, at: .at(10), limit: 9).map(\.id) == [ids[1]])
        #expect(try history.reader.outboxDue(action, at: .at(30), limit: 9).map(\.id) == [ids[0], ids[1]])
        #expect(try history.outbox.retry(ids, at: .at(11)) == 2)
        let again = try history.reader.outboxDue(action, at: .at(0), limit: 9)
        #expect(again.map(\.id) == [ids[0], ids[1]])
        #expect(again.allSatisfy { $0.attempts == 0 && $0.since == .at(11) && $0.addedAt == .at(0) })
        #expect(try history.reader.outboxNextDue(action) == nil)
    }

    @Test("accepts rows that a person selects, including old ones")
    func added() throws {
        let history = try History(.memory)
        try history.keepNow(.sample(ids: ["1", "2"]))
        try history.keepNow(.sample(ids: ["3"], .invalid))
        try history.keepNow(.sample(.sample(method: "GET", body: []), .unjudged))
        let action = try history.declare()
        let rows: [Int64] = [1, 3, 4, 99]
        #expect(try history.add(action, rows: rows, at: .at(0)) == .init(added: 2, unfit: 2))
        #expect(try history.add(action, rows: rows, at: .at(0)) == .init(there: 2, unfit: 2))
        let ids = try history.entries().map(\.id)
        #expect(try history.outbox.skip(ids, at: .at(1)) == 2)
        #expect(try history.add(action, rows: [1, 2], at: .at(2)) == .init(added: 1, again: 1))
    }

    @Test("counts exactly after any changes", arguments: [1, 2, 3] as [UInt64])
    func counts(seed: UInt64) throws {
        let history = try History(.memory)
        let actions = try history.outbox.declare([
            .init(name: "one", kind: "csv", summary: ""), .init(name: "two", kind: "slack", summary: ""),
        ])
        for number in 0..<30 { try history.keepNow(.sample(ids: ["\(number % 25)", "x\(number)"])) }
        for action in actions.values { try history.walkAll(action, limit: 7) }
        var generator = SeededGenerator(seed: seed)
        for round in 0..<120 {
            let some = try history.entries().map(\.id).filter { _ in Bool.random(using: &generator) }
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: _ = try history.outbox.begin(some, batch: Int64(round), at: .at(1))
            case 1:
                let state = [EntryState.done, .failed, .dead, .uncertain].randomElement(using: &generator) ?? .done
                try history.outbox.settle(
                    some.prefix(9).map { .init($0, state, due: .at(5)) }, exchange: nil, at: .at(2))
            case 2: _ = try history.outbox.skip(Array(some.prefix(3)), at: .at(3))
            case 3: _ = try history.outbox.retry(Array(some.prefix(5)), at: .at(3))
            default: _ = try history.outbox.retryAll(actions["one"] ?? 0, in: [.dead, .done], at: .at(4))
            }
        }
        for status in try history.reader.actions() {
            let entries = try history.entries().filter { $0.action == status.name }
            #expect(status.counts == Dictionary(grouping: entries, by: \.state).mapValues(\.count))
            #expect(status.oldestWaiting == (entries.contains { $0.state.isWaiting } ? .at(0) : nil))
        }
    }

    @Test("is read in windows by state")
    func windows() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: (0..<50).map(String.init)))
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        let dead = ids.enumerated().filter { $0.offset % 7 == 3 }.map(\.element)
        _ = try history.outbox.begin(dead, batch: 1, at: .at(1))
        try history.outbox.settle(dead.map { .init($0, .dead) }, exchange: nil, at: .at(1))
        func window(_ anchor: WindowRequest<Int64>.Anchor, _ states: Set<EntryState>?) throws -> ListWindow<OutboxRow> {
            try history.reader.outbox(OutboxRequest(action: "rows", states: states, anchor, before: 2, after: 2))
        }
        let newest = try window(.newest, [.dead])
        #expect(newest.rows.map(\.id) == Array(dead.suffix(3)) && newest.hasOlder && !newest.hasNewer)
        let middle = try window(.row(dead[3] + 1), [.dead])
        #expect(middle.rows.map(\.id) == Array(dead[1...5]) && middle.hasOlder && middle.hasNewer)
        let oldest = try window(.oldest, nil)
        #expect(oldest.rows.map(\.id) == Array(ids.prefix(3)) && !oldest.hasOlder && oldest.hasNewer)
        #expect(try window(.newest, [.done]).rows == [])
        #expect(try history.reader.outbox(OutboxRequest(action: "other", .newest, before: 2, after: 0)).rows == [])
    }

    @Test("marks rows with the worst of their entries, including duplicates")
    func marks() throws {
        let history = try History(.memory)
        try history.keepNow(.sample(ids: ["1"]))
        #expect(try history.allRows.map(\.actions) == [nil])
        let actions = try history.outbox.declare([
            .init(name: "sheet", kind: "google-sheet", summary: ""), .init(name: "chat", kind: "slack", summary: ""),
        ])
        try history.keepNow(.sample(ids: ["2"]))
        try history.keepNow(.sample(ids: ["2"]))
        for action in actions.values { try history.walkAll(action) }
        #expect(try history.allRows.map(\.actions) == [nil, .queued, .queued])
        let entries = try history.entries()
        _ = try history.outbox.begin(entries.map(\.id), batch: 1, at: .at(1))
        try history.outbox.settle(
            entries.map { .init($0.id, $0.action == "chat" ? .dead : .done) }, exchange: nil, at: .at(1))
        #expect(try history.allRows.map(\.actions) == [nil, .dead, .dead])
        #expect(try history.allRows.map(\.sheet) == [nil, .done, .done])
        #expect(try history.reader.outboxEntries(ofRow: 3).map(\.action) == ["chat", "sheet"])
        #expect(try history.reader.outboxEntries(ofRow: 1) == [])
    }

    @Test("finds each event once that was verified too late to be queued")
    func missed() throws {
        let history = try History(.memory)
        try history.keepNow(.sample(ids: ["before"]))
        let action = try history.declare()
        for id in ["1", "2", "2"] { try history.keepNow(.sample(ids: [id], .unverified)) }
        try history.keepNow(.sample(ids: ["3"]))
        try history.walkAll(action)
        #expect(try history.reader.missed(action, matching: .verdict([.valid])) == MissedRows())
        let missed = try history.reader.missed(action, matching: .verdict([.valid, .unverified]))
        #expect(missed == MissedRows(count: 2, rows: [2, 3]))
        _ = try history.add(action, rows: missed.rows, at: .at(1))
        #expect(try history.reader.missed(action, matching: .everything) == MissedRows())
    }

    @Test("keeps one exchange for a batch, and deletes unused ones")
    func exchanges() throws {
        let history = try History(.memory)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["1", "2"]))
        try history.walkAll(action)
        let ids = try history.entries().map(\.id)
        for attempt in 1...3 as ClosedRange<Int64> {
            _ = try history.outbox.begin(ids, batch: attempt, at: .at(attempt))
            try history.outbox.settle(
                ids.map { .init($0, .failed, due: .at(0)) },
                exchange: OutboxExchange(startedAt: .at(attempt), duration: 1, request: [], outcome: "\(attempt)"),
                at: .at(attempt))
        }
        #expect(try history.reader.outboxEntry(ids[1])?.exchange?.outcome == "3")
        #expect(try history.exchangeCount == 1)
    }

    @Test("of a removed action keeps its entries, and reports its changes to followers of the file")
    func undeclared() throws {
        let history = try Kept.onFile.open(folder)
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["1"]))
        try history.walkAll(action)
        let revision = history.current.outbox
        let follower = try FollowedHistory(folder.file("history.sqlite"))
        #expect(follower.current.outbox == revision)
        _ = try history.outbox.declare([])
        #expect(history.current.outbox > revision)
        let reader = try ReadOnlyHistory(folder.file("history.sqlite"))
        #expect(reader.opened.outbox == history.current.outbox)
        #expect(try reader.reader.actions().map(\.isDeclared) == [false])
        reader.close()
        follower.close()
        history.close()
    }
}
