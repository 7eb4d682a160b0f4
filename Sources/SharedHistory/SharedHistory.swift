import Base
public import History
import Notifications
public import Postgres

/// A history that many machines share: PostgreSQL has the record, and this process a copy of it, from which it reads.
///
/// A delivery is recorded once its transaction is committed by PostgreSQL. It then enters the copy under the same id, as
/// those of the other processes do.
public final class SharedHistory: DeliveryRecorder {
    /// The copy. It is closed by its owner, after `stop`.
    public let history: History
    private let writer: SharedWriter?
    private let follower: SharedFollower
    private let node: SharedNode

    /// The verdicts that one transaction replaces: some milliseconds, in which all listeners wait.
    private static let verdictsAtATime: Int64 = 256

    /// Follows a shared history, and records into it. Returns at once; PostgreSQL may be away.
    ///
    /// - Parameters:
    ///   - history: The copy, opened for `.copying`.
    ///   - name: The name of this process for people, such as the machine's.
    ///   - version: The version of b2watch.
    ///   - receives: Whether deliveries are recorded.
    /// - Throws: The history's errors, or `PostgresError` if the system has no descriptor left.
    public init(
        _ address: PostgresAddress, copy history: History, name: String, version: String, receives: Bool
    ) throws {
        self.history = history
        let copy = history.copy
        let state = try copy.begin()
        node = SharedNode(
            key: state.node, name: DeliveryBatch.text(name), version: version, receives: receives,
            path: history.path ?? "the copy in memory", copy: copy)
        let wakeup = try PostgresWakeup()
        let own = OwnDeliveries(wakeup)
        writer = receives ? try SharedWriter(address, node, copy, own) : nil
        follower = SharedFollower(address, node, copy, own, wakeup)
    }

    /// Begins to connect.
    public func start() {
        writer?.start()
        follower.start()
    }

    /// The state of a start.
    public enum Start: Sendable, Hashable {
        /// PostgreSQL answers, and the copy is continued.
        case connected
        /// PostgreSQL cannot be reached now; with the reason. It is tried again.
        case away(String)
        /// The shared history cannot be used; with the reason.
        case unusable(String)
    }

    /// Waits until it is known whether PostgreSQL answers, or the time is up. Blocks.
    public func started(by deadline: ContinuousClock.Instant) -> Start {
        let progress = follower.wait(until: deadline) { $0.isConnected || $0.problem != nil } ?? follower.current
        if progress.isConnected { return .connected }
        let problem = progress.problem ?? "it has not answered yet"
        return progress.isFinal ? .unusable(problem) : .away(problem)
    }

    /// Waits until the copy has been as new as the shared history once, or the time is up. Blocks.
    ///
    /// - Parameter deadline: The time limit; nil for none.
    /// - Returns: The reason why it is not, in a sentence; nil if it is.
    public func caughtUp(by deadline: ContinuousClock.Instant?) -> String? {
        let progress = follower.wait(until: deadline) { $0.hasCaughtUp || $0.problem != nil } ?? follower.current
        return progress.hasCaughtUp ? nil : progress.problem ?? "the copy is not complete yet"
    }

    /// Writes what waits, and ends. Blocks; the history is closed after it.
    public func stop() {
        writer?.stop()
        follower.stop()
    }

    // MARK: - Recording

    public func room(for delivery: JudgedDelivery) -> RecordRoom { history.room(for: delivery) }

    public func record(_ delivery: JudgedDelivery, completion: @escaping @Sendable (Int64?) -> Void) -> Bool {
        writer?.record(delivery, completion: completion) ?? false
    }

    public func rejudge(_ verdicts: Rejudgement) throws -> Bool {
        guard let writer, let runs = try history.copy.runs(of: verdicts) else { return false }
        for run in runs {
            for first in stride(
                from: run.deliveries.lowerBound, through: run.deliveries.upperBound, by: Int(Self.verdictsAtATime))
            {
                let last = min(first + Self.verdictsAtATime - 1, run.deliveries.upperBound)
                try replace(run, in: first...last, at: verdicts.time, writer)
            }
        }
        return try history.copy.verified(verdicts)
    }

    private func replace(
        _ run: SharedCopy.VerdictRun, in deliveries: ClosedRange<Int64>, at time: Timestamp, _ writer: SharedWriter
    ) throws {
        try writer.perform { [node] connection in
            let limit = ContinuousClock.now + .seconds(1)
            func number(_ judgement: Judgement) throws -> PostgresValue {
                PostgresValue(try judgement.secret.flatMap { try node.number(of: $0, connection, by: limit) })
            }
            _ = try connection.run(
                SharedRows.replaceVerdicts,
                [
                    PostgresValue(deliveries.lowerBound), PostgresValue(deliveries.upperBound),
                    PostgresValue(run.before.verdict.word), try number(run.before),
                    PostgresValue(run.after.verdict.word), try number(run.after), PostgresValue(PostgresTime(time)),
                ], by: limit)
        }
    }

    public func share(_ change: SecretChange) throws {
        guard let writer else { return }
        let (secret, time): (SecretIdentity, Timestamp?) =
            switch change {
            case .entered(let secret): (secret, nil)
            case .leaked(let secret, let time): (secret, time)
            }
        // A secret that nobody has marked needs no mark taken from it.
        if time == nil,
            try !history.reader.secrets().contains(where: { $0.leakedAt != nil && $0.identity.isSame(as: secret) })
        {
            return
        }
        try writer.perform { connection in
            try SharedSecrets.mark(secret, leakedAt: time, connection, by: .now + SharedWriter.patience)
        }
    }

    private static let ping = PostgresStatement("SELECT next_delivery FROM b2watch.counter")

    public func probe(_ completion: @escaping @Sendable (Bool) -> Void) {
        guard let writer else { return completion(false) }
        writer.perform({ connection in
            try connection.run(Self.ping, by: .now + SharedWriter.patience).count
        }) { completion((try? $0.get()) == 1) }
    }

    public func probe(limitedAt now: ContinuousClock.Instant, _ completion: @escaping @Sendable (Bool) -> Void) {
        guard history.mayProbe(at: now) else { return completion(history.current.health == .recording) }
        probe(completion)
    }
}
