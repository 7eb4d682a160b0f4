import Base
import GRDB
import Notifications
import Synchronization

/// Writes deliveries by group commit: all deliveries that queue while one transaction is written go into the next, and
/// no answer is sent before its transaction is on disk.
final class HistoryWriter: Sendable {
    /// Receives the id of a recorded delivery, or nil if the delivery was not recorded.
    typealias Completion = @Sendable (Int64?) -> Void

    /// A class, because it passes through the queue: a struct's many fields would be copied one by one.
    private final class Pending: Sendable {
        let delivery: JudgedDelivery
        let completion: Completion
        /// The step of `StallWatch` in which it was queued.
        let step: Int

        init(_ delivery: JudgedDelivery, step: Int, _ completion: @escaping Completion) {
            self.delivery = delivery
            self.step = step
            self.completion = completion
        }
    }

    private typealias Slice = @Sendable (Database) -> Void

    /// The estimated size of a slice: as much as the verdicts of some thousand deliveries. Most slices are smaller.
    private static let sliceBytes = 64 << 10

    private let database: any DatabaseWriter
    private let watch: HistoryGuard?
    private let checkpoints: Checkpointer?
    private let changes: ChangeFeed
    private let answerTimes: AnswerTimeLog
    /// The statements of the connection; nil before the first delivery and after the last.
    private let statements = Mutex<DeliveryStatements?>(nil)
    private let eventKeys: Mutex<EventKeyFilling>
    private let removal: Mutex<Removal>
    private let hasRoomForNotifications = Atomic(true)
    private let hasRoomForOthers = Atomic(true)
    /// The time at which the newest delivery was received. Ages are computed from it.
    private let latest: Mutex<Timestamp>
    /// Whether the file returns freed pages to the file system.
    private let isShrinking: Bool
    private let space: FreeSpace?
    /// Whether valid deliveries are never removed.
    let isKeepingAll: Bool
    private let bytesSinceCheck = Mutex(Int.max / 2)
    private let queue: Mutex<WriteQueue<Pending, Slice>>
    private let thread = Worker("history writer")
    let stalls: StallWatch
    /// The deliveries that are being written.
    private let current = Mutex<[Pending]>([])
    private let hasWritten = Atomic(false)
    /// Whether a write does not end: nothing more is queued behind it.
    private let isStalled = Atomic(false)
    /// Called when a write does not end.
    let stalled = Mutex<@Sendable () -> Void>({})

    /// - Parameters:
    ///   - watch: Checks the files; nil in memory.
    ///   - answerTimes: Collects the times to write with the next deliveries.
    ///   - bounds: The limits on what is kept.
    ///   - space: The space on the disk; nil in memory.
    init(
        _ database: any DatabaseWriter, watch: HistoryGuard?, checkpoints: Checkpointer?, changes: ChangeFeed,
        answerTimes: AnswerTimeLog, bounds: HistoryBounds, space: FreeSpace?
    ) throws {
        let (removal, received, isShrinking) = try database.read { db in
            (
                try Removal(bounds, db),
                try Int64.fetchOne(db, sql: "SELECT receivedAt FROM outcome ORDER BY delivery DESC LIMIT 1") ?? 0,
                try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") == 2
            )
        }
        self.removal = Mutex(removal)
        queue = Mutex(WriteQueue(capacity: bounds.queue.requests, byteCapacity: bounds.queue.bytes))
        latest = Mutex(Timestamp(milliseconds: received))
        stalls = StallWatch(bounds.writeTime)
        self.isShrinking = isShrinking
        self.space = space
        isKeepingAll = bounds.valid == nil && bounds.age == nil
        eventKeys = Mutex(EventKeyFilling(mark: try database.read(EventKeyFilling.mark)))
        self.database = database
        self.watch = watch
        self.checkpoints = checkpoints
        self.changes = changes
        self.answerTimes = answerTimes
    }

    /// Queues a delivery. `completion` is called on the writer's thread.
    ///
    /// - Returns: False if the queue is full or closed. `completion` is then never called.
    func record(_ delivery: JudgedDelivery, completion: @escaping Completion) -> Bool {
        guard !isStalled.load(ordering: .relaxed) else { return false }
        let pending = Pending(delivery, step: stalls.now, completion)
        // Without a secret nobody can tell apart what looks like B2's.
        let isReserved =
            delivery.isTrusted || delivery.judgement.verdict == .unverified && delivery.share == .notification
        let isQueued = queue.withLock { begin($0.add(pending, bytes: delivery.weight, isReserved: isReserved)) }
        if !stalls.isAwake { stalls.begin { [weak self] step in self?.look(at: step) ?? false } }
        return isQueued
    }

    /// Answers the deliveries that have waited for too long: those that are queued are not written any more, and those
    /// that are being written may be there later nevertheless.
    ///
    /// - Parameter step: The current one.
    /// - Returns: Whether there is or was something to write.
    func look(at step: Int) -> Bool {
        let oldest = step - stalls.limit
        let (queued, isWaiting) = queue.withLock { queue in
            (queue.remove { $0.step < oldest }, queue.hasDeliveries)
        }
        let (written, isWriting) = current.withLock { ($0.filter { $0.step < oldest }, !$0.isEmpty) }
        if !queued.isEmpty || !written.isEmpty, !isStalled.exchange(true, ordering: .relaxed) {
            changes.fail("the disk does not answer: a write does not end")
            written.forEach { $0.completion(nil) }
            stalled.withLock(\.self)()
        }
        queued.forEach { $0.completion(nil) }
        return hasWritten.exchange(false, ordering: .relaxed) || isWaiting || isWriting
    }

    /// Writes other data in a transaction of its own, between batches; it must take a few milliseconds at most. Blocks.
    ///
    /// - Parameters:
    ///   - isDurable: Whether the write must survive a power cut. If not, it does not wait for the disk; it is then
    ///     lost only together with everything written after it.
    ///   - committed: Called on the writer's thread after the write.
    func write<Value: Sendable>(
        isDurable: Bool = true, _ body: @escaping @Sendable (Database) throws -> Value,
        committed: @escaping @Sendable (Value) -> Void = { _ in }
    ) throws -> Value {
        let outcome = Handoff<Value>()
        perform(isDurable: isDurable, body) { result in
            if case .success(let value) = result { committed(value) }
            outcome.complete(result)
        }
        return try outcome.wait()
    }

    /// Writes like `write`, without waiting: `completion` is called on the writer's thread, or at once if the writer is
    /// closed.
    func perform<Value: Sendable>(
        isDurable: Bool = true, _ body: @escaping @Sendable (Database) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let slice: Slice = { [self] db in
            let result = Result { try isDurable ? transact(db, body) : transactLightly(db, body) }
            note(result.map { _ in }, db)
            completion(result)
        }
        let isQueued = queue.withLock { begin($0.add(slice)) }
        if !isQueued { completion(.failure(WriteFailure.store("the history is closed"))) }
    }

    /// Writes the waiting answer times in a transaction of their own. Does not block.
    func writeAnswerTimes() {
        perform(isDurable: false) { [self] db in
            let times = answerTimes.drain()
            try keptStatements(db).write(times)
            return times
        } completion: { [self] result in
            // Answer times are not worth a second attempt.
            if let times = try? result.get() { report(times) }
        }
    }

    /// Whether a delivery would be taken now.
    var hasRoom: Bool { !isStalled.load(ordering: .relaxed) && queue.withLock { $0.hasRoom } }

    /// Accepts nothing more, and waits until everything queued is written.
    func close() {
        queue.withLock { $0.close() }
        thread.wait()
        stalls.close()
        database.writeWithoutTransaction { db in
            // A connection with a statement is not closed.
            let hasWritten = statements.withLock { statements in
                defer { statements = nil }
                return statements != nil
            }
            // For a recovery that does not find the newest rows; what is damaged is not written to.
            if hasWritten, watch != nil { try? transact(db) { try $0.execute(sql: Schema.noteLastIDs) } }
        }
    }

    /// Starts the writer if it rests. Called under the queue's lock, so that `close` waits for it.
    ///
    /// - Returns: Whether the addition is queued.
    private func begin(_ added: WriteQueue<Pending, Slice>.Added) -> Bool {
        if added == .start { thread.async { [self] in run() } }
        return added != .full
    }

    private func run() {
        if watch == nil {
            // Between two steps the database is released, because the readers of a history in memory wait for it.
            while database.writeWithoutTransaction(step) {}
        } else {
            database.writeWithoutTransaction { db in while step(db) {} }
        }
    }

    /// - Returns: False if nothing was left to write.
    private func step(_ db: Database) -> Bool {
        switch queue.withLock({ $0.next() }) {
        case .batch(let batch):
            current.withLock { $0 = batch }
            write(batch, to: db)
            current.withLock { $0 = [] }
            hasWritten.store(true, ordering: .relaxed)
            isStalled.store(false, ordering: .relaxed)
            checkpoints?.afterCommit(of: Self.weight(batch), in: db)
        case .slice(let slice):
            slice(db)
            isStalled.store(false, ordering: .relaxed)
            checkpoints?.afterCommit(of: Self.sliceBytes, isSlice: true, in: db)
        case .rest: return false
        }
        return true
    }

    private func write(_ batch: [Pending], to db: Database) {
        do {
            for (pending, id) in zip(batch, try commit(batch, to: db)) { pending.completion(id) }
        } catch {
            switch error {
            case .row where batch.count > 1:
                // One of the deliveries is at fault. Written alone, each one fails or succeeds by itself.
                batch.forEach { write([$0], to: db) }
                return
            case .row(let reason): changes.refuse("a delivery could not be recorded: \(reason)")
            case .store(let reason): changes.fail(reason)
            }
            batch.forEach { $0.completion(nil) }
        }
    }

    /// - Returns: The ids of the deliveries.
    private func commit(_ batch: [Pending], to db: Database) throws(WriteFailure) -> [Int64] {
        do {
            let statements = try keptStatements(db)
            let times = answerTimes.drain()
            let bytes = Self.weight(batch)
            let (inserted, insert) = try transact(db, with: statements) { db in
                try statements.write(times)
                var insert = try DeliveryInsert(statements)
                let inserted = try batch.map { try insert.insert($0.delivery, into: db) }
                try insert.finish(in: db)
                if let checkpoints, checkpoints.isDue(behind: bytes) {
                    try HistoryIdentity.stamp(db)
                }
                return (inserted, insert)
            }
            added(insert, bytes: bytes, through: batch.last?.delivery.delivery.receivedAt, db) {
                zip(batch, inserted).map { RecordedDelivery($0.delivery, $1) }
            }
            report(times)
            return inserted.map(\.id)
        } catch let failure as WriteFailure {
            throw failure
        } catch {
            throw WriteFailure(error)
        }
    }

    /// Reports the deliveries that a transaction has added, and does what follows it.
    ///
    /// - Parameters:
    ///   - time: When the last of them was received.
    ///   - recorded: Returns the deliveries; called only if somebody follows.
    private func added(
        _ insert: DeliveryInsert, bytes: Int, through time: Timestamp?, _ db: Database,
        _ recorded: () -> [RecordedDelivery]
    ) {
        insert.keep()
        // Followers come first: a follower that learned of the commit before its deliveries would read them from the
        // file.
        if changes.isFollowed { changes.recorded(recorded()) }
        let summary = insert.summary
        if !recover(db) { changes.committed(summary) }
        if eventKeys.withLock({ $0.begin(summary.latestRow) }) { fillEventKeys() }
        if let time { latest.withLock { $0 = max($0, time) } }
        removeIfDue()
        checkSize(after: bytes, db)
    }

    /// Writes deliveries of another record with the ids that they have there, in one transaction that does not wait for
    /// the disk. Blocks.
    ///
    /// - Parameter finish: Writes in the same transaction, after them.
    /// - Throws: SQLite's error, or `WriteFailure`.
    func copy(
        _ deliveries: [CopiedDelivery], finish: @escaping @Sendable (Database) throws -> Void
    ) throws {
        let outcome = Handoff<Void>()
        let slice: Slice = { [self] db in
            let result = Result { try insert(deliveries, finish, db) }
            if case .failure = result { note(result, db) }
            outcome.complete(result)
        }
        let isQueued = queue.withLock { begin($0.add(slice)) }
        guard isQueued else { throw WriteFailure.store("the history is closed") }
        try outcome.wait()
    }

    private func insert(
        _ deliveries: [CopiedDelivery], _ finish: (Database) throws -> Void, _ db: Database
    ) throws {
        let statements = try keptStatements(db)
        let times = answerTimes.drain()
        let bytes = deliveries.reduce(0) { $0 + $1.judged.weight }
        let (inserted, insert) = try transactLightly(db) { db in
            var insert = try DeliveryInsert(statements)
            let inserted = try deliveries.map { try $0.insert(&insert, db) }
            try insert.finish(in: db)
            // Behind their deliveries, which may be among these.
            try statements.write(times)
            try finish(db)
            return (inserted, insert)
        }
        added(insert, bytes: bytes, through: deliveries.last?.judged.delivery.receivedAt, db) {
            zip(deliveries, inserted).map { RecordedDelivery($0.judged, $1) }
        }
        report(times)
        checkpoints?.afterCommit(of: bytes, in: db)
    }

    /// Returns the number of bytes that a batch writes, estimated.
    private static func weight(_ batch: [Pending]) -> Int { batch.reduce(0) { $0 + $1.delivery.weight } }

    /// Enters the keys of events, slice by slice.
    private func fillEventKeys() {
        perform(isDurable: false) { [self] db in
            try eventKeys.withLock { try $0.advance(db) }
        } completion: { [self] result in
            let isCommitted = if case .success = result { true } else { false }
            if eventKeys.withLock({ $0.finish(isCommitted: isCommitted) }) { fillEventKeys() }
        }
    }

    // MARK: - Bounds

    /// Changes the limits on what is kept.
    func bound(_ change: (inout Removal) -> Void) {
        removal.withLock { change(&$0) }
    }

    /// Returns whether a request that is not valid may be recorded: not while they arrive faster than older ones are
    /// removed. Does not block.
    func hasRoom(for share: Share) -> Bool {
        share == .notification
            ? hasRoomForNotifications.load(ordering: .relaxed) : hasRoomForOthers.load(ordering: .relaxed)
    }

    private func removeIfDue() {
        let (kept, now) = (changes.kept, latest.withLock(\.self))
        if removal.withLock({ $0.begin(kept, at: now) }) { remove() }
        noteRoom(kept)
    }

    /// Checks the size of the history after each 16 MiB recorded.
    private func checkSize(after bytes: Int, _ db: Database) {
        guard isKeepingAll, let space else { return }
        let isDue = bytesSinceCheck.withLock { sum in
            sum += bytes
            guard sum >= 16 << 20 else { return false }
            sum = 0
            return true
        }
        guard isDue, let pages = try? Int.fetchOne(db, sql: "PRAGMA page_count"),
            let size = try? Int.fetchOne(db, sql: "PRAGMA page_size")
        else { return }
        space.check(size: pages * size)
        _ = space.isLow()
    }

    private func noteRoom(_ kept: KeptAmounts) {
        let (notifications, others) = removal.withLock {
            ($0.hasRoom(for: .notification, kept), $0.hasRoom(for: .other, kept))
        }
        hasRoomForNotifications.store(notifications, ordering: .relaxed)
        hasRoomForOthers.store(others, ordering: .relaxed)
    }

    /// Removes the requests above the limits, slice by slice.
    private func remove() {
        perform(isDurable: false) { [self] db in
            let (kept, now) = (changes.kept, latest.withLock(\.self))
            return try removal.withLock { try $0.advance(db, kept, at: now) }
        } completion: { [self] result in
            let slice = try? result.get()
            if let counts = slice?.counts { changes.removed(counts, isLast: false) }
            if let outbox = slice?.outbox { changes.outboxChanged(to: outbox) }
            let (kept, now) = (changes.kept, latest.withLock(\.self))
            noteRoom(kept)
            if removal.withLock({ $0.finish(isCommitted: slice != nil, kept, at: now) }) {
                remove()
            } else {
                changes.removed(nil, isLast: true)
                let stuck = removal.withLock(\.stuck)
                for list in Removal.List.allCases {
                    changes.last(list.condition, stuck.contains(list) ? list.warning : nil)
                }
                if isShrinking { shrink() }
            }
        }
    }

    /// Returns freed pages to the file system, slice by slice, except pages that are soon used again.
    private func shrink() {
        perform(isDurable: false) { db in
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            guard free > max(4_096, pages / 16) else { return false }
            try db.execute(sql: "PRAGMA incremental_vacuum(128)")
            return true
        } completion: { [self] result in
            if (try? result.get()) == true { shrink() }
        }
    }

    private func keptStatements(_ db: Database) throws -> DeliveryStatements {
        try statements.withLock { statements in
            let kept = try statements ?? DeliveryStatements(db)
            statements = kept
            return kept
        }
    }

    /// Reports that answer times were written.
    private func report(_ times: [AnswerTimeLog.Entry]) {
        if let last = times.map(\.delivery).max() { changes.answered(last) }
    }

    /// Runs a transaction. Checks the files before and after it, because data committed to a file that was removed or
    /// overwritten is lost, and the index before the commit.
    ///
    /// - Parameter statements: Prepared statements that begin and commit faster; nil for the usual way.
    /// - Throws: `WriteFailure` for SQLite's errors, or the error of `body`.
    private func transact<Value>(
        _ db: Database, with statements: DeliveryStatements? = nil, _ body: (Database) throws -> Value
    ) throws -> Value {
        do {
            try watch?.check(db, .begin)
            if let statements { try statements.begin() } else { try db.beginTransaction(.immediate) }
            let value = try body(db)
            try watch?.checkIndex()
            if let statements { try statements.commit() } else { try db.commit() }
            try watch?.check(db, .committed)
            return value
        } catch {
            // Read SQLite's error first: the connection forgets the system's reason with the next call.
            let failure: any Error = error is DatabaseError ? WriteFailure(error, in: db) : error
            if let error = error as? DatabaseError { watch?.met(error) }
            // SQLite may have rolled back by itself.
            if db.isInsideTransaction { try? db.rollback() }
            watch?.rolledBack()
            statements?.forgetIDs()
            throw failure
        }
    }

    /// Runs a transaction that does not wait for the disk.
    private func transactLightly<Value>(_ db: Database, _ body: (Database) throws -> Value) throws -> Value {
        guard watch != nil else { return try transact(db, body) }
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        let result = Result { try transact(db, body) }
        try db.execute(sql: History.synchronous)
        return try result.get()
    }

    private func note(_ result: Result<Void, any Error>, _ db: Database) {
        switch result {
        case .success: recover(db)
        case .failure(let error):
            switch error as? WriteFailure ?? WriteFailure(error) {
            case .store(let reason): changes.fail(reason)
            case .row: break
            }
        }
    }

    /// Reads the counts again after a failure, because some writes that seemed to fail may have succeeded.
    ///
    /// - Returns: Whether a failure came before.
    @discardableResult
    private func recover(_ db: Database) -> Bool {
        guard changes.isFailing, let change = try? HistoryChange.read(db) else { return false }
        changes.recovered(change)
        return true
    }
}
