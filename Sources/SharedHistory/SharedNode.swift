import Base
import History
import Notifications
import Postgres
import Synchronization

/// This process in the shared history: a row of `node`, found by the identity of its copy.
final class SharedNode: Sendable {
    private struct State {
        var id: Int64 = 0
        var secrets = SharedSecrets()
        var writer: PostgresBackend?
    }

    /// The identity of the copy.
    let key: String
    let name: String
    let version: String
    /// Whether it receives.
    let receives: Bool
    /// The path of the copy.
    let path: String
    private let copy: SharedCopy
    private let state = Mutex(State())

    init(key: String, name: String, version: String, receives: Bool, path: String, copy: SharedCopy) {
        self.key = key
        self.name = name
        self.version = version
        self.receives = receives
        self.path = path
        self.copy = copy
    }

    /// The number of its row; 0 before the first connection.
    var id: Int64 { state.withLock { $0.id } }

    /// The session that writes; nil without one.
    var writer: PostgresBackend? { state.withLock { $0.writer } }

    private static let register = PostgresStatement(
        """
        INSERT INTO b2watch.node (key, name, version, receives) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET name = $2, version = $3, receives = $4, started_at = now(), seen_at = now()
        RETURNING id
        """)
    // One session of a process has it as long as it lives: a second process with the same identity does not get it. The session of
    // a process that has just ended may take a moment to end, so it is waited for, up to `lock_timeout`.
    private static let lock = PostgresStatement("SELECT pg_advisory_lock(hashtext('b2watch.node'), $1)")
    private static let lastSequence = PostgresStatement(
        "SELECT coalesce(max(sequence), 0) FROM b2watch.delivery WHERE node = $1")

    /// Checks the shared history, and enters this process there.
    ///
    /// - Parameter isWriter: Whether the connection is the one that only one process of this identity may have.
    /// - Throws: `SharedProblem`, or `PostgresError`.
    func begin(_ connection: PostgresConnection, isWriter: Bool, by deadline: ContinuousClock.Instant) throws {
        let history = try SharedSchema.check(connection, by: deadline)
        if try copy.state().record.isEmpty { try copy.meet(history) }
        guard try copy.state().record == history else { throw SharedProblem.otherHistory(connection.place, copy: path) }
        let row = try connection.run(
            Self.register,
            [PostgresValue(key), PostgresValue(name), PostgresValue(version), PostgresValue(receives)], by: deadline
        ).first
        guard let id = try row?.value(0, as: Int64.self) else { return }
        state.withLock { state in
            state.id = id
            // A promoted standby may not have the newest ones.
            if isWriter { state.secrets = SharedSecrets() }
            if isWriter { state.writer = connection.server.backend }
        }
        guard isWriter else { return }
        do throws(PostgresError) {
            _ = try connection.run(Self.lock, [PostgresValue(Int32(truncatingIfNeeded: id))], by: deadline)
        } catch {
            if case .rejected(let rejection) = error, ["55P03", "57014"].contains(rejection.state) {
                throw SharedProblem.twin(connection.place, copy: path)
            }
            throw error
        }
    }

    /// Returns a number for the next delivery, above all that were ever given: also above those that a promoted standby
    /// has not received, because it grows with the clock.
    func nextSequence(
        _ connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Int64 {
        let last = try connection.run(Self.lastSequence, [PostgresValue(id)], by: deadline).first?.value(
            0, as: Int64.self)
        return max((last ?? 0) + 1, Timestamp.now.milliseconds << 20)
    }

    /// Returns the number of a secret.
    func number(
        of secret: SecretIdentity, _ connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Int64? {
        var secrets = state.withLock { $0.secrets }
        let number = try secrets.number(of: secret, connection, by: deadline)
        state.withLock { $0.secrets = secrets }
        return number
    }
}
