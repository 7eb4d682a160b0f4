import Foundation
import GRDB
import GRDBSQLite
import Notifications

/// A statement of the connection that writes. It is prepared once and bound through SQLite's C interface, because
/// GRDB's array of values for each row costs more than writing the row itself.
///
/// Parameters count from 1 and columns from 0, as in SQLite.
struct WriteStatement: ~Copyable {
    private let connection: OpaquePointer?
    private let statement: OpaquePointer?
    private let scratch = Scratch()

    /// - Throws: `DatabaseError`.
    init(_ sql: String, _ db: Database) throws {
        connection = db.sqliteConnection
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        self.statement = statement
        if code != SQLITE_OK { throw DatabaseError(code, of: connection) }
    }

    deinit {
        sqlite3_finalize(statement)
    }

    // MARK: - Binding

    borrowing func bind(_ parameter: Int32, _ value: Int64) {
        sqlite3_bind_int64(statement, parameter, value)
    }

    borrowing func bind(_ parameter: Int32, _ value: Int64?) {
        if let value { bind(parameter, value) } else { sqlite3_bind_null(statement, parameter) }
    }

    /// Binds a text, which is copied. A text with a NUL is cut there, because SQLite's TEXT ends at a NUL.
    borrowing func bind(_ parameter: Int32, text: String) {
        var text = text
        text.withUTF8 { bind(parameter, copiedText: UnsafeRawBufferPointer($0)) }
    }

    private borrowing func bind(_ parameter: Int32, copiedText bytes: UnsafeRawBufferPointer) {
        if let copy = scratch.copy(bytes) {
            sqlite3_bind_text(statement, parameter, copy.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
        } else {
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            sqlite3_bind_text(statement, parameter, start, Int32(bytes.count), Self.copies)
        }
    }

    /// Binds bytes as a text without copying them. They must not change until the statement has run.
    borrowing func bind(_ parameter: Int32, lentText bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return bind(parameter, text: "") }
        sqlite3_bind_text(statement, parameter, start.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
    }

    /// Binds bytes as a BLOB without copying them. They must not change until the statement has run.
    borrowing func bind(_ parameter: Int32, lentBlob bytes: UnsafeRawBufferPointer) {
        if let start = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob(statement, parameter, start, Int32(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(statement, parameter, 0)
        }
    }

    /// Binds a field in the form of `FieldValue.databaseValue`.
    borrowing func bind(_ parameter: Int32, _ field: FieldValue) {
        switch field {
        case .absent, .null: sqlite3_bind_null(statement, parameter)
        case .integer(let value): bind(parameter, value)
        case .string(var text):
            let isBound = text.withUTF8 { bytes in
                let isText = bytes.baseAddress.map { memchr($0, 0, bytes.count) == nil } ?? true
                if isText { bind(parameter, copiedText: UnsafeRawBufferPointer(bytes)) }
                return isText
            }
            if !isBound { bind(parameter, copiedBlob: FieldValue.json(text)) }
        case .other(let json): bind(parameter, copiedBlob: json)
        }
    }

    private borrowing func bind(_ parameter: Int32, copiedBlob text: String) {
        var text = text
        text.withUTF8 { bytes in
            _ = sqlite3_bind_blob(statement, parameter, bytes.baseAddress, Int32(bytes.count), Self.copies)
        }
    }

    // MARK: - Running

    /// Runs a statement that returns no row, and resets it for the next use.
    ///
    /// - Throws: `DatabaseError`.
    borrowing func run() throws {
        let code = sqlite3_step(statement)
        scratch.empty()
        guard code != SQLITE_DONE else {
            sqlite3_reset(statement)
            return
        }
        // Create the error before the reset, because the connection then forgets the reason.
        let error = DatabaseError(code, of: connection)
        sqlite3_reset(statement)
        throw error
    }

    /// Runs a query of one column of integers.
    ///
    /// - Throws: `DatabaseError`.
    borrowing func integers(_ take: (Int64) -> Void) throws {
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: take(sqlite3_column_int64(statement, 0))
            case SQLITE_DONE: return
            case let code: throw DatabaseError(code, of: connection)
            }
        }
    }

    /// Returns the first row of a query of one column of integers; nil if there are no rows.
    borrowing func integer() throws -> Int64? {
        var first: Int64?
        try integers { if first == nil { first = $0 } }
        return first
    }

    /// The value that makes SQLite copy the bound bytes.
    private static var copies: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    /// Memory for bound values until the statement has run. SQLite would allocate each text separately.
    private final class Scratch {
        private static let size = 8_192
        private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        private var used = 0

        deinit {
            memory.deallocate()
        }

        /// Copies bytes; returns nil if they do not fit.
        func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
            guard bytes.count <= Self.size - used, let start = memory.baseAddress else { return nil }
            let place = start + used
            if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: bytes.count) }
            used += bytes.count
            return UnsafeRawPointer(place)
        }

        func empty() {
            used = 0
        }
    }
}
