import GRDB
import Synchronization
import Workers

/// Moves what is committed from the write-ahead log into the database file, beside the writer, so that no answer waits
/// for it.
///
/// It runs only after commits, never by a clock. Where the log grows all the same, because it never rests long enough
/// to begin anew, the writer moves the rest itself between two batches.
final class Checkpointer: Sendable {
    /// Commits from one checkpoint to the next.
    private static let commits = 64
    /// The same in bytes written, for bodies may be large.
    private static let bytes = 16 << 20
    /// The log's length at which the writer steps in, in pages of 4 KiB.
    private static let longLog = 16_384

    private struct State {
        var commits = 0
        var bytes = 0
        var isRunning = false
        var logLength = 0
    }

    private let database: DatabaseQueue
    private let state = Mutex(State())
    private let thread = Worker("checkpoints")

    init(_ database: DatabaseQueue) {
        self.database = database
    }

    /// Called by the writer after each commit.
    ///
    /// - Parameter bytes: How much it has written, about.
    func afterCommit(of bytes: Int, in db: Database) {
        let (isDue, isLong) = state.withLock { state in
            state.commits += 1
            state.bytes += bytes
            let isDue = (state.commits >= Self.commits || state.bytes >= Self.bytes) && !state.isRunning
            if isDue {
                state.commits = 0
                state.bytes = 0
                state.isRunning = true
            }
            return (isDue, state.logLength > Self.longLog)
        }
        if isDue { thread.async { [self] in run() } }
        if isLong { note(Self.checkpoint(db)) }
    }

    func close() throws {
        thread.wait()
        try database.close()
    }

    private func run() {
        note(database.inDatabase(Self.checkpoint))
        state.withLock { $0.isRunning = false }
    }

    private func note(_ logLength: Int) {
        state.withLock { $0.logLength = logLength }
    }

    /// Moves as much as can be moved without waiting for anybody.
    ///
    /// - Returns: The log's length in pages where some of it remains, else 0. What fails here is tried again after
    ///   later commits; nothing is lost, for the log is as durable as the file.
    private static func checkpoint(_ db: Database) -> Int {
        guard let row = try? Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)") else { return 0 }
        let length: Int = row[1]
        let moved: Int = row[2]
        return moved < length ? length : 0
    }
}
