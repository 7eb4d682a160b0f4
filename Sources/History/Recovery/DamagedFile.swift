/// The pages of a history that may be damaged: those of its file, and in their place the newer ones of its write-ahead log.
/// It is only read, and not by SQLite.
struct DamagedFile {
    /// Bytes of a page where nothing tells: SQLite's own choice.
    private static let usualPageSize = 4_096

    let pageSize: Int
    /// The header of the file as of its last transaction; nil where it is damaged.
    let header: DatabaseHeader?
    /// Bytes at the end of each page that SQLite leaves alone.
    let reserved: Int
    /// How many pages there are, whatever they hold.
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

    /// Returns the page in a frame of the log, whatever its head says.
    func frameContent(_ frame: Int) -> [UInt8]? {
        let frameLength = WriteAheadLog.frameHeaderLength + pageSize
        let offset = WriteAheadLog.headerLength + (frame - 1) * frameLength + WriteAheadLog.frameHeaderLength
        return log?.bytes(at: offset, count: pageSize)
    }

    /// The numbers of pages that are in no use: what is in them was deleted.
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
