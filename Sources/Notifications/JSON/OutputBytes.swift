/// Bytes of an output, written one behind the other into memory that grows.
///
/// A writer asks once for as much room as it may need and then writes through a pointer. An array would check its room and
/// its owner for each byte.
public struct OutputBytes: Sendable {
    /// The first `count` of these are written; the others are room.
    private var memory: [UInt8] = []
    /// How many bytes are written.
    public private(set) var count = 0

    /// Begins with no bytes.
    ///
    /// - Parameter capacity: How many there is room for before more memory is taken.
    public init(capacity: Int = 0) {
        if capacity > 0 { memory = [UInt8](repeating: 0, count: capacity) }
    }

    /// Whether no byte is written.
    public var isEmpty: Bool { count == 0 }

    /// A copy of the bytes.
    public var array: [UInt8] { Array(memory[..<count]) }

    /// Lends the bytes for as long as `body` runs.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try memory.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// Removes all bytes and keeps the room.
    public mutating func removeAll() { count = 0 }

    /// Removes the bytes behind the first `length`; a greater length changes nothing.
    public mutating func cut(to length: Int) { count = max(0, min(count, length)) }

    // MARK: - Writing

    /// Writes up to `room` bytes.
    ///
    /// - Parameter body: Writes at the pointer, and returns how many bytes it has written.
    @inline(__always)
    mutating func write(atMost room: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if memory.count - count < room { grow(by: room) }
        let end = count
        count += memory.withUnsafeMutableBufferPointer { memory in
            guard let start = memory.baseAddress else { return 0 }
            return body(start + end)
        }
    }

    /// Writes a byte.
    public mutating func append(_ byte: UInt8) {
        write(atMost: 1) { place in
            place.pointee = byte
            return 1
        }
    }

    /// Writes a text of the program's own.
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        write(atMost: bytes.count) { place in
            UnsafeMutableRawPointer(place).copyMemory(from: source, byteCount: bytes.count)
            return bytes.count
        }
    }

    /// Writes bytes.
    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Writes a text as UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Writes the same byte some times; none where `times` is less than 1.
    public mutating func append(_ byte: UInt8, times: Int) {
        guard times > 0 else { return }
        write(atMost: times) { place in
            place.update(repeating: byte, count: times)
            return times
        }
    }

    /// Writes a number in decimal digits.
    public mutating func append(integer: Int64) {
        write(atMost: 20) { place in
            var rest = integer.magnitude
            var length = integer < 0 ? 1 : 0
            var digits = 1
            var power: UInt64 = 10
            while digits < 20, rest >= power {
                digits += 1
                if digits < 20 { power *= 10 }
            }
            length += digits
            var index = length
            repeat {
                index -= 1
                place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if integer < 0 { place[0] = UInt8(ascii: "-") }
            return length
        }
    }

    /// Writes a moment as `Timestamp.rfc3339` gives it.
    public mutating func append(_ moment: Timestamp) {
        guard let time = CalendarTime(moment, secondsFromUTC: 0) else { return append(integer: moment.milliseconds) }
        write(atMost: CalendarTime.rfc3339Length) { time.writeRFC3339(to: $0) }
    }

    private mutating func grow(by room: Int) {
        let size = max(count + room, 2 * memory.count, 256)
        memory = [UInt8](unsafeUninitializedCapacity: size) { new, used in
            guard let start = new.baseAddress else { return }
            memory.withUnsafeBufferPointer { old in
                if let old = old.baseAddress { start.initialize(from: old, count: count) }
            }
            (start + count).initialize(repeating: 0, count: size - count)
            used = size
        }
    }
}
