import Base
import GRDB
import Synchronization

/// Moves committed pages from the write-ahead log into the database file while the writer works, so that no answer
/// waits for a checkpoint.
///
/// It runs only after commits, never by a timer. If the log still grows, because there is never a pause that lets it
/// restart, the writer itself moves the rest between two batches.
final class Checkpointer: Sendable {
    /// The number of commits between two checkpoints.
    private static let commits = 64
    /// The number of bytes written between two checkpoints, because bodies may be large.
    private static let bytes = 16 << 20
    /// The log's length at which the writer steps in, in pages of 4 KiB. A short log is written again in place, in
    /// memory that the system still holds and blocks that the file already has, and leaves little to move at once.
    private static let longLog = 2_048

    private struct State {
        var commits = 0
        var bytes = 0
        var isRunning = false
        var logLength = 0
        var isFailing = false
    }

    private let database: DatabaseQueue
    private let watch: HistoryGuard
    private let warn: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let thread = Worker("checkpoints")

    /// - Parameters:
    ///   - watch: Checks the files before anything is moved.
    ///   - warn: Receives a sentence when the log cannot be moved; on any thread.
    init(_ database: DatabaseQueue, watch: HistoryGuard, warn: @escaping @Sendable (String) -> Void) throws {
        self.database = database
        self.watch = watch
        self.warn = warn
        // A connection that is older than the log finds the log by reading.
        _ = try database.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
    }

    /// Returns whether a commit of this size makes a checkpoint due.
    func isDue(behind bytes: Int) -> Bool {
        state.withLock { !$0.isRunning && ($0.commits + 1 >= Self.commits || $0.bytes + bytes >= Self.bytes) }
    }

    /// Counts a commit, and begins a checkpoint if one is due. The writer calls it after each commit.
    ///
    /// - Parameters:
    ///   - bytes: The approximate number of bytes written.
    ///   - isSlice: Whether it was a slice and not a batch of deliveries. Slices are small and frequent, and only their
    ///     bytes count.
    func afterCommit(of bytes: Int, isSlice: Bool = false, in db: Database) {
        let (isDue, isLong) = state.withLock { state in
            if !isSlice { state.commits += 1 }
            state.bytes += bytes
            // One checkpoint at a time. A second one would find the first running, and move nothing.
            guard !state.isRunning else { return (false, false) }
            if state.logLength > Self.longLog { return (false, true) }
            let isDue = state.commits >= Self.commits || state.bytes >= Self.bytes
            if isDue {
                state.commits = 0
                state.bytes = 0
                state.isRunning = true
            }
            return (isDue, false)
        }
        if isDue { thread.async { [self] in run() } }
        // Nothing is written meanwhile, so the log restarts with the next commit if all of it was moved.
        if isLong, let log = checkpoint(db) { note(log.moved < log.length ? log.length : 0) }
    }

    /// Moves all committed pages, and waits until that is done.
    func now() {
        thread.async { [self] in run() }
        thread.wait()
    }

    /// Closes the connection, which moves the log into the file. If the file is damaged, the log stays: it may be the
    /// only readable part.
    func close() throws {
        thread.wait()
        let isSound = database.inDatabase { db in
            do {
                try watch.check(db, .move)
            } catch {
                return watch.damage == nil
            }
            return true
        }
        if isSound {
            try database.close()
        } else {
            // SQLite would move the log when its last connection is closed, so this connection stays open until the
            // process ends.
            _ = Unmanaged.passRetained(database)
        }
    }

    private func run() {
        // The writer may have written more since, so the number of pages moved does not give the current length of the
        // log.
        if let log = database.inDatabase(checkpoint) { note(log.length) }
        state.withLock { $0.isRunning = false }
    }

    private func note(_ logLength: Int) {
        state.withLock { $0.logLength = logLength }
    }

    /// Moves as many pages as possible without waiting.
    ///
    /// - Returns: The log's length and the part of it that is moved, in pages; nil if another program is moving it. A
    ///   failure is retried after later commits; nothing is lost, because the log is as durable as the file.
    private func checkpoint(_ db: Database) -> (length: Int, moved: Int)? {
        do {
            guard let row = try watch.move(db, { try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)") }) ?? nil
            else { return nil }
            state.withLock { $0.isFailing = false }
            return row[0] == 0 ? (row[1], row[2]) : nil
        } catch {
            if let error = error as? DatabaseError { watch.met(error) }
            let isNew = state.withLock { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            // The log grows until it can be moved. Report that once.
            if isNew { warn("the write-ahead log cannot be moved into the history: \(WriteFailure(error, in: db))") }
            return nil
        }
    }
}
