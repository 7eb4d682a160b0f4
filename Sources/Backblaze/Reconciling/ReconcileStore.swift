internal import Foundation
internal import GRDB
public import Notifications

/// What a comparison of a bucket with the record has found so far, in a file of its own: so that a million versions need
/// little memory, and a comparison that was interrupted goes on where it was.
public final class ReconcileStore: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    /// Opens the file of a comparison, or begins one.
    ///
    /// - Parameter request: What is compared; nil goes on with what the file has.
    /// - Throws: `B2Problem` where there is nothing to go on with, or the file cannot be used.
    public init(_ path: String, beginning request: ReconcileRequest?) throws(B2Problem) {
        self.path = path
        do {
            let folder = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if request != nil { Self.delete(path) }
            var configuration = Configuration()
            // It can be made again: no write waits for the disk.
            configuration.prepareDatabase { database in try database.execute(sql: "PRAGMA synchronous = OFF") }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            chmod(path, 0o600)
            try queue.write { database in
                try database.execute(sql: Self.tables)
                guard let request else { return }
                try database.execute(
                    sql: "INSERT INTO progress VALUES (1, ?, NULL, 0, 0)", arguments: [try Self.encoded(request)])
            }
        } catch {
            throw Self.problem(path, error)
        }
    }

    private static let tables = """
        CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), request TEXT NOT NULL, mark TEXT,
            calls INTEGER NOT NULL, isDone INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, receivedAt INTEGER NOT NULL, isValid INTEGER NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS count (outcome TEXT PRIMARY KEY, versions INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS missing (id TEXT PRIMARY KEY, name TEXT NOT NULL, action TEXT NOT NULL,
            size INTEGER NOT NULL, uploaded INTEGER NOT NULL, hasInvalid INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS missingByTime ON missing(uploaded);
        CREATE TABLE IF NOT EXISTS late (id TEXT PRIMARY KEY, delay INTEGER NOT NULL);
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

    /// What is compared.
    public func request() throws(B2Problem) -> ReconcileRequest {
        let text = try use { database in try String.fetchOne(database, sql: "SELECT request FROM progress") }
        guard let text, let request = try? JSONDecoder().decode(ReconcileRequest.self, from: Data(text.utf8)) else {
            throw B2Problem(.other, "there is no comparison to go on with: leave out --resume")
        }
        return request
    }

    /// Where the listing goes on; nil at the beginning and at the end.
    func mark() throws(B2Problem) -> ListingMark? {
        let text = try use { database in try String.fetchOne(database, sql: "SELECT mark FROM progress") }
        return text.flatMap { try? JSONDecoder().decode(ListingMark.self, from: Data($0.utf8)) }
    }

    /// How many class C calls were made, and whether the listing was read to its end.
    public func progress() throws(B2Problem) -> (calls: Int, isDone: Bool) {
        let row = try use { database in try Row.fetchOne(database, sql: "SELECT calls, isDone FROM progress") }
        return (row?["calls"] ?? 0, row?["isDone"] ?? false)
    }

    // MARK: - Recorded events

    /// A recorded event, as far as it matters here.
    public struct Event: Sendable {
        public var version: String
        public var receivedAt: Timestamp
        public var isValid: Bool

        public init(version: String, receivedAt: Timestamp, isValid: Bool) {
            self.version = version
            self.receivedAt = receivedAt
            self.isValid = isValid
        }
    }

    /// Keeps recorded events; of one version the first valid one counts.
    public func add(_ events: [Event]) throws(B2Problem) {
        try use { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO event VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET receivedAt = excluded.receivedAt,
                        isValid = 1 WHERE NOT isValid AND excluded.isValid
                    """)
            for event in events {
                try statement.execute(arguments: [event.version, event.receivedAt.milliseconds, event.isValid])
            }
        }
    }

    // MARK: - Versions

    /// Compares a page of versions with the events, and keeps what was found, all or nothing.
    func compare(_ page: ListingPage, _ scope: ReconcileScope) throws(B2Problem) {
        try use { database in
            let find = try database.cachedStatement(sql: "SELECT receivedAt, isValid FROM event WHERE id = ?")
            let miss = try database.cachedStatement(sql: "INSERT OR IGNORE INTO missing VALUES (?, ?, ?, ?, ?, ?)")
            let lag = try database.cachedStatement(sql: "INSERT OR IGNORE INTO late VALUES (?, ?)")
            var counts: [ReconcileOutcome: Int] = [:]
            for version in page.versions {
                guard var outcome = scope.outcome(of: version) else { continue }
                if outcome == .missing {
                    let event = try Row.fetchOne(find, arguments: [version.id])
                    if let event, event["isValid"] == true {
                        let received: Int64 = event["receivedAt"] ?? 0
                        let delay = max(0, received - version.uploaded.milliseconds)
                        outcome = delay > scope.lateAfter ? .late : .matched
                        if outcome == .late { try lag.execute(arguments: [version.id, delay]) }
                    } else if scope.isUnsure(version) {
                        outcome = .unsureType
                    } else {
                        try miss.execute(arguments: [
                            version.id, version.name, version.action == .hide ? "hide" : "upload", version.size,
                            version.uploaded.milliseconds, event != nil,
                        ])
                    }
                }
                counts[outcome, default: 0] += 1
            }
            for (outcome, count) in counts {
                try database.execute(
                    sql: """
                        INSERT INTO count VALUES (?, ?) ON CONFLICT (outcome) DO UPDATE SET
                            versions = versions + excluded.versions
                        """, arguments: [outcome.rawValue, count])
            }
            try database.execute(
                sql: "UPDATE progress SET mark = ?, calls = calls + ?, isDone = ?",
                arguments: [try page.next.map(Self.encoded), page.calls, page.next == nil])
        }
    }

    /// Counts versions as matched that were found to be missing: their events were received, and removed from the
    /// record since then.
    public func match(_ versions: some Sequence<String>) throws(B2Problem) {
        try use { database in
            for version in versions {
                try database.cachedStatement(sql: "DELETE FROM missing WHERE id = ?").execute(arguments: [version])
                guard database.changesCount > 0 else { continue }
                for (outcome, change) in [(ReconcileOutcome.missing, -1), (.matched, 1)] {
                    try database.execute(
                        sql: """
                            INSERT INTO count VALUES (?, ?) ON CONFLICT (outcome) DO UPDATE SET
                                versions = versions + excluded.versions
                            """, arguments: [outcome.rawValue, change])
                }
            }
        }
    }

    // MARK: - Results

    /// How many versions had each outcome.
    public func counts() throws(B2Problem) -> [ReconcileOutcome: Int] {
        let rows = try use { database in try Row.fetchAll(database, sql: "SELECT outcome, versions FROM count") }
        return rows.reduce(into: [:]) { counts, row in
            guard let outcome = ReconcileOutcome(rawValue: row["outcome"] ?? "") else { return }
            counts[outcome] = row["versions"]
        }
    }

    /// The longest that a late event took; nil where none was late.
    public func longestDelay() throws(B2Problem) -> Duration? {
        let delay = try use { database in try Int64.fetchOne(database, sql: "SELECT max(delay) FROM late") }
        return delay.map { .milliseconds($0) }
    }

    /// A version without a valid event.
    public struct Missing: Sendable {
        public var id: String
        public var name: String
        /// `upload` or `hide`.
        public var action: String
        public var size: Int64
        public var uploaded: Timestamp
        /// Whether there is an event of it that is not valid.
        public var hasInvalid: Bool
    }

    /// Visits what is missing, the oldest first.
    public func visitMissing(_ visit: (Missing) throws -> Void) throws {
        try queue.read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, name, action, size, uploaded, hasInvalid FROM missing ORDER BY uploaded, id")
            while let row = try rows.next() {
                try visit(
                    Missing(
                        id: row["id"] ?? "", name: row["name"] ?? "", action: row["action"] ?? "",
                        size: row["size"] ?? 0,
                        uploaded: Timestamp(milliseconds: row["uploaded"] ?? 0), hasInvalid: row["hasInvalid"] ?? false)
                )
            }
        }
    }
}
