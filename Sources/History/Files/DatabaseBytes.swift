import GRDB
import GRDBSQLite

/// Bytes of a file, read by their offset.
protocol ByteSource {
    /// The file's length in bytes; nil where the system does not say.
    var size: Int? { get }

    /// Returns `count` bytes from an offset, or nil where not all of them can be read.
    func bytes(at offset: Int, count: Int) -> [UInt8]?
}

extension Collection<UInt8> where Index == Int {
    /// The big-endian number of 16 bits at an offset.
    func big16(_ offset: Int) -> Int { Int(self[startIndex + offset]) << 8 | Int(self[startIndex + offset + 1]) }

    /// The big-endian number of 32 bits at an offset.
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
    /// The first trunk page of the list of free pages; 0 where none is free.
    let firstFreePage: Int
    /// The history's number and that of its state, both in `PRAGMA user_version`: see `HistoryIdentity`. 0 where it has
    /// none yet.
    let identity: UInt16
    let state: UInt16
    /// `PRAGMA application_id`.
    let application: UInt32

    /// Returns nil for bytes that no database begins with.
    init?(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(Self.length))
        guard bytes.count == Self.length, bytes.starts(with: Self.magic) else { return nil }
        let size = bytes.big16(16) == 1 ? 65_536 : bytes.big16(16)
        guard size >= 512, size & (size - 1) == 0 else { return nil }
        pageSize = size
        pages = Int(bytes.big32(28))
        firstFreePage = Int(bytes.big32(32))
        identity = UInt16(bytes.big16(60))
        state = UInt16(bytes.big16(62))
        application = bytes.big32(68)
    }

    /// Whether b2watch made the database.
    var isOurs: Bool { application == UInt32(Schema.applicationID) }

    /// Whether this can be another state of the history that another header is of.
    func canFollow(_ other: DatabaseHeader) -> Bool {
        isOurs && pageSize == other.pageSize && (other.identity == 0 || identity == other.identity)
    }

    /// Whether this is an earlier state of the file than another one.
    func isOlder(than other: DatabaseHeader) -> Bool {
        Int16(bitPattern: state &- other.state) < 0
    }
}

/// A file that SQLite has open, read through SQLite's own handle: opening and closing it ourselves would drop SQLite's
/// locks. Valid while the connection is open, on the thread that uses it.
struct SQLiteFile: ByteSource {
    private let file: UnsafeMutablePointer<sqlite3_file>

    /// The database file of a connection; nil for one in memory.
    static func main(of db: Database) -> SQLiteFile? { SQLiteFile(db, SQLITE_FCNTL_FILE_POINTER) }

    /// The write-ahead log of a connection; nil before the first transaction.
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

    /// The index of the write-ahead log, which all connections share; nil where it cannot be mapped, or is being written.
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
    /// The running checksum behind the last frame.
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
