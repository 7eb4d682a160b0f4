import Foundation
import GRDB
import GRDBSQLite

/// Bytes of a file, read by their offset.
protocol ByteSource {
    /// The file's length in bytes; nil if the system does not report it.
    var size: Int? { get }

    /// Returns `count` bytes from an offset, or nil if not all of them can be read.
    func bytes(at offset: Int, count: Int) -> [UInt8]?
}

extension Collection<UInt8> where Index == Int {
    /// Returns the big-endian 16-bit number at an offset.
    func big16(_ offset: Int) -> Int { Int(self[startIndex + offset]) << 8 | Int(self[startIndex + offset + 1]) }

    /// Returns the big-endian 32-bit number at an offset.
    func big32(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(self[startIndex + offset + $1]) }
    }
}

/// The first 100 bytes of a database file (https://sqlite.org/fileformat.html, 1.3).
struct DatabaseHeader: Sendable, Hashable {
    static let length = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    /// Bytes of a page.
    let pageSize: Int
    /// Pages of the database; those that are still in the write-ahead log count.
    let pages: Int
    /// Bytes of a page that SQLite uses.
    let usableSize: Int
    /// Whether some pages are maps of others, because free pages can be given back (`auto_vacuum`).
    let hasPageMaps: Bool
    /// The first trunk page of the list of free pages; 0 without free pages.
    let firstFreePage: Int
    /// The history's number and the number of its state, both in `PRAGMA user_version`: see `HistoryIdentity`. 0 if it
    /// has none yet.
    let identity: UInt16
    let state: UInt16
    /// `PRAGMA application_id`.
    let application: UInt32

    /// Returns nil for bytes that are not the start of a database.
    init?(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(Self.length))
        guard bytes.count == Self.length, bytes.starts(with: Self.magic) else { return nil }
        let size = bytes.big16(16) == 1 ? 65_536 : bytes.big16(16)
        guard size >= 512, size & (size - 1) == 0 else { return nil }
        pageSize = size
        pages = Int(bytes.big32(28))
        usableSize = size - Int(bytes[20])
        hasPageMaps = bytes.big32(52) != 0
        firstFreePage = Int(bytes.big32(32))
        identity = UInt16(bytes.big16(60))
        state = UInt16(bytes.big16(62))
        application = bytes.big32(68)
    }

    /// Returns the page with the map entry of a page, and the offset of that entry in it; a map has itself.
    ///
    /// Source: sqlite.org/fileformat.html, 1.8.
    func map(of page: Int) -> (page: Int, offset: Int) {
        let entries = usableSize / 5
        var map = 2 + (page - 2) / (entries + 1) * (entries + 1)
        // The page with the bytes that SQLite locks has no content.
        if map == 1 << 30 / pageSize + 1 { map += 1 }
        return (map, max(0, (page - map - 1) * 5))
    }

    /// Whether b2watch made the database.
    var isOurs: Bool { application == UInt32(Schema.applicationID) }

    /// Returns whether this can be another state of the history that another header belongs to.
    func canFollow(_ other: DatabaseHeader) -> Bool {
        isOurs && pageSize == other.pageSize && (other.identity == 0 || identity == other.identity)
    }

    /// Returns whether this is an earlier state of the file than another header.
    func isOlder(than other: DatabaseHeader) -> Bool {
        Int16(bitPattern: state &- other.state) < 0
    }
}

/// A file that SQLite has open, read through SQLite's own handle: opening and closing it ourselves would drop SQLite's
/// locks. Valid while the connection is open, on the thread that uses it.
struct SQLiteFile: ByteSource {
    private let file: UnsafeMutablePointer<sqlite3_file>

    /// Returns the database file of a connection; nil for a database in memory.
    static func main(of db: Database) -> SQLiteFile? { SQLiteFile(db, SQLITE_FCNTL_FILE_POINTER) }

    /// Returns the write-ahead log of a connection; nil before the first transaction.
    static func log(of db: Database) -> SQLiteFile? { SQLiteFile(db, SQLITE_FCNTL_JOURNAL_POINTER) }

    private init?(_ db: Database, _ operation: Int32) {
        var pointer: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(db.sqliteConnection, "main", operation, &pointer) == SQLITE_OK, let pointer,
            pointer.pointee.pMethods != nil
        else { return nil }
        file = pointer
    }

    var size: Int? {
        var size: sqlite3_int64 = 0
        return file.pointee.pMethods.pointee.xFileSize(file, &size) == SQLITE_OK ? Int(size) : nil
    }

    func bytes(at offset: Int, count: Int) -> [UInt8]? {
        var code = SQLITE_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            code = file.pointee.pMethods.pointee.xRead(file, buffer.baseAddress, Int32(count), Int64(offset))
            used = count
        }
        return code == SQLITE_OK ? bytes : nil
    }

    /// The system's number of the last error of this file; 0 for none.
    var lastError: Int32 {
        var number: Int32 = 0
        _ = file.pointee.pMethods.pointee.xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number)
        return number
    }

    /// The index of the write-ahead log, which all connections share; nil if it cannot be mapped, or is being written.
    var index: LogIndex? {
        let methods = file.pointee.pMethods.pointee
        guard methods.iVersion >= 2, let map = methods.xShmMap else { return nil }
        var pointer: UnsafeMutableRawPointer?
        let code = withUnsafeMutablePointer(to: &pointer) { place in
            place.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 1) { map(file, 0, 32_768, 0, $0) }
        }
        guard code == SQLITE_OK, let pointer else { return nil }
        // A writer changes the second copy first: where both are equal, neither is half-written.
        for _ in 0..<3 {
            let copies = UnsafeRawBufferPointer(start: pointer, count: 2 * LogIndex.length)
            let one = Array(copies[..<LogIndex.length])
            if one == Array(copies[LogIndex.length...]) { return LogIndex(one) }
        }
        return nil
    }
}

/// The header of a write-ahead log's index (https://sqlite.org/walformat.html, 2.1), in the byte order of the machine.
struct LogIndex: Sendable, Hashable {
    static let length = 48

    /// Grows with every transaction.
    let change: UInt32
    /// Bytes of a page.
    let pageSize: Int
    /// The frame that ends the last transaction; 0 for an empty log.
    let lastFrame: Int
    /// Pages of the database.
    let pages: Int
    /// The running checksum after the last frame.
    let checksum: [UInt32]
    /// The log's salt, as its header has it.
    let salt: [UInt8]

    /// Returns nil for an index that is not initialized.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, bytes[12] == 1 else { return nil }
        func native(_ offset: Int) -> UInt32 {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        }
        let size = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 14, as: UInt16.self) }
        change = native(8)
        pageSize = size == 1 ? 65_536 : Int(size)
        lastFrame = Int(native(16))
        pages = Int(native(20))
        checksum = [native(24), native(28)]
        salt = Array(bytes[32..<40])
    }
}

/// A file that is read by its descriptor. Closing it drops the locks that this process has on the file: use it only
/// before SQLite opens the file, or if SQLite does not open it at all.
final class PlainFile: ByteSource, Sendable {
    private let descriptor: Int32

    /// Returns nil if the file cannot be opened; `errno` gives the reason.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var size: Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    func bytes(at offset: Int, count: Int) -> [UInt8]? {
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            while done < count {
                guard let start = buffer.baseAddress else { break }
                let read = pread(descriptor, start + done, count - done, off_t(offset + done))
                guard read > 0 || (read < 0 && errno == EINTR) else { break }
                done += max(0, read)
            }
            used = done
        }
        return done == count ? bytes : nil
    }
}

/// Two numbers in the header of the database file (`PRAGMA user_version`), which can be read without SQLite: a random
/// one distinguishes a history from others, and one that grows with each checkpoint and each start distinguishes the
/// file from older copies of itself. SQLite's own counter of changes does not grow with a write-ahead log.
enum HistoryIdentity {
    /// Gives the next state of the file a number; its checkpoint follows. Works inside a transaction or outside. A
    /// history without an identity gets one. Also notes the last ids.
    static func stamp(_ db: Database) throws {
        let last = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let identity = last >> 16 == 0 ? Int32.random(in: 1...0x7fff) : last >> 16
        let state = UInt16(truncatingIfNeeded: last) &+ 1
        try db.execute(sql: "PRAGMA user_version = \(identity << 16 | Int32(state))")
        try db.execute(sql: Schema.noteLastIDs)
    }
}

// MARK: - Write-ahead log

/// A write-ahead log in its file format (https://sqlite.org/fileformat.html, 4).
struct WriteAheadLog {
    static let headerLength = 32
    static let frameHeaderLength = 24

    /// The head of a frame.
    struct Frame {
        let page: Int
        /// The size of the database in pages after the transaction that this frame ends; 0 if it ends none.
        let commitSize: Int
        let salt: [UInt8]
        let checksum: [UInt32]

        init(_ bytes: some Collection<UInt8>) {
            let bytes = Array(bytes)
            page = Int(bytes.big32(0))
            commitSize = Int(bytes.big32(4))
            salt = Array(bytes[8..<16])
            checksum = [bytes.big32(16), bytes.big32(20)]
        }
    }

    let pageSize: Int
    let salt: [UInt8]
    private let isBigEndian: Bool
    private let checksum: [UInt32]
    private let source: any ByteSource

    /// Returns nil for a file that does not begin as a log does.
    init?(_ source: any ByteSource) {
        guard let header = source.bytes(at: 0, count: Self.headerLength) else { return nil }
        let magic = header.big32(0)
        guard magic & ~1 == 0x377f_0682 else { return nil }
        let size = Int(header.big32(8))
        guard size >= 512, size <= 65_536, size & (size - 1) == 0 else { return nil }
        isBigEndian = magic & 1 == 1
        pageSize = size
        salt = Array(header[16..<24])
        checksum = [header.big32(24), header.big32(28)]
        self.source = source
        guard Self.sum(header[..<24], [0, 0], isBigEndian: isBigEndian) == checksum else { return nil }
    }

    var frameLength: Int { Self.frameHeaderLength + pageSize }

    /// The number of whole frames that the file has room for, whatever is in them.
    var capacity: Int { max(0, (source.size ?? 0) - Self.headerLength) / frameLength }

    /// Returns the offset of a frame; the first has number 1.
    func offset(of frame: Int) -> Int { Self.headerLength + (frame - 1) * frameLength }

    /// Returns the page in a frame.
    func page(of frame: Int) -> [UInt8]? {
        source.bytes(at: offset(of: frame) + Self.frameHeaderLength, count: pageSize)
    }

    /// Reads all frames up to the first whose checksum is wrong.
    ///
    /// - Parameters:
    ///   - last: The last frame to read.
    ///   - body: Receives the number and the header of each.
    /// - Returns: The checksum after the last of them, and its number.
    func walk(through last: Int = .max, _ body: (Int, Frame) -> Void = { _, _ in }) -> (frame: Int, checksum: [UInt32])
    {
        var sum = checksum
        var number = 0
        while number < min(last, capacity), let bytes = source.bytes(at: offset(of: number + 1), count: frameLength) {
            let frame = Frame(bytes[..<Self.frameHeaderLength])
            guard frame.salt == salt, frame.page > 0 else { break }
            var next = Self.sum(bytes[..<8], sum, isBigEndian: isBigEndian)
            next = Self.sum(bytes[Self.frameHeaderLength...], next, isBigEndian: isBigEndian)
            guard next == frame.checksum else { break }
            sum = next
            number += 1
            body(number, frame)
        }
        return (number, sum)
    }

    /// Returns the running checksum of the format, over pairs of 32-bit numbers.
    private static func sum(_ bytes: ArraySlice<UInt8>, _ start: [UInt32], isBigEndian: Bool) -> [UInt32] {
        var (one, two) = (start[0], start[1])
        bytes.withUnsafeBytes { buffer in
            for offset in stride(from: 0, to: buffer.count - 7, by: 8) {
                let first = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let second = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                one = one &+ (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ two
                two = two &+ (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ one
            }
        }
        return [one, two]
    }
}
