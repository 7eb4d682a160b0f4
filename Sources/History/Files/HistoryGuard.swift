internal import CBase
import Foundation
import GRDB
import Synchronization

/// Checks that a history's files are still those that were opened and written, so that no delivery is acknowledged into
/// a file that was removed, replaced, truncated or overwritten.
///
/// If a missing file is put back, recording continues. Damage lasts until the process ends: from then on nothing is
/// acknowledged, and the log is not moved into the file, because that would spread the damage.
final class HistoryGuard: Sendable {
    /// The moment of a check.
    enum Moment {
        /// Before a transaction: checks everything that was written since the last one.
        case begin
        /// After a commit: checks everything before anything is acknowledged.
        case committed
        /// Before a checkpoint, while another connection may commit.
        case move
    }

    /// A file by its path: which one it is, its length, and when it was written.
    private struct FileState: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        /// In bytes.
        let size: Int
        /// In nanoseconds.
        let modified: Int

        init?(_ path: String) {
            var status = stat()
            // A history must be a regular file, not a device, a pipe or a folder.
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int(status.st_size)
            let time = status.st_mtim
            modified = time.tv_sec * 1_000_000_000 + time.tv_nsec
        }

        func isSameFile(as other: FileState?) -> Bool {
            device == other?.device && inode == other?.inode
        }
    }

    private struct Known {
        var main: FileState?
        var header: DatabaseHeader?
        /// The write-ahead log after the last commit; nil if it is unknown.
        var log: (index: LogIndex, modified: Int)?
        var logFile: FileState?
        var indexFile: FileState?
        /// The number of truncated mappings of the index before.
        var indexCuts: UInt32
        /// Whether a checkpoint of our own is running, during which the database file changes.
        var isMoving = false
        var damage: String?
        var onDamage: (@Sendable (String) -> Void)?
        var onForeignWrite: (@Sendable () -> Void)?
    }

    /// Bytes of the part of the index that every log has.
    private static let smallestIndex = 32_768

    let path: String
    private let logPath: String
    private let indexPath: String
    private let known: Mutex<Known>

    /// - Parameter path: With links followed.
    init(_ path: String) {
        self.path = path
        logPath = path + "-wal"
        indexPath = path + "-shm"
        mapped_files_watch()
        known = Mutex(Known(main: FileState(path), indexCuts: mapped_file_cuts(indexPath)))
    }

    /// Begins to watch; to be called once the file and its log are open, on the connection that writes.
    func begin(_ db: Database) {
        known.withLock { known in
            known.logFile = FileState(logPath)
            known.indexFile = FileState(indexPath)
            note(db, &known)
        }
    }

    /// Calls `damaged` with a sentence once damage is found, and `written` when another program has written to the
    /// database file. Both are called from any thread and must only take note.
    func observe(damaged: @escaping @Sendable (String) -> Void, written: @escaping @Sendable () -> Void) {
        known.withLock { known in
            known.onDamage = damaged
            known.onForeignWrite = written
        }
    }

    /// The damage that was found; a sentence.
    var damage: String? { known.withLock { $0.damage } }

    // MARK: - Writing

    /// Looks at the files.
    ///
    /// - Throws: `WriteFailure.store`.
    func check(_ db: Database, _ moment: Moment) throws(WriteFailure) {
        let (problem, isDamage, isForeign) = known.withLock { known -> (String?, Bool, Bool) in
            if let damage = known.damage { return (damage, false, false) }
            guard let main = FileState(path), main.isSameFile(as: known.main) else {
                return (sentence(.moved(path)), false, false)
            }
            let index = FileState(indexPath)
            if isIndexCut(known) { return (sentence(.index), true, false) }
            if let expected = known.indexFile, !expected.isSameFile(as: index) {
                return (sentence(.moved(indexPath)), false, false)
            }
            if let index, index.size < max(Self.smallestIndex, known.indexFile?.size ?? 0) {
                // Not to be touched: SQLite would find zeros there.
                return (sentence(.index), true, false)
            }
            known.indexFile = index
            var isForeign = false
            if let problem = fault(ofMain: main, db, &known, moment, &isForeign) { return (problem, true, false) }
            if let problem = fault(ofLog: db, &known, moment) {
                return (sentence(problem), problem != .moved(logPath), false)
            }
            // It may have happened just now.
            if isIndexCut(known) { return (sentence(.index), true, false) }
            return (nil, false, isForeign)
        }
        if let problem {
            if isDamage { report(problem) }
            throw .store(problem)
        }
        if isForeign { known.withLock { $0.onForeignWrite }?() }
    }

    /// Refuses the commit of a transaction that has read through a truncated index: it would commit older pages as new
    /// ones. Everything else is found after the commit.
    ///
    /// - Throws: `WriteFailure.store`.
    func checkIndex() throws(WriteFailure) {
        let problem = known.withLock { $0.damage ?? (isIndexCut($0) ? sentence(.index) : nil) }
        guard let problem else { return }
        report(problem)
        throw .store(problem)
    }

    /// Notes that a transaction was rolled back: it may have left frames in the log.
    func rolledBack() {
        known.withLock { $0.log = nil }
    }

    /// Moves the log into the database file, unless the file is damaged.
    ///
    /// - Returns: The result of `body`; nil if it is not called.
    func move<Result>(_ db: Database, _ body: () throws -> Result) rethrows -> Result? {
        do {
            try check(db, .move)
        } catch {
            return nil
        }
        known.withLock { $0.isMoving = true }
        defer {
            known.withLock { known in
                known.isMoving = false
                note(db, &known)
            }
        }
        return try body()
    }

    /// Notes the current state of the database file.
    private func note(_ db: Database, _ known: inout Known) {
        guard let main = FileState(path), main.isSameFile(as: known.main) || known.main == nil else { return }
        known.main = main
        if let header = header(db), known.header.map({ header.canFollow($0) }) ?? true {
            known.header = header
        }
    }

    private func header(_ db: Database) -> DatabaseHeader? {
        SQLiteFile.main(of: db)?.bytes(at: 0, count: DatabaseHeader.length).flatMap { DatabaseHeader($0) }
    }

    /// Returns the fault of the database file.
    private func fault(
        ofMain now: FileState, _ db: Database, _ known: inout Known, _ moment: Moment,
        _ isForeign: inout Bool
    ) -> String? {
        guard let before = known.header, let file = known.main else { return nil }
        // Before a transaction only the time and the length are compared: more checks follow after the commit.
        if moment == .begin, now == file { return nil }
        let header = header(db)
        if header == before, now == file { return nil }
        guard let header else { return sentence(now.size < file.size ? .truncated : .overwritten) }
        guard header.canFollow(before) else { return sentence(.overwritten) }
        guard !header.isOlder(than: before) else { return sentence(.older) }
        if now.size < file.size {
            // A VACUUM of another program leaves fewer pages.
            let pages = min(header.pages, SQLiteFile.main(of: db)?.index?.pages ?? header.pages)
            guard now.size >= pages * header.pageSize else { return sentence(.truncated) }
        }
        guard !known.isMoving else { return nil }
        // Another program may have moved the log, or written the file without SQLite.
        known.header = header
        known.main = now
        isForeign = true
        return nil
    }

    /// Returns the fault of the write-ahead log, or of its index.
    private func fault(ofLog db: Database, _ known: inout Known, _ moment: Moment) -> Problem? {
        for _ in 0..<3 {
            let main = SQLiteFile.main(of: db)
            let index = main?.index
            // Looked at behind the index: while a checkpoint looks, the writer makes the log longer, and the index last.
            let now = FileState(logPath)
            if let expected = known.logFile, !expected.isSameFile(as: now) { return .moved(logPath) }
            // SQLite rebuilds an index that is not initialized.
            guard let main, let index, let now, let file = SQLiteFile.log(of: db) else { return nil }
            if moment == .begin, let log = known.log, log.index == index, log.modified == now.modified { return nil }
            if index.lastFrame == 0 || isWhole(file, now, index) {
                guard index.lastFrame > 0 else {
                    known.log = nil
                    return nil
                }
                switch moment {
                case .begin:
                    // Written without a transaction: some other program did that.
                    if let log = known.log, log.index == index, log.modified != now.modified {
                        guard isValid(file, index) else { return .log }
                        known.log?.modified = now.modified
                    }
                case .move: break
                case .committed: known.log = (index, now.modified)
                }
                return nil
            }
            // Another process, or the writer, may have begun the log again since the index was read.
            guard main.index == index else { continue }
            let isIndex = known.log.map { isValid(file, $0.index) } ?? false
            return isIndex ? .index : .log
        }
        // It changes faster than it can be compared: the next check finds what is wrong.
        return nil
    }

    /// Returns whether the log has the salt and the last frame that the index names.
    private func isWhole(_ file: SQLiteFile, _ state: FileState, _ index: LogIndex) -> Bool {
        let frameLength = WriteAheadLog.frameHeaderLength + index.pageSize
        let end = WriteAheadLog.headerLength + index.lastFrame * frameLength
        guard state.size >= end, let header = file.bytes(at: 0, count: WriteAheadLog.headerLength),
            header[16..<24].elementsEqual(index.salt),
            let bytes = file.bytes(at: end - frameLength, count: WriteAheadLog.frameHeaderLength)
        else { return false }
        let frame = WriteAheadLog.Frame(bytes)
        return frame.salt == index.salt && frame.checksum == index.checksum && frame.commitSize == index.pages
    }

    /// Returns whether all frames of the log are as they were written. Reads the whole log.
    private func isValid(_ file: SQLiteFile, _ index: LogIndex) -> Bool {
        guard let log = WriteAheadLog(file), log.salt == index.salt else { return false }
        let (frame, checksum) = log.walk(through: index.lastFrame)
        return frame == index.lastFrame && checksum == index.checksum
    }

    // MARK: - Reading

    /// Returns whether the index was truncated while a thread read it, which then found zeros.
    private func isIndexCut(_ known: Known) -> Bool { mapped_file_cuts(indexPath) != known.indexCuts }

    /// Refuses a read if its index is gone; to be called before and after the read.
    ///
    /// - Throws: `HistoryReadError.indexTruncated`.
    func checkReading() throws(HistoryReadError) {
        let problem = known.withLock { known -> String? in
            if isIndexCut(known) { return sentence(.index) }
            guard let expected = known.indexFile, let now = FileState(indexPath), now.isSameFile(as: expected),
                now.size < max(Self.smallestIndex, expected.size)
            else { return nil }
            return sentence(.index)
        }
        guard let problem else { return }
        report(problem)
        throw .indexTruncated(path: path)
    }

    /// Notes damage that a reader found: from then on nothing is acknowledged.
    func met(_ error: DatabaseError) {
        guard error.isDamage else { return }
        report(sentence(known.withLock { isIndexCut($0) } ? .index : .content))
    }

    /// Takes note of damage that a check of the whole file has found.
    func foundDamage() { report(sentence(.content)) }

    // MARK: - What is wrong

    private enum Problem: Equatable {
        case moved(String)
        case truncated, overwritten, older, log, index, content
    }

    private func sentence(_ problem: Problem) -> String {
        let rest = "Stop b2watch: b2watch recover \(path) then writes what can still be read into a new history"
        return switch problem {
        case .moved(let path):
            "\(path) was removed or replaced while in use; put it back, or start b2watch again"
        case .truncated: "\(path) was truncated while in use. \(rest)"
        case .overwritten: "\(path) was overwritten while in use. \(rest)"
        case .older: "\(path) was overwritten with an older copy while in use. \(rest)"
        case .log: "\(path)-wal was truncated or overwritten while in use. \(rest)"
        case .index:
            "\(path)\(HistoryReadError.truncatedIndex) or overwritten while in use. Nothing that was recorded is lost by that: start"
                + " b2watch again"
        case .content: "the history \(path) is damaged. \(rest)"
        }
    }

    private func report(_ problem: String) {
        let observer = known.withLock { known -> (@Sendable (String) -> Void)? in
            guard known.damage == nil else { return nil }
            known.damage = problem
            return known.onDamage
        }
        observer?(problem)
    }
}

extension DatabaseError {
    /// Whether SQLite has met bytes that it did not write.
    var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}

// MARK: - Check at the start

/// Looks for damage before a history is used, with quick checks: a damaged history is refused with a sentence, and
/// SQLite neither writes to it nor empties it.
enum StartCheck {
    /// The largest file of which every page is checked, in bytes.
    private static let largestWhole = 32 << 20
    /// The number of pages of a larger file that are sampled, and the time limit for it.
    private static let samples = 2_000
    private static let sampleTime = Duration.milliseconds(200)

    /// Checks the files before SQLite opens them.
    ///
    /// SQLite deletes the log of an empty file, and copies a log into whatever file has the matching name.
    ///
    /// - Returns: The problem, as the end of a sentence that begins with the path; nil without a problem, or if the
    ///   file is not a database.
    static func problem(at path: String) -> String? {
        guard let file = PlainFile(path), let size = file.size else { return nil }
        let logFile = PlainFile(path + "-wal")
        let log = logFile.flatMap { WriteAheadLog($0) }
        var pages: Set<Int> = []
        var first: DatabaseHeader?
        var isCommitted = false
        if let log {
            var waiting: Set<Int> = []
            _ = log.walk { number, frame in
                waiting.insert(frame.page)
                if frame.page == 1, first == nil, let page = log.page(of: number), let header = DatabaseHeader(page),
                    header.isOurs, header.identity != 0
                {
                    first = header
                }
                guard frame.commitSize > 0 else { return }
                isCommitted = true
                pages.formUnion(waiting)
                waiting = []
            }
        }
        if size == 0 {
            return isCommitted
                ? "is empty, but its write-ahead log \(path)-wal is not (to begin with an empty history, remove that)"
                : nil
        }
        guard let header = file.bytes(at: 0, count: DatabaseHeader.length).flatMap({ DatabaseHeader($0) }),
            header.isOurs
        else { return nil }
        if isCommitted, let first, header.identity != 0 {
            if first.identity != header.identity {
                return "is not the file that its write-ahead log \(path)-wal belongs to"
            }
            // All of the log before was in the file when this one began, and since then it was numbered once at most.
            if Int16(bitPattern: first.state &- header.state) > 1 {
                return "is older than its write-ahead log \(path)-wal"
            }
        }
        // SQLite would ignore all of such a log. A power cut may leave a log of zeros.
        let head = logFile?.bytes(at: 0, count: WriteAheadLog.headerLength) ?? []
        if log == nil, head.contains(where: { $0 != 0 }) {
            return
                "has a damaged write-ahead log \(path)-wal (to go on without the latest deliveries in it, remove that)"
        }
        let missing = (size / header.pageSize)..<max(header.pages, size / header.pageSize)
        if missing.contains(where: { !pages.contains($0 + 1) }) { return "is truncated" }
        return sampled(file, header, size, changed: pages)
    }

    /// Returns the problem of an open history; otherwise nil.
    ///
    /// - Throws: SQLite's error.
    static func problem(in db: Database) throws -> String? {
        guard let size = SQLiteFile.main(of: db)?.size, size <= largestWhole else { return nil }
        return try quickCheck(db)
    }

    /// Checks every page.
    ///
    /// - Returns: The problem.
    static func quickCheck(_ db: Database) throws -> String? {
        let found = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        return found == "ok" ? nil : "is damaged"
    }

    /// Looks at pages here and there.
    ///
    /// - Parameter changed: The pages in the write-ahead log: those in the file may be of any time.
    private static func sampled(
        _ file: PlainFile, _ header: DatabaseHeader, _ size: Int, changed: Set<Int>
    ) -> String? {
        let pages = size / header.pageSize
        guard size > largestWhole else { return nil }
        let end = ContinuousClock.now + sampleTime
        for number in 0..<samples where ContinuousClock.now < end {
            let page = 2 + number * (pages - 2) / samples
            guard !changed.contains(page) else { continue }
            guard let bytes = file.bytes(at: (page - 1) * header.pageSize, count: 12) else { return "cannot be read" }
            let isTree =
                [2, 5, 10, 13].contains(bytes[0]) && bytes.big16(3) <= header.pageSize / 4
                && bytes.big16(5) <= header.pageSize
            // A page that continues another begins with the number of the next.
            let isNumber = Int(bytes.big32(0)) <= max(header.pages, pages, changed.max() ?? 0)
            let isFine: Bool
            switch kind(of: page, file, header, changed: changed) {
            case .tree: isFine = isTree
            case .overflow: isFine = isNumber
            case .unknown: isFine = isTree || isNumber
            case .any: isFine = true
            }
            if !isFine { return "is damaged" }
        }
        return nil
    }

    /// What a page has to be.
    private enum PageKind {
        case tree
        case overflow
        /// A file without maps of its pages.
        case unknown
        /// It is free, or a map itself, or its map is not known.
        case any
    }

    /// Looks a page up in the map of pages.
    private static func kind(
        of page: Int, _ file: PlainFile, _ header: DatabaseHeader, changed: Set<Int>
    ) -> PageKind {
        guard header.hasPageMaps else { return .unknown }
        let (map, offset) = header.map(of: page)
        guard map < page, !changed.contains(map),
            let type = file.bytes(at: (map - 1) * header.pageSize + offset, count: 1)?.first
        else { return .any }
        switch type {
        case 1, 5: return .tree
        case 3, 4: return .overflow
        default: return .any
        }
    }
}
