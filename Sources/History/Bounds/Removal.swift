import Base
import Foundation
import GRDB
import Notifications

/// Removes the oldest requests above the bounds of a history after the commits, in slices of a few milliseconds between
/// which deliveries are written.
///
/// Marked events, events that an action still needs, and the newest delivery are kept. The newest delivery is kept so
/// that ids are never used again. All of them count against the bounds.
struct Removal {
    /// One kind of request, which has a bound of its own.
    enum List: String, CaseIterable, Sendable {
        case others, notifications, valid

        /// The condition that none of them can be removed.
        var condition: LastingCondition {
            switch self {
            case .others: .othersStay
            case .notifications: .notificationsStay
            case .valid: .validStay
            }
        }

        /// Reports that none of them can be removed.
        var warning: String {
            let what =
                switch self {
                case .others: "requests that are not notifications"
                case .notifications: "notifications that are not valid"
                case .valid: "valid deliveries"
                }
            return "the bound of \(what) is reached, and none is removed: all are marked, or an action still needs them"
        }
    }

    /// The result of a slice.
    struct Slice: Sendable {
        /// The changes of the counts; nil if nothing was removed.
        var counts: TallyChange?
        /// The revision of the outbox, if entries were removed.
        var outbox: Int64?
    }

    private struct Place {
        /// The last request of the list that was examined.
        var cursor: Int64
        /// Whether all requests before the cursor were examined since the bound was last kept.
        var isWhole = false
        /// The number of requests in the list when all of them were needed; nil if not.
        var stuck: Int?
    }

    /// The number of requests that one slice examines, and the number that it removes, at most. The second number
    /// adapts to the time that slices take.
    private static let rowsRead: Int64 = 4_096
    private static let removals = 16...4_096
    /// The number of bytes that one slice removes at most, because freeing a long body reads all of its pages.
    private static let bytes = 4 << 20
    /// The time of a slice. It is longer while requests arrive faster than they are removed.
    private static let time = Duration.milliseconds(4)
    private static let longTime = Duration.milliseconds(16)
    /// The time for which entries of actions count against a daily limit.
    private static let day: Int64 = 86_400_000

    var bounds: HistoryBounds
    /// Rows of the event list that a person has marked.
    var marked: Set<Int64> = [] {
        didSet {
            sortedMarks = marked.sorted()
            // What was marked may be removed now.
            for list in List.allCases { places[list]?.stuck = nil }
            guard !oldValue.isSubset(of: marked) else { return }
            for list in List.allCases { places[list]?.cursor = 0 }
        }
    }
    private var sortedMarks: [Int64] = []
    /// Whether there is a secret: without one, requests that look like B2's have twice the bound, because a secret that is
    /// entered later may verify them.
    var hasSecrets = true
    private var places: [List: Place]
    private var tombstones: Int
    private var list: List?
    private var most = 256
    private var before: (places: [List: Place], tombstones: Int)?
    private var oldestValid: Timestamp?

    /// - Throws: SQLite's error.
    init(_ bounds: HistoryBounds, _ db: Database) throws {
        self.bounds = bounds
        let row = try Row.fetchOne(db, sql: "SELECT others, notifications, valid, tombstones FROM retention")
        places = [
            .others: Place(cursor: row?[0] ?? 0), .notifications: Place(cursor: row?[1] ?? 0),
            .valid: Place(cursor: row?[2] ?? 0),
        ]
        tombstones = row?[3] ?? 0
    }

    // MARK: - Deciding

    /// The bound of a list; nil without one.
    private func limit(_ list: List, isJudging: Bool = false) -> HistoryBounds.Limit? {
        switch list {
        case .others: bounds.others
        case .notifications: !hasSecrets || isJudging ? bounds.notifications.doubled : bounds.notifications
        case .valid: bounds.valid?.exceeded
        }
    }

    /// Returns the amount that a removal leaves.
    private func aim(_ list: List, isJudging: Bool) -> HistoryBounds.Limit? {
        list == .valid ? bounds.valid : limit(list, isJudging: isJudging)?.eased
    }

    private static func amount(_ list: List, _ kept: KeptAmounts) -> KeptAmounts.Amount {
        switch list {
        case .others: kept.others
        case .notifications: kept.notifications
        case .valid: kept.valid
        }
    }

    private func isDue(_ list: List, _ kept: KeptAmounts, at now: Timestamp) -> Bool {
        let amount = Self.amount(list, kept)
        if let stuck = places[list]?.stuck, amount.requests - stuck < 64 + stuck / 64 { return false }
        if let limit = limit(list), amount.exceeds(limit) { return true }
        guard list == .valid, amount.requests > 1, let moment = oldest(at: now) else { return false }
        return oldestValid.map { $0 < moment } ?? true
    }

    /// Returns the time before which valid deliveries are removed.
    private func oldest(at now: Timestamp) -> Timestamp? {
        bounds.age.map { Timestamp(milliseconds: now.milliseconds - Int64($0 / .milliseconds(1))) }
    }

    /// Begins to remove, if a bound is exceeded and nothing is being removed.
    ///
    /// - Returns: Whether a slice is to be written.
    mutating func begin(_ kept: KeptAmounts, at now: @autoclosure () -> Timestamp) -> Bool {
        guard list == nil else { return false }
        let now = bounds.age == nil ? Timestamp(milliseconds: 0) : now()
        list = List.allCases.first { isDue($0, kept, at: now) }
        return list != nil
    }

    /// Returns whether another request that is not valid may be recorded: not if requests arrive faster than they are
    /// removed.
    func hasRoom(for share: Share, _ kept: KeptAmounts) -> Bool {
        let list: List = share == .notification ? .notifications : .others
        guard let limit = limit(list, isJudging: true), places[list]?.stuck == nil else { return true }
        return !Self.amount(list, kept).exceeds(limit.last)
    }

    /// The kinds of requests whose bound is filled by those that are kept anyway.
    var stuck: Set<List> { Set(List.allCases.filter { places[$0]?.stuck != nil }) }

    // MARK: - Removing

    /// Does one slice, inside a transaction.
    ///
    /// - Throws: SQLite's error.
    mutating func advance(_ db: Database, _ kept: KeptAmounts, at now: Timestamp) throws -> Slice {
        guard let list, var place = places[list] else { return Slice() }
        before = (places, tombstones)
        if place.cursor == 0 { place.isWhole = true }
        let start = ContinuousClock.now
        let isJudging = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM toJudge)") ?? false
        let limit = limit(list, isJudging: isJudging)
        var amount = Self.amount(list, kept)
        let moment = list == .valid ? oldest(at: now) : nil
        guard moment != nil || limit.map(amount.exceeds) ?? false else {
            // The list to which a new secret is being applied has twice the bound.
            self.list = nil
            return Slice()
        }
        let isBehind = limit.map { amount.exceeds($0.exceeded) } ?? false
        let aim = aim(list, isJudging: isJudging)
        var work = try Work(db, list: list, marked: sortedMarks, at: now.milliseconds - Self.day)
        var removed = 0
        var bytes = 0
        var isEnough = false
        let candidates = try work.candidates(after: place.cursor, count: Self.rowsRead, most: 2 * most)
        for candidate in candidates.found {
            let isOver = aim.map(amount.exceeds) ?? false
            let isOld = moment.map { candidate.receivedAt < $0.milliseconds } ?? false
            if list == .valid, moment != nil { oldestValid = Timestamp(milliseconds: candidate.receivedAt) }
            guard isOver || isOld else {
                isEnough = true
                break
            }
            guard removed < most, bytes < Self.bytes else { break }
            place.cursor = candidate.id
            let rows = try work.rows(of: candidate)
            if let rows, try work.isNeeded(rows) { continue }
            try work.remove(candidate, rows)
            amount.requests -= 1
            amount.bytes -= candidate.size
            removed += 1
            bytes += candidate.size
        }
        let isAtEnd = !isEnough && (candidates.found.last.map { $0.id == place.cursor } ?? true)
        if isAtEnd { place.cursor = max(place.cursor, candidates.end) }
        tombstones += try work.finish()
        tombstones -= try Tombstones.trim(tombstones - bounds.tombstones, db)
        if isEnough {
            self.list = nil
            place.isWhole = false
        } else if isAtEnd, place.cursor >= work.newest - 1 {
            // Requests that were needed before may no longer be needed. After all were examined, the rest is needed.
            let isOver = limit.map(amount.exceeds) ?? false
            place.stuck = isOver && place.isWhole ? amount.requests : nil
            if !isOver || place.isWhole { self.list = nil }
            place.isWhole = false
            place.cursor = 0
        }
        if isEnough { place.stuck = nil }
        places[list] = place
        if removed > 0 {
            try db.cachedStatement(
                sql: "UPDATE retention SET \(list.rawValue) = ?, tombstones = ?, removed = removed + ?"
            )
            .execute(arguments: [place.cursor, tombstones, removed])
        }
        let time = start.duration(to: .now)
        if time > (isBehind ? Self.longTime : Self.time) {
            most = max(Self.removals.lowerBound, most / 2)
        } else if removed == most {
            most = min(Self.removals.upperBound, most * 2)
        }
        return Slice(counts: removed > 0 ? work.counts : nil, outbox: work.outbox)
    }

    /// Records whether a slice was committed.
    ///
    /// - Returns: Whether another slice is to be written.
    mutating func finish(isCommitted: Bool, _ kept: KeptAmounts, at now: @autoclosure () -> Timestamp) -> Bool {
        guard isCommitted else {
            // The slice is repeated after a later commit.
            if let before { (places, tombstones) = before }
            list = nil
            return false
        }
        return list != nil || begin(kept, at: now())
    }
}

// MARK: - Work of a slice

/// A request that may be removed.
private struct Candidate {
    let id: Int64
    let recorded: TallyChange.Recorded
    let rows: Int
    let share: Share?
    let size: Int
    let receivedAt: Int64
}

/// Removes requests inside one transaction.
private struct Work {
    private let db: Database
    private let list: Removal.List
    /// In ascending order.
    private let marked: [Int64]
    /// The time after which finished entries count against a daily limit.
    private let recently: Int64
    private(set) var counts: TallyChange
    private let hasActions: Bool
    /// The last row that all actions have passed.
    private let passed: Int64
    /// The newest delivery, which is kept.
    let newest: Int64
    /// The current runs of consecutive removed deliveries and rows.
    private var deliveries: ClosedRange<Int64>?
    private var rows: ClosedRange<Int64>?
    private var tombstones = 0
    private var exchanges: Set<Int64> = []
    private var hasRemovedEntries = false
    private(set) var outbox: Int64?

    init(_ db: Database, list: Removal.List, marked: [Int64], at recently: Int64) throws {
        (self.db, self.list, self.marked, self.recently) = (db, list, marked, recently)
        counts = TallyChange(leaked: try SecretTable.leaked(db))
        newest = try Int64.fetchOne(db, sql: "SELECT max(delivery) FROM outcome") ?? 0
        hasActions = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM entry)") ?? false
        passed = try Int64.fetchOne(db, sql: "SELECT min(cursor) FROM action WHERE isDeclared") ?? .max
    }

    /// Returns requests of the list among the next deliveries, the oldest first, and the last delivery examined.
    ///
    ///   - count: The number of deliveries to examine.
    ///   - most: The largest number of requests to return.
    func candidates(after id: Int64, count: Int64, most: Int) throws -> (found: [Candidate], end: Int64) {
        let condition =
            switch list {
            case .valid: "verdict IN (\(HistoryBounds.trusted))"
            case .notifications:
                "verdict NOT IN (\(HistoryBounds.trusted)) AND share = \(Share.notification.rawValue)"
            case .others:
                """
                verdict NOT IN (\(HistoryBounds.trusted))
                    AND share IN (\(Share.other.rawValue), \(Share.cut.rawValue))
                """
            }
        var found: [Candidate] = []
        // Skip ids that were removed.
        let first = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT delivery FROM outcome WHERE delivery > ? ORDER BY delivery LIMIT 1"),
            arguments: [id])
        guard let first, first < newest else { return ([], newest - 1) }
        let end = min(newest - 1, first + count - 1)
        let statement = try db.cachedStatement(
            sql: """
                SELECT delivery, verdict, secret, rows, share, size, receivedAt FROM outcome
                WHERE delivery BETWEEN ? AND ? AND \(condition) ORDER BY delivery LIMIT ?
                """)
        try statement.forEachRow([first, end, most]) { row in
            found.append(
                Candidate(
                    id: try row.integer(0),
                    recorded: TallyChange.Recorded(
                        verdict: SignatureVerdict(rawValue: Int(try row.integer(1))) ?? .unjudged,
                        secret: try row.integerOrNil(2) ?? 0),
                    rows: Int(try row.integer(3)), share: try row.integerOrNil(4).flatMap(Share.init(rawValue:)),
                    size: Int(try row.integerOrNil(5) ?? 0), receivedAt: try row.integer(6)))
            return true
        }
        return (found, found.count == most ? found.last?.id ?? end : end)
    }

    /// Returns the rows of a delivery in the event list.
    func rows(of candidate: Candidate) throws -> ClosedRange<Int64>? {
        let statement = try db.cachedStatement(sql: "SELECT firstRow, rowCount FROM delivery WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [candidate.id]).map { row in
            let (first, count): (Int64, Int64) = (row[0], row[1])
            return first...(first + max(1, count) - 1)
        }
    }

    /// Returns whether a person has marked an event of a delivery, or an action still needs one.
    ///
    /// - Parameter rows: Its rows in the event list.
    func isNeeded(_ rows: ClosedRange<Int64>) throws -> Bool {
        if rows.upperBound > passed { return true }
        if isMarked(rows) { return true }
        guard hasActions else { return false }
        let free = OutboxSchema.list([.done, .skipped])
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM event CROSS JOIN entry ON entry.identity = \(EventIdentity.sql())
                    WHERE event.id BETWEEN ? AND ? AND event.position IS NOT NULL AND entry.row = event.id
                        AND (entry.state NOT IN (\(free))
                            OR entry.state IN (\(OutboxSchema.spent)) AND entry.changedAt > ?
                                AND entry.action IN (
                                    SELECT id FROM action WHERE kind IN (\(OutboxSchema.kindsWithDailyLimit)))))
                """)
        return try Bool.fetchOne(statement, arguments: [rows.lowerBound, rows.upperBound, recently]) ?? false
    }

    private func isMarked(_ rows: ClosedRange<Int64>) -> Bool {
        var (low, high) = (0, marked.count)
        while low < high {
            let middle = (low + high) / 2
            if marked[middle] < rows.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < marked.count && marked[low] <= rows.upperBound
    }

    mutating func remove(_ candidate: Candidate, _ rows: ClosedRange<Int64>?) throws {
        if let rows {
            try bury(candidate, rows)
            if let last = self.rows, last.upperBound + 1 == rows.lowerBound {
                self.rows = last.lowerBound...rows.upperBound
            } else {
                try removeRows()
                self.rows = rows
            }
        }
        if let last = deliveries, last.upperBound + 1 == candidate.id {
            deliveries = last.lowerBound...candidate.id
        } else {
            try removeDeliveries()
            deliveries = candidate.id...candidate.id
        }
        counts.remove(
            rows: candidate.rows, share: candidate.share, bytes: candidate.size, from: candidate.recorded)
    }

    /// Leaves a tombstone for each event that is to be remembered, and removes the keys of the others and all entries.
    private mutating func bury(_ candidate: Candidate, _ rows: ClosedRange<Int64>) throws {
        let events = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT event.id, \(Tombstones.hash("event.eventId")), \(ReconciledIdentity.eventId()), position IS NOT NULL,
                        \(EventIdentity.sql()), \(RowQuery.trust("outcome"))
                    FROM event JOIN outcome ON outcome.delivery = event.delivery WHERE event.id BETWEEN ? AND ?
                    """), arguments: [rows.lowerBound, rows.upperBound])
        for event in events {
            let (row, hash, isEvent): (Int64, Data?, Bool) = (event[0], event[1], event[3])
            let actions = hasActions && isEvent ? try removeEntries(of: event[4], row) : []
            guard let hash else { continue }
            guard HistoryBounds.isTrusted(candidate.recorded.verdict) || !actions.isEmpty else {
                try db.cachedStatement(sql: "DELETE FROM eventKey WHERE key = ? AND row = ?")
                    .execute(arguments: [Tombstones.key(of: Array(hash)), row])
                continue
            }
            let version: String? = event[2]
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO eventKey VALUES (?, ?)")
                .execute(arguments: [Tombstones.key(of: Array(hash)), row])
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?, ?, ?)")
                .execute(arguments: [
                    row, hash, event[5] as Int, version.map(Tombstones.number(of:)),
                    actions.isEmpty ? nil : ",\(actions.map(String.init).joined(separator: ",")),",
                ])
            tombstones += 1
        }
    }

    /// Removes the entries of an event that were made for this row.
    ///
    /// - Returns: The actions.
    private mutating func removeEntries(of identity: String, _ row: Int64) throws -> [Int64] {
        let entries = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT id, action, exchange FROM entry WHERE identity = ? AND row = ?"),
            arguments: [identity, row])
        for entry in entries {
            try db.cachedStatement(sql: "DELETE FROM entry WHERE id = ?").execute(arguments: [entry[0] as Int64])
            if let exchange = entry[2] as Int64? { exchanges.insert(exchange) }
            hasRemovedEntries = true
        }
        return entries.map { $0[1] }
    }

    private mutating func removeRows() throws {
        guard let rows else { return }
        try db.cachedStatement(sql: "DELETE FROM event WHERE id BETWEEN ? AND ?")
            .execute(arguments: [rows.lowerBound, rows.upperBound])
        self.rows = nil
    }

    private mutating func removeDeliveries() throws {
        guard let deliveries else { return }
        for sql in [
            "DELETE FROM delivery WHERE id BETWEEN ? AND ?", "DELETE FROM outcome WHERE delivery BETWEEN ? AND ?",
            "DELETE FROM flood WHERE delivery BETWEEN ? AND ?", "DELETE FROM origin WHERE delivery BETWEEN ? AND ?",
        ] {
            try db.cachedStatement(sql: sql).execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
        }
        self.deliveries = nil
    }

    /// Writes the remaining changes, and the counts.
    ///
    /// - Returns: The number of tombstones that were made.
    mutating func finish() throws -> Int {
        try removeRows()
        try removeDeliveries()
        try counts.apply(to: db)
        try OutboxExchanges.drop(exchanges, db)
        if hasRemovedEntries {
            try db.execute(sql: "UPDATE outboxRevision SET revision = revision + 1")
            outbox = try Int64.fetchOne(db, sql: "SELECT revision FROM outboxRevision")
        }
        return tombstones
    }
}

extension Tombstones {
    /// Removes the oldest tombstones, some hundred at most.
    ///
    /// - Parameter count: The number of surplus tombstones; 0 or less for none.
    /// - Returns: The number of removed tombstones.
    static func trim(_ count: Int, _ db: Database) throws -> Int {
        guard count > 0 else { return 0 }
        let oldest = try Row.fetchAll(
            db, sql: "SELECT row, event FROM tombstone ORDER BY row LIMIT ?", arguments: [min(count, 512)])
        for tombstone in oldest {
            let (row, hash): (Int64, Data) = (tombstone[0], tombstone[1])
            try db.cachedStatement(sql: "DELETE FROM eventKey WHERE key = ? AND row = ?")
                .execute(arguments: [key(of: Array(hash)), row])
            try db.cachedStatement(sql: "DELETE FROM tombstone WHERE row = ?").execute(arguments: [row])
        }
        return oldest.count
    }
}
