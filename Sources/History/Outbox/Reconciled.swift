public import Base
import GRDB
public import Notifications
import Synchronization

/// The kind of change that made a version, as far as a listing shows it.
public enum VersionKind: String, Codable, Sendable, Hashable, CaseIterable {
    /// An upload, a copy or a replica.
    case created
    /// A hide marker.
    case hidden

    /// The beginning of the types of its events.
    public var typePrefix: String {
        switch self {
        case .created: "b2:ObjectCreated:"
        case .hidden: "b2:HideMarkerCreated:"
        }
    }
}

/// A version that a bucket has and of which no valid event is recorded.
public struct ReconciledVersion: Codable, Sendable, Hashable {
    public var kind: VersionKind
    /// The version's id.
    public var id: String
    /// The object's name.
    public var name: String
    /// In bytes.
    public var size: Int64
    /// In milliseconds since 1970.
    public var uploaded: Int64
    public var accountID: String
    public var bucketID: String
    public var bucket: String
    /// The name of the rule that should have sent a notification; empty if it is unknown.
    public var rule: String
    /// The identities of recorded events of it, none of which is valid: an action may have run for one.
    public var others: [String]

    public init(
        kind: VersionKind, id: String, name: String, size: Int64, uploaded: Timestamp, accountID: String,
        bucketID: String, bucket: String, rule: String = "", others: [String] = []
    ) {
        self.kind = kind
        self.id = id
        self.name = name
        self.size = size
        self.uploaded = uploaded.milliseconds
        self.accountID = accountID
        self.bucketID = bucketID
        self.bucket = bucket
        self.rule = rule
        self.others = others
    }

    /// The last part of the type of its event: a listing does not show how a version was created.
    static let type = "Reconciled"

    /// The id of its event: the same each time, so that it is recorded and queued once.
    var eventID: String { ReconciledIdentity.eventId(kind, id) }

    /// Returns its event as it is recorded: a delivery that b2watch has made up.
    func judged(at now: Timestamp) -> JudgedDelivery {
        var json = JSONWriter()
        json.syntax("{\"events\":[{")
        for (name, value) in [
            ("\"accountId\":" as StaticString, accountID), (",\"bucketId\":", bucketID), (",\"bucketName\":", bucket),
            (",\"eventId\":", eventID), (",\"eventType\":", kind.typePrefix + Self.type),
            (",\"matchedRuleName\":", rule), (",\"objectName\":", name), (",\"objectVersionId\":", id),
        ] {
            json.syntax(name)
            json.string(value)
        }
        json.syntax(",\"eventTimestamp\":")
        json.integer(uploaded)
        json.syntax(",\"eventVersion\":1,\"objectSize\":")
        json.integer(size)
        json.syntax("}]}")
        let delivery = Delivery(
            receivedAt: now, remoteAddress: "127.0.0.1", method: "RECONCILE", target: "/",
            headers: [
                HeaderField("User-Agent", "b2watch"), HeaderField("Content-Type", "application/json; charset=UTF-8"),
                HeaderField("X-B2watch", SignatureVerdict.reconciled.word),
            ], body: json.bytes)
        return JudgedDelivery(
            delivery: delivery, judgement: Judgement(.reconciled), answer: .accepted,
            events: Payload(scanning: json.bytes).events, generation: nil)
    }
}

// MARK: - Identity

/// The identity that all events of a version have in common: its id and its kind. A reconciled event has it as its
/// `eventId`, so that a notification that arrives later is known to be of the same version, and the other way round.
enum ReconciledIdentity {
    static func eventId(_ kind: VersionKind, _ version: String) -> String { "reconciled:\(kind.rawValue):\(version)" }

    /// Whether any reconciled event was ever recorded: without one, no row is looked up.
    private static let isAny = """
        EXISTS (SELECT 1 FROM tally AS reconciled WHERE reconciled.verdict = \(SignatureVerdict.reconciled.rawValue))
        """

    /// Returns the `eventId` that a reconciled event of the same version as a row of `event` has; NULL for a row that is
    /// not of the creation of a version.
    static func eventId(_ event: String = "event") -> String {
        let cases = VersionKind.allCases.map { kind in
            """
            WHEN substr(\(event).eventType, 1, \(kind.typePrefix.utf8.count)) = '\(kind.typePrefix)'
                THEN '\(eventId(kind, ""))' || \(event).objectVersionId
            """
        }
        return """
            CASE WHEN typeof(\(event).objectVersionId) <> 'text' OR typeof(\(event).eventType) <> 'text' THEN NULL
                \(cases.joined(separator: "\n    ")) END
            """
    }

    /// Returns the identity in the outbox that a reconciled event of the same version has; NULL if no reconciled event was recorded.
    static func sql() -> String { "CASE WHEN \(isAny) THEN 'e' || (\(eventId())) END" }

    /// Returns the id of the entry of an action for a row of `event`: its own, or that of a reconciled event of the same
    /// version; NULL without one.
    static func entry(action: String) -> String {
        let find = "SELECT id FROM entry AS found WHERE found.action = \(action) AND found.identity ="
        return "coalesce((\(find) \(EventIdentity.sql())), (\(find) \(sql())))"
    }

    /// Returns a condition on a row of `event`: that an action does not run for it, because it is queued or has run for a
    /// reconciled event of the same version, even if that was removed.
    static func forbid(action: String) -> String {
        let entry = """
            EXISTS (SELECT 1 FROM entry AS found WHERE found.action = \(action) AND found.identity = 'e' || (\(eventId())))
            """
        // No trust is as high: only what the action has run for counts.
        let removed = Tombstones.exists("(\(eventId()))", before: "event.id", trust: "99", action: action)
        return "(\(isAny) AND (\(eventId())) IS NOT NULL AND (\(entry) OR \(removed)))"
    }
}

// MARK: - Reading

/// A recorded event of the creation of a version.
public struct VersionEvent: Sendable, Hashable {
    public var kind: VersionKind
    public var version: String
    public var receivedAt: Timestamp
    public var verdict: SignatureVerdict
    /// Its identity in the outbox.
    public var identity: String

    public init(
        kind: VersionKind, version: String, receivedAt: Timestamp, verdict: SignatureVerdict, identity: String
    ) {
        self.kind = kind
        self.version = version
        self.receivedAt = receivedAt
        self.verdict = verdict
        self.identity = identity
    }
}

/// The creations of versions in a stretch of the events.
public struct VersionStretch: Sendable {
    public var events: [VersionEvent]
    /// Every row up to this id was read.
    public var through: Int64
}

/// A removed event of the creation of a version, as far as it is remembered.
public struct RemovedVersion: Sendable, Hashable {
    /// 64 bits of a hash of the version's kind and id: `RemovedVersion.number(_:_:)`.
    public var number: Int64
    /// Whether it was valid.
    public var isValid: Bool
    /// Whether it was reconciled.
    public var isReconciled: Bool
    /// The ids of the actions that have run for it, such as `,1,4,`.
    public var actions: String?

    public init(number: Int64, isValid: Bool, isReconciled: Bool, actions: String?) {
        self.number = number
        self.isValid = isValid
        self.isReconciled = isReconciled
        self.actions = actions
    }

    /// Returns the number by which a version is remembered.
    public static func number(_ kind: VersionKind, _ version: String) -> Int64 {
        Tombstones.number(of: ReconciledIdentity.eventId(kind, version))
    }
}

extension HistoryReader {
    /// The rows that one call reads at most.
    private static let versionRows: Int64 = 20_000

    /// Returns the events of a bucket that the next rows have of the creation of versions.
    ///
    /// - Parameter since: Only those received from then on.
    public func versionEvents(
        of bucket: String, since: Timestamp, after id: Int64, through last: Int64
    ) throws -> VersionStretch {
        guard id < last else { return VersionStretch(events: [], through: max(id, last)) }
        return try read { db in try Self.versionEvents(of: bucket, since: since, after: id, through: last, db) }
    }

    fileprivate static func versionEvents(
        of bucket: String, since: Timestamp, after id: Int64, through last: Int64, _ db: Database
    ) throws -> VersionStretch {
        let end = min(last, id + versionRows)
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(ReconciledIdentity.eventId()), event.objectVersionId, outcome.receivedAt,
                    \(SecretTable.verdict()), \(EventIdentity.sql())
                FROM event CROSS JOIN outcome ON outcome.delivery = event.delivery
                WHERE event.id > ? AND event.id <= ? AND event.position IS NOT NULL AND event.bucketName = ?
                    AND outcome.receivedAt >= ? ORDER BY event.id
                """)
        var events: [VersionEvent] = []
        try statement.forEachRow([id, end, bucket, since.milliseconds]) { row in
            guard let common = row.textOrNil(0), let version = row.textOrNil(1),
                let kind = VersionKind.allCases.first(where: { common == ReconciledIdentity.eventId($0, version) })
            else { return true }
            events.append(
                VersionEvent(
                    kind: kind, version: version, receivedAt: Timestamp(milliseconds: try row.integer(2)),
                    verdict: SignatureVerdict(rawValue: Int(try row.integer(3))) ?? .unjudged,
                    identity: try row.text(4)))
            return true
        }
        return VersionStretch(events: events, through: end)
    }

    /// Visits what is remembered of the versions of removed events, some thousand at a time.
    public func removedVersions(_ visit: ([RemovedVersion]) throws -> Void) throws {
        var last: Int64? = 0
        while let row = last {
            let (versions, end) = try read { db in
                var found: [RemovedVersion] = []
                var end: Int64?
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT row, version, trust, event, actions FROM tombstone
                        WHERE row > ? AND version IS NOT NULL ORDER BY row LIMIT 5000
                        """)
                try statement.forEachRow([row]) { row in
                    end = try row.integer(0)
                    let number = try row.integer(1)
                    let hash = Array(try row.lent(3))
                    found.append(
                        RemovedVersion(
                            number: number, isValid: try row.integer(2) >= SignatureVerdict.valid.trust,
                            isReconciled: hash.count >= 8 && Tombstones.key(of: hash) == number,
                            actions: row.textOrNil(4)))
                    return true
                }
                return (found, end)
            }
            try visit(versions)
            last = end
        }
    }

    /// Returns when the first event that names a rule was received, among those that are still there; nil without one.
    public func firstEvent(ofRule rule: String, bucket: String) throws -> Timestamp? {
        try event(ofRule: rule, bucket: bucket, "ASC")
    }

    /// Returns when the last event that names a rule was received; nil without one.
    public func lastEvent(ofRule rule: String, bucket: String) throws -> Timestamp? {
        try event(ofRule: rule, bucket: bucket, "DESC")
    }

    private func event(ofRule rule: String, bucket: String, _ order: String) throws -> Timestamp? {
        try read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT outcome.receivedAt FROM event CROSS JOIN outcome ON outcome.delivery = event.delivery
                    WHERE event.matchedRuleName = ? AND event.bucketName = ? AND outcome.verdict IN (?, ?)
                    ORDER BY event.id \(order) LIMIT 1
                    """,
                arguments: [
                    rule, bucket, SignatureVerdict.valid.rawValue, SignatureVerdict.unsigned.rawValue,
                ])
        }.map(Timestamp.init(milliseconds:))
    }
}

extension HistoryReader {
    /// Returns how many notifications that were received in each of some periods were not answered with 200, and with what
    /// most of them were answered.
    ///
    /// - Parameter periods: In the order of time; they do not overlap.
    public func refusals(in periods: [ClosedRange<Timestamp>]) throws -> [(count: Int, status: Int)] {
        var counts = Array(repeating: [Int: Int](), count: periods.count)
        guard let first = periods.first?.lowerBound, let last = periods.last?.upperBound else { return [] }
        let refused = try read { db in
            var refused: [(Int64, Int)] = []
            let statement = try db.cachedStatement(
                sql: """
                    SELECT receivedAt, status FROM outcome
                    WHERE status <> 200 AND receivedAt BETWEEN ? AND ? AND share = \(Share.notification.rawValue)
                    ORDER BY delivery DESC LIMIT 100000
                    """)
            try statement.forEachRow([first.milliseconds, last.milliseconds]) { row in
                refused.append((try row.integer(0), Int(try row.integer(1))))
                return true
            }
            return refused
        }
        for (time, status) in refused {
            let time = Timestamp(milliseconds: time)
            var (low, high) = (0, periods.count)
            while low < high {
                let middle = (low + high) / 2
                if periods[middle].upperBound < time { low = middle + 1 } else { high = middle }
            }
            guard low < periods.count, periods[low].contains(time) else { continue }
            counts[low][status, default: 0] += 1
        }
        return counts.map { statuses in
            (statuses.values.reduce(0, +), statuses.max { $0.value < $1.value }?.key ?? 0)
        }
    }

    /// Returns the id of the newest row; 0 without rows.
    public func latestRow() throws -> Int64 {
        try read { db in try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0 }
    }

    /// Returns the id of an action, which is or was declared; nil without one of this name.
    public func actionID(_ name: String) throws -> Int64? {
        try read { db in try Int64.fetchOne(db, sql: "SELECT id FROM action WHERE name = ?", arguments: [name]) }
    }
}

// MARK: - Queueing

extension History {
    /// Records an event for each of these versions, unless there is one already, and queues them for an action, whatever
    /// its filter; `Outbox.most` of them at most. Blocks.
    ///
    /// An event is not queued if the action has run or is queued for another event of the same version, or if a valid
    /// event of it has arrived in the meantime.
    ///
    /// - Parameters:
    ///   - seen: The events of the versions are known up to this row: see `ReconciledVersion.others`.
    /// - Throws: SQLite's error, or a `WriteFailure`.
    public func reconcile(
        _ versions: [ReconciledVersion], for action: Int64, seen: Int64, at now: Timestamp
    ) throws -> Outbox.Addition {
        var addition = Outbox.Addition()
        // What has arrived since the comparison is read outside of the transaction as far as possible.
        var news = News(versions)
        try news.read(after: seen, through: current.latestRow, reader)
        let wanted = versions.filter { !news.hasArrived($0) }
        addition.there += versions.count - wanted.count
        let rows = try record(wanted, for: action, at: now)
        let (known, wantedRows) = (news, zip(wanted, rows).map { ($0, $1) })
        addition += try outbox.change(isDurable: true) { db in
            var news = known
            try news.read(db)
            var addition = Outbox.Addition()
            for (version, row) in wantedRows {
                guard let row, try !news.hasArrived(version) && !news.hasActed(action, version, db) else {
                    addition.there += 1
                    continue
                }
                switch try OutboxEntries.find(action, row: row, db) {
                case .unfit: addition.unfit += 1
                case .there(let id):
                    if try OutboxEntries.retry(id, at: now, db) { addition.again += 1 } else { addition.there += 1 }
                case .missing:
                    let isAdded = try OutboxEntries.add(action, row: row, isAsked: true, at: now, db)
                    if isAdded { addition.added += 1 } else { addition.there += 1 }
                }
            }
            return (addition, addition.added + addition.again > 0)
        }
        return addition
    }

    /// Records the events of versions that have none.
    ///
    /// - Returns: The row of each; nil for one whose event was removed after the action had run for it.
    private func record(
        _ versions: [ReconciledVersion], for action: Int64, at now: Timestamp
    ) throws -> [Int64?] {
        let known = try reader.read { db in try versions.map { try Self.row($0, action, db) } }
        let missing = zip(versions, known).filter { $1 == .missing }.map { $0.0 }
        let recorded = Monitor<(count: Int, failed: Int)>((0, 0))
        for version in missing {
            let isQueued = record(version.judged(at: now)) { id in
                recorded.change { state in
                    state.count += 1
                    if id == nil { state.failed += 1 }
                }
            }
            if !isQueued { recorded.change { $0 = ($0.count + 1, $0.failed + 1) } }
        }
        let failed = recorded.wait { $0.count == missing.count ? $0.failed : nil }
        guard failed == 0 else {
            throw WriteFailure.store("\(failed) of \(missing.count) reconciled events could not be recorded now")
        }
        return try reader.read { db in
            try versions.map { version in
                if case .there(let row) = try Self.row(version, action, db) { row } else { nil }
            }
        }
    }

    private enum FoundRow: Equatable {
        case there(Int64)
        case missing
        /// Removed, after the action had run for it.
        case done
    }

    /// Finds the row of the event that was made for a version.
    private static func row(_ version: ReconciledVersion, _ action: Int64, _ db: Database) throws -> FoundRow {
        let sql = """
            SELECT id FROM (\(EventKeys.rows("?1", from: "0", to: "9223372036854775807", limit: 8))) AS found
            WHERE (SELECT verdict FROM outcome WHERE outcome.delivery = found.delivery)
                = \(SignatureVerdict.reconciled.rawValue)
            LIMIT 1
            """
        if let row = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: [version.eventID]) {
            return .there(row)
        }
        return try Tombstones.hasActed(action, version.eventID, db) ? .done : .missing
    }
}

// MARK: - Queueing rows by hand

extension History {
    /// Queues rows for an action, whatever its cursor and its filter; `Outbox.most` of them at most. Their existing entries
    /// are queued again if they can be retried. Blocks.
    ///
    /// A reconciled event is not queued if the action has run or is queued for another event of the same version.
    public func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Outbox.Addition {
        var others = try reader.read { db in try OtherEvents(of: rows, db) }
        guard !others.isEmpty else { return try outbox.add(action, rows: rows, at: time) }
        // Most is read outside of the transaction, because deliveries wait for it.
        let latest = current.latestRow
        while others.through < latest { try reader.read { db in try others.read(through: latest, db) } }
        return try outbox.add(action, rows: rows, at: time) { [others] db in
            var others = others
            let latest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
            while others.through < latest { try others.read(through: latest, db) }
            return try others.done(action, db)
        }
    }
}

/// The other events of the versions of some reconciled events, found by reading all events once: no index leads to them.
private struct OtherEvents: Sendable {
    /// The rows that one step reads.
    private static let step: Int64 = 100_000

    /// The reconciled rows, by the identity that they have in common with the other events.
    private var rows: [String: Int64] = [:]
    /// The ids of the versions, as a JSON array.
    private let versions: String
    /// The identities of the other events, by the row.
    private var identities: [Int64: [String]] = [:]
    /// Every row up to this one was read.
    private(set) var through: Int64 = 0

    /// Finds the reconciled events among rows.
    init(of rows: [Int64], _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT event.eventId, event.objectVersionId FROM event
                JOIN outcome ON outcome.delivery = event.delivery
                WHERE event.id = ? AND outcome.verdict = \(SignatureVerdict.reconciled.rawValue)
                    AND typeof(event.eventId) = 'text' AND typeof(event.objectVersionId) = 'text'
                """)
        var json = JSONWriter()
        json.syntax("[")
        for row in rows {
            guard let found = try Row.fetchOne(statement, arguments: [row]) else { continue }
            if !self.rows.isEmpty { json.syntax(",") }
            self.rows[found[0]] = row
            json.string(found[1] as String)
        }
        json.syntax("]")
        versions = String(decoding: json.bytes, as: UTF8.self)
    }

    var isEmpty: Bool { rows.isEmpty }

    /// Reads the next rows, up to one.
    mutating func read(through last: Int64, _ db: Database) throws {
        let end = min(last, through + Self.step)
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(ReconciledIdentity.eventId()), \(EventIdentity.sql()) FROM event
                WHERE id > ? AND id <= ? AND position IS NOT NULL
                    AND objectVersionId IN (SELECT value FROM json_each(?))
                """)
        try statement.forEachRow([through, end, versions]) { found in
            guard let common = found.textOrNil(0), let row = rows[common] else { return true }
            let identity = try found.text(1)
            if identity != "e" + common { identities[row, default: []].append(identity) }
            return true
        }
        through = end
    }

    /// Returns the rows for whose version an action has run or is queued.
    func done(_ action: Int64, _ db: Database) throws -> Set<Int64> {
        Set(try identities.filter { try Self.hasActed(action, $0.value, db) }.keys)
    }

    /// Returns whether an action has run or is queued for an event with one of these identities.
    static func hasActed(_ action: Int64, _ identities: [String], _ db: Database) throws -> Bool {
        let entry = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM entry WHERE identity = ? AND action = ?)")
        return try identities.contains { identity in
            if try Bool.fetchOne(entry, arguments: [identity, action]) ?? false { return true }
            return identity.hasPrefix("e") ? try Tombstones.hasActed(action, String(identity.dropFirst()), db) : false
        }
    }
}

/// The events of versions that have arrived since these were compared with the record.
private struct News: Sendable {
    private let bucket: String
    /// The identities of other events of each version, by the version's common identity.
    private var others: [String: [String]] = [:]
    private var arrived: Set<String> = []
    private var through: Int64 = 0

    init(_ versions: [ReconciledVersion]) {
        bucket = versions.first?.bucket ?? ""
        for version in versions { others[version.eventID] = version.others }
    }

    /// Reads the rows after one and up to another.
    mutating func read(after row: Int64, through last: Int64, _ reader: HistoryReader) throws {
        through = row
        while through < last {
            add(
                try reader.versionEvents(
                    of: bucket, since: Timestamp(milliseconds: .min), after: through, through: last))
        }
    }

    /// Reads the rows that have arrived since then, inside a transaction.
    mutating func read(_ db: Database) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
        while through < last {
            add(
                try HistoryReader.versionEvents(
                    of: bucket, since: Timestamp(milliseconds: .min), after: through, through: last, db))
        }
    }

    private mutating func add(_ stretch: VersionStretch) {
        through = stretch.through
        for event in stretch.events where event.verdict != .reconciled {
            let key = ReconciledIdentity.eventId(event.kind, event.version)
            guard others[key] != nil else { continue }
            if event.verdict == .valid { arrived.insert(key) }
            others[key]?.append(event.identity)
        }
    }

    /// Returns whether a valid event of a version has arrived.
    func hasArrived(_ version: ReconciledVersion) -> Bool { arrived.contains(version.eventID) }

    /// Returns whether an action has run or is queued for another event of a version.
    func hasActed(_ action: Int64, _ version: ReconciledVersion, _ db: Database) throws -> Bool {
        try OtherEvents.hasActed(action, others[version.eventID] ?? [], db)
    }
}
