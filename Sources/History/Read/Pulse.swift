public import Base
import GRDB
import GRDBSQLite
public import Notifications

/// The period to count, and its number of bars.
public struct PulseRequest: Sendable, Hashable {
    /// The end of the stretch, which is in the last bar; nil for the moment of the latest delivery.
    public var end: Timestamp?
    /// The time of one bar, in milliseconds; at least 1.
    public var barWidth: Int64
    /// The number of bars; at least 1.
    public var barCount: Int
    /// The zone's offset, in seconds east of UTC: bars of a day begin at midnight there.
    public var secondsFromUTC: Int

    /// Creates a request for a period.
    public init(end: Timestamp? = nil, barWidth: Int64, barCount: Int, secondsFromUTC: Int = 0) {
        self.end = end
        self.barWidth = max(1, barWidth)
        self.barCount = max(1, barCount)
        self.secondsFromUTC = secondsFromUTC
    }

    /// Returns the start of the first bar of a period with this end.
    func start(endingAt end: Timestamp) -> Int64 {
        let offset = Int64(secondsFromUTC) * 1_000
        let local = end.milliseconds + offset
        let bar = local >= 0 ? local / barWidth : (local - barWidth + 1) / barWidth
        return (bar - Int64(barCount) + 1) * barWidth - offset
    }
}

/// The statistics of a period: deliveries by verdict over time, events by type and by bucket, delays and answer times.
public struct Pulse: Sendable, Hashable {
    /// The request.
    public let request: PulseRequest
    /// When the first bar begins.
    public let start: Timestamp
    /// Deliveries by the raw value of their verdict, for each bar.
    public internal(set) var bars: [[Int]]
    /// Events by the name of their type.
    public internal(set) var types = PulseShares()
    /// Events by the name of their bucket.
    public internal(set) var buckets = PulseShares()
    /// From an event's timestamp to its arrival, in milliseconds.
    public internal(set) var delays = TimeHistogram()
    /// From the last byte of a request to its answer, in microseconds.
    public internal(set) var answers = TimeHistogram()
    /// The arrival of the first and of the latest delivery of the whole history; otherwise nil.
    public internal(set) var earliest: Timestamp?
    public internal(set) var latest: Timestamp?
    /// The last delivery that was counted, or was found to be outside of the stretch.
    var lastDelivery: Int64 = 0
    /// Whether events have been counted too.
    public internal(set) var isComplete = false

    init(_ request: PulseRequest, endingAt end: Timestamp) {
        self.request = request
        start = Timestamp(milliseconds: request.start(endingAt: end))
        bars = Array(repeating: Array(repeating: 0, count: SignatureVerdict.allCases.count), count: request.barCount)
    }

    /// The end of the last bar.
    public var end: Timestamp {
        Timestamp(milliseconds: start.milliseconds + request.barWidth * Int64(request.barCount))
    }

    /// Returns the bar of a moment; nil outside the period.
    public func bar(at moment: Timestamp) -> Int? {
        let offset = moment.milliseconds - start.milliseconds
        guard offset >= 0, offset < request.barWidth * Int64(request.barCount) else { return nil }
        return Int(offset / request.barWidth)
    }

    /// The number of deliveries of a bar with this verdict.
    public subscript(bar: Int, verdict: SignatureVerdict) -> Int { bars[bar][verdict.rawValue] }

    /// All deliveries of the stretch.
    public var deliveries: Int { bars.reduce(0) { $0 + $1.reduce(0, +) } }
}

/// The counts of many names.
public struct PulseShares: Sendable, Hashable {
    /// Names are text from outside, so their number and their length are limited.
    static let mostNames = 10_000
    static let longestName = 1_024

    private var counts: [String: Int] = [:]
    /// The sum of all counts.
    public private(set) var total = 0

    mutating func count(_ name: String) {
        total += 1
        guard name.utf8.count <= Self.longestName else { return }
        if counts[name] != nil || counts.count < Self.mostNames { counts[name, default: 0] += 1 }
    }

    /// Returns the names with the largest counts, in descending order; equal counts are ordered by name.
    public func largest(_ limit: Int) -> [(name: String, count: Int)] {
        counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
            .prefix(limit).map { (name: $0.key, count: $0.value) }
    }
}

/// Amounts of time in `TimeBuckets`.
public struct TimeHistogram: Sendable, Hashable {
    /// By bucket.
    public private(set) var counts = [Int](repeating: 0, count: TimeBuckets.count)
    /// The number of amounts counted.
    public private(set) var count = 0
    /// The largest amount; 0 if nothing was counted.
    public private(set) var largest = 0
    /// The number of amounts below 0: of events with a timestamp after their arrival.
    public private(set) var negative = 0

    mutating func add(_ amount: Int) {
        counts[TimeBuckets.bucket(of: amount)] += 1
        count += 1
        largest = max(largest, amount)
        if amount < 0 { negative += 1 }
    }

    /// Returns the amount that this percentage, from 1 to 100, does not exceed; the error is at most a sixteenth.
    public func percentile(_ percent: Int) -> Int {
        guard count > 0 else { return 0 }
        return min(largest, TimeBuckets.amount(at: max(1, (count * percent + 99) / 100), in: counts))
    }

    /// Returns the number of amounts in buckets with a middle above an amount.
    public func countAbove(_ amount: Int) -> Int {
        counts.enumerated().reduce(0) { TimeBuckets.middle(of: $1.offset) > amount ? $0 + $1.element : $0 }
    }
}

// MARK: - Query

/// Counts deliveries and events for a `Pulse`, row by row: a million rows in SQLite's own sorter would take seconds.
struct PulseQuery {
    /// The number of rows between two calls of `isCancelled`.
    private static let stride = 4_096

    let database: Database
    let isCancelled: () -> Bool

    /// Counts the deliveries after the last one that was counted, up to the newest that is requested.
    ///
    /// - Returns: The ids of the first and last one within the period; otherwise nil.
    /// - Throws: `Cancelled`, or SQLite's error.
    func countDeliveries(through newest: Int64, in pulse: inout Pulse) throws -> ClosedRange<Int64>? {
        var found: ClosedRange<Int64>?
        let verdict = try SecretTable.leaked(database).isEmpty ? "verdict" : SecretTable.verdict()
        let sql = """
            SELECT delivery, receivedAt, \(verdict), answerTime FROM outcome
            WHERE delivery > \(pulse.lastDelivery) AND delivery <= \(newest)
            """
        try step(sql) { row in
            let id = sqlite3_column_int64(row, 0)
            pulse.lastDelivery = id
            guard let bar = pulse.bar(at: Timestamp(milliseconds: sqlite3_column_int64(row, 1))) else { return }
            found = (found?.lowerBound ?? id)...id
            let verdict = Int(sqlite3_column_int64(row, 2))
            if pulse.bars[bar].indices.contains(verdict) { pulse.bars[bar][verdict] += 1 }
            if sqlite3_column_type(row, 3) == SQLITE_INTEGER { pulse.answers.add(Int(sqlite3_column_int64(row, 3))) }
        }
        return found
    }

    /// Counts the events of these deliveries, of which some may be outside the period.
    ///
    /// - Throws: `Cancelled`, or SQLite's error.
    func countEvents(of deliveries: ClosedRange<Int64>, in pulse: inout Pulse) throws {
        let rows = try Row.fetchOne(
            database,
            sql: """
                SELECT (SELECT firstRow FROM delivery WHERE id = ?), (SELECT firstRow + rowCount FROM delivery WHERE id = ?)
                """, arguments: [deliveries.lowerBound, deliveries.upperBound])
        guard let first = rows?[0] as Int64?, let end = rows?[1] as Int64? else { return }
        let sql = """
            SELECT receivedAt, eventTimestamp, eventType, bucketName
            FROM event JOIN outcome ON outcome.delivery = event.delivery
            WHERE event.id >= \(first) AND event.id < \(end) AND position IS NOT NULL
            """
        try step(sql) { row in
            let received = sqlite3_column_int64(row, 0)
            guard pulse.bar(at: Timestamp(milliseconds: received)) != nil else { return }
            if sqlite3_column_type(row, 1) == SQLITE_INTEGER {
                let delay = received.subtractingReportingOverflow(sqlite3_column_int64(row, 1))
                if !delay.overflow { pulse.delays.add(Int(delay.partialValue)) }
            }
            pulse.types.count(Self.text(row, 2))
            pulse.buckets.count(Self.text(row, 3))
        }
    }

    private static func text(_ row: OpaquePointer, _ column: Int32) -> String {
        guard let bytes = sqlite3_column_blob(row, column) else { return "" }
        let count = min(Int(sqlite3_column_bytes(row, column)), PulseShares.longestName + 1)
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func step(_ sql: String, _ body: (OpaquePointer) throws -> Void) throws {
        let statement = try database.makeStatement(sql: sql)
        let pointer = statement.sqliteStatement
        defer { sqlite3_reset(pointer) }
        var count = 0
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: try body(pointer)
            case SQLITE_DONE: return
            case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: sql)
            }
            count += 1
            if count % Self.stride == 0, isCancelled() { throw Cancelled() }
        }
    }

    struct Cancelled: Error {}
}

// MARK: - Reader

extension HistoryReader {
    /// Counts a period. Reads everything that was not counted yet: some tenths of a second for a million deliveries.
    ///
    /// - Parameters:
    ///   - newest: The newest delivery to count; nil for the newest of all.
    ///   - previous: An earlier result; if it is of the same period, only later deliveries are added. Leave it out once
    ///     verdicts have changed.
    ///   - partial: Receives the counts of deliveries before their events are counted.
    ///   - isCancelled: Called now and then; returns whether to give up.
    /// - Returns: The counts; nil if it was cancelled.
    public func pulse(
        _ request: PulseRequest, through newest: Int64? = nil, adding previous: Pulse? = nil,
        partial: (Pulse) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> Pulse? {
        try read { db in
            let newest = newest ?? .max
            let earliest = try Self.received(db, through: newest, "ORDER BY delivery LIMIT 1")
            let latest = try Self.received(db, through: newest, "ORDER BY delivery DESC LIMIT 1")
            let end = request.end ?? latest ?? Timestamp(milliseconds: 0)
            var pulse = Pulse(request, endingAt: end)
            if let previous, previous.isComplete, previous.request == request, previous.start == pulse.start {
                pulse = previous
            }
            (pulse.earliest, pulse.latest) = (earliest, latest)
            let query = PulseQuery(database: db, isCancelled: isCancelled)
            do {
                let isNew = !pulse.isComplete
                let found = try query.countDeliveries(through: newest, in: &pulse)
                if isNew { partial(pulse) }
                if let found { try query.countEvents(of: found, in: &pulse) }
                pulse.isComplete = true
                return pulse
            } catch is PulseQuery.Cancelled {
                return nil
            }
        }
    }

    private static func received(_ db: Database, through newest: Int64, _ order: String) throws -> Timestamp? {
        let sql = "SELECT receivedAt FROM outcome WHERE delivery <= ? \(order)"
        return try Int64.fetchOne(db, sql: sql, arguments: [newest]).map { Timestamp(milliseconds: $0) }
    }
}
