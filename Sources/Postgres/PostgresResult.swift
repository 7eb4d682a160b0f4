internal import Base
internal import CPQ
internal import Foundation

/// The rows that a statement returned. Frees libpq's memory at its end.
///
/// It belongs to one thread at a time, like its rows.
public final class PostgresResult {
    private let result: OpaquePointer
    fileprivate let place: SafeText
    public let count: Int
    fileprivate let columns: Int

    /// - Parameter result: A result of libpq, which this object frees.
    init(_ result: OpaquePointer, at place: SafeText) {
        self.result = result
        self.place = place
        count = Int(PQntuples(result))
        columns = Int(PQnfields(result))
    }

    deinit {
        PQclear(result)
    }

    /// The number of rows that were inserted, changed, deleted or selected.
    public var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    public var isEmpty: Bool { count == 0 }

    public subscript(_ row: Int) -> PostgresRow {
        precondition(row >= 0 && row < count, "the result has no such row")
        return PostgresRow(result: self, row: Int32(row))
    }

    /// The first row; nil without rows.
    public var first: PostgresRow? { isEmpty ? nil : self[0] }

    /// The rows, one after the other.
    public var rows: LazyMapSequence<Range<Int>, PostgresRow> { (0..<count).lazy.map { self[$0] } }

    /// Lends the bytes of a value.
    fileprivate func withValue<Result, Failure: Error>(
        _ row: Int32, _ column: Int, _ body: (UnsafeRawBufferPointer?, UInt32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(column >= 0 && column < columns, "the result has no such column")
        let column = Int32(column)
        guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else {
            return try body(nil, PQftype(result, column))
        }
        return try body(
            UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column))), PQftype(result, column))
    }

    fileprivate func name(of column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? "\(column)"
    }
}

/// A row of a result. Columns are numbered from 0.
public struct PostgresRow {
    fileprivate let result: PostgresResult
    fileprivate let row: Int32

    /// Returns a value.
    ///
    /// - Throws: `PostgresError.unexpected` for NULL and for a column of another type.
    public func value<Scalar: PostgresScalar>(
        _ column: Int, as type: Scalar.Type = Scalar.self
    ) throws(PostgresError) -> Scalar {
        guard let value = try optional(column, as: type) else { throw unexpected(column, "NULL") }
        return value
    }

    /// Returns a value, or nil for NULL.
    ///
    /// - Throws: `PostgresError.unexpected` for a column of another type.
    public func optional<Scalar: PostgresScalar>(
        _ column: Int, as type: Scalar.Type = Scalar.self
    ) throws(PostgresError) -> Scalar? {
        try result.withValue(row, column) { (bytes, number) throws(PostgresError) in
            guard let bytes else { return nil }
            guard let value = Scalar.read(bytes, of: number) else {
                throw unexpected(column, "a value of type \(number)")
            }
            return value
        }
    }

    /// Returns the elements of an array of one dimension; none for NULL.
    ///
    /// - Throws: `PostgresError.unexpected` for a column of another type.
    public func array<Element: PostgresScalar>(
        _ column: Int, of type: Element.Type = Element.self
    ) throws(PostgresError) -> [Element?] {
        try result.withValue(row, column) { (bytes, number) throws(PostgresError) in
            guard let bytes else { return [] }
            guard let elements = PostgresArrayReader.read(bytes, of: type) else {
                throw unexpected(column, "a value of type \(number)")
            }
            return elements
        }
    }

    /// Lends the bytes of a value in binary form: those of `bytea` and `text` are the value's own. Nil for NULL.
    public func withBytes<Result, Failure: Error>(
        _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try result.withValue(row, column) { (bytes, _) throws(Failure) in try body(bytes) }
    }

    private func unexpected(_ column: Int, _ what: String) -> PostgresError {
        .unexpected(result.place, SafeText("\(what) in the column “\(result.name(of: column))”"))
    }
}
