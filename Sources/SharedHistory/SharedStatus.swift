public import Base
public import Postgres

/// The processes that use a shared history, and how far the copy of each one is.
public struct SharedStatus: Sendable {
    /// A process.
    public struct Node: Sendable, Hashable {
        public var id: Int64
        public var name: String
        /// The version of its b2watch.
        public var version: String
        /// Whether it receives.
        public var receives: Bool
        /// Whether it is connected.
        public var isConnected: Bool
        /// The deliveries that its copy lacks.
        public var missing: Int64
        /// The time since it was last heard of, in seconds.
        public var silence: Double
        /// The number of deliveries that it has received.
        public var received: Int64
    }

    /// The database.
    public let place: SafeText
    /// The newest delivery; 0 without one.
    public let newest: Int64
    public let nodes: [Node]

    // A process enters its place once a second at most, and at least every ten seconds.
    private static let nodes = PostgresStatement(
        """
        SELECT node.id, node.name, node.version, node.receives, node.seen_at > now() - interval '25 seconds',
            counter.next_delivery - 1 - node.delivery,
            extract(epoch FROM now() - node.seen_at)::float8,
            (SELECT count(*) FROM b2watch.delivery WHERE delivery.node = node.id)
        FROM b2watch.node, b2watch.counter ORDER BY node.seen_at DESC
        """)

    /// Reads the state.
    ///
    /// - Throws: `SharedProblem`, or `PostgresError`.
    public init(_ connection: PostgresConnection, by deadline: ContinuousClock.Instant) throws {
        _ = try SharedSchema.check(connection, by: deadline)
        place = connection.place
        newest = try SharedRows.newest(connection, by: deadline).delivery
        nodes = try connection.run(Self.nodes, by: deadline).rows.map { row in
            Node(
                id: try row.value(0), name: try row.value(1), version: try row.value(2), receives: try row.value(3),
                isConnected: try row.value(4), missing: max(0, try row.value(5)), silence: try row.value(6),
                received: try row.value(7))
        }
    }

    /// The state in lines for a person.
    public var lines: [SafeText] {
        let count = newest == 1 ? "1 delivery" : "\(newest) deliveries"
        let head = SafeText("\(place): \(count), tables of version \(SharedSchema.version)")
        if nodes.isEmpty { return [head, SafeText("no process has used it yet")] }
        return [head] + nodes.map { SafeText(Self.line($0)) }
    }

    private static func line(_ node: Node) -> String {
        let role = node.receives ? "listener" : "dashboard"
        let lag = node.missing == 0 ? "up to date" : "\(node.missing) deliveries behind"
        let state = node.isConnected ? "connected" : "last heard of \(Int(node.silence)) s ago"
        return "\(node.id)  \(node.name)  \(role)  b2watch \(node.version)  \(state)  \(lag)  received \(node.received)"
    }
}
