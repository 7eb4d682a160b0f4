import GRDB
import GRDBSQLite
import Notifications

// MARK: - Whole rows

/// The current row of a statement, read by SQLite's own functions: GRDB would first make a value of each column.
///
/// In a damaged page a column may have a value of another type than its table declares: that is thrown as damage.
struct StatementRow {
    let statement: SQLiteStatement

    /// - Throws: `DatabaseError` of damage if the value has another type.
    func integer(_ column: Int32) throws -> Int64 {
        guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { throw Self.damage }
        return sqlite3_column_int64(statement, column)
    }

    /// - Throws: `DatabaseError` of damage if the value has another type.
    func integerOrNil(_ column: Int32) throws -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : try integer(column)
    }

    /// Returns whether a number is not 0.
    func isTrue(_ column: Int32) -> Bool { sqlite3_column_int64(statement, column) != 0 }

    /// - Throws: `DatabaseError` of damage if the value has another type.
    func text(_ column: Int32) throws -> String {
        guard sqlite3_column_type(statement, column) == SQLITE_TEXT else { throw Self.damage }
        return String(decoding: bytes(column), as: UTF8.self)
    }

    /// Returns a text, or nil for any other type.
    func textOrNil(_ column: Int32) -> String? {
        sqlite3_column_type(statement, column) == SQLITE_TEXT ? String(decoding: bytes(column), as: UTF8.self) : nil
    }

    /// Returns the bytes of a text or a blob in SQLite's memory: valid until the statement advances.
    ///
    /// - Throws: `DatabaseError` of damage if the value is NULL.
    func lent(_ column: Int32) throws -> UnsafeRawBufferPointer {
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { throw Self.damage }
        return bytes(column)
    }

    /// Returns a field of an event: see `FieldValue.databaseValue`.
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
        // Requested as a blob, a text is returned unchanged. Ask for the length after the pointer, because it is the
        // length of the bytes there.
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

// MARK: - Ids

/// A statement whose rows are ids, read without GRDB: it is stepped a million times.
struct IDStatement: ~Copyable {
    private let connection: OpaquePointer?
    private let statement: OpaquePointer?
    private let sql: String

    /// - Throws: `DatabaseError`.
    init(_ sql: String, _ bindings: [PredicateSQL.Binding], _ db: Database) throws {
        connection = db.sqliteConnection
        statement = try Self.prepare(sql, bindings, connection)
        self.sql = sql
    }

    private static func prepare(
        _ sql: String, _ bindings: [PredicateSQL.Binding], _ connection: OpaquePointer?
    ) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        var code = sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        if code == SQLITE_ERROR {
            // A connection learns our functions when they are first needed.
            RowFunction.install(on: connection)
            code = sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        }
        for (index, binding) in bindings.enumerated() where code == SQLITE_OK {
            code = binding.bind(to: statement, at: Int32(index + 1))
        }
        if code != SQLITE_OK {
            let failure = DatabaseError(code, of: connection, sql)
            sqlite3_finalize(statement)
            throw failure
        }
        return statement
    }

    deinit {
        sqlite3_finalize(statement)
    }

    /// Returns the next id; nil after the last.
    ///
    /// - Throws: `DatabaseError`.
    borrowing func next() throws -> Int64? {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return sqlite3_column_int64(statement, 0)
        case SQLITE_DONE: return nil
        case let code: throw DatabaseError(code, of: connection, sql)
        }
    }

    /// Returns another column of the row, which must be an integer.
    borrowing func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    /// Lends the bytes of another column of the row.
    borrowing func withBytes(of column: Int32, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = sqlite3_column_blob(statement, column)
        body(
            UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
        )
    }

    /// Restarts with another value of the last parameter.
    borrowing func restart(withLast value: Int64) {
        sqlite3_reset(statement)
        sqlite3_bind_int64(statement, sqlite3_bind_parameter_count(statement), value)
    }
}

extension DatabaseError {
    /// Creates the error of a call to SQLite, with the message that the connection keeps until its next use.
    init(_ code: Int32, of connection: OpaquePointer?, _ sql: String? = nil) {
        self.init(
            resultCode: ResultCode(rawValue: code), message: sqlite3_errmsg(connection).map { String(cString: $0) },
            sql: sql)
    }
}

/// A read was given up because it was asked to.
public struct ReadCancelled: Error, Sendable, CustomStringConvertible {
    public let description = "the search was cancelled"

    public init() {}
}

extension Database {
    /// Runs code that can be cancelled in the middle of a statement.
    ///
    /// - Throws: `ReadCancelled`, or an error of the body.
    func cancellable<Value>(_ isCancelled: () -> Bool, _ body: () throws -> Value) throws -> Value {
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            let question = Question(isCancelled)
            // Some hundred rows lie between two of its questions.
            sqlite3_progress_handler(
                sqliteConnection, 4_000,
                { pointer in
                    guard let pointer else { return 0 }
                    return Unmanaged<Question>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.ask() ? 1 : 0 }
                }, Unmanaged.passUnretained(question).toOpaque())
            defer {
                sqlite3_progress_handler(sqliteConnection, 0, nil, nil)
                withExtendedLifetime(question) {}
            }
            if isCancelled() { throw ReadCancelled() }
            do {
                return try body()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT && isCancelled() {
                throw ReadCancelled()
            }
        }
    }

    private final class Question {
        let ask: () -> Bool

        init(_ ask: @escaping () -> Bool) {
            self.ask = ask
        }
    }
}
