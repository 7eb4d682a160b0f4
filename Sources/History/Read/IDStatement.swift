import GRDB
import GRDBSQLite

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

    /// The next id; nil behind the last.
    ///
    /// - Throws: `DatabaseError`.
    borrowing func next() throws -> Int64? {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return sqlite3_column_int64(statement, 0)
        case SQLITE_DONE: return nil
        case let code: throw DatabaseError(code, of: connection, sql)
        }
    }

    /// Another column of the row, which holds an integer.
    borrowing func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    /// Lends the bytes of another column of the row.
    borrowing func withBytes(of column: Int32, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = sqlite3_column_blob(statement, column)
        body(
            UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
        )
    }

    /// Begins anew with another value of the last parameter.
    borrowing func restart(withLast value: Int64) {
        sqlite3_reset(statement)
        sqlite3_bind_int64(statement, sqlite3_bind_parameter_count(statement), value)
    }
}

extension DatabaseError {
    /// The error of a call of SQLite's own, with the reason that the connection has for it until it is used again.
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
    /// Runs what can be cancelled in the midst of a statement.
    ///
    /// - Throws: `ReadCancelled`, or what the body throws.
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
