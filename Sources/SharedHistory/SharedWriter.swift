import Base
import Foundation
import History
import Notifications
import Postgres
import Synchronization

/// Writes the deliveries of this process to PostgreSQL by group commit, on its own thread: all that wait while one
/// transaction is written go into the next.
///
/// An answer waits for a second at most. While PostgreSQL is away nothing waits: it is tried again on the thread, and what
/// arrives is refused at once. A commit whose answer was lost is looked up after the next connection, once the server
/// has ended the old one, so that its deliveries are there once.
final class SharedWriter: Sendable {
    /// Receives the id of a recorded delivery, or nil if it was not recorded.
    typealias Completion = @Sendable (Int64?) -> Void
    typealias Instant = ContinuousClock.Instant

    /// A delivery that waits to be written, or is being written.
    private final class Pending: Sendable {
        let delivery: JudgedDelivery
        /// Its number in this process.
        let sequence: Int64
        let arrived: Instant
        let completion: Completion

        init(_ delivery: JudgedDelivery, _ sequence: Int64, _ completion: @escaping Completion) {
            (self.delivery, self.sequence, self.completion) = (delivery, sequence, completion)
            arrived = .now
        }
    }

    /// Work of other threads on the connection; without a connection it receives nil.
    private typealias Job = @Sendable (PostgresConnection?) -> Void

    private struct State {
        var waiting: [Pending] = []
        var bytes = 0
        var jobs: [Job] = []
        /// The number of the next delivery; nil before the first connection.
        var nextSequence: Int64?
        /// Whether deliveries are refused because PostgreSQL is away.
        var isAway = true
        /// Whether the thread waits for work.
        var isResting = false
        var isClosed = false

        /// Removes and returns the first of those that wait.
        mutating func removeFirst(_ count: Int) -> [Pending] {
            let removed = Array(waiting.prefix(count))
            waiting.removeFirst(removed.count)
            bytes -= removed.reduce(0) { $0 + $1.delivery.weight }
            return removed
        }
    }

    /// The time within which a delivery is answered.
    static let patience = Duration.milliseconds(950)
    /// The time that a delivery may have waited when it is written: what is left is enough for a commit.
    private static let queueing = Duration.milliseconds(650)
    /// The time that a lost connection may take to return before deliveries are refused.
    private static let absence = Duration.milliseconds(800)
    /// Larger batches would delay their first answers, and those of other listeners.
    private static let largestBatch = 128
    private static let batchBytes = 4 << 20
    private static let capacity = 8_192
    private static let byteCapacity = 64 << 20

    private let address: PostgresAddress
    private let node: SharedNode
    private let copy: SharedCopy
    private let own: OwnDeliveries
    private let wakeup: PostgresWakeup
    private let state = Mutex(State())
    /// Lets the pause between two attempts to connect end early.
    private let pause = Monitor(false)
    private let thread = Worker("shared writer")

    /// - Parameters:
    ///   - node: The identity of this process in the shared history.
    ///   - copy: Reports whether deliveries can be recorded.
    ///   - own: Receives the deliveries that are committed.
    /// - Throws: `PostgresError` if the system has no descriptor left.
    init(_ address: PostgresAddress, _ node: SharedNode, _ copy: SharedCopy, _ own: OwnDeliveries) throws(PostgresError)
    {
        self.address = address
        self.node = node
        self.copy = copy
        self.own = own
        wakeup = try PostgresWakeup()
    }

    /// Begins to connect. Until that has succeeded, deliveries are refused.
    func start() {
        thread.async { [self] in run() }
    }

    /// Writes what waits, and ends. Blocks, for some seconds at most.
    func stop() {
        state.withLock { $0.isClosed = true }
        pause.change { $0 = true }
        wakeup.wake()
        if !thread.wait(atMost: .seconds(3)) {
            wakeup.cancel()
            thread.wait(atMost: .seconds(3))
        }
    }

    // MARK: - Queueing

    /// Queues a delivery. `completion` is called from any thread.
    ///
    /// - Returns: False if the queue is full or closed. `completion` is then never called.
    func record(_ delivery: JudgedDelivery, completion: @escaping Completion) -> Bool {
        enum Fate { case full, away, queued(wake: Bool) }
        let fate: Fate = state.withLock { state in
            let share = delivery.isTrusted ? 1 : 2
            guard !state.isClosed, state.waiting.count < Self.capacity / share,
                state.waiting.isEmpty || state.bytes + delivery.weight <= Self.byteCapacity / share
            else { return .full }
            guard !state.isAway, let sequence = state.nextSequence else { return .away }
            state.nextSequence = sequence + 1
            state.waiting.append(Pending(delivery, sequence, completion))
            state.bytes += delivery.weight
            defer { state.isResting = false }
            return .queued(wake: state.isResting)
        }
        switch fate {
        case .full: return false
        case .away: completion(nil)
        case .queued(let isResting): if isResting { wakeup.wake() }
        }
        return true
    }

    /// Does work on the connection between two batches. Blocks.
    ///
    /// - Throws: `SharedAway` without a connection, or the error of `body`.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) throws -> Value {
        let outcome = Handoff<Value>()
        perform(body) { outcome.complete($0) }
        return try outcome.wait()
    }

    /// Does work on the connection between two batches, without waiting for it.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let job: Job = { connection in
            completion(
                Result {
                    guard let connection else { throw SharedAway() }
                    return try body(connection)
                })
        }
        let (isThere, isResting) = state.withLock { state in
            guard !state.isAway, !state.isClosed else { return (false, false) }
            state.jobs.append(job)
            defer { state.isResting = false }
            return (true, state.isResting)
        }
        if !isThere { job(nil) } else if isResting { wakeup.wake() }
    }

    // MARK: - Connecting

    private func run() {
        var unresolved: [Pending] = []
        var backend: PostgresBackend?
        var backOff = SharedBackOff()
        // Until when what waits is kept for the next connection.
        var patience: Instant?
        while true {
            do {
                let limit = patience.map { max(.now + .milliseconds(50), $0) }
                let connection = try connect(by: limit ?? .now + address.connectLimit, after: backend)
                backend = connection.server.backend
                if let ids = try resolve(unresolved, connection) {
                    finish(unresolved, ids)
                } else {
                    requeue(unresolved)
                }
                unresolved = []
                backOff.reset()
                patience = nil
                state.withLock { $0.isAway = false }
                copy.report(away: nil)
                try serve(connection, &unresolved)
                connection.close()
                return
            } catch {
                if state.withLock(\.isClosed) { break }
                // For a moment it may be a restart: what arrives waits for the next connection.
                if patience == nil, !state.withLock(\.isAway) { patience = .now + Self.absence }
                if let end = patience, .now < min(end, firstEnd(unresolved) ?? end), Self.isPassing(error) {
                    _ = pause.wait(until: .now + .milliseconds(50)) { $0 ? true : nil }
                    continue
                }
                patience = nil
                leave(error, unresolved)
                unresolved = []
                _ = pause.wait(until: .now + backOff.next()) { $0 ? true : nil }
            }
            if state.withLock(\.isClosed) { break }
        }
        leave(SharedAway(), unresolved)
    }

    /// Returns when the first of those that wait has to be answered.
    private func firstEnd(_ unresolved: [Pending]) -> Instant? {
        (unresolved.first ?? state.withLock { $0.waiting.first }).map { $0.arrived + Self.patience }
    }

    /// Returns whether another attempt may succeed soon.
    private static func isPassing(_ error: any Error) -> Bool { (error as? PostgresError)?.isTemporary ?? false }

    /// Connects, once the server has ended the former connection.
    private func connect(by deadline: Instant, after backend: PostgresBackend?) throws -> PostgresConnection {
        let connection = try PostgresConnection.open(
            address, application: "b2watch writer",
            settings: ["synchronous_commit": "on", "statement_timeout": "700ms", "lock_timeout": "600ms"],
            wakeup: wakeup, by: deadline)
        if let backend { try connection.end(backend, by: deadline) }
        try node.begin(connection, isWriter: true, by: deadline)
        let next = try node.nextSequence(connection, by: deadline)
        state.withLock { $0.nextSequence = max($0.nextSequence ?? 0, next) }
        return connection
    }

    /// Refuses all that waits, and what arrives from now on.
    private func leave(_ error: any Error, _ unresolved: [Pending]) {
        let (waiting, jobs) = state.withLock { state in
            defer { (state.waiting, state.bytes, state.jobs) = ([], 0, []) }
            state.isAway = true
            return (state.waiting, state.jobs)
        }
        if !state.withLock(\.isClosed) { copy.report(away: SharedAway.sentence(error, address)) }
        for pending in unresolved + waiting { pending.completion(nil) }
        for job in jobs { job(nil) }
    }

    // MARK: - Writing

    /// Writes what is queued until the process ends.
    ///
    /// - Parameter unresolved: Deliveries that are there or not when an error is thrown.
    private func serve(_ connection: PostgresConnection, _ unresolved: inout [Pending]) throws {
        enum Step { case batch([Pending]), job(Job), rest, end }
        while true {
            expire()
            let step: Step = state.withLock { state in
                if !state.jobs.isEmpty { return .job(state.jobs.removeFirst()) }
                if !state.waiting.isEmpty { return .batch(Self.removeBatch(&state)) }
                state.isResting = !state.isClosed
                return state.isClosed ? .end : .rest
            }
            switch step {
            case .batch(let batch): try write(batch, connection, &unresolved)
            case .job(let job):
                job(connection)
                if !connection.isOpen { throw SharedAway() }
            case .rest: _ = try connection.wait(until: nil)
            case .end: return
            }
        }
    }

    private static func removeBatch(_ state: inout State) -> [Pending] {
        var bytes = 0
        let batch = state.waiting.prefix(largestBatch).prefix { pending in
            defer { bytes += pending.delivery.weight }
            return bytes < batchBytes
        }
        return state.removeFirst(batch.count)
    }

    /// Refuses what has waited for too long.
    private func expire() {
        let oldest = ContinuousClock.now - Self.queueing
        let expired = state.withLock { state in
            state.removeFirst(state.waiting.prefix { $0.arrived < oldest }.count)
        }
        expired.forEach { $0.completion(nil) }
    }

    private func write(_ batch: [Pending], _ connection: PostgresConnection, _ unresolved: inout [Pending]) throws {
        let limit = max(.now + .milliseconds(300), (batch.first?.arrived ?? .now) + Self.patience)
        do {
            let (delivery, event) = try commit(batch, connection, by: limit)
            let ids = Self.ids(of: batch, from: delivery, event)
            copy.report(away: nil)
            finish(batch, ids)
        } catch {
            guard case .rejected(let rejection)? = error as? PostgresError, connection.isOpen else {
                unresolved = batch
                throw error
            }
            if Self.isOfRow(rejection), batch.count > 1 {
                return try writeEach(of: batch, connection, &unresolved)
            }
            if Self.isOfRow(rejection) {
                copy.refuse("a delivery could not be recorded: \(error)")
            } else {
                copy.report(away: SharedAway.sentence(error, address))
            }
            batch.forEach { $0.completion(nil) }
        }
    }

    /// Writes deliveries one by one, because one of them is at fault: each fails or succeeds by itself.
    private func writeEach(
        of batch: [Pending], _ connection: PostgresConnection, _ unresolved: inout [Pending]
    ) throws {
        for (index, pending) in batch.enumerated() {
            do {
                try write([pending], connection, &unresolved)
            } catch {
                requeue(Array(batch[(index + 1)...]))
                throw error
            }
        }
    }

    /// Writes a batch in one transaction.
    ///
    /// - Returns: The ids of its first delivery and of the first event.
    private func commit(
        _ batch: [Pending], _ connection: PostgresConnection, by limit: Instant
    ) throws -> (delivery: Int64, event: Int64) {
        var parameters = DeliveryBatch()
        for pending in batch {
            let secret = try pending.delivery.judgement.secret.flatMap { secret throws(PostgresError) in
                try node.number(of: secret, connection, by: limit)
            }
            parameters.append(pending.delivery, sequence: pending.sequence, secret: secret)
        }
        let result = try connection.run(DeliveryBatch.statement, parameters.parameters(node: node.id), by: limit)
        guard let row = result.first else { throw SharedAway() }
        return (try row.value(0), try row.value(1))
    }

    /// Returns whether a rejection is about the data of a row: data exceptions, violated constraints, limits.
    private static func isOfRow(_ rejection: PostgresRejection) -> Bool {
        ["22", "23", "54"].contains { rejection.state.hasPrefix($0) }
    }

    private struct IDs {
        let delivery: Int64
        let event: Int64
    }

    private static func ids(of batch: [Pending], from delivery: Int64, _ event: Int64) -> [IDs] {
        var next = IDs(delivery: delivery, event: event)
        return batch.map { pending in
            defer { next = IDs(delivery: next.delivery + 1, event: next.event + Int64(pending.delivery.rowCount)) }
            return next
        }
    }

    private func finish(_ batch: [Pending], _ ids: [IDs]) {
        // The copy first, so that a dashboard shows a delivery soon after its answer.
        own.add(
            zip(batch, ids).map { pending, ids in
                CopiedDelivery(
                    id: ids.delivery, firstRow: ids.event, node: node.id, sequence: pending.sequence,
                    judged: pending.delivery)
            })
        for (pending, ids) in zip(batch, ids) { pending.completion(ids.delivery) }
    }

    // MARK: - Lost answers

    private static let find = PostgresStatement(
        """
        SELECT id, first_event FROM b2watch.delivery WHERE node = $1 AND sequence BETWEEN $2 AND $3 ORDER BY sequence
        """)

    /// Looks for the deliveries of a commit whose answer was lost: all of them are there, or none.
    ///
    /// - Returns: Their ids; nil if they are not there.
    private func resolve(_ batch: [Pending], _ connection: PostgresConnection) throws -> [IDs]? {
        guard let first = batch.first, let last = batch.last else { return [] }
        let found = try connection.run(
            Self.find, [PostgresValue(node.id), PostgresValue(first.sequence), PostgresValue(last.sequence)],
            by: .now + Self.patience)
        guard found.count == batch.count else { return nil }
        return try found.rows.map { IDs(delivery: try $0.value(0), event: try $0.value(1)) }
    }

    /// Queues deliveries again, before all others.
    private func requeue(_ batch: [Pending]) {
        state.withLock { state in
            state.waiting = batch + state.waiting
            state.bytes += batch.reduce(0) { $0 + $1.delivery.weight }
        }
    }
}

/// PostgreSQL cannot be reached now.
struct SharedAway: Error, CustomStringConvertible {
    let description = "PostgreSQL cannot be reached: this is tried again once it can"

    /// Returns the reason why nothing is recorded, in a sentence.
    static func sentence(_ error: any Error, _ address: PostgresAddress) -> String {
        error is SharedAway ? "the connection to \(address) is lost" : "\(error)"
    }
}

/// The pauses between attempts to connect: each twice as long as the one before, up to some seconds, and of random length
/// so that many processes do not try at once.
struct SharedBackOff {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)

    private var pause = first

    /// Returns the next pause.
    mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longest) }
        return pause * Double.random(in: 0.5...1)
    }

    mutating func reset() { pause = Self.first }
}
