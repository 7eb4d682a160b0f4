import Foundation
import GRDB

/// The pages of a history that may be damaged: those of its file, and in their place the newer ones of its write-ahead log.
/// It is only read, and not by SQLite.
struct DamagedFile {
    /// The page size if no header gives one: SQLite's default.
    private static let usualPageSize = 4_096

    let pageSize: Int
    /// The header of the file after its last transaction; nil if it is damaged.
    let header: DatabaseHeader?
    /// Bytes at the end of each page that SQLite leaves alone.
    let reserved: Int
    /// The number of pages, whatever is in them.
    let count: Int
    private let file: PlainFile?
    private let log: PlainFile?
    /// The frame of the log in which the newest committed version of a page is.
    private let frames: [Int: Int]
    /// Whether the log is of another history, whose file was overwritten with this one.
    let isLogForeign: Bool

    /// - Throws: `HistoryRecoveryError.missing`.
    init(_ path: String) throws(HistoryRecoveryError) {
        file = PlainFile(path)
        log = PlainFile(path + "-wal")
        let size = file?.size ?? 0
        let wal = log.flatMap { WriteAheadLog($0) }
        guard file?.size != nil || wal != nil else { throw .missing(path: path) }
        let own = file?.bytes(at: 0, count: DatabaseHeader.length).flatMap { DatabaseHeader($0) }
        pageSize = own?.pageSize ?? wal?.pageSize ?? Self.usualPageSize
        var frames: [Int: Int] = [:]
        var last = size / pageSize
        var isForeign = false
        if let wal, wal.pageSize == pageSize {
            var waiting: [Int: Int] = [:]
            _ = wal.walk { number, frame in
                waiting[frame.page] = number
                guard frame.commitSize > 0 else { return }
                frames.merge(waiting) { $1 }
                last = max(last, frame.commitSize)
                waiting = [:]
            }
            if let own, let frame = frames[1], let page = wal.page(of: frame), let header = DatabaseHeader(page),
                header.identity != own.identity, own.identity != 0
            {
                (frames, last, isForeign) = ([:], size / pageSize, true)
            }
        }
        self.frames = frames
        isLogForeign = isForeign
        count = last
        let first = frames[1].flatMap { wal?.page(of: $0) } ?? file?.bytes(at: 0, count: DatabaseHeader.length)
        header = first.flatMap { DatabaseHeader($0) }
        reserved = header == nil ? 0 : Int(first?[20] ?? 0)
    }

    /// Returns a page, nil for one that cannot be read.
    func page(_ number: Int) -> [UInt8]? {
        guard number >= 1, number <= count else { return nil }
        if let frame = frames[number] { return frameContent(frame) }
        return file?.bytes(at: (number - 1) * pageSize, count: pageSize)
    }

    /// All frames of the log that no page is read from: earlier versions of pages, and what follows damage.
    var otherFrames: [Int] {
        if isLogForeign { return [] }
        let frameLength = WriteAheadLog.frameHeaderLength + pageSize
        let all = max(0, (log?.size ?? 0) - WriteAheadLog.headerLength) / frameLength
        let used = Set(frames.values)
        return (0..<all).map { $0 + 1 }.filter { !used.contains($0) }.reversed()
    }

    /// Returns the page in a frame of the log, whatever the frame's header contains.
    func frameContent(_ frame: Int) -> [UInt8]? {
        let frameLength = WriteAheadLog.frameHeaderLength + pageSize
        let offset = WriteAheadLog.headerLength + (frame - 1) * frameLength + WriteAheadLog.frameHeaderLength
        return log?.bytes(at: offset, count: pageSize)
    }

    /// The numbers of unused pages: their contents were deleted.
    var freePages: Set<Int> {
        var free: Set<Int> = []
        var trunk = header?.firstFreePage ?? 0
        while trunk > 1, free.insert(trunk).inserted, let page = page(trunk) {
            let count = Int(page.big32(4))
            guard count <= pageSize / 4 - 2 else { break }
            for index in 0..<count { free.insert(Int(page.big32(8 + 4 * index))) }
            trunk = Int(page.big32(0))
        }
        return free
    }
}

// MARK: - Pages

/// A value in a record (https://sqlite.org/fileformat.html, 2.1).
enum RecordValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text([UInt8])
    case blob([UInt8])
}

/// A row of a table as stored in a page.
struct StoredRow: Sendable {
    let id: Int64
    let values: [RecordValue]
}

/// A page of a table's tree, read with care: its contents may be anything.
struct TablePage {
    enum Kind {
        /// A page with the numbers of pages below it.
        case interior
        /// A page with rows.
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
        func read(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, data + count <= payload.count else { return nil }
            defer { data += count }
            return payload[data..<data + count]
        }
        func integer(_ count: Int) -> Int64? {
            read(count).map { bytes in
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
            guard count <= payload.count, let bytes = read(Int(count)) else { return nil }
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

// MARK: - Table of the new file

/// A table of the new history that recovered rows are written to.
struct RecoveryTable {
    let name: String
    private let columns: [Column]

    private struct Column {
        let name: String
        /// The declared type; empty if any value is allowed.
        let type: String
        let isNullable: Bool
        /// Whether the row's number is its value: it is NULL in the record then.
        let isNumber: Bool
    }

    /// Returns all tables whose rows have numbers.
    static func all(in db: Database) throws -> [RecoveryTable] {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'")
        // The tables with the most rows are first when values decide which table a row belongs to.
        let order = ["delivery", "event", "outcome"]
        return try names.sorted { (order.firstIndex(of: $0) ?? 9, $0) < (order.firstIndex(of: $1) ?? 9, $1) }.map {
            name in
            let rows = try Row.fetchAll(
                db, sql: "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)", arguments: [name])
            let keys = rows.count { ($0[3] as Int) > 0 }
            return RecoveryTable(
                name: name,
                columns: rows.map { row in
                    let isNumber = keys == 1 && row[3] == 1 && row[1] == "INTEGER"
                    return Column(name: row[0], type: row[1], isNullable: row[2] == 0, isNumber: isNumber)
                })
        }
    }

    /// Returns whether a row found in this table's tree can belong to it. Columns that were added later may be missing.
    func fits(_ row: StoredRow) -> Bool {
        guard !row.values.isEmpty, row.values.count <= columns.count, row.id > 0 else { return false }
        return zip(columns, row.values).allSatisfy { column, value in
            switch (value, column.type) {
            case (.null, _): column.isNullable || column.isNumber
            case (_, _) where column.isNumber: false
            case (.integer, "INTEGER"), (.text, "TEXT"), (.blob, "TEXT"), (.text, "BLOB"), (.blob, "BLOB"), (_, ""):
                true
            default: false
            }
        }
    }

    /// Returns whether a row of an unknown table probably belongs to this one.
    func isLikely(_ row: StoredRow) -> Bool {
        // A column that was added to a table with rows has a default, and is the last. None was added to these two, whose
        // values tell little.
        let least = ["delivery", "event"].contains(name) ? columns.count : max(2, columns.count - 3)
        guard fits(row), row.values.count >= least, columns[0].isNumber else { return false }
        for (column, value) in zip(columns, row.values) {
            guard case .integer(let number) = value else { continue }
            switch column.name {
            // Times are in milliseconds, and nothing else is as large.
            case "receivedAt", "addedAt", "changedAt", "startedAt":
                guard number > 1_000_000_000_000, number < 10_000_000_000_000 else { return false }
            case "delivery", "position", "rows", "rowCount", "eventCount", "status", "verdict", "state", "action":
                guard number >= 0, number < 1_000_000_000_000 else { return false }
            default: break
            }
        }
        return true
    }

    /// Writes a row, unless one with its number exists.
    ///
    /// - Returns: Whether it was written.
    func insert(_ row: StoredRow, _ db: Database) throws -> Bool {
        let used = columns.prefix(row.values.count)
        // A row that new tables contain is replaced by the history's own.
        let isSingle = columns[0].name == "one"
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR \(isSingle ? "REPLACE" : "IGNORE") INTO "\(name)"
                (\(used.map { "\"\($0.name)\"" }.joined(separator: ", ")))
                VALUES (\(used.map { _ in "?" }.joined(separator: ", ")))
                """)
        let values = zip(used, row.values).map { column, value -> DatabaseValue in
            if column.isNumber { return row.id.databaseValue }
            return switch value {
            case .null: .null
            case .integer(let number): number.databaseValue
            case .real(let number): number.databaseValue
            case .text(let bytes): String(decoding: bytes, as: UTF8.self).databaseValue
            case .blob(let bytes): Data(bytes).databaseValue
            }
        }
        do {
            try statement.execute(arguments: StatementArguments(values))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // What breaks a rule of the table is not a row of it.
            return false
        }
        return db.changesCount > 0
    }
}
