import Base
import Dispatch
import Foundation
import GRDB
public import Notifications

/// The durable record of every delivery.
///
/// One process records into a file at a time. Once `record` reports success, the transaction is on the disk, and a
/// power cut loses nothing of the delivery.
public final class History: Sendable {
    /// The place of a history: a file or memory.
    public enum Place: Sendable, Hashable {
        case file(String)
        /// Nowhere: it ends with the process.
        case memory
    }

    public let reader: HistoryReader
    /// The file's path with links followed; nil in memory.
    public let path: String?
    private let database: any DatabaseWriter
    private let gate: ReadGate
    private let lock: HistoryLock?
    let checkpoints: Checkpointer?
    private let watch: HistoryGuard?
    /// Checks all of the file where another program has written to it.
    private let checks = Worker("history check", isBackground: true)
    let writer: HistoryWriter
    private let health: HealthProbe
    private let answerTimes = AnswerTimeLog()
    /// The space on the disk; nil in memory.
    private let space: FreeSpace?
    let changes: ChangeFeed

    /// Opens a history. Creates it if it does not exist, and updates it if an older version made it. The update is one
    /// transaction, so that an interruption leaves the file as it was.
    ///
    /// - Parameters:
    ///   - use: The purpose of this process, shown to other processes that want the history.
    ///   - bounds: How much it keeps; nil for the default of its place.
    ///   - isUpdating: Called from another thread if the update takes longer than a second.
    /// - Throws: `HistoryError`.
    public init(
        _ place: Place, for use: HistoryUse = .recording, bounds: HistoryBounds? = nil,
        isUpdating: @escaping @Sendable () -> Void = {}
    ) throws(HistoryError) {
        do {
            switch place {
            case .memory:
                path = nil
                space = nil
                lock = nil
                checkpoints = nil
                watch = nil
                database = try DatabaseQueue(configuration: Self.configuration)
                changes = try Self.prepare(database, use, path: "in memory", isUpdating)
                writer = try HistoryWriter(
                    database, watch: nil, checkpoints: nil, changes: changes, answerTimes: answerTimes,
                    bounds: bounds ?? .memory, space: nil)
            case .file(let name):
                let file = try HistoryFile(at: name)
                path = file.path
                lock = try HistoryLock(beside: file.path, for: use)
                if let problem = StartCheck.problem(at: file.path) {
                    throw HistoryError.damaged(path: file.path, problem: problem)
                }
                // Kept, and not opened again: to close a queue of Dispatch's starts its pool; see `Worker`.
                let connection = try Self.connection(to: file.path)
                file.protect()
                // Before the pool is opened, which writes to the file.
                try connection.read { db in
                    if let problem = try StartCheck.problem(in: db) {
                        throw HistoryError.damaged(path: file.path, problem: problem)
                    }
                    try db.execute(sql: "PRAGMA shrink_memory")
                }
                database = try DatabasePool(path: file.path, configuration: Self.configuration)
                // A pool sets NORMAL after the configuration, and then a power cut loses the last commits.
                try database.writeWithoutTransaction { db in try db.execute(sql: Self.synchronous) }
                changes = try Self.prepare(database, use, path: file.path, isUpdating)
                let watch = HistoryGuard(file.path)
                try database.writeWithoutTransaction { db in
                    try HistoryIdentity.stamp(db)
                    // From here on the file itself has the identity that it is known by.
                    _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
                    watch.begin(db)
                }
                let checkpoints = try Checkpointer(connection, watch: watch) { [changes] in changes.warn($0) }
                self.checkpoints = checkpoints
                self.watch = watch
                let bounds = bounds ?? .file
                let space = FreeSpace(file.path, floor: bounds.freeSpace) { [changes] in changes.last($0, $1) }
                self.space = space
                writer = try HistoryWriter(
                    database, watch: watch, checkpoints: checkpoints, changes: changes, answerTimes: answerTimes,
                    bounds: bounds, space: space)
            }
        } catch let error as HistoryError {
            throw error
        } catch {
            throw Self.explain(error, place)
        }
        gate = ReadGate(path: path, watch: watch)
        reader = HistoryReader(database: database, gate: gate)
        health = HealthProbe(writer)
        watch?.observe(
            damaged: { [changes] in changes.fail(forGood: $0) }, written: { [weak self] in self?.checkAll() })
    }

    /// Checks the whole file in the background, because another program has written to it.
    private func checkAll() {
        checks.async { [reader, watch, changes] in
            changes.warn(
                "another program has written to \(watch?.path ?? "the history"): all of it is checked for damage")
            // The reader that finds damage notes it, even if it ends the check.
            let isSound = (try? reader.read { db in try StartCheck.quickCheck(db) == nil }) ?? true
            if !isSound { watch?.foundDamage() }
        }
    }

    /// Checks that no other process records into a history, before anything is written, created or changed. The opening
    /// of the history checks it again, reliably.
    ///
    /// - Throws: `HistoryError.inUse` or `.inUseByCommand`.
    public static func checkUse(of place: Place) throws(HistoryError) {
        guard case .file(let path) = place, let resolved = realpath(path, nil) else { return }
        defer { free(resolved) }
        try HistoryLock.check(beside: String(cString: resolved))
    }

    /// The current state of the history.
    public var current: HistoryChange { changes.current }

    /// Calls the observer on the writer's thread on every change from now on; it must only take note and return.
    public func observe(_ observer: @escaping @Sendable (HistoryEvent) -> Void) {
        changes.observe(observer)
    }

    /// Calls the follower on the writer's thread with the deliveries that each transaction has recorded, from now on,
    /// in the order of arrival. The follower must only take note and return. It does not receive the deliveries of a
    /// transaction that seemed to fail.
    public func follow(_ follower: @escaping @Sendable ([RecordedDelivery]) -> Void) {
        changes.follow(follower)
    }

    /// Records a delivery. Calls `completion` on the writer's thread with its id once it is durable, or with nil if
    /// recording failed.
    ///
    /// - Returns: False if too many deliveries are queued, or the history is closed; `completion` is then never called.
    public func record(_ delivery: JudgedDelivery, completion: @escaping @Sendable (Int64?) -> Void) -> Bool {
        writer.record(delivery, completion: completion)
    }

    /// Returns whether a request may be recorded now; one that is valid always may. Does not wait for the writer.
    public func room(for delivery: JudgedDelivery) -> RecordRoom {
        guard !delivery.isTrusted else { return .some }
        guard writer.hasRoom(for: delivery.share) else { return .full }
        return space?.isLow() ?? false ? .low : .some
    }

    /// Looks at the size of the history, the free space of its disk and the kind of its file system, and reports what a
    /// person should know of them.
    public func checkSpace() {
        guard let path, let space else { return }
        if let fileSystem = FileSystem(of: path), let warning = fileSystem.warning {
            if fileSystem.isShared { changes.last(.shared, warning) } else { changes.note(warning) }
        }
        _ = space.isLow()
        if writer.isKeepingAll { space.check(size: Self.size(of: path)) }
    }

    /// Notes whether there are secrets. While there are none, twice as many requests that look like B2's are kept,
    /// because a secret that is entered later may verify them.
    public func note(hasSecrets: Bool) {
        writer.bound { $0.hasSecrets = hasSecrets }
    }

    /// Keeps these rows of the event list, whatever the bounds.
    public func keep(marked rows: Set<Int64>) {
        writer.bound { $0.marked = rows }
    }

    /// Finds out by a write whether deliveries can be recorded now.
    public func probe(_ completion: @escaping @Sendable (Bool) -> Void) {
        health.ask(completion)
    }

    /// Finds out whether deliveries can be recorded now: by a write, or by the latest ones if questions are frequent.
    public func probe(
        limitedAt now: ContinuousClock.Instant, _ completion: @escaping @Sendable (Bool) -> Void
    ) {
        guard mayProbe(at: now) else { return completion(current.health == .recording) }
        health.ask(completion)
    }

    /// Returns whether a question of a stranger may cost a write, and counts it.
    public func mayProbe(at now: ContinuousClock.Instant) -> Bool { health.mayWrite(at: now) }

    /// Tries to write after a failure, because no delivery may arrive that does. The result is reported as a change.
    ///
    /// - Returns: False if this process cannot record any more, until it ends.
    public func retry() -> Bool {
        guard !changes.isFailingForGood else { return false }
        health.ask { _ in }
        return true
    }

    /// Makes secrets the current ones. Those that were not tried on the whole history are queued to be tried on the
    /// rest. No verdict changes by this, and the same secrets again write nothing. Blocks.
    ///
    /// - Parameters:
    ///   - identity: `Keyring.identity`.
    ///   - secrets: All current secrets.
    ///   - change: The person's change; nil at the start, or when secrets were read again.
    /// - Returns: The keyring's generation: the last one if the keyring is the same, else the next.
    /// - Throws: SQLite's error if the history cannot be written.
    public func adopt(
        keyring identity: String, of secrets: [SecretIdentity], because change: SecretChange? = nil
    ) throws -> Int64 {
        try writer.write { db in
            let adopted = try HeldKeyring.adopt(identity, of: secrets, because: change, in: db)
            return (adopted.generation, adopted.isOther ? try TallyChange.read(db) : nil)
        } committed: { [changes] result in
            if let tally = result.1 { changes.reread(tally) }
        }.0
    }

    /// Writes the result of trying secrets, in one short transaction after the queued ones. Blocks, but not for the
    /// disk: a power cut may lose it, and the secrets are then still to be tried.
    ///
    /// - Returns: False if the keyring has changed; nothing is written then.
    /// - Throws: SQLite's error if the history cannot be written.
    public func rejudge(_ verdicts: Rejudgement) throws -> Bool {
        try writer.write(
            isDurable: false, { db in try verdicts.write(to: db) },
            committed: { [changes] counts in if let counts { changes.rejudged(counts) } }) != nil
    }

    /// Takes note of how long the answer to a delivery took. It is written with the next deliveries, or a moment later; a
    /// crash may lose it. Does not block.
    public func answered(_ delivery: Int64, in time: Duration) {
        answerTimes.note(delivery, time) { [weak writer] in writer?.writeAnswerTimes() }
    }

    /// Writes the queued deliveries and closes the file. Nothing is recorded or read after it.
    public func close() {
        answerTimes.close()
        writer.writeAnswerTimes()
        writer.close()
        // The end of the process closes connections that fail to close; everything acknowledged is on the disk. The
        // checkpointer's connection is closed last: the last one that may write moves the log into the file. A history
        // in memory has nothing to close.
        if path != nil {
            gate.close()
            try? database.close()
        }
        try? checkpoints?.close()
        lock?.release()
    }

    /// The size of a history's file before it was compacted and after that, in bytes.
    public struct Compaction: Sendable, Hashable {
        public let before: Int
        public let after: Int
    }

    /// Writes a history again without the pages that are free, and lets it give freed pages back from then on. Takes
    /// its time, and twice the room of the file for that time.
    ///
    /// - Parameter isUpdating: Called from another thread if an older version made it and the update takes long.
    /// - Throws: `HistoryError`; the history is then as it was.
    public static func compact(
        _ path: String, isUpdating: @escaping @Sendable () -> Void = {}
    ) throws(HistoryError) -> Compaction {
        let history = try History(.file(path), for: .upkeep("b2watch compact"), isUpdating: isUpdating)
        let file = history.path ?? path
        defer { history.close() }
        do {
            return try history.database.writeWithoutTransaction { db in
                func checkpoint() throws { _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
                try checkpoint()
                let before = size(of: file)
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
                try checkpoint()
                return Compaction(before: before, after: size(of: file))
            }
        } catch {
            throw explain(error, .file(path))
        }
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static let synchronous = "PRAGMA synchronous = FULL"
    /// The cache of one reading connection, in KiB.
    static let readerCache = 2_000

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "b2watch.history"
        // The code that writes ensures that references are valid; SQLite would look up each reference again.
        configuration.foreignKeysEnabled = false
        // Far less than B2's three seconds, so that a locked history is answered in time, also by the second of two
        // transactions.
        configuration.busyMode = .timeout(0.5)
        configuration.prepareDatabase { db in
            // The checkpointer moves the log, and keeps 64 MiB of its length. The writer caches 16 MB of pages; there
            // are several readers, and the system's cache has the pages that they scan anyway.
            let cache = db.configuration.readonly ? readerCache : 16_000
            // Only a file without contents can learn to give pages back; see `b2watch compact` for others.
            if !db.configuration.readonly, try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 {
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            try db.execute(
                sql: """
                    \(synchronous); PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;
                    PRAGMA cache_size = -\(cache)
                    """)
            EventKeys.install(on: db)
        }
        return configuration
    }

    private static func prepare(
        _ database: any DatabaseWriter, _ use: HistoryUse, path: String, _ isUpdating: @escaping @Sendable () -> Void
    ) throws -> ChangeFeed {
        let migrator = Schema.migrator
        if try database.read({ db in try !migrator.hasCompletedMigrations(db) }) {
            do {
                try SlowUpdate.run(isUpdating) { try migrator.migrate(database) }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_IOERR {
                // The connection knows the system's reason.
                throw database.writeWithoutTransaction { db in WriteFailure(error, in: db) }
            }
        }
        return try database.read { db in
            try CopySchema.check(db, use, path: path)
            return ChangeFeed(try HistoryChange.read(db))
        }
    }

    /// Looks whose an existing file is, before anything is changed in it.
    private static func connection(to path: String) throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.read { db in
            // The migrator makes its own table before the first migration: ours too, if the process ended there.
            let tables = "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'"
            guard try Int.fetchOne(db, sql: tables) != 0 else { return }
            guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw HistoryError.foreign(path: path)
            }
            guard try !Schema.migrator.hasBeenSuperseded(db) else { throw HistoryError.newer(path: path) }
        }
        return database
    }

    private static func explain(_ error: any Error, _ place: Place) -> HistoryError {
        let path = if case .file(let path) = place { path } else { "in memory" }
        if let error = error as? DatabaseError {
            if error.resultCode == .SQLITE_NOTADB { return .foreign(path: path) }
            if error.isDamage { return .damaged(path: path, problem: "is damaged") }
        }
        let reason =
            switch WriteFailure(error) {
            case .store(let reason), .row(let reason): reason
            }
        // The system's own words alone would not name the place.
        let isOfFileSystem = [.SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY].contains(
            (error as? DatabaseError)?.resultCode)
        let name = isOfFileSystem ? FileSystem(of: path).map { "; its file system is \($0.words)" } ?? "" : ""
        return .unusable(path: path, reason: reason + name)
    }
}

extension History {
    /// The queues of all actions.
    public var outbox: Outbox { Outbox(writer: writer, changes: changes) }
}

/// Reports that the update of a history takes long, while it runs.
enum SlowUpdate {
    /// The time, in seconds, within which an update is not reported.
    private static let patience = 1.0

    /// Runs `body`; if it takes longer than a second, calls `report` from another thread while it runs.
    static func run(_ report: @escaping @Sendable () -> Void, _ body: () throws -> Void) rethrows {
        let isOver = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if isOver.wait(timeout: .now() + patience) == .timedOut { report() }
        }
        defer { isOver.signal() }
        try body()
    }
}

/// The reason why a history cannot be opened. Each sentence gives the problem, the place and a remedy.
public enum HistoryError: Error, Sendable, Hashable {
    /// Another process records into the same file.
    case inUse(path: String, holder: String)
    /// A command uses it and will end by itself.
    case inUseByCommand(path: String, holder: String)
    /// The file or its folder cannot be made, opened or written.
    case unusable(path: String, reason: String)
    /// The file is not a history of b2watch.
    case foreign(path: String)
    /// Part of the file is damaged; `problem` ends a sentence that begins with the path.
    case damaged(path: String, problem: String)
    /// A later b2watch wrote it.
    case newer(path: String)
    /// It is the copy of a shared history.
    case copy(path: String)
    /// It has deliveries of its own, so it cannot become a copy.
    case ownDeliveries(path: String)
}

extension HistoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inUse(let path, let holder):
            "the history \(path) is in use by \(holder): watch what that one receives with b2watch attach --history \(path),"
                + " or stop it, or give this one another file with --history"
        case .inUseByCommand(let path, let holder):
            "the history \(path) is in use by \(holder): wait until that has ended, or end it (Ctrl-C, or kill its"
                + " process), which loses nothing; or give another file with --history"
        case .unusable(let path, let reason):
            "the history \(path) cannot be used: \(reason). Give another file with --history, or keep nothing with"
                + " --in-memory"
        case .foreign(let path):
            "\(path) is not a b2watch history, or its beginning is overwritten: give another file with --history. If it was"
                + " a history, b2watch recover \(path) writes what can still be read into a new one"
        case .damaged(let path, let problem):
            "the history \(path) \(problem): b2watch recover \(path) writes what can still be read into a new history;"
                + " or give another file with --history"
        case .newer(let path):
            "the history \(path) was written by a newer b2watch: use that one, or give another file with --history"
        case .copy(let path):
            "\(path) is this machine's copy of a shared history: give --shared with the address of that, or another"
                + " file with --history"
        case .ownDeliveries(let path):
            "the history \(path) has deliveries of its own, so it cannot be the copy of a shared history: give another file"
                + " with --history"
        }
    }
}
