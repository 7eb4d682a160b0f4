internal import Foundation

/// A type of values that a statement takes and returns, in PostgreSQL's binary form.
public protocol PostgresScalar: Sendable {
    /// The numbers of its type and of the type of its arrays, from `pg_type`.
    static var type: PostgresType { get }
    /// The number of bytes of a value; nil where they differ.
    static var width: Int? { get }
    /// Appends the value's bytes.
    func write(to bytes: inout [UInt8])
    /// Reads a value; nil if the bytes are not of this type.
    static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Self?
}

/// The numbers by which PostgreSQL knows a type. Those of built-in types never change.
public struct PostgresType: Sendable, Hashable {
    let scalar: UInt32
    let array: UInt32

    static let bool = PostgresType(scalar: 16, array: 1000)
    static let bytea = PostgresType(scalar: 17, array: 1001)
    static let int8 = PostgresType(scalar: 20, array: 1016)
    static let int2 = PostgresType(scalar: 21, array: 1005)
    static let int4 = PostgresType(scalar: 23, array: 1007)
    static let text = PostgresType(scalar: 25, array: 1009)
    static let float8 = PostgresType(scalar: 701, array: 1022)
    static let timestamptz = PostgresType(scalar: 1184, array: 1185)

    static let oid: UInt32 = 26
    /// `text`, and types whose binary form is the text itself: name, json, xml, unknown, char(n), varchar.
    static let texts: Set<UInt32> = [25, 19, 114, 142, 705, 1042, 1043]
}

// MARK: - The types

extension FixedWidthInteger {
    /// Appends the number's bytes, the highest first.
    func writeBigEndian(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Reads a number from exactly its bytes, the highest first.
    static func readBigEndian(_ bytes: UnsafeRawBufferPointer) -> Self? {
        bytes.count == MemoryLayout<Self>.size ? Self(bigEndian: bytes.loadUnaligned(as: Self.self)) : nil
    }
}

/// `int2`.
extension Int16: PostgresScalar {
    public static var type: PostgresType { .int2 }
    public static var width: Int? { 2 }
    public func write(to bytes: inout [UInt8]) { writeBigEndian(to: &bytes) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Int16? {
        type == Self.type.scalar ? readBigEndian(bytes) : nil
    }
}

/// `int4`; also reads `int2`.
extension Int32: PostgresScalar {
    public static var type: PostgresType { .int4 }
    public static var width: Int? { 4 }
    public func write(to bytes: inout [UInt8]) { writeBigEndian(to: &bytes) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Int32? {
        type == Self.type.scalar ? readBigEndian(bytes) : Int16.read(bytes, of: type).map(Int32.init)
    }
}

/// `int8`; also reads `int4`, `int2` and `oid`.
extension Int64: PostgresScalar {
    public static var type: PostgresType { .int8 }
    public static var width: Int? { 8 }
    public func write(to bytes: inout [UInt8]) { writeBigEndian(to: &bytes) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Int64? {
        switch type {
        case Self.type.scalar: readBigEndian(bytes)
        case PostgresType.oid: UInt32.readBigEndian(bytes).map(Int64.init)
        default: Int32.read(bytes, of: type).map(Int64.init)
        }
    }
}

/// `bool`.
extension Bool: PostgresScalar {
    public static var type: PostgresType { .bool }
    public static var width: Int? { 1 }
    public func write(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Bool? {
        type == Self.type.scalar && bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

/// `float8`.
extension Double: PostgresScalar {
    public static var type: PostgresType { .float8 }
    public static var width: Int? { 8 }
    public func write(to bytes: inout [UInt8]) { bitPattern.writeBigEndian(to: &bytes) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Double? {
        type == Self.type.scalar ? UInt64.readBigEndian(bytes).map(Double.init(bitPattern:)) : nil
    }
}

/// `text`; also reads `varchar`, `name`, `json` and others whose binary form is their text. The server refuses a zero byte in it.
extension String: PostgresScalar {
    public static var type: PostgresType { .text }
    public static var width: Int? { nil }
    public func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> String? {
        PostgresType.texts.contains(type) ? String(decoding: bytes, as: UTF8.self) : nil
    }
}

/// `bytea`.
extension [UInt8]: PostgresScalar {
    public static var type: PostgresType { .bytea }
    public static var width: Int? { nil }
    public func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> [UInt8]? {
        type == Self.type.scalar ? Array(bytes) : nil
    }
}

/// `timestamptz`: a moment, in microseconds since 1970-01-01 00:00 UTC.
public struct PostgresTime: PostgresScalar, Hashable, Comparable {
    public var microseconds: Int64

    /// The moment from which PostgreSQL counts, 2000-01-01 00:00 UTC.
    private static let epoch: Int64 = 946_684_800_000_000

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    public static var type: PostgresType { .timestamptz }
    public static var width: Int? { 8 }
    public func write(to bytes: inout [UInt8]) { (microseconds &- Self.epoch).writeBigEndian(to: &bytes) }
    public static func read(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> PostgresTime? {
        guard type == Self.type.scalar, let value = Int64.readBigEndian(bytes) else { return nil }
        // The ends of the range are `infinity` and `-infinity`.
        let (sum, isOver) = value.addingReportingOverflow(epoch)
        return PostgresTime(microseconds: isOver ? value : sum)
    }

    public static func < (one: PostgresTime, other: PostgresTime) -> Bool { one.microseconds < other.microseconds }
}

// MARK: - Parameters

/// A parameter of a statement.
public struct PostgresValue: Sendable {
    /// The bytes in binary form; nil for NULL.
    let bytes: [UInt8]?
    let type: UInt32

    /// - Parameter value: The value; nil for NULL.
    public init<Scalar: PostgresScalar>(_ value: Scalar?) {
        type = Scalar.type.scalar
        bytes = value.map { value in
            var bytes: [UInt8] = []
            value.write(to: &bytes)
            return bytes
        }
    }

    /// - Parameter array: The elements, such as for `unnest($1::int8[])`.
    public init<Element: PostgresScalar>(_ array: PostgresArray<Element>) {
        type = Element.type.array
        bytes = array.encoded
    }
}

/// An array that is encoded while it is filled, so that a column of a batch has one buffer.
///
/// Source of the form: `array_recv` in PostgreSQL's `arrayfuncs.c`.
public struct PostgresArray<Element: PostgresScalar>: Sendable {
    public private(set) var count = 0
    private var hasNull = false
    /// The header with zeros for what is known at the end, and the elements.
    private var bytes: [UInt8] = Array(repeating: 0, count: Self.headerSize)
    /// Dimensions, whether there is a NULL, the type; the number of elements and the lower bound.
    private static var headerSize: Int { 20 }

    public init() {}

    public init(_ elements: some Sequence<Element>) {
        for element in elements { append(element) }
    }

    /// The number of bytes that the array has for libpq.
    public var byteCount: Int { bytes.count }

    public mutating func reserveCapacity(elements: Int, bytes: Int) {
        self.bytes.reserveCapacity(Self.headerSize + elements * 4 + bytes)
    }

    /// - Parameter element: The value; nil for NULL.
    public mutating func append(_ element: Element?) {
        count += 1
        guard let element else {
            hasNull = true
            return Int32(-1).writeBigEndian(to: &bytes)
        }
        if let width = Element.width {
            Int32(truncatingIfNeeded: width).writeBigEndian(to: &bytes)
            element.write(to: &bytes)
        } else {
            let start = bytes.count
            Int32(0).writeBigEndian(to: &bytes)
            element.write(to: &bytes)
            patch(start, Int32(truncatingIfNeeded: bytes.count - start - 4))
        }
    }

    /// Appends an element of `bytea` or `text` without making an array of it first. Text has to be UTF-8.
    public mutating func append(bytes element: some Collection<UInt8>) {
        precondition(Element.width == nil, "an element of this type has a fixed form")
        count += 1
        Int32(truncatingIfNeeded: element.count).writeBigEndian(to: &bytes)
        bytes.append(contentsOf: element)
    }

    /// The array in binary form. An empty one has no dimension.
    var encoded: [UInt8] {
        var whole = self
        whole.patch(0, count == 0 ? 0 : 1)
        whole.patch(4, hasNull ? 1 : 0)
        whole.patch(8, Int32(bitPattern: Element.type.scalar))
        whole.patch(12, Int32(truncatingIfNeeded: count))
        whole.patch(16, 1)
        return count == 0 ? Array(whole.bytes.prefix(12)) : whole.bytes
    }

    /// Writes a number over the four bytes at a place.
    private mutating func patch(_ place: Int, _ value: Int32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
    }
}

/// The elements of an array in binary form.
enum PostgresArrayReader {
    /// Reads an array of at most one dimension; nil if the bytes are not such an array of this element.
    static func read<Element: PostgresScalar>(_ bytes: UnsafeRawBufferPointer, of: Element.Type) -> [Element?]? {
        var rest = bytes[...]
        func number() -> Int32? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return Int32.readBigEndian(UnsafeRawBufferPointer(rebasing: rest.prefix(4)))
        }
        guard let dimensions = number(), number() != nil, let type = number() else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = number(), count >= 0, number() != nil, Int(count) <= rest.count / 4 else {
            return nil
        }
        var elements: [Element?] = []
        elements.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let length = number() else { return nil }
            if length == -1 {
                elements.append(nil)
                continue
            }
            guard length >= 0, Int(length) <= rest.count,
                let element = Element.read(
                    UnsafeRawBufferPointer(rebasing: rest.prefix(Int(length))), of: UInt32(bitPattern: type))
            else { return nil }
            elements.append(element)
            rest = rest.dropFirst(Int(length))
        }
        return rest.isEmpty ? elements : nil
    }
}
