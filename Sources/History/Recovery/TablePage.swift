/// A value in a record (https://sqlite.org/fileformat.html, 2.1).
enum RecordValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text([UInt8])
    case blob([UInt8])
}

/// A row of a table as it is in a page.
struct StoredRow: Sendable {
    let id: Int64
    let values: [RecordValue]
}

/// A page of a table's tree, taken with care: what is in it may be anything.
struct TablePage {
    enum Kind {
        /// Holds the numbers of pages below it.
        case interior
        /// Holds rows.
        case leaf
    }

    let kind: Kind
    private let bytes: [UInt8]
    private let start: Int
    private let cells: [Int]
    /// Bytes of a page that are in use.
    private let usable: Int

    /// Returns nil for bytes that are not such a page.
    ///
    /// - Parameters:
    ///   - number: The page's number: the first begins with the file's header.
    ///   - reserved: Bytes at the end of each page that SQLite leaves alone.
    init?(_ bytes: [UInt8], number: Int, reserved: Int = 0) {
        let start = number == 1 ? DatabaseHeader.length : 0
        let usable = bytes.count - reserved
        guard usable >= 480 else { return nil }
        let kind: Kind
        switch bytes[start] {
        case 5: kind = .interior
        case 13: kind = .leaf
        default: return nil
        }
        self.kind = kind
        let count = bytes.big16(start + 3)
        let array = start + (kind == .interior ? 12 : 8)
        guard array + 2 * count <= usable else { return nil }
        let content = bytes.big16(start + 5) == 0 ? 65_536 : bytes.big16(start + 5)
        guard content >= array + 2 * count, content <= usable else { return nil }
        let cells = (0..<count).map { bytes.big16(array + 2 * $0) }
        guard cells.allSatisfy({ $0 >= content && $0 <= usable - 4 }), Set(cells).count == count else { return nil }
        (self.bytes, self.start, self.cells, self.usable) = (bytes, start, cells, usable)
    }

    /// The numbers of the pages below an interior page.
    var children: [Int] {
        kind == .leaf ? [] : cells.map { Int(bytes.big32($0)) } + [Int(bytes.big32(start + 8))]
    }

    /// Reads the rows of a leaf.
    ///
    /// - Parameters:
    ///   - page: Returns the bytes of another page, for rows that do not fit into one.
    ///   - used: Is given the numbers of such pages.
    ///   - row: Is given each row, or nil for one that cannot be read.
    func rows(page: (Int) -> [UInt8]?, used: (Int) -> Void, _ row: (StoredRow?) -> Void) {
        guard kind == .leaf else { return }
        for cell in cells { row(self.row(at: cell, page, used)) }
    }

    private func row(at cell: Int, _ page: (Int) -> [UInt8]?, _ used: (Int) -> Void) -> StoredRow? {
        var offset = cell
        guard let length = Self.number(bytes, &offset), let id = Self.number(bytes, &offset), length >= 1,
            length <= 1 << 30
        else { return nil }
        let size = Int(length)
        let largest = usable - 35
        var local = size
        if size > largest {
            let least = (usable - 12) * 32 / 255 - 23
            let some = least + (size - least) % (usable - 4)
            local = some <= largest ? some : least
        }
        guard offset + local <= usable else { return nil }
        var payload = Array(bytes[offset..<offset + local])
        if size > local {
            guard offset + local + 4 <= usable else { return nil }
            payload.reserveCapacity(min(size, 64 << 20))
            var next = Int(bytes.big32(offset + local))
            while payload.count < size {
                guard next > 1, let more = page(next), more.count >= usable else { return nil }
                used(next)
                payload += more[4..<min(usable, 4 + size - payload.count)]
                next = Int(more.big32(0))
            }
            // The last of them names no other.
            guard next == 0 else { return nil }
        }
        return Self.values(payload).map { StoredRow(id: id, values: $0) }
    }

    /// Reads a record. All of it must fit, to the byte.
    private static func values(_ payload: [UInt8]) -> [RecordValue]? {
        var offset = 0
        guard let length = number(payload, &offset), length >= 1, length <= payload.count, length <= 1_000 else {
            return nil
        }
        var data = Int(length)
        var values: [RecordValue] = []
        while offset < Int(length) {
            guard let type = number(payload, &offset), offset <= Int(length),
                let value = value(type, payload, &data)
            else { return nil }
            values.append(value)
        }
        return data == payload.count ? values : nil
    }

    private static func value(_ type: Int64, _ payload: [UInt8], _ data: inout Int) -> RecordValue? {
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, data + count <= payload.count else { return nil }
            defer { data += count }
            return payload[data..<data + count]
        }
        func integer(_ count: Int) -> Int64? {
            take(count).map { bytes in
                // The first byte has the sign.
                bytes.dropFirst().reduce(Int64(Int8(bitPattern: bytes.first ?? 0))) { $0 << 8 | Int64($1) }
            }
        }
        switch type {
        case 0: return .null
        case 1...4: return integer(Int(type)).map(RecordValue.integer)
        case 5: return integer(6).map(RecordValue.integer)
        case 6: return integer(8).map(RecordValue.integer)
        case 7: return integer(8).map { .real(Double(bitPattern: UInt64(bitPattern: $0))) }
        case 8: return .integer(0)
        case 9: return .integer(1)
        case 12...:
            let count = (type - 12) / 2
            guard count <= payload.count, let bytes = take(Int(count)) else { return nil }
            return type.isMultiple(of: 2) ? .blob(Array(bytes)) : .text(Array(bytes))
        default: return nil
        }
    }

    /// Reads a number of variable length: seven bits of each byte, all eight of the ninth.
    private static func number(_ bytes: [UInt8], _ offset: inout Int) -> Int64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7f)
            if byte & 0x80 == 0 { return Int64(bitPattern: value) }
        }
        return nil
    }
}
