public import Base
import GRDB
import Notifications

/// A stretch of the rows that match a predicate.
public struct RowStretch: Sendable, Hashable {
    /// In the order of arrival.
    public var rows: [EventRow]
    /// The last row that was searched.
    public var through: Int64
}

/// The deliveries of a stretch of the rows that match a predicate.
public struct DeliveryStretch: Sendable, Hashable {
    /// In the order of their rows, once each.
    public var deliveries: [Int64]
    /// The last row that was searched.
    public var through: Int64
}

extension HistoryReader {
    /// Returns these rows, in the order given; rows that do not exist are left out.
    public func rows(ids: [Int64], parts: RowParts = .all) throws -> [EventRow] {
        try read { db in try RowQuery.rows(ids: ids, parts: parts, db) }
    }

    /// Returns the ids of rows that match. Reads every row of the range, some millions of them a second.
    ///
    /// - Parameters:
    ///   - range: The ids to read. Divide a read of many rows into steps, because the writer of a history in memory
    ///     waits.
    ///   - limit: The number of ids after which the search ends.
    ///   - isCancelled: Called some thousand times a second.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func ids(
        matching predicate: RowPredicate, in range: ClosedRange<Int64>, newestFirst: Bool = true, limit: Int = .max,
        isCancelled: () -> Bool = { false }
    ) throws -> [Int64] {
        try read { db in
            try MatchQuery.ids(
                matching: predicate, in: range, by: "event.id \(newestFirst ? "DESC" : "ASC")", limit: limit,
                isCancelled,
                db)
        }
    }

    /// Returns the ids of all rows that match, in this order. Takes some seconds if a million match; the writer of a
    /// history in memory waits for that time.
    ///
    /// - Parameters:
    ///   - range: The ids to read.
    ///   - isCancelled: Called some thousand times a second.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func ids(
        matching predicate: RowPredicate, in range: ClosedRange<Int64> = 0...Int64.max, by order: RowOrder,
        isCancelled: () -> Bool = { false }
    ) throws -> [Int64] {
        let order = OrderSQL(order)
        return try read { db in
            try MatchQuery.ids(
                matching: predicate, in: range, by: order.terms, reading: order.tables, isCancelled, db)
        }
    }

    /// Returns the number of rows that match. Reads every row of the range, some millions of them a second.
    ///
    /// - Parameters:
    ///   - range: The ids to read. Divide a read of many rows into steps, because the writer of a history in memory
    ///     waits.
    ///   - isCancelled: Called some thousand times a second.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func count(
        matching predicate: RowPredicate, in range: ClosedRange<Int64>, isCancelled: () -> Bool = { false }
    ) throws -> Int {
        try read { db in
            let matching = PredicateSQL(predicate)
            return try db.cancellable(isCancelled) {
                let statement = try IDStatement(
                    """
                    SELECT count(*) FROM \(PredicateSQL.source(matching.tables))
                    WHERE event.id >= ? AND event.id <= ? AND \(matching.condition)
                    """, [.integer(range.lowerBound), .integer(range.upperBound)] + matching.bindings, db)
                return Int(try statement.next() ?? 0)
            }
        }
    }

    /// Returns the first delivery that was received at a moment or later, in a history whose times ascend;
    /// otherwise nil. Takes some twenty look-ups, however long the history is.
    public func firstDelivery(receivedFrom moment: Timestamp) throws -> Int64? {
        try read { db in
            guard let newest = try Int64.fetchOne(db, sql: "SELECT max(delivery) FROM outcome") else { return nil }
            var (low, high, found) = (Int64(1), newest, Int64?.none)
            while low <= high {
                let middle = low + (high - low) / 2
                let row = try Row.fetchOne(
                    db,
                    sql: "SELECT delivery, receivedAt FROM outcome WHERE delivery >= ? ORDER BY delivery LIMIT 1",
                    arguments: [middle])
                guard let row else { return found }
                let (delivery, receivedAt): (Int64, Int64) = (row[0], row[1])
                if receivedAt >= moment.milliseconds {
                    found = delivery
                    high = middle - 1
                } else {
                    low = delivery + 1
                }
            }
            return found
        }
    }

    /// Returns the time when a delivery was received; nil if it does not exist.
    public func received(_ delivery: Int64) throws -> Timestamp? {
        try read { db in
            try Int64.fetchOne(db, sql: "SELECT receivedAt FROM outcome WHERE delivery = ?", arguments: [delivery])
                .map { Timestamp(milliseconds: $0) }
        }
    }

    /// Returns the first row of a delivery, or of a later one; otherwise nil.
    public func firstRow(from delivery: Int64) throws -> Int64? {
        try read { db in
            // Row ids rise with deliveries.
            let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
            var (low, high, found) = (Int64(1), newest, Int64?.none)
            while low <= high {
                let middle = low + (high - low) / 2
                let row = try Row.fetchOne(
                    db, sql: "SELECT id, delivery FROM event WHERE id >= ? ORDER BY id LIMIT 1", arguments: [middle])
                guard let row else { return found }
                let (id, other): (Int64, Int64) = (row[0], row[1])
                if other >= delivery {
                    found = id
                    high = middle - 1
                } else {
                    low = id + 1
                }
            }
            return found
        }
    }

    /// Returns the first of these rows, in the order given, that matches.
    ///
    /// - Parameter isCancelled: Called between rows.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func first(
        of ids: some Sequence<Int64>, matching predicate: RowPredicate, isCancelled: () -> Bool = { false }
    ) throws -> Int64? {
        try read { db in try MatchQuery.first(of: ids, matching: predicate, isCancelled, db) }
    }

    /// Returns rows that match, in the order of arrival, for callers that go through all of them: each call begins
    /// after the last row that was read, until that is the last of all. Reads a limited number of rows, so the result
    /// may be empty.
    ///
    /// - Parameters:
    ///   - id: The last row that was read; 0 at first.
    ///   - last: The last row to read.
    ///   - limit: The number of matches after which it stops; at least 1.
    ///   - parts: The parts of the rows to read.
    public func rows(
        matching predicate: RowPredicate, after id: Int64, through last: Int64, limit: Int, parts: RowParts = .all
    ) throws -> RowStretch {
        guard id < last else { return RowStretch(rows: [], through: last) }
        let end = last - id > MatchQuery.stretch ? id + MatchQuery.stretch : last
        return try read { db in
            let ids = try MatchQuery.ids(
                matching: predicate, in: id + 1...end, by: "event.id", limit: max(1, limit), { false }, db)
            let isCut = ids.count >= max(1, limit)
            return RowStretch(
                rows: try RowQuery.rows(ids: ids, parts: parts, db), through: isCut ? ids.last ?? end : end)
        }
    }
}

extension HistoryReader {
    /// Returns the deliveries of rows that match, as `rows(matching:after:through:limit:)` finds them. A delivery whose
    /// rows are in two stretches is in both.
    public func deliveries(
        matching predicate: RowPredicate, after id: Int64, through last: Int64, limit: Int
    ) throws -> DeliveryStretch {
        guard id < last else { return DeliveryStretch(deliveries: [], through: last) }
        let end = last - id > MatchQuery.stretch ? id + MatchQuery.stretch : last
        let matching = PredicateSQL(predicate)
        return try read { db in
            let statement = try IDStatement(
                """
                SELECT event.id, event.delivery FROM \(PredicateSQL.source(matching.tables))
                WHERE event.id > ? AND event.id <= ? AND \(matching.condition) ORDER BY event.id
                """, [.integer(id), .integer(end)] + matching.bindings, db)
            var stretch = DeliveryStretch(deliveries: [], through: end)
            var count = 0
            while let row = try statement.next() {
                let delivery = statement.integer(1)
                if stretch.deliveries.last != delivery { stretch.deliveries.append(delivery) }
                count += 1
                if count >= max(1, limit) {
                    stretch.through = row
                    break
                }
            }
            return stretch
        }
    }

    /// Returns the deliveries of these rows, in the order given; rows that do not exist are left out.
    public func deliveries(ofRows ids: [Int64]) throws -> [Int64] {
        try read { db in
            let statement = try IDStatement("SELECT delivery FROM event WHERE id = ?", [.integer(0)], db)
            return try ids.compactMap { id in
                statement.restart(withLast: id)
                return try statement.next()
            }
        }
    }
}

/// Finds the ids of rows.
enum MatchQuery {
    /// The number of rows that one read covers for callers that go through all rows: some ten milliseconds.
    static let stretch: Int64 = 50_000

    static func ids(
        matching predicate: RowPredicate, in range: ClosedRange<Int64>, by order: String,
        reading tables: PredicateSQL.Tables = [], limit: Int = .max, _ isCancelled: () -> Bool, _ db: Database
    ) throws -> [Int64] {
        guard limit > 0 else { return [] }
        let matching = PredicateSQL(predicate)
        return try db.cancellable(isCancelled) {
            let statement = try IDStatement(
                """
                SELECT event.id FROM \(PredicateSQL.source(matching.tables.union(tables)))
                WHERE event.id >= ? AND event.id <= ? AND \(matching.condition) ORDER BY \(order)
                """, [.integer(range.lowerBound), .integer(range.upperBound)] + matching.bindings, db)
            var ids: [Int64] = []
            while ids.count < limit, let id = try statement.next() { ids.append(id) }
            return ids
        }
    }

    static func first(
        of ids: some Sequence<Int64>, matching predicate: RowPredicate, _ isCancelled: () -> Bool, _ db: Database
    ) throws -> Int64? {
        let matching = PredicateSQL(predicate)
        let statement = try IDStatement(
            """
            SELECT event.id FROM \(PredicateSQL.source(matching.tables)) WHERE \(matching.condition) AND event.id = ?
            """, matching.bindings + [.integer(0)], db)
        return try db.cancellable(isCancelled) {
            for id in ids {
                if isCancelled() { throw ReadCancelled() }
                statement.restart(withLast: id)
                if try statement.next() != nil { return id }
            }
            return nil
        }
    }
}

// MARK: - Sets of rows

/// A set of row ids, a bit each: a million rows take 125 kB. Ids begin at 1 and have few gaps.
public struct RowSet: Sendable, Hashable {
    private var words: [UInt64] = []
    /// The number of ids.
    public private(set) var count = 0

    /// Returns whether an id is in the set.
    public func contains(_ id: Int64) -> Bool {
        guard id >= 0, let word = Int(exactly: id / 64), word < words.count else { return false }
        return words[word] >> UInt64(id % 64) & 1 == 1
    }

    /// Adds an id; one less than 0 is left out.
    public mutating func insert(_ id: Int64) {
        guard id >= 0, let word = Int(exactly: id / 64) else { return }
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        let bit: UInt64 = 1 << UInt64(id % 64)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    /// Returns the nearest id in the set that is less than this one.
    public func last(before id: Int64) -> Int64? {
        guard id > 0 else { return nil }
        var word = Int(clamping: (id - 1) / 64)
        var bits: UInt64 = 0
        if word < words.count {
            bits = words[word] & (UInt64.max >> UInt64(63 - (id - 1) % 64))
        } else {
            word = words.count
        }
        while bits == 0 {
            guard word > 0 else { return nil }
            word -= 1
            bits = words[word]
        }
        return Int64(word * 64 + 63 - bits.leadingZeroBitCount)
    }

    /// Returns the nearest id in the set that is greater than this one.
    public func first(after id: Int64) -> Int64? {
        guard id < .max else { return nil }
        let next = max(0, id + 1)
        guard var word = Int(exactly: next / 64), word < words.count else { return nil }
        var bits = words[word] & (UInt64.max << UInt64(next % 64))
        while bits == 0 {
            word += 1
            guard word < words.count else { return nil }
            bits = words[word]
        }
        return Int64(word * 64 + bits.trailingZeroBitCount)
    }

    /// Returns the number of ids in the set that are not greater than this one.
    public func count(upTo id: Int64) -> Int {
        guard id >= 0 else { return 0 }
        let word = Int(clamping: id / 64)
        guard word < words.count else { return count }
        let whole = words[..<word].reduce(0) { $0 + $1.nonzeroBitCount }
        return whole + (words[word] & (UInt64.max >> UInt64(63 - id % 64))).nonzeroBitCount
    }

    /// Returns the ids less than this one, the greatest first; without an argument, all.
    public func descending(from id: Int64 = .max) -> some Sequence<Int64> {
        sequence(state: id) { id in
            guard let found = last(before: id) else { return nil }
            id = found
            return found
        }
    }

    /// Returns the ids greater than this one, the least first; without an argument, all.
    public func ascending(from id: Int64 = -1) -> some Sequence<Int64> {
        sequence(state: id) { id in
            guard let found = first(after: id) else { return nil }
            id = found
            return found
        }
    }
}
