import Foundation
import GRDB
import GRDBSQLite
import Notifications

/// A memory of removed events, so that a removed event that is sent again is a duplicate and does not run actions
/// again. B2's signature contains no time, so a captured delivery can be sent again for ever.
///
/// It contains the events of valid deliveries, and those for which an action has run. `eventKey` keeps the entries of
/// their rows. A row that is in `tombstone` but no longer in `event` was removed.
enum Tombstones {
    /// The bytes of the SHA-256 of an id that are kept; the first eight are its key in `eventKey`.
    static let length = 24

    /// Returns the hash of an id, in SQL.
    static func hash(_ eventId: String) -> String { "b2_event_hash(\(eventId))" }

    /// Returns a condition: that an event with this id was removed whose delivery had this trust at least, or for which
    /// an action has run.
    ///
    /// - Parameters:
    ///   - end: Only rows before this one are looked at.
    ///   - action: The id of an action, in SQL.
    static func exists(_ eventId: String, before end: String, trust: String, action: String? = nil) -> String {
        let hasActed = action.map { " OR instr(tombstone.actions, ',' || \($0) || ',') > 0" } ?? ""
        return """
            (\(eventId) IS NOT NULL AND EXISTS (
                SELECT 1 FROM eventKey CROSS JOIN tombstone ON tombstone.row = eventKey.row
                WHERE eventKey.key = \(EventKeys.key(eventId)) AND eventKey.row < \(end)
                    AND tombstone.event = \(hash(eventId)) AND (tombstone.trust >= \(trust)\(hasActed))))
            """
    }

    /// Returns a condition on a row of `event`: that an action does not run for it, because its event was removed.
    static func forbid(action: String) -> String {
        exists(
            "event.eventId", before: "event.id - event.position",
            trust: "(SELECT \(RowQuery.trust("own")) FROM outcome AS own WHERE own.delivery = event.delivery)",
            action: action)
    }

    /// Returns whether an action has run for an event with this id that was removed.
    static func hasActed(_ action: Int64, _ eventId: String, _ db: Database) throws -> Bool {
        let condition = exists("?1", before: "\(Int64.max)", trust: "99", action: "?2")
        let statement = try db.cachedStatement(sql: "SELECT \(condition)")
        return try Bool.fetchOne(statement, arguments: [eventId, action]) ?? false
    }

    // MARK: - Functions

    /// Makes the function known to a connection.
    static func install(on db: Database) {
        sqlite3_create_function_v2(
            db.sqliteConnection, "b2_event_hash", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil,
            { context, _, arguments in
                guard let value = arguments?[0], sqlite3_value_type(value) != SQLITE_NULL else {
                    return sqlite3_result_null(context)
                }
                let start = sqlite3_value_blob(value)
                let bytes = UnsafeRawBufferPointer(
                    start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value)))
                let hash = Tombstones.hash(of: bytes)
                hash.withUnsafeBytes {
                    sqlite3_result_blob(
                        context, $0.baseAddress, Int32($0.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
                }
            }, nil, nil, nil)
    }

    /// Returns the first bytes of the SHA-256 of an id as a column has it.
    static func hash(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return withUnsafeBytes(of: hash.finalize()) { Array($0.prefix(length)) }
    }

    /// Returns the key in `eventKey` that a hash begins with.
    static func key(of hash: [UInt8]) -> Int64 {
        hash.withUnsafeBytes { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    /// Returns the number by which a tombstone knows the version of its event.
    ///
    /// - Parameter id: The id of a reconciled event of the version.
    static func number(of id: String) -> Int64 {
        key(of: SHA256.hash(id.utf8))
    }
}
