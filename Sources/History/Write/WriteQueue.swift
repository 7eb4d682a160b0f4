import Base
import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// The order of writes: deliveries first, all that are queued in one transaction; the rest in slices between them.
///
/// A pure state machine: its owner carries out the step that `next()` returns.
struct WriteQueue<Delivery, Slice> {
    /// The next write.
    enum Step {
        /// These deliveries, in one transaction.
        case batch([Delivery])
        /// One slice of other work, a few milliseconds at most.
        case slice(Slice)
        /// Nothing is queued; `add` reports when to start again.
        case rest
    }

    /// The most deliveries in one transaction.
    static var largestBatch: Int { 512 }
    /// The number of batches before a slice that waits, so that a steady load does not starve it.
    static var batchesPerSlice: Int { 4 }

    /// The most deliveries that may wait, and the most bytes in them.
    let capacity: Int
    let byteCapacity: Int

    private var deliveries: [(delivery: Delivery, bytes: Int)] = []
    private var bytes = 0
    private var slices: [Slice] = []
    private var batchesSinceSlice = 0
    private var isRunning = false
    private var isClosed = false

    init(capacity: Int, byteCapacity: Int) {
        self.capacity = capacity
        self.byteCapacity = byteCapacity
    }

    /// Whether a delivery would be accepted.
    var hasRoom: Bool { !isClosed && deliveries.count < capacity && bytes < byteCapacity }

    /// The result of adding to the queue.
    enum Added: Equatable {
        /// Queued; the writer is running and will write it.
        case queued
        /// Queued; start the writer.
        case start
        /// Rejected: the queue is full, or closed.
        case full
    }

    /// Adds a delivery.
    ///
    /// - Parameter isReserved: Whether it may use all of the queue; if not, only half of it, so that requests that are
    ///   not valid leave room for those that are.
    mutating func add(_ delivery: Delivery, bytes size: Int, isReserved: Bool = true) -> Added {
        let share = isReserved ? 1 : 2
        let fits =
            deliveries.isEmpty || (deliveries.count < capacity / share && bytes + size <= byteCapacity / share)
        guard fits, !isClosed else { return .full }
        deliveries.append((delivery, size))
        bytes += size
        return started()
    }

    /// Whether deliveries wait.
    var hasDeliveries: Bool { !deliveries.isEmpty }

    /// Removes and returns the deliveries at the front that are of a kind.
    mutating func remove(while isOne: (Delivery) -> Bool) -> [Delivery] {
        let removed = deliveries.prefix { isOne($0.delivery) }
        guard !removed.isEmpty else { return [] }
        deliveries.removeFirst(removed.count)
        bytes -= removed.reduce(0) { $0 + $1.bytes }
        return removed.map(\.delivery)
    }

    mutating func add(_ slice: Slice) -> Added {
        guard !isClosed else { return .full }
        slices.append(slice)
        return started()
    }

    /// Accepts nothing more; the queued writes are still to be written.
    mutating func close() {
        isClosed = true
    }

    private mutating func started() -> Added {
        defer { isRunning = true }
        return isRunning ? .queued : .start
    }

    mutating func next() -> Step {
        if !slices.isEmpty, deliveries.isEmpty || batchesSinceSlice >= Self.batchesPerSlice {
            batchesSinceSlice = 0
            return .slice(slices.removeFirst())
        }
        guard !deliveries.isEmpty else {
            batchesSinceSlice = 0
            isRunning = false
            return .rest
        }
        if !slices.isEmpty { batchesSinceSlice += 1 }
        let batch = deliveries.prefix(Self.largestBatch)
        deliveries.removeFirst(batch.count)
        bytes -= batch.reduce(0) { $0 + $1.bytes }
        return .batch(batch.map(\.delivery))
    }
}

// MARK: - Answer times

/// The answer times that wait to be written: in the transaction of the next deliveries, or alone if no delivery arrives
/// for a moment. A crash may lose them.
final class AnswerTimeLog: Sendable {
    struct Entry: Sendable {
        let delivery: Int64
        let microseconds: Int64
    }

    /// The time that an answer time waits for the next delivery.
    private static let patience = Duration.milliseconds(100)

    private struct State {
        var waiting: [Entry] = []
        /// Whether a thread waits for the patience to end.
        var isWatched = false
    }

    private let state = Mutex(State())
    private let isClosed = Monitor(false)
    private let thread = Worker("answer times")

    /// Adds a time. Does not block.
    ///
    /// - Parameter write: Writes the waiting times, in a separate transaction; called from another thread.
    func note(_ delivery: Int64, _ time: Duration, write: @escaping @Sendable () -> Void) {
        let entry = Entry(delivery: delivery, microseconds: Int64(time / .microseconds(1)))
        let isFirst = state.withLock { state in
            state.waiting.append(entry)
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if isFirst, !isClosed.withLock({ $0 }) { thread.async { [self] in watch(write) } }
    }

    /// Removes and returns the times to write now.
    func drain() -> [Entry] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Ends the waiting. Times added from then on are not written.
    func close() {
        isClosed.change { $0 = true }
        thread.wait()
    }

    private func watch(_ write: () -> Void) {
        // Deliveries write the waiting times too. While they do, there is nothing to do here.
        while true {
            let last = state.withLock { $0.waiting.last?.delivery }
            let isClosed = isClosed.wait(until: .now + Self.patience) { $0 ? true : nil } ?? false
            let (isOver, isLate) = state.withLock { state in
                let isLate = !state.waiting.isEmpty && state.waiting.last?.delivery == last
                let isOver = isClosed || state.waiting.isEmpty || isLate
                if isOver { state.isWatched = false }
                return (isOver, isLate && !isClosed)
            }
            if isLate { write() }
            if isOver { return }
        }
    }
}

// MARK: - Health

/// Finds out whether deliveries can be recorded now, by a write that is larger than most of them.
///
/// A caller that asks during a probe receives the result of the next one, so that frequent questions do not cause
/// frequent writes.
final class HealthProbe: Sendable {
    private struct State {
        var isRunning = false
        var waiting: [@Sendable (Bool) -> Void] = []
        /// Those that wait for the probe that runs.
        var asking: [@Sendable (Bool) -> Void] = []
        /// The writes that questions of strangers may lead to now, and when they were counted.
        var writes = HealthProbe.burst
        var counted: ContinuousClock.Instant?
    }

    /// The writes that questions of strangers may lead to at once, and in each second after that.
    private static let burst = 10.0
    private static let perSecond = 5.0

    private let writer: HistoryWriter
    private let state = Mutex(State())

    init(_ writer: HistoryWriter) {
        self.writer = writer
        writer.stalled.withLock { $0 = { [weak self] in self?.expire() } }
    }

    /// Returns whether a question of a stranger may lead to a write, and counts it.
    func mayWrite(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            let time = state.counted.map { max(0, (now - $0) / .seconds(1)) } ?? 0
            state.counted = now
            state.writes = min(Self.burst, state.writes + time * Self.perSecond)
            guard state.writes >= 1 else { return false }
            state.writes -= 1
            return true
        }
    }

    /// Answers all that wait for a write that does not end.
    private func expire() {
        let asking = state.withLock { state in
            defer { (state.asking, state.waiting) = ([], []) }
            return state.asking + state.waiting
        }
        asking.forEach { $0(false) }
    }

    /// - Parameter completion: Called on the writer's thread, or at once if no delivery would be accepted.
    func ask(_ completion: @escaping @Sendable (Bool) -> Void) {
        guard writer.hasRoom else { return completion(false) }
        let isFirst = state.withLock { state in
            state.waiting.append(completion)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { run() }
    }

    private func run() {
        state.withLock { state in
            state.asking = state.waiting
            state.waiting = []
        }
        writer.perform({ db in try db.execute(sql: "UPDATE probe SET filler = randomblob(16384)") }) { [self] result in
            let isRecorded = (try? result.get()) != nil
            let asking = state.withLock { state in
                defer { state.asking = [] }
                return state.asking
            }
            asking.forEach { $0(isRecorded) }
            let isWanted = state.withLock { state in
                state.isRunning = !state.waiting.isEmpty
                return state.isRunning
            }
            if isWanted { run() }
        }
    }
}

// MARK: - Failures

/// The reason why a write failed, and its extent.
enum WriteFailure: Error {
    /// The whole history cannot be written now; the sentence gives the reason.
    case store(String)
    /// Only the row to write is at fault.
    case row(String)

    /// - Parameter db: The connection that failed, unless it has been used since: it knows the system's own reason.
    init(_ error: any Error, in db: Database? = nil) {
        if let failure = error as? WriteFailure {
            self = failure
            return
        }
        guard let error = error as? DatabaseError else {
            self = .row(String(describing: error))
            return
        }
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self = .store("the disk is full")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .store("another program has locked the history")
        case .SQLITE_READONLY:
            self = .store(Self.systemReason(db, only: [EROFS]) ?? "the history may not be written (\(message))")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN:
            self = .store(Self.systemReason(db) ?? "the history cannot be written (\(message))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .store("the history is damaged (\(message))")
        case .SQLITE_NOMEM: self = .store("out of memory")
        // For example, a table is missing.
        case .SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_PROTOCOL, .SQLITE_PERM, .SQLITE_SCHEMA, .SQLITE_INTERNAL:
            self = .store("the history cannot be written (\(message))")
        default: self = .row(message)
        }
    }

    /// Returns the meaning of the system's error number for a history, and a remedy; nil for a number that it does not
    /// explain.
    static func reason(ofSystemError number: Int32) -> String? {
        switch number {
        case EFBIG:
            "the file may not grow: the file-size limit of the process (ulimit -f) or of the file system is reached"
        case EDQUOT: "the disk quota of this user is used up"
        case ENOSPC: "the disk is full"
        case EROFS: "the file system is mounted read-only"
        case EIO: "the disk reports an input/output error: look at the kernel's log"
        case ENOLCK: "the file system has no locks left, or offers none: keep the history on a local disk"
        case ESTALE: "the network file system has lost the file: keep the history on a local disk"
        case ENODEV, ENXIO: "the disk is gone"
        case EMFILE: "b2watch has too many files open: raise its limit (ulimit -n)"
        case ENFILE: "the system has too many files open"
        case EACCES, EPERM: "the history may not be written: look at the permissions of its file and folder"
        default: nil
        }
    }

    private static func systemReason(_ db: Database?, only numbers: [Int32]? = nil) -> String? {
        guard let db else { return nil }
        // SQLite keeps the number with each file, and the last one with the connection.
        let candidates = [
            SQLiteFile.log(of: db)?.lastError, SQLiteFile.main(of: db)?.lastError,
            sqlite3_system_errno(db.sqliteConnection),
        ]
        return candidates.compactMap(\.self).filter { $0 != 0 && numbers?.contains($0) ?? true }
            .compactMap(reason(ofSystemError:)).first
    }
}

extension WriteFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .store(let reason), .row(let reason): reason
        }
    }
}
