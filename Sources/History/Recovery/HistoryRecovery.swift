import Foundation
import GRDB
import Notifications

/// Writes the readable part of a damaged history into a new one. The damaged files are only read, and not by SQLite.
public final class HistoryRecovery {
    /// The result of a recovery.
    public struct Report: Sendable, Hashable {
        /// Deliveries that are whole.
        public var deliveries = 0
        /// Deliveries of which the events or the verdict alone are left.
        public var parts = 0
        /// The number of deliveries of which nothing is left, as the numbers of the others show.
        public var lost = 0
        public var events = 0
        /// Queued, done and failed events of actions.
        public var entries = 0
        /// The number of pages of the file with unexpected contents.
        public var damagedPages = 0
        /// Whether the file's write-ahead log belongs to another history and was ignored.
        public var isLogForeign = false
    }

    /// Rows that are written in one transaction.
    private static let rowsOfTransaction = 20_000
    /// Tables that are counted again instead, or are SQLite's own.
    private static let derived: Set = [
        "tally", "entryCount", "eventKeyMark", "grdb_migrations", "sqlite_sequence", "sqlite_schema",
    ]
    /// Tables to which rows are added and never removed: an earlier version of their pages shows nothing that was deleted.
    private static let growing: Set = ["delivery", "event", "outcome"]
    /// Tables whose rows can be distinguished from those of others by their contents.
    private static let telling = growing.union(["action", "exchange", "entry", "keyring", "secret", "selfTest"])

    private let source: DamagedFile
    private let database: DatabaseQueue
    private let progress: (Double) -> Void
    private var tables: [RecoveryTable] = []
    private var report = Report()
    private var uncommitted = 0
    private var visited: Set<Int> = []

    /// Recovers a history.
    ///
    /// - Parameters:
    ///   - path: The damaged file. Its write-ahead log is in the same folder, if it exists.
    ///   - output: The file to create; it must not exist.
    ///   - progress: Receives the completed part, from 0 to 1.
    ///   - isInUse: Whether a b2watch may be recording into the file: then the newest rows may be missing.
    /// - Throws: `HistoryRecoveryError`, or `HistoryError` if the new history cannot be written.
    public static func run(
        _ path: String, to output: String, progress: @escaping (Double) -> Void = { _ in }, isInUse: Bool = false
    ) throws -> Report {
        do {
            if !isInUse { try History.checkUse(of: .file(path)) }
        } catch HistoryError.inUse(_, let holder), HistoryError.inUseByCommand(_, let holder) {
            throw HistoryRecoveryError.inUse(path: path, holder: holder)
        }
        let source = try DamagedFile(path)
        for suffix in ["", "-wal", "-shm", "-journal"] where FileManager.default.fileExists(atPath: output + suffix) {
            throw HistoryRecoveryError.exists(path: output + suffix)
        }
        let file = try HistoryFile(at: output)
        do {
            let report = try fill(file.path, from: source, path, progress)
            // Opens it like every other start: in WAL mode, checked, and with its own number.
            try History(.file(file.path), for: .command("b2watch recover")).close()
            unlink(file.path + ".lock")
            return report
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal", ".lock"] { unlink(file.path + suffix) }
            switch error {
            case let error as HistoryRecoveryError: throw error
            case let error as HistoryError: throw error
            default: throw HistoryError.unusable(path: output, reason: WriteFailure(error).description)
            }
        }
    }

    private static func fill(
        _ output: String, from source: DamagedFile, _ path: String, _ progress: @escaping (Double) -> Void
    ) throws -> Report {
        var configuration = Configuration()
        // References to lost rows are repaired at the end.
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // Whatever ends the process leaves no file that is worth anything.
            try db.execute(
                sql:
                    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -64000"
            )
            EventKeys.install(on: db)
        }
        let database = try DatabaseQueue(path: output, configuration: configuration)
        let recovery = HistoryRecovery(source: source, database: database, progress: progress)
        let report = try recovery.run(path)
        try database.close()
        // All of it reaches the disk before anybody trusts it.
        let descriptor = open(output, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
        return report
    }

    private init(source: DamagedFile, database: DatabaseQueue, progress: @escaping (Double) -> Void) {
        (self.source, self.database, self.progress) = (source, database, progress)
    }

    private func run(_ path: String) throws -> Report {
        let roots = self.roots()
        let migrations = try prepareSchema(roots, path)
        try database.writeWithoutTransaction { db in
            tables = try RecoveryTable.all(in: db).filter { !Self.derived.contains($0.name) }
            try db.beginTransaction()
            for table in tables { if let root = roots[table.name] { try copyTree(root, table, db) } }
            // Mark their pages as visited, so that they do not count as pages of unknown tables.
            for name in ["grdb_migrations", "sqlite_sequence"] { if let root = roots[name] { walk(root) { _ in } } }
            try copyStrayPages(db)
            try copyOtherFrames(db)
            try db.commit()
        }
        if report.deliveries + report.events == 0, source.header?.isOurs != true {
            throw HistoryRecoveryError.nothing(path: path)
        }
        try migrations.migrate(database)
        let sequences = sequences(roots)
        let (deliveries, events) = (report.deliveries, report.events)
        return try database.write { db in
            let (parts, last) = try HistoryRepair(db).run(sequences)
            var report = self.report
            report.deliveries = deliveries
            report.events = try Int.fetchOne(db, sql: "SELECT count(*) FROM event WHERE position IS NOT NULL") ?? events
            report.entries = try Int.fetchOne(db, sql: "SELECT count(*) FROM entry") ?? 0
            report.parts = parts
            let removed = try Int.fetchOne(db, sql: "SELECT removed FROM retention") ?? 0
            report.lost = max(0, Int(last) - deliveries - parts - removed)
            report.isLogForeign = source.isLogForeign
            return report
        }
    }

    // MARK: - The schema

    /// Returns the first page of each table, by its name, if the list of tables is readable.
    private func roots() -> [String: Int] {
        guard source.header?.isOurs == true else { return [:] }
        var roots: [String: Int] = ["sqlite_schema": 1]
        walk(1) { row in
            guard let row, row.values.count == 5, case .text(let type) = row.values[0],
                case .text(let name) = row.values[1], case .integer(let root) = row.values[3],
                type.elementsEqual("table".utf8), root > 1, root <= source.count
            else { return }
            roots[String(decoding: name, as: UTF8.self)] = Int(root)
        }
        return roots
    }

    /// Makes the tables as the version made them that wrote the damaged file last.
    ///
    /// - Returns: What brings them up to date.
    private func prepareSchema(_ roots: [String: Int], _ path: String) throws -> DatabaseMigrator {
        let migrator = Schema.migrator
        var applied: Set<String> = []
        if let root = roots["grdb_migrations"] {
            walk(root) { row in
                guard case .text(let name)? = row?.values.first else { return }
                applied.insert(String(decoding: name, as: UTF8.self))
            }
        }
        if let newer = applied.first(where: { !migrator.migrations.contains($0) }), !newer.isEmpty {
            throw HistoryRecoveryError.newer(path: path)
        }
        if let last = migrator.migrations.last(where: applied.contains) {
            try migrator.migrate(database, upTo: last)
        } else {
            try migrator.migrate(database)
        }
        return migrator
    }

    /// Returns the highest row numbers that were assigned, by table.
    private func sequences(_ roots: [String: Int]) -> [String: Int64] {
        var sequences: [String: Int64] = [:]
        guard let root = roots["sqlite_sequence"] else { return [:] }
        walk(root) { row in
            guard let row, row.values.count == 2, case .text(let name) = row.values[0],
                case .integer(let last) = row.values[1], last > 0, last < 1 << 48
            else { return }
            sequences[String(decoding: name, as: UTF8.self)] = last
        }
        return sequences
    }

    // MARK: - Rows

    /// Reads the rows of a tree from its readable pages.
    private func walk(_ root: Int, _ row: (StoredRow?) throws -> Void) rethrows {
        try pages(of: root) { try rows(of: $0, row) }
    }

    /// Reads the readable pages of a tree, so that only one is in memory at a time.
    private func pages(of root: Int, _ body: (TablePage) throws -> Void) rethrows {
        var waiting = [root]
        var seen: Set<Int> = []
        while let number = waiting.popLast() {
            // A damaged page may lead anywhere, also in circles.
            guard seen.insert(number).inserted, number >= 1, number <= source.count else { continue }
            guard let bytes = source.page(number),
                let page = TablePage(bytes, number: number, reserved: source.reserved)
            else {
                if visited.insert(number).inserted { report.damagedPages += 1 }
                continue
            }
            visited.insert(number)
            waiting += page.children.reversed()
            try body(page)
        }
    }

    private func rows(of page: TablePage, _ row: (StoredRow?) throws -> Void) rethrows {
        var rows: [StoredRow?] = []
        var used: [Int] = []
        page.rows(page: source.page, used: { used.append($0) }) { rows.append($0) }
        visited.formUnion(used)
        for found in rows { try row(found) }
    }

    private func copyTree(_ root: Int, _ table: RecoveryTable, _ db: Database) throws {
        var rows: [StoredRow] = []
        try pages(of: root) { page in
            if visited.count.isMultiple(of: 1_024) { progress(Double(visited.count) / Double(source.count)) }
            self.rows(of: page) { if let row = $0 { rows.append(row) } }
            // A damaged page may have led to another table's.
            for row in rows where table.fits(row) { try add(row, to: table, db) }
            rows.removeAll(keepingCapacity: true)
        }
    }

    /// Reads the pages that no tree has led to.
    private func copyStrayPages(_ db: Database) throws {
        let free = source.freePages
        let tables = tables.filter { Self.telling.contains($0.name) }
        for number in 1...max(1, source.count) where !visited.contains(number) && !free.contains(number) {
            if number.isMultiple(of: 1_024) { progress(Double(number) / Double(source.count)) }
            guard let bytes = source.page(number) else { continue }
            try copy(bytes, number, to: tables, db)
        }
    }

    /// Reads earlier versions of pages, and those after damage in the log.
    private func copyOtherFrames(_ db: Database) throws {
        let tables = tables.filter { Self.growing.contains($0.name) }
        for frame in source.otherFrames {
            guard let bytes = source.frameContent(frame) else { continue }
            try copy(bytes, 0, to: tables, db)
        }
    }

    private func copy(_ bytes: [UInt8], _ number: Int, to tables: [RecoveryTable], _ db: Database) throws {
        guard let page = TablePage(bytes, number: number, reserved: source.reserved), page.kind == .leaf else { return }
        var found: [StoredRow] = []
        rows(of: page) { if let row = $0 { found.append(row) } }
        for row in found {
            guard let table = tables.first(where: { $0.isLikely(row) }) else { continue }
            try add(row, to: table, db)
        }
    }

    private func add(_ row: StoredRow, to table: RecoveryTable, _ db: Database) throws {
        guard try table.insert(row, db) else { return }
        switch table.name {
        case "delivery": report.deliveries += 1
        case "event": report.events += 1
        default: break
        }
        uncommitted += 1
        guard uncommitted >= Self.rowsOfTransaction else { return }
        uncommitted = 0
        try db.commit()
        try db.beginTransaction()
    }
}

/// The reason why a history cannot be recovered. Each sentence gives the reason and a remedy.
public enum HistoryRecoveryError: Error, Sendable, Hashable {
    /// The file does not exist.
    case missing(path: String)
    /// A b2watch records into it.
    case inUse(path: String, holder: String)
    /// The file to create already exists.
    case exists(path: String)
    /// A later b2watch wrote it.
    case newer(path: String)
    /// Nothing in the file looks like a history.
    case nothing(path: String)
}

extension HistoryRecoveryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "\(path) cannot be opened, and there is no write-ahead log next to it"
        case .inUse(let path, let holder): "the history \(path) is in use by \(holder): stop that first"
        case .exists(let path): "\(path) is there already: give another file with --output, or move that one away"
        case .newer(let path): "the history \(path) was written by a newer b2watch: use that one"
        case .nothing(let path): "nothing in \(path) looks like a b2watch history: nothing was written"
        }
    }
}

// MARK: - Repair

/// Makes a complete history of recovered rows: each delivery has its outcome and its rows in the event list, and the
/// counts match the rows.
struct HistoryRepair {
    private let db: Database

    init(_ db: Database) {
        self.db = db
    }

    /// Repairs all rows.
    ///
    /// - Parameter sequences: The highest row numbers that were assigned, by table.
    /// - Returns: The number of deliveries made to replace those of which only parts remain, and the highest number of
    ///   a delivery.
    func run(_ sequences: [String: Int64]) throws -> (parts: Int, last: Int64) {
        try db.execute(sql: "CREATE INDEX eventByDelivery ON event(delivery)")
        let parts = try addLostDeliveries()
        try addMissingOutcomes()
        try addMissingEvents()
        try db.execute(sql: EventKeys.fill)
        let count = "(SELECT count(*) FROM event WHERE event.delivery = outcome.delivery)"
        try db.execute(sql: "UPDATE outcome SET rows = \(count) WHERE rows <> \(count); DROP INDEX eventByDelivery")
        try removeStrayEntries()
        try addLostSecrets()
        let notification = Share.notification.rawValue
        try db.execute(
            sql: """
                DELETE FROM tally;
                INSERT INTO tally
                    (verdict, secret, deliveries, rows, notifications, notificationBytes, others, otherBytes)
                    SELECT verdict, coalesce(secret, 0), count(*), sum(rows),
                        ifnull(sum(share = \(notification)), 0), ifnull(sum(size * (share = \(notification))), 0),
                        ifnull(sum(share > \(notification)), 0), ifnull(sum(size * (share > \(notification))), 0)
                    FROM outcome GROUP BY 1, 2;
                UPDATE retention SET others = 0, notifications = 0, valid = 0,
                    tombstones = (SELECT count(*) FROM tombstone);
                """)
        for tombstone in try Row.fetchAll(db, sql: "SELECT row, event FROM tombstone") {
            let hash = Array(tombstone[1] as Data)
            guard hash.count == Tombstones.length else { continue }
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO eventKey VALUES (?, ?)")
                .execute(arguments: [Tombstones.key(of: hash), tombstone[0] as Int64])
        }
        try setSequences(sequences)
        let last = try Int64.fetchOne(db, sql: "SELECT lastDelivery FROM retention") ?? 0
        return (parts, last)
    }

    /// Adds a delivery without a body for each lost one whose events or verdict remain.
    private func addLostDeliveries() throws -> Int {
        let lost = try Int64.fetchAll(
            db, sql: "SELECT delivery FROM event UNION SELECT delivery FROM outcome EXCEPT SELECT id FROM delivery")
        for id in lost {
            let outcome = try Row.fetchOne(
                db, sql: "SELECT receivedAt, rows, status FROM outcome WHERE delivery = ?", arguments: [id])
            let events = try Row.fetchAll(
                db, sql: "SELECT id, position FROM event WHERE delivery = ? ORDER BY id", arguments: [id])
            let before = try Row.fetchOne(
                db,
                sql: "SELECT receivedAt, firstRow + rowCount FROM delivery WHERE id < ? ORDER BY id DESC LIMIT 1",
                arguments: [id])
            let receivedAt: Int64 = outcome?[0] ?? before?[0] ?? 0
            let first: Int64 = events.first.map { $0[0] - ($0[1] as Int64? ?? 0) } ?? before?[1] ?? 1
            let last: Int64 = events.last?[0] ?? first
            let count = max(last - first + 1, events.isEmpty ? 1 : outcome?[1] ?? 1)
            let hasEvents = events.contains { ($0[1] as Int64?) != nil }
            // As received, with the facts that are known. Without headers and a body it is never verified again.
            try db.execute(
                sql: """
                    INSERT INTO delivery (id, receivedAt, remoteAddress, method, target, httpVersion, headers, body,
                        bodyLength, answer, eventCount, firstRow, rowCount)
                    VALUES (?, ?, 'unknown', 'POST', '/', 'HTTP/1.1', '[]', x'', 0, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, receivedAt, ((outcome?[2] as Int?).flatMap(Answer.init(status:)) ?? .accepted).text,
                    hasEvents ? count : 0, first, count,
                ])
            if outcome == nil { try addOutcome(id, receivedAt, .unjudged, Answer.accepted.status, rows: count) }
        }
        return lost.count
    }

    /// Gives each delivery whose outcome is lost one that is to be verified again.
    private func addMissingOutcomes() throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, receivedAt, answer, rowCount FROM delivery
                WHERE id NOT IN (SELECT delivery FROM outcome)
                """)
        var range: ClosedRange<Int64>?
        for row in rows {
            let text: String = row[2]
            let answer = Answer(text: text) ?? .accepted
            let isNotification = answer != .notFound && answer != .methodNotAllowed
            try addOutcome(row[0], row[1], isNotification ? .unverified : .unjudged, answer.status, rows: row[3])
            let id: Int64 = row[0]
            range = min(range?.lowerBound ?? id, id)...max(range?.upperBound ?? id, id)
        }
        guard let range else { return }
        // One range covers all of it, because ranges do not touch each other.
        let first = try Int64.fetchOne(db, sql: "SELECT min(first) FROM toJudge") ?? range.lowerBound
        let last = try Int64.fetchOne(db, sql: "SELECT max(last) FROM toJudge") ?? range.upperBound
        try db.execute(
            sql: "DELETE FROM toJudge; INSERT INTO toJudge (first, last) VALUES (?, ?)",
            arguments: [min(first, range.lowerBound), max(last, range.upperBound)])
    }

    private func addOutcome(
        _ delivery: Int64, _ receivedAt: Int64, _ verdict: SignatureVerdict, _ status: Int, rows: Int64
    ) throws {
        try db.execute(
            sql: "INSERT INTO outcome (delivery, receivedAt, verdict, status, rows) VALUES (?, ?, ?, ?, ?)",
            arguments: [delivery, receivedAt, verdict.rawValue, status, rows])
    }

    /// Reads the rows of the event list that are lost from the bodies again.
    private func addMissingEvents() throws {
        let deliveries = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM delivery WHERE rowCount <>
                    (SELECT count(*) FROM event WHERE event.id BETWEEN firstRow AND firstRow + rowCount - 1)
                """)
        for id in deliveries {
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT firstRow, rowCount, eventCount, body FROM delivery WHERE id = ?", arguments: [id])
            else { continue }
            let (first, count, eventCount): (Int64, Int64, Int) = (row[0], row[1], row[2])
            let events = eventCount == 0 ? [] : Payload(scanning: Array(row[3] as Data)).events
            if events.isEmpty {
                if eventCount == 0 { try add(NotificationEvent(), nil, first, id) }
                continue
            }
            for (position, event) in events.enumerated() where position < count {
                try add(event, position, first + Int64(position), id)
            }
        }
    }

    private func add(_ event: NotificationEvent, _ position: Int?, _ row: Int64, _ delivery: Int64) throws {
        let eventId = event.eventId.isEmpty ? FieldValue.absent : event.eventId
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO event (id, delivery, position, eventId, eventTimestamp, eventType, objectName,
                    objectSize, objectVersionId, bucketName, matchedRuleName)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                row, delivery, position, eventId.databaseValue, event.eventTimestamp.databaseValue,
                event.eventType.databaseValue, event.objectName.databaseValue, event.objectSize.databaseValue,
                event.objectVersionId.databaseValue, event.bucketName.databaseValue,
                event.matchedRuleName.databaseValue,
            ])
    }

    /// Keeps the number of a secret that verdicts name and that is lost: another one must not be given it.
    private func addLostSecrets() throws {
        try db.execute(
            sql: """
                INSERT INTO secret (id, label, binding, triedThrough)
                SELECT DISTINCT secret, 'lost', 'any', 0 FROM outcome
                WHERE secret IS NOT NULL AND secret NOT IN (SELECT id FROM secret)
                """)
    }

    /// Removes what refers to an action that is lost.
    private func removeStrayEntries() throws {
        try db.execute(sql: "DELETE FROM entry WHERE action NOT IN (SELECT id FROM action)")
    }

    /// Gives no number twice, and none that an action has gone past.
    private func setSequences(_ sequences: [String: Int64]) throws {
        for table in ["entry", "exchange", "action"] {
            let last = max(sequences[table] ?? 0, try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(table)") ?? 0)
            try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
            try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, last])
        }
        try db.execute(sql: Schema.noteLastIDs)
        // A history of an older version has a sequence of these as well.
        try db.execute(
            sql: """
                UPDATE retention SET lastDelivery = max(lastDelivery, ?),
                    lastRow = max(lastRow, ?, ifnull((SELECT max(cursor) FROM action), 0))
                """, arguments: [sequences["delivery"] ?? 0, sequences["event"] ?? 0])
    }
}
