import GRDB
import GRDBSQLite
import Notifications

/// The row at which a statement stands, read by SQLite's own calls: GRDB would make a value of each column first.
///
/// In a damaged page a column may have another kind of value than its table gives it: that is thrown as damage.
struct StatementRow {
    let statement: SQLiteStatement

    /// - Throws: `DatabaseError` of damage where it is another kind of value.
    func integer(_ column: Int32) throws -> Int64 {
        guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { throw Self.damage }
        return sqlite3_column_int64(statement, column)
    }

    /// - Throws: `DatabaseError` of damage where it is another kind of value.
    func integerOrNil(_ column: Int32) throws -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : try integer(column)
    }

    /// Whether a number is not 0.
    func isTrue(_ column: Int32) -> Bool { sqlite3_column_int64(statement, column) != 0 }

    /// - Throws: `DatabaseError` of damage where it is another kind of value.
    func text(_ column: Int32) throws -> String {
        guard sqlite3_column_type(statement, column) == SQLITE_TEXT else { throw Self.damage }
        return String(decoding: bytes(column), as: UTF8.self)
    }

    /// A text, or nil for anything else.
    func textOrNil(_ column: Int32) -> String? {
        sqlite3_column_type(statement, column) == SQLITE_TEXT ? String(decoding: bytes(column), as: UTF8.self) : nil
    }

    /// The bytes of a text or a blob, where SQLite has them: valid until the statement goes on.
    ///
    /// - Throws: `DatabaseError` of damage where it is NULL.
    func lent(_ column: Int32) throws -> UnsafeRawBufferPointer {
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { throw Self.damage }
        return bytes(column)
    }

    /// A field of an event: see `FieldValue.databaseValue`.
    func field(_ column: Int32) -> FieldValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT: .string(String(decoding: bytes(column), as: UTF8.self))
        case SQLITE_BLOB: FieldValue(json: Array(bytes(column)))
        case SQLITE_FLOAT: .other(json: String(sqlite3_column_double(statement, column)))
        default: .absent
        }
    }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // Asked for as a blob, a text is given as it is. The length after the pointer: it is that of what it points to.
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }

    private static var damage: DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column has a value of another kind")
    }
}

extension Statement {
    /// Visits the rows that the statement has with these arguments, until `visit` returns false.
    func forEachRow(_ arguments: StatementArguments, _ visit: (StatementRow) throws -> Bool) throws {
        let cursor = try Row.fetchCursor(self, arguments: arguments)
        let row = StatementRow(statement: sqliteStatement)
        while try cursor.next() != nil, try visit(row) {}
    }
}
