public import Base
internal import Foundation
internal import GRDB
public import History
internal import Notifications

/// The state of a comparison of a bucket with the record, in a file of its own, so that a million versions need little
/// memory, and an interrupted comparison can continue.
public final class ReconcileStore: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    /// Opens the file of a comparison, or begins one.
    ///
    /// - Parameter request: The comparison to begin; nil to continue the one in the file.
    /// - Throws: `B2Problem` if there is nothing to continue, or the file cannot be used.
    public init(_ path: String, beginning request: ReconcileRequest?) throws(B2Problem) {
        self.path = path
        do {
            try PrivateFolder.make(PathParts(path).folder)
            if request != nil { Self.delete(path) }
            var configuration = Configuration()
            // The file can be made again, so no write waits for the disk.
            configuration.prepareDatabase { database in try database.execute(sql: "PRAGMA synchronous = OFF") }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            chmod(path, 0o600)
            try queue.write { database in
                try database.execute(sql: Self.tables)
                guard let request else { return }
                try database.execute(
                    sql: "INSERT INTO progress (one, request, calls, isDone) VALUES (1, ?, 0, 0)",
                    arguments: [try Self.encoded(request)])
            }
        } catch {
            throw Self.problem(path, error)
        }
    }

    private static let tables = """
        CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), request TEXT NOT NULL, mark TEXT,
            calls INTEGER NOT NULL, isDone INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS event (kind TEXT NOT NULL, id TEXT NOT NULL, receivedAt INTEGER NOT NULL,
            rank INTEGER NOT NULL, PRIMARY KEY (id, kind)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS other (kind TEXT NOT NULL, id TEXT NOT NULL, identity TEXT NOT NULL,
            PRIMARY KEY (id, kind, identity)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS removed (number INTEGER PRIMARY KEY, rank INTEGER NOT NULL, actions TEXT);
        CREATE TABLE IF NOT EXISTS count (outcome TEXT PRIMARY KEY, versions INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS missing (id TEXT PRIMARY KEY, name TEXT NOT NULL, action TEXT NOT NULL,
            size INTEGER NOT NULL, uploaded INTEGER NOT NULL, hasInvalid INTEGER NOT NULL, rule TEXT NOT NULL,
            isReconciled INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS missingByTime ON missing(uploaded);
        CREATE TABLE IF NOT EXISTS late (id TEXT PRIMARY KEY, name TEXT NOT NULL, action TEXT NOT NULL,
            size INTEGER NOT NULL, uploaded INTEGER NOT NULL, rule TEXT NOT NULL, delay INTEGER NOT NULL);
        """

    private static func encoded(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    private static func problem(_ path: String, _ error: any Error) -> B2Problem {
        (error as? B2Problem) ?? B2Problem(.other, "the file \(path) cannot be used: \(error.localizedDescription)")
    }

    private static func delete(_ path: String) {
        for ending in ["", "-journal", "-wal", "-shm"] { unlink(path + ending) }
    }

    private func use<Result>(_ body: (Database) throws -> Result) throws(B2Problem) -> Result {
        do {
            return try queue.write(body)
        } catch {
            throw Self.problem(path, error)
        }
    }

    /// Deletes the file: the comparison is over.
    public func delete() {
        try? queue.close()
        Self.delete(path)
    }

    // MARK: - Progress

    /// Returns the compared buckets and times.
    public func request() throws(B2Problem) -> ReconcileRequest {
        let text = try use { database in try String.fetchOne(database, sql: "SELECT request FROM progress") }
        guard let text, let request = try? JSONDecoder().decode(ReconcileRequest.self, from: Data(text.utf8)) else {
            throw B2Problem(.other, "there is no comparison to continue: leave out --resume")
        }
        return request
    }

    /// Returns the place where the listing continues; nil at the beginning and at the end.
    func mark() throws(B2Problem) -> ListingMark? {
        let text = try use { database in try String.fetchOne(database, sql: "SELECT mark FROM progress") }
        return text.flatMap { try? JSONDecoder().decode(ListingMark.self, from: Data($0.utf8)) }
    }

    /// Returns the number of class C calls, and whether the whole listing was read.
    public func progress() throws(B2Problem) -> (calls: Int, isDone: Bool) {
        let row = try use { database in try Row.fetchOne(database, sql: "SELECT calls, isDone FROM progress") }
        return (row?["calls"] ?? 0, row?["isDone"] ?? false)
    }

    // MARK: - Recorded events

    /// The best recorded event of a version, the worst first.
    private enum Rank: Int {
        /// An event that is not valid.
        case other
        case reconciled
        case valid
    }

    /// Adds recorded events. The first valid event of a version counts.
    ///
    /// - Parameter row: The last row up to which the record was read.
    public func add(_ events: [VersionEvent], through row: Int64) throws(B2Problem) {
        try use { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO event VALUES (?, ?, ?, ?) ON CONFLICT (id, kind) DO UPDATE SET
                        receivedAt = excluded.receivedAt, rank = excluded.rank WHERE rank < excluded.rank
                    """)
            let other = try database.cachedStatement(sql: "INSERT OR IGNORE INTO other VALUES (?, ?, ?)")
            for event in events {
                let rank: Rank =
                    switch event.verdict {
                    case .valid: .valid
                    case .reconciled: .reconciled
                    default: .other
                    }
                try statement.execute(arguments: [
                    event.kind.rawValue, event.version, event.receivedAt.milliseconds, rank.rawValue,
                ])
                guard rank == .other else { continue }
                try other.execute(arguments: [event.kind.rawValue, event.version, event.identity])
            }
            try database.execute(sql: "UPDATE progress SET seen = ?", arguments: [row])
        }
    }

    /// Adds the remembered events that were removed from the record.
    public func add(_ removed: [RemovedVersion]) throws(B2Problem) {
        try use { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO removed VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET
                        rank = max(rank, excluded.rank),
                        actions = nullif(ifnull(actions, '') || ifnull(excluded.actions, ''), '')
                    """)
            for version in removed {
                let rank: Rank = version.isValid ? .valid : version.isReconciled ? .reconciled : .other
                try statement.execute(arguments: [version.number, rank.rawValue, version.actions])
            }
        }
    }

    /// The last row of the record that was read.
    public func seen() throws(B2Problem) -> Int64 {
        try use { database in try Int64.fetchOne(database, sql: "SELECT seen FROM progress") } ?? 0
    }

    // MARK: - Versions

    /// Compares a page of versions with the events, and stores the results, all or none.
    func compare(_ page: ListingPage, _ scope: ReconcileScope) throws(B2Problem) {
        try use { database in
            let miss = try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO missing VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            let lag = try database.cachedStatement(sql: "INSERT OR IGNORE INTO late VALUES (?, ?, ?, ?, ?, ?, ?)")
            var counts: [ReconcileOutcome: Int] = [:]
            for version in page.versions {
                guard scope.includes(version), let kind = version.kind else { continue }
                let found = try Self.found(version, kind, database)
                let outcome: ReconcileOutcome
                switch found?.rank {
                case .valid:
                    let delay = found?.receivedAt.map { max(0, $0 - version.uploaded.milliseconds) } ?? 0
                    outcome = delay > scope.lateAfter ? .late : .matched
                    if outcome == .late {
                        try lag.execute(arguments: [
                            version.id, version.name, kind.rawValue, version.size, version.uploaded.milliseconds,
                            scope.rule(for: version), delay,
                        ])
                    }
                case .reconciled: outcome = .reconciled
                case .other, nil: outcome = scope.outcome(of: version)
                }
                if outcome == .missing || outcome == .reconciled {
                    try miss.execute(arguments: [
                        version.id, version.name, kind.rawValue, version.size, version.uploaded.milliseconds,
                        found != nil, scope.rule(for: version), outcome == .reconciled,
                    ])
                }
                counts[outcome, default: 0] += 1
            }
            try Self.count(counts, database)
            try database.execute(
                sql: "UPDATE progress SET mark = ?, calls = calls + ?, isDone = ?",
                arguments: [try page.next.map(Self.encoded), page.calls, page.next == nil])
        }
    }

    private static func count(_ counts: [ReconcileOutcome: Int], _ database: Database) throws {
        for (outcome, count) in counts {
            try database.execute(
                sql: """
                    INSERT INTO count VALUES (?, ?) ON CONFLICT (outcome) DO UPDATE SET
                        versions = versions + excluded.versions
                    """, arguments: [outcome.rawValue, count])
        }
    }

    /// Counts missing versions as late if their valid events were added in the meantime.
    public func settle() throws(B2Problem) {
        try use { database in
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO late
                        SELECT missing.id, name, action, size, uploaded, rule, max(0, receivedAt - uploaded)
                        FROM missing JOIN event ON event.id = missing.id AND event.kind = missing.action
                        WHERE rank = \(Rank.valid.rawValue)
                    """)
            let found = """
                FROM missing WHERE isReconciled = ? AND EXISTS (
                    SELECT 1 FROM event WHERE event.id = missing.id AND event.kind = missing.action
                        AND rank = \(Rank.valid.rawValue))
                """
            for (outcome, isReconciled) in [(ReconcileOutcome.missing, false), (.reconciled, true)] {
                try database.execute(sql: "DELETE \(found)", arguments: [isReconciled])
                try Self.count([outcome: -database.changesCount, .late: database.changesCount], database)
            }
        }
    }

    /// Returns what is recorded, or remembered, about a version; nil if nothing is.
    private static func found(
        _ version: FileVersion, _ kind: VersionKind, _ database: Database
    ) throws -> (rank: Rank, receivedAt: Int64?)? {
        let event = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT rank, receivedAt FROM event WHERE id = ? AND kind = ?"),
            arguments: [version.id, kind.rawValue])
        let known = event.flatMap { row in Rank(rawValue: row[0]).map { ($0, row[1] as Int64?) } }
        guard known?.0 != .valid else { return known }
        let removed = try Int.fetchOne(
            database.cachedStatement(sql: "SELECT rank FROM removed WHERE number = ?"),
            arguments: [RemovedVersion.number(kind, version.id)]
        ).flatMap(Rank.init(rawValue:))
        guard let removed, removed.rawValue >= known?.0.rawValue ?? 0 else { return known }
        return (removed, nil)
    }

    // MARK: - Results

    /// Returns the number of versions with each outcome.
    public func counts() throws(B2Problem) -> [ReconcileOutcome: Int] {
        let rows = try use { database in try Row.fetchAll(database, sql: "SELECT outcome, versions FROM count") }
        return rows.reduce(into: [:]) { counts, row in
            guard let outcome = ReconcileOutcome(rawValue: row["outcome"] ?? "") else { return }
            counts[outcome] = row["versions"]
        }
    }

    /// The shortest and the longest delay of a late event; nil if there are none.
    public func delays() throws(B2Problem) -> ClosedRange<Duration>? {
        let row = try use { database in try Row.fetchOne(database, sql: "SELECT min(delay), max(delay) FROM late") }
        guard let row, let shortest = row[0] as Int64?, let longest = row[1] as Int64? else { return nil }
        return .milliseconds(shortest) ... .milliseconds(longest)
    }

    /// Visits the versions with late events, the oldest first, with the delay of each.
    public func visitLate(_ visit: (Missing, Duration) throws -> Void) throws {
        try queue.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT action, id, name, size, uploaded, 0, rule, delay FROM late ORDER BY uploaded, id
                    """)
            while let row = try rows.next() { try visit(Self.missing(row), .milliseconds(row[7] as Int64? ?? 0)) }
        }
    }

    /// A version without a valid event, or with a late one.
    public struct Missing: Sendable {
        public var kind: VersionKind
        public var id: String
        public var name: String
        public var size: Int64
        public var uploaded: Timestamp
        /// Whether it has an event that is not valid.
        public var hasInvalid: Bool
        /// The name of a rule that covers it; empty if none is known.
        public var rule: String

        /// The listing's word for it: `upload` or `hide`.
        public var action: String { kind == .hidden ? "hide" : "upload" }
    }

    private static let columns = "action, id, name, size, uploaded, hasInvalid, rule"

    private static func missing(_ row: Row) -> Missing {
        Missing(
            kind: VersionKind(rawValue: row[0] ?? "") ?? .created, id: row[1] ?? "", name: row[2] ?? "",
            size: row[3] ?? 0, uploaded: Timestamp(milliseconds: row[4] ?? 0), hasInvalid: row[5] ?? false,
            rule: row[6] ?? "")
    }

    /// Visits the missing versions, the oldest first.
    public func visitMissing(_ visit: (Missing) throws -> Void) throws {
        try queue.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT \(Self.columns) FROM missing WHERE NOT isReconciled ORDER BY uploaded, id")
            while let row = try rows.next() { try visit(Self.missing(row)) }
        }
    }

    /// A version for which an action may run.
    public struct Candidate: Sendable {
        public var version: Missing
        /// The identities of its events that are not valid.
        public var others: [String]
        /// Whether the action has run for an event of it that was removed.
        public var isDone: Bool
    }

    /// Returns the next versions without a valid event, including those for which an action has run.
    ///
    /// - Parameters:
    ///   - last: The last version returned before.
    ///   - action: The id of the action; nil for an action that has never run.
    public func candidates(
        after last: Candidate?, limit: Int, for action: Int64?
    ) throws(B2Problem) -> [Candidate] {
        try use { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.columns) FROM missing WHERE (uploaded, id) > (?, ?) ORDER BY uploaded, id LIMIT ?
                    """, arguments: [last?.version.uploaded.milliseconds ?? .min, last?.version.id ?? "", limit])
            let others = try database.cachedStatement(sql: "SELECT identity FROM other WHERE id = ? AND kind = ?")
            let actions = try database.cachedStatement(sql: "SELECT actions FROM removed WHERE number = ?")
            return try rows.map { row in
                let version = Self.missing(row)
                let done = try String?.fetchOne(
                    actions, arguments: [RemovedVersion.number(version.kind, version.id)])
                return Candidate(
                    version: version,
                    others: try String.fetchAll(others, arguments: [version.id, version.kind.rawValue]),
                    isDone: action.map { (done ?? "")?.contains(",\($0),") ?? false } ?? false)
            }
        }
    }
}
