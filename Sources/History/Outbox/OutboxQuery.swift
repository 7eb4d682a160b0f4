import Foundation
import GRDB
public import Notifications

/// Reads entries by their ids and states, never by their number.
enum OutboxQuery {
    static func counts(_ action: Int64, _ db: Database) throws -> [EntryState: Int] {
        let statement = try db.cachedStatement(
            sql: "SELECT state, count FROM entryCount WHERE action = ? AND count > 0")
        let rows = try Row.fetchAll(statement, arguments: [action])
        return Dictionary(
            rows.compactMap { row in EntryState(rawValue: row[0]).map { ($0, row[1]) } }, uniquingKeysWith: +)
    }

    /// - Parameter rest: What stands behind the tables `entry` and `action`.
    static func entries(_ rest: String, _ arguments: StatementArguments, _ db: Database) throws -> [OutboxEntry] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT entry.id, action.name, entry.row, state, attempts, due, addedAt, since, changedAt, reason, batch,
                    heldUntil, note
                FROM entry JOIN action ON action.id = entry.action \(rest)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            OutboxEntry(
                id: row[0], action: row[1], row: row[2], state: EntryState(rawValue: row[3]) ?? .uncertain,
                attempts: row[4], due: (row[5] as Int64?).map(Timestamp.init(milliseconds:)),
                addedAt: Timestamp(milliseconds: row[6]), since: Timestamp(milliseconds: row[7]),
                changedAt: Timestamp(milliseconds: row[8]), reason: row[9], batch: row[10],
                heldUntil: (row[11] as Int64?).map(Timestamp.init(milliseconds:)),
                note: (row[12] as Data?).map(Array.init))
        }
    }

    /// The entries with these ids and their events, in the order given.
    static func rows(_ ids: [Int64], _ db: Database) throws -> [OutboxRow] {
        try ids.compactMap { id in
            guard let entry = try entries("WHERE entry.id = ?", [id], db).first else { return nil }
            if let note = entry.note {
                return OutboxRow(entry: entry, event: EventRow(note: note, row: entry.row, at: entry.addedAt))
            }
            guard let event = try RowQuery.rows(ids: [entry.row], db).first
            else { return nil }
            return OutboxRow(entry: entry, event: event)
        }
    }

    static func window(_ request: OutboxRequest, _ db: Database) throws -> OutboxWindow {
        let lists = try lists(request, db)
        // One more on each side tells whether there are others.
        var older: [Int64] = []
        var (before, after) = (request.before + 1, request.after)
        switch request.anchor {
        case .newest: (older, after) = (try ids(lists, before: .max, before + 1, db), 0)
        case .oldest: (before, after) = (0, request.after + 1)
        case .entry(let id): older = try ids(lists, before: id < .max ? id + 1 : id, before + 1, db)
        }
        let anchor: Int64 = if case .entry(let id) = request.anchor { id } else { 0 }
        let newer = try ids(lists, behind: older.last ?? anchor, after + 1, db)
        return OutboxWindow(
            rows: try rows(Array(older.suffix(before)) + newer.prefix(after), db), hasOlder: older.count > before,
            hasNewer: newer.count > after)
    }

    /// The lists that a window is merged from: of one action and one state each, so that a few dead entries are found
    /// among a million that are done.
    private static func lists(_ request: OutboxRequest, _ db: Database) throws -> [(Int64, EntryState)] {
        let actions = try Row.fetchAll(db, sql: "SELECT id, name FROM action")
            .filter { request.action == nil || request.action == $0[1] }.map { $0[0] as Int64 }
        let states = request.states ?? Set(EntryState.allCases)
        return actions.flatMap { action in states.map { (action, $0) } }
    }

    private static func ids(
        _ lists: [(Int64, EntryState)], before id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        try merged(lists, "id < ? ORDER BY id DESC", id, limit, db).sorted().suffix(limit)
    }

    /// The oldest entries of these actions and states behind an id, in the order they were made.
    static func ids(
        _ lists: [(Int64, EntryState)], behind id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        Array(try merged(lists, "id > ? ORDER BY id", id, limit, db).sorted().prefix(limit))
    }

    private static func merged(
        _ lists: [(Int64, EntryState)], _ condition: String, _ id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        let statement = try db.cachedStatement(
            sql: "SELECT id FROM entry WHERE action = ? AND state = ? AND \(condition) LIMIT ?")
        return try lists.flatMap { action, state in
            try Int64.fetchAll(statement, arguments: [action, state.rawValue, id, limit])
        }
    }
}

extension EventRow {
    /// The row of a delivery that is made up to describe a failure.
    ///
    /// - Parameter row: That of the event that failed.
    public init(note: [UInt8], row: Int64, at time: Timestamp) {
        self.init(
            id: row, deliveryID: 0, position: 0, eventCount: 1, receivedAt: time, bodyLength: note.count,
            verdict: .unverified, event: Payload(scanning: note).events.first ?? NotificationEvent())
    }
}
