public import Base
public import Postgres

/// The tables of a shared history, in the schema `b2watch` of a database.
///
/// Migrations are numbered and never edited; a change is a new one. Only `b2watch shared init` runs them, as the owner of
/// the schema; the role of a listener has no right to.
public enum SharedSchema {
    /// The newest version that this b2watch knows.
    public static let version = migrations.count

    /// The oldest server whose SQL is used.
    public static let oldestServer = 130_000

    /// The channel on which commits are announced.
    static let channel = "b2watch"

    // `counter` is taken by every transaction that adds or changes deliveries, so ids and revisions have no gaps and are in
    // the order of the commits. Its row is updated in place: the page has room for the versions that nobody sees any more.
    //
    // There are no foreign keys: the code that writes ensures that references are valid, and each check would be a
    // search. `delivery.revision` is NULL until a verdict changes, so that arrivals do not touch its index. A delivery, and a
    // secret that was leaked, have the revision of their last change.
    private static let migrations = [
        """
        CREATE SCHEMA b2watch;
        COMMENT ON SCHEMA b2watch IS 'Event notifications of Backblaze B2, recorded by b2watch; see docs/shared.md';

        CREATE TABLE b2watch.history (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            id text NOT NULL DEFAULT gen_random_uuid()::text,
            version integer NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        INSERT INTO b2watch.history (version) VALUES (0);

        CREATE TABLE b2watch.counter (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            next_delivery bigint NOT NULL,
            next_event bigint NOT NULL,
            next_revision bigint NOT NULL
        ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
        INSERT INTO b2watch.counter VALUES (true, 1, 1, 1);

        CREATE TABLE b2watch.node (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key text NOT NULL UNIQUE,
            name text NOT NULL,
            version text NOT NULL,
            receives boolean NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now(),
            seen_at timestamptz NOT NULL DEFAULT now(),
            delivery bigint NOT NULL DEFAULT 0,
            revision bigint NOT NULL DEFAULT 0
        );

        CREATE TABLE b2watch.secret (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            label text NOT NULL,
            binding text NOT NULL,
            fingerprint bytea NOT NULL,
            leaked_at timestamptz,
            revision bigint,
            UNIQUE (fingerprint, binding)
        );

        CREATE TABLE b2watch.delivery (
            id bigint PRIMARY KEY,
            node bigint NOT NULL,
            sequence bigint NOT NULL,
            received_at timestamptz NOT NULL,
            remote_address text NOT NULL,
            method text NOT NULL,
            target text NOT NULL,
            http_version text NOT NULL,
            headers text NOT NULL,
            body bytea NOT NULL,
            body_length bigint NOT NULL,
            verdict text NOT NULL,
            secret bigint,
            judged_at timestamptz,
            status integer NOT NULL,
            answer text NOT NULL,
            events integer NOT NULL,
            first_event bigint NOT NULL,
            rows integer NOT NULL,
            revision bigint,
            UNIQUE (node, sequence)
        );
        CREATE INDEX delivery_revision ON b2watch.delivery (revision, id) WHERE revision IS NOT NULL;
        CREATE INDEX delivery_received_at ON b2watch.delivery USING brin (received_at);

        CREATE TABLE b2watch.event (
            id bigint PRIMARY KEY,
            delivery bigint NOT NULL,
            position integer,
            event_id text,
            event_timestamp timestamptz,
            event_type text,
            object_name text,
            object_size bigint,
            object_version_id text,
            bucket_name text,
            matched_rule_name text
        );
        """
    ]

    /// The least rights with which a listener and a dashboard work, for a role that exists.
    private static func grants(to role: String) -> String {
        """
        GRANT USAGE ON SCHEMA b2watch TO \(role);
        GRANT SELECT ON ALL TABLES IN SCHEMA b2watch TO \(role);
        GRANT UPDATE ON b2watch.counter TO \(role);
        GRANT INSERT, UPDATE ON b2watch.node, b2watch.secret TO \(role);
        GRANT INSERT ON b2watch.delivery, b2watch.event TO \(role);
        GRANT UPDATE (verdict, secret, judged_at, revision) ON b2watch.delivery TO \(role);
        """
    }

    /// Returns the migrations after a version, each with the number that it leads to.
    private static func migrations(after version: Int) -> String {
        migrations.enumerated().dropFirst(version).map { index, sql in
            "\(sql)\nUPDATE b2watch.history SET version = \(index + 1);"
        }.joined(separator: "\n\n")
    }

    /// Returns all that `prepare` would run in an empty database, for an administrator.
    ///
    /// - Parameter role: The role that listeners and dashboards use; nil if they connect as the owner.
    public static func script(for role: String?) -> String {
        "BEGIN;\n\n\(migrations(after: 0))\n\n\(role.map { grants(to: quoted($0)) + "\n\n" } ?? "")COMMIT;\n"
    }

    // MARK: - Creating

    /// The result of `prepare`.
    public struct Preparation: Sendable, Hashable {
        /// The version before; 0 if there was no shared history.
        public var before: Int
        /// The identity of the shared history.
        public var id: String
    }

    private static let lock = PostgresStatement("SELECT pg_advisory_xact_lock(hashtext('b2watch.migration'))")
    private static let exists = PostgresStatement("SELECT to_regclass('b2watch.history') IS NOT NULL")
    private static let versionAndID = PostgresStatement("SELECT version, id FROM b2watch.history")

    /// Creates the tables, or brings them up to date. Two that do so at once do it once.
    ///
    /// - Parameter role: The role to give the rights of a listener to; nil for none.
    /// - Throws: `SharedProblem`, or `PostgresError`.
    public static func prepare(
        _ connection: PostgresConnection, for role: String?, by deadline: ContinuousClock.Instant
    ) throws -> Preparation {
        try checkServer(connection)
        return try connection.transaction(by: deadline) { connection in
            _ = try connection.run(lock, by: deadline)
            let before = try read(connection, by: deadline)?.version ?? 0
            guard before <= version else { throw SharedProblem.newer(connection.place, before) }
            if before < version { try connection.script(migrations(after: before), by: deadline) }
            if let role { try connection.script(grants(to: quoted(role)), by: deadline) }
            return Preparation(before: before, id: try read(connection, by: deadline)?.id ?? "")
        }
    }

    /// Checks that the shared history is there, and of this version.
    ///
    /// - Returns: Its identity.
    /// - Throws: `SharedProblem`, or `PostgresError`.
    static func check(_ connection: PostgresConnection, by deadline: ContinuousClock.Instant) throws -> String {
        try checkServer(connection)
        let found: (version: Int, id: String)?
        do {
            found = try read(connection, by: deadline)
        } catch PostgresError.rejected(let rejection) where rejection.state == "42501" {
            throw SharedProblem.noRights(connection.place)
        }
        guard let found else { throw SharedProblem.missing(connection.place) }
        if found.version > version { throw SharedProblem.newer(connection.place, found.version) }
        if found.version < version { throw SharedProblem.older(connection.place, found.version) }
        return found.id
    }

    private static func checkServer(_ connection: PostgresConnection) throws(SharedProblem) {
        guard connection.server.version >= oldestServer else {
            throw .oldServer(connection.place, connection.server.versionText)
        }
    }

    private static func read(
        _ connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> (version: Int, id: String)? {
        guard let there = try connection.run(exists, by: deadline).first, try there.value(0, as: Bool.self) else {
            return nil
        }
        guard let row = try connection.run(versionAndID, by: deadline).first else { return nil }
        return (Int(try row.value(0, as: Int32.self)), try row.value(1))
    }

    /// Returns a name as an identifier in SQL.
    static func quoted(_ name: String) -> String {
        "\"\(name.replacing("\0", with: "").replacing("\"", with: "\"\""))\""
    }
}

// MARK: - Problems

/// The reason why a shared history cannot be used although PostgreSQL answers. Each sentence gives the problem, the place
/// and a remedy.
public enum SharedProblem: Error, Sendable, Hashable {
    /// The database has no shared history.
    case missing(SafeText)
    /// A later b2watch has changed its tables; with their version.
    case newer(SafeText, Int)
    /// An earlier b2watch has made its tables; with their version.
    case older(SafeText, Int)
    /// The role may not use the tables.
    case noRights(SafeText)
    /// The server is too old; with its version.
    case oldServer(SafeText, SafeText)
    /// The copy on this machine is of another shared history.
    case otherHistory(SafeText, copy: String)
    /// Another process has the identity of this copy.
    case twin(SafeText, copy: String)
    /// The copy has deliveries that the shared history has not.
    case ahead(SafeText, copy: String)
}

extension SharedProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let place):
            "the database \(place) has no shared history: b2watch shared init makes one"
        case .newer(let place, let version):
            "a newer b2watch has changed the tables of the shared history at \(place) (version \(version), and this one"
                + " knows \(SharedSchema.version)): use that b2watch here too"
        case .older(let place, let version):
            "the tables of the shared history at \(place) are of an older b2watch (version \(version) of"
                + " \(SharedSchema.version)): b2watch shared init brings them up to date"
        case .noRights(let place):
            "this role may not use the shared history at \(place): b2watch shared init --role gives it the rights"
        case .oldServer(let place, let version):
            "the server at \(place) is PostgreSQL \(version): a shared history needs 13 or later"
        case .otherHistory(let place, let copy):
            "\(copy) is the copy of another shared history than that at \(place): give another file with --history"
        case .twin(let place, let copy):
            "another process is connected to \(place) as the owner of \(copy): it was copied with its machine or its folder."
                + " Give another file with --history here"
        case .ahead(let place, let copy):
            "\(copy) has deliveries that the shared history at \(place) has not: PostgreSQL was restored from a backup, or"
                + " a standby was promoted that had not received the last ones. b2watch export --history \(copy) writes"
                + " what it has; then give another file with --history"
        }
    }
}
