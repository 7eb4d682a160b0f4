import GRDB

/// Looks for damage before a history is used, as far as that costs little: a damaged history is refused with a sentence,
/// and neither written to nor emptied by SQLite.
enum StartCheck {
    /// The largest file of which every page is checked, in bytes.
    private static let largestWhole = 32 << 20
    /// How many pages of a larger file are looked at, and for how long.
    private static let samples = 2_000
    private static let sampleTime = Duration.milliseconds(200)

    /// Looks at the files before SQLite opens them.
    ///
    /// SQLite deletes the log of an empty file, and puts what a log holds into whichever file is beside it.
    ///
    /// - Returns: What is wrong, as the end of a sentence that begins with the path; nil where nothing is, or where the file
    ///   is not a database.
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
        // SQLite would pass over all of such a log. One of zeros is what a power cut may leave.
        let head = logFile?.bytes(at: 0, count: WriteAheadLog.headerLength) ?? []
        if log == nil, head.contains(where: { $0 != 0 }) {
            return
                "has a damaged write-ahead log \(path)-wal (to go on without the latest deliveries in it, remove that)"
        }
        let missing = (size / header.pageSize)..<max(header.pages, size / header.pageSize)
        if missing.contains(where: { !pages.contains($0 + 1) }) { return "is truncated" }
        return sampled(file, header, size)
    }

    /// Returns what is wrong with an open history.
    ///
    /// - Throws: What SQLite says.
    static func problem(in db: Database) throws -> String? {
        guard let size = SQLiteFile.main(of: db)?.size, size <= largestWhole else { return nil }
        return try quickCheck(db)
    }

    /// Checks every page.
    ///
    /// - Returns: What is wrong.
    static func quickCheck(_ db: Database) throws -> String? {
        let found = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        return found == "ok" ? nil : "is damaged"
    }

    /// Looks at pages here and there.
    private static func sampled(_ file: PlainFile, _ header: DatabaseHeader, _ size: Int) -> String? {
        let pages = size / header.pageSize
        guard size > largestWhole else { return nil }
        let end = ContinuousClock.now + sampleTime
        for number in 0..<samples where ContinuousClock.now < end {
            let page = 2 + number * (pages - 2) / samples
            guard let bytes = file.bytes(at: (page - 1) * header.pageSize, count: 12) else { return "cannot be read" }
            if !canBePage(bytes, header) { return "is damaged" }
        }
        return nil
    }

    /// Whether a page can begin so: it is a part of a tree, or begins with the number of another page.
    private static func canBePage(_ bytes: [UInt8], _ header: DatabaseHeader) -> Bool {
        if [2, 5, 10, 13].contains(bytes[0]), bytes.big16(3) <= header.pageSize / 4,
            bytes.big16(5) <= header.pageSize
        {
            return true
        }
        return Int(bytes.big32(0)) <= header.pages
    }
}
