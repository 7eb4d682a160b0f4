import Base
import GRDB
import Notifications
import Testing
import TestSupport

@testable import History

/// A history of an older version is updated.
@Suite(.blocking) struct UpdatingTests {
    private let folder = TemporaryFolder()

    /// Writes a file of the first schema, with a valid delivery, an invalid one that an older keyring has verified, and
    /// their events.
    private func first() throws -> String {
        let path = folder.file("history.sqlite")
        let database = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(database, upTo: "1 deliveries and events")
        try database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO keyring VALUES (1, 2, 'two');
                    INSERT INTO delivery VALUES
                        (1, 1000, 'a', 'POST', '/', 'HTTP/1.1', '[]', x'7B7D', 2, 0, 'prod', 2, 200, 'ok', 2, 1, 2),
                        (2, 2000, 'b', 'POST', '/', 'HTTP/1.1', '[]', x'7B7D', 2, 1, NULL, 1, 401, 'no', 1, 3, 1);
                    INSERT INTO event (id, delivery, position, trust, eventId) VALUES
                        (1, 1, 0, 2, 'one'), (2, 1, 1, 2, 'two'), (3, 2, 0, 0, 'one');
                    INSERT INTO tally VALUES (0, 'prod', 1, 2), (1, '', 1, 1);
                    """)
        }
        try database.close()
        return path
    }

    @Test func whatItHoldsIsKept() throws {
        let history = try History(.file(try first()))
        defer { history.close() }
        let rows = try history.allRows
        #expect(rows.map(\.id) == [1, 2, 3] && rows.map(\.eventCount) == [2, 2, 1])
        #expect(rows.map(\.status) == [200, 200, 401] && rows.map(\.secret) == ["prod", "prod", nil])
        #expect(rows.map(\.isDuplicate) == [false, false, true])
        #expect(try history.reader.delivery(2)?.delivery.body == Array("{}".utf8))
        #expect(try history.reader.toJudge() != nil)
        #expect(history.current.latestRow == 3)
    }

    /// Old rows contain only the label of their secret. They keep verdict and label, without an invented fingerprint or
    /// time.
    @Test func oldVerdictsStayWithTheLabelOfTheirSecret() throws {
        let history = try History(.file(try first()))
        defer { history.close() }
        let records = try history.reader.deliveries(after: 0, limit: 9)
        #expect(records.map(\.judgement.verdict) == [.valid, .invalid])
        #expect(records.map(\.judgement.secret) == [SecretIdentity(label: "prod", fingerprint: nil), nil])
        #expect(records.map(\.judgedAt) == [nil, nil])
        #expect(history.current.tally.deliveries.filter { $0.value > 0 } == [.valid: 1, .invalid: 1])
        #expect(try history.reader.secrets().map(\.verified) == [1])
        let prod = TextPattern("prod") { String(decoding: $0, as: UTF8.self) == "prod" }
        #expect(try history.reader.ids(matching: .text([.secret], prod), in: 1...9) == [2, 1])
        #expect(try history.reader.ids(matching: .not(.text([.secret], prod)), in: 1...9) == [3])
    }

    /// A current secret that gives the digest of an old row confirms its verdict, which then has the secret's
    /// fingerprint. Another secret withdraws nothing.
    @Test func anOldVerdictIsConfirmedAndNeverTakenBack() throws {
        let history = try History(.file(try first()))
        defer { history.close() }
        let secret = SecretIdentity.sample("prod")
        let generation = try history.adopt("prod")
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...2, count: 2))
        for verdict in [Judgement(.invalid), Judgement(.unverified), Judgement(.valid, secret: secret)] {
            var asked = 0
            let tried = try history.reader.verify(1...2, generation: generation, at: .at(7), bytes: 99) { _ in
                asked += 1
                return asked == 2 ? verdict : Judgement(.invalid)
            }
            #expect(asked == 2)
            #expect(try history.rejudge(tried))
            let record = try #require(try history.reader.delivery(1))
            let isConfirmed = verdict.secret != nil
            #expect(record.judgement.verdict == .valid)
            #expect(record.judgement.secret == (isConfirmed ? secret : SecretIdentity(label: "prod", fingerprint: nil)))
            #expect(record.judgedAt == (isConfirmed ? .at(7) : nil))
        }
        #expect(try history.matches == ["prod": 1])
        #expect(history.current.tally[.valid] == 1)
        // Now that it is known, it is not tried again.
        _ = try history.reader.verify(1...1, generation: generation, at: .at(8), bytes: 99) { _ in
            Issue.record("a confirmed verdict is tried again")
            return Judgement(.invalid)
        }
    }

    @Test func whatWasSpentBeforeIsKnown() throws {
        let path = folder.file("history.sqlite")
        let database = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(database, upTo: "3 outbox")
        try database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO keyring VALUES (1, 1, 'one');
                    INSERT INTO action (name, kind, summary, start, cursor) VALUES ('rows', 'csv', '', 0, 0);
                    INSERT INTO entry (action, identity, row, state, addedAt, since, changedAt) VALUES
                        (1, 'e1', 1, \(EntryState.done.rawValue), 1, 1, 5000),
                        (1, 'e2', 2, \(EntryState.queued.rawValue), 1, 1, 6000);
                    """)
        }
        try database.close()
        let history = try History(.file(path))
        defer { history.close() }
        let spent = try history.reader.outboxSpent(
            1, after: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 9_000), limit: 9)
        #expect(spent == [Timestamp(milliseconds: 5_000)])
    }

    @Test func itGetsAnOutbox() throws {
        let history = try History(.file(try first()))
        defer { history.close() }
        #expect(try history.reader.actions() == [] && history.current.outbox == 0)
        #expect(try history.allRows.map(\.actions) == [nil, nil, nil])
        let action = try history.declare()
        #expect(try history.reader.actions().map(\.start) == [3])
        #expect(try history.add(action, rows: [1, 2, 3], at: .at(0)) == .init(added: 2, there: 1))
        #expect(try history.allRows.map(\.actions) == [.queued, .queued, .queued])
        try history.keepNow(.sample(ids: ["two", "new"]))
        #expect(try history.walkAll(action) == 1)
    }

    @Test func itIsReadOnlyOnceItIsUpToDate() throws {
        let path = try first()
        #expect(throws: ReadOnlyHistoryError.older(path: path)) { try ReadOnlyHistory(path) }
        try History(.file(path)).close()
        let history = try ReadOnlyHistory(path)
        #expect(history.opened.latestRow == 3)
        history.close()
    }
}
