import GRDB
import Notifications
import TestSupport
import Testing

@testable import History

/// A history that an older version made is brought up to date.
@Suite struct UpdatingTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A file of the first schema, with a valid delivery, an invalid one that an older keyring judged, and their events.
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
        #expect(try history.outbox.add(action, rows: [1, 2, 3], at: .at(0)) == .init(added: 2, there: 1))
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
