public import Base
internal import Foundation

/// A server and a session of it, as they were when the connection was opened.
public struct PostgresServer: Sendable, Hashable {
    /// The version as a number, such as 150018 for 15.18.
    public internal(set) var version = 0
    public internal(set) var versionText = SafeText.empty
    /// Whether it is a standby.
    public internal(set) var isInRecovery = false
    /// Whether the session can only read.
    public internal(set) var isReadOnly = false
    /// The session.
    public internal(set) var backend = PostgresBackend(process: 0, started: PostgresTime(microseconds: 0))
    /// Whether a pooler is in between. It gives its clients a session for as long as they are connected, else it is refused.
    public internal(set) var isBehindPooler = false
}

/// The cluster of a server, and its line of promotions.
public struct PostgresIdentity: Sendable, Hashable {
    /// The number that a cluster gets when it is created and keeps, in its standbys too.
    public let systemIdentifier: Int64
    /// The number that grows whenever a standby is promoted.
    public let timeline: Int64
}

/// A session of a server.
public struct PostgresBackend: Sendable, Hashable {
    public let process: Int32
    public let started: PostgresTime

    public init(process: Int32, started: PostgresTime) {
        self.process = process
        self.started = started
    }
}

// MARK: - Opening

extension PostgresConnection {
    /// Opens a connection to the first server of an address that can be used.
    ///
    /// A server is not used if it is a standby (unless the address asks for one), if the database's encoding is not UTF8, or if there is
    /// a transaction pooler in between.
    ///
    /// - Parameters:
    ///   - application: The name for `pg_stat_activity`, unless the address has one.
    ///   - settings: Settings of the session, such as `["statement_timeout": "900ms"]`.
    ///   - wakeup: Wakes this thread; nil if nobody does.
    ///   - deadline: The time limit for all hosts together.
    /// - Throws: `PostgresError.cannotConnect` with the reason for each address that was tried; `pooled`, `cancelled`.
    public static func open(
        _ address: PostgresAddress, application: String = "b2watch", settings: [String: String] = [:],
        wakeup: PostgresWakeup? = nil, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> PostgresConnection {
        let wakeup = if let wakeup { wakeup } else { try PostgresWakeup() }
        let connecting = PostgresConnecting(
            address: address, application: application, wakeup: wakeup, deadline: deadline)
        return try connecting.open { (opened) throws(PostgresError) in
            let connection = PostgresConnection(opened.connection, at: opened.place, wakeup: wakeup)
            func refusal(_ cause: PostgresRefusal.Cause) -> Result<PostgresConnection, PostgresRefusal> {
                connection.close()
                return .failure(PostgresRefusal(place: opened.place, cause: cause))
            }
            do throws(PostgresError) {
                if let cause = try connection.prepareSession(for: address.target, settings, by: opened.end) {
                    return refusal(cause)
                }
                if connection.server.isBehindPooler {
                    let other = try connecting.openAgain(opened)
                    defer { other.close() }
                    if try connection.sharesSession(with: other, by: opened.end) { throw .pooled(opened.place) }
                }
                return .success(connection)
            } catch {
                switch error {
                case .deadline: return refusal(.timedOut)
                case .lost(_, let reason): return refusal(.other(reason))
                // A statement that was prepared in this connection is missing in the session that it has got now.
                case .rejected(let rejection) where rejection.state == "26000": throw .pooled(opened.place)
                case .rejected(let rejection): return refusal(.other(rejection.message))
                case .cannotConnect, .cancelled, .pooled, .unexpected, .closed, .system: throw error
                }
            }
        }
    }

    private static let facts = PostgresStatement(
        """
        SELECT current_setting('server_version_num')::int4, current_setting('server_version'), pg_is_in_recovery(),
            current_setting('transaction_read_only')::bool, current_setting('server_encoding'), pg_backend_pid(),
            (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
        """)
    /// After a promotion `pg_control_checkpoint` has the old timeline until the next checkpoint, so a primary is asked for the one that
    /// it writes.
    private static let identity = PostgresStatement(
        """
        SELECT system_identifier, CASE WHEN pg_is_in_recovery() THEN timeline_id::int8
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int8 END
        FROM pg_control_system(), pg_control_checkpoint()
        """)
    private static let setting = PostgresStatement(
        "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS setting (name, value)")
    private static let process = PostgresStatement("SELECT pg_backend_pid()")

    /// Reads what the server is, and changes the settings of the session.
    ///
    /// - Returns: Why it cannot be used, if so.
    private func prepareSession(
        for target: PostgresAddress.Target, _ settings: [String: String], by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> PostgresRefusal.Cause? {
        guard let row = try run(Self.facts, by: deadline).first else { return .other("it sends no facts about itself") }
        server.version = Int(try row.value(0, as: Int32.self))
        server.versionText = SafeText(try row.value(1, as: String.self))
        server.isInRecovery = try row.value(2)
        server.isReadOnly = try row.value(3)
        let encoding = try row.value(4, as: String.self)
        server.backend = PostgresBackend(
            process: try row.value(5), started: try row.optional(6) ?? PostgresTime(microseconds: 0))
        server.isBehindPooler = server.backend.process != announcedProcess
        switch target {
        case .any, .preferStandby: break
        case .readWrite: if server.isReadOnly { return .readOnly }
        case .primary: if server.isInRecovery { return .readOnly }
        case .readOnly: if !server.isReadOnly { return .notStandby }
        case .standby: if !server.isInRecovery { return .notStandby }
        }
        guard encoding == "UTF8" else { return .encoding(SafeText(encoding)) }
        if !settings.isEmpty {
            let pairs = settings.sorted { $0.key < $1.key }
            let parameters = [
                PostgresValue(PostgresArray(pairs.map(\.key))), PostgresValue(PostgresArray(pairs.map(\.value))),
            ]
            try run(Self.setting, parameters, by: deadline)
        }
        return nil
    }

    /// Returns the identity of the server's cluster; nil where a plain role may not read it, as some services have it.
    public func identity(by deadline: ContinuousClock.Instant) throws(PostgresError) -> PostgresIdentity? {
        do {
            guard let row = try run(Self.identity, by: deadline).first else { return nil }
            return PostgresIdentity(systemIdentifier: try row.value(0), timeline: try row.value(1))
        } catch .rejected {
            return nil
        }
    }

    // MARK: - Poolers

    /// Returns whether this connection and another have, or get, the same session of the server, as behind a transaction pooler.
    ///
    /// The other one begins a transaction: it is likely to get the session that this one has just used, and then this one gets another.
    private func sharesSession(
        with other: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Bool {
        func session(of connection: PostgresConnection) throws(PostgresError) -> Int32? {
            try connection.run(Self.process, by: deadline).first?.value(0)
        }
        for _ in 0..<3 {
            let own = try session(of: self)
            do throws(PostgresError) {
                try other.script("BEGIN", by: deadline)
            } catch {
                // Where each statement has another session, the pooler ends a connection that begins a transaction.
                guard case .lost = error else { throw error }
                return true
            }
            // Where they are the same, this one might wait for the other one's end.
            if try session(of: other) == own { return true }
            if try session(of: self) != own { return true }
            try other.script("ROLLBACK", by: deadline)
        }
        return false
    }

    // MARK: - Ending a session

    private static let terminate = PostgresStatement(
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE pid = $1 AND backend_start = $2 AND pid <> pg_backend_pid()
        """)
    private static let pause = PostgresStatement("SELECT pg_sleep(0.005)")

    /// Ends another session of the same role, and returns once it is gone: then nothing that it has begun can be committed any more.
    ///
    /// - Throws: `PostgresError.deadline` if it is not gone in time. The connection is then closed.
    public func end(_ backend: PostgresBackend, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        let parameters = [PostgresValue(backend.process), PostgresValue(backend.started)]
        while try run(Self.terminate, parameters, by: deadline).first?.value(0, as: Int64.self) ?? 0 > 0 {
            try run(Self.pause, by: deadline)
        }
    }
}
