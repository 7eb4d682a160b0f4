import GRDB
import GRDBSQLite
import Notifications

/// Finds the rows that have the same event, by its id.
///
/// Event ids are random. A SQLite index on them would change a page for each event, inside the transaction that an
/// answer waits for. So the table `eventKey` contains a key of each id, sorted by key, for the rows up to a mark.
/// `EventKeyFilling` moves the mark after the commits, in sorted slices. The rows after the mark are few, and each
/// connection that reads keeps their keys in memory: see `RecentEvents`.
enum EventKeys {
    /// The table that replaces the index on event ids. Keys are the first 64 bits of the SHA-256 of an id. Two ids may
    /// have the same key, so a caller that finds a row by its key must also compare the id.
    static let migration = """
        CREATE TABLE eventKey (
            key INTEGER NOT NULL,
            row INTEGER NOT NULL,
            PRIMARY KEY (key, row)
        ) WITHOUT ROWID;
        CREATE TABLE eventKeyMark (one INTEGER PRIMARY KEY CHECK (one = 1), row INTEGER NOT NULL);
        INSERT INTO eventKeyMark VALUES (1, 0);
        \(fill);
        DROP INDEX eventByEventId;
        """

    /// Enters all rows.
    static let fill = """
        DELETE FROM eventKey;
        INSERT INTO eventKey SELECT \(key("eventId")), id FROM event WHERE eventId IS NOT NULL ORDER BY 1, 2;
        UPDATE eventKeyMark SET row = (SELECT coalesce(max(id), 0) FROM event)
        """

    /// The last row whose key is in the table.
    static let mark = "(SELECT row FROM eventKeyMark WHERE one = 1)"

    /// Returns the key of an id, in SQL.
    static func key(_ eventId: String) -> String { "b2_event_key(\(eventId))" }

    // MARK: - Conditions

    /// Returns a condition that a row in a range has this event, and fulfils another condition on `same`, a row of
    /// `event`. The earliest rows are examined first.
    static func exists(_ eventId: String, before end: String, joining tables: String, where condition: String) -> String
    {
        """
        (EXISTS (
            SELECT 1 FROM eventKey CROSS JOIN event AS same ON same.id = eventKey.row \(tables)
            WHERE eventKey.key = \(key(eventId)) AND eventKey.row < \(end) AND eventKey.row <= \(mark)
                AND same.eventId = \(eventId) AND \(condition))
        OR EXISTS (
            SELECT 1 FROM json_each(b2_recent_rows(\(eventId), 0, \(end) - 1, \(Int64.max))) AS recent
                CROSS JOIN event AS same ON same.id = recent.value \(tables)
            WHERE same.eventId = \(eventId) AND \(condition)))
        """
    }

    /// Returns a query of the rows that have this event, of the columns `id` and `delivery`: the first in a range, or the
    /// last.
    ///
    /// - Parameter limit: The largest number of rows up to the mark, and of rows after it.
    static func rows(
        _ eventId: String, from first: String, to last: String, newestFirst: Bool = false, limit: Int
    ) -> String {
        let order = newestFirst ? "DESC" : "ASC"
        return """
            SELECT * FROM (
                SELECT same.id, same.delivery FROM eventKey CROSS JOIN event AS same ON same.id = eventKey.row
                WHERE eventKey.key = \(key(eventId)) AND eventKey.row BETWEEN \(first) AND \(last)
                    AND eventKey.row <= \(mark) AND same.eventId = \(eventId)
                ORDER BY eventKey.row \(order) LIMIT \(limit))
            UNION ALL
            SELECT same.id, same.delivery
            FROM json_each(b2_recent_rows(\(eventId), \(first), \(last), \(newestFirst ? -limit : limit))) AS recent
                CROSS JOIN event AS same ON same.id = recent.value
            WHERE same.eventId = \(eventId)
            """
    }

    // MARK: - Functions

    /// Registers the functions on a connection. Every connection that looks for events needs them.
    static func install(on db: Database) {
        Tombstones.install(on: db)
        sqlite3_create_function_v2(
            db.sqliteConnection, "b2_event_key", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil,
            { context, _, arguments in
                guard let value = arguments?[0], let key = EventKeys.key(of: value) else {
                    return sqlite3_result_null(context)
                }
                sqlite3_result_int64(context, key)
            }, nil, nil, nil)
        sqlite3_create_function_v2(
            db.sqliteConnection, "b2_recent_rows", 4, SQLITE_UTF8,
            Unmanaged.passRetained(RecentEvents()).toOpaque(),
            { context, _, arguments in
                guard let arguments, let recent = sqlite3_user_data(context) else { return }
                Unmanaged<RecentEvents>.fromOpaque(recent)._withUnsafeGuaranteedRef { $0.answer(context, arguments) }
            }, nil, nil, { pointer in if let pointer { Unmanaged<RecentEvents>.fromOpaque(pointer).release() } })
    }

    /// Returns the key of an id in a column; nil for NULL.
    fileprivate static func key(of value: OpaquePointer) -> Int64? {
        guard sqlite3_value_type(value) != SQLITE_NULL else { return nil }
        // Ask for the length after the pointer, because it is the length of the bytes there.
        let start = sqlite3_value_blob(value)
        return key(of: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value))))
    }

    /// Returns the key of an id as `WriteStatement.bind` writes it into a column; nil for none.
    static func key(of id: FieldValue) -> Int64? {
        switch id {
        case .absent, .null: return nil
        case .integer(let value): return key(ofText: String(value))
        case .other(let json): return key(ofText: json)
        case .string(let text):
            if text.isEmpty { return nil }
            return key(ofText: text.utf8.contains(0) ? FieldValue.json(text) : text)
        }
    }

    private static func key(ofText text: String) -> Int64 {
        var text = text
        return text.withUTF8 { key(of: UnsafeRawBufferPointer($0)) }
    }

    static func key(of bytes: UnsafeRawBufferPointer) -> Int64 {
        var hash = SHA256()
        hash.update(bytes)
        return withUnsafeBytes(of: hash.finalize()) { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) }
    }
}

/// The keys of the events after the mark, as one connection reads them. It reads only what was committed since the last
/// use.
///
/// SQLite calls its function on one thread at a time.
private final class RecentEvents {
    /// The rows by their keys, in the order of arrival.
    private var rows: [Int64: [Int64]] = [:]
    private var mark: Int64 = 0
    /// The last row that was read.
    private var last: Int64 = 0
    /// The version of the data that the connection has read, from SQLite.
    private var version: UInt32?

    /// Implements `b2_recent_rows(eventId, first, last, limit)`: a JSON array of the rows after the mark that may have
    /// an event, the first ones in the range, or the last if the limit is negative; NULL if there are none.
    func answer(_ context: OpaquePointer?, _ arguments: UnsafeMutablePointer<OpaquePointer?>) {
        let code = refresh(sqlite3_context_db_handle(context))
        guard code == SQLITE_OK else { return sqlite3_result_error_code(context, code) }
        guard let value = arguments[0], let key = EventKeys.key(of: value), let rows = rows[key] else {
            return sqlite3_result_null(context)
        }
        let first = sqlite3_value_int64(arguments[1])
        let end = sqlite3_value_int64(arguments[2])
        let limit = sqlite3_value_int64(arguments[3])
        let inRange = rows.drop { $0 < first }.prefix { $0 <= end }
        let count = Int(clamping: limit.magnitude)
        let found = limit < 0 ? Array(inRange.suffix(count).reversed()) : Array(inRange.prefix(count))
        guard !found.isEmpty else { return sqlite3_result_null(context) }
        let json = "[\(found.map(String.init).joined(separator: ","))]"
        sqlite3_result_text(context, json, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }

    /// Reads the rows committed since the last time, in the current transaction.
    ///
    /// - Returns: SQLite's result code.
    private func refresh(_ connection: OpaquePointer?) -> Int32 {
        var version: UInt32 = 0
        let code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_DATA_VERSION, &version)
        guard code == SQLITE_OK, version != self.version else { return code }
        var mark = self.mark
        var failure = Self.each("SELECT row FROM eventKeyMark", connection) { mark = sqlite3_column_int64($0, 0) }
        guard failure == SQLITE_OK else { return failure }
        if mark != self.mark {
            self.mark = mark
            rows = rows.compactMapValues { rows in
                let rest = rows.filter { $0 > mark }
                return rest.isEmpty ? nil : rest
            }
            last = max(last, mark)
        }
        let sql = "SELECT id, eventId FROM event WHERE id > \(last) ORDER BY id"
        failure = Self.each(sql, connection) { statement in
            last = sqlite3_column_int64(statement, 0)
            guard let value = sqlite3_column_value(statement, 1), let key = EventKeys.key(of: value) else { return }
            rows[key, default: []].append(last)
        }
        if failure == SQLITE_OK { self.version = version }
        return failure
    }

    /// Visits the rows of a query.
    ///
    /// - Returns: SQLite's result code.
    private static func each(_ sql: String, _ connection: OpaquePointer?, _ visit: (OpaquePointer?) -> Void) -> Int32 {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        guard code == SQLITE_OK else { return code }
        defer { sqlite3_finalize(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: visit(statement)
            case SQLITE_DONE: return SQLITE_OK
            case let code: return code
            }
        }
    }
}
