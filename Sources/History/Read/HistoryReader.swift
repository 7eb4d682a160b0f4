public import Base
internal import CBase
import Foundation
import GRDB
public import Notifications

/// Reads the history while the writer works, without ever waiting for it. Throws SQLite's errors, or `HistoryClosed`.
public struct HistoryReader: Sendable {
    let database: any DatabaseReader
    let gate: ReadGate

    /// Whether the writer waits during a read, as it does for a history in memory. A file is read while the writer
    /// works.
    public var delaysWriter: Bool { gate.path == nil }

    /// Returns rows of the event list. The cost is the same anywhere in a history of any length.
    public func rows(_ request: WindowRequest<Int64>) throws -> ListWindow<EventRow> {
        try read { db in
            try request.window {
                try RowQuery.older(than: $0, limit: $1, db)
            } newer: {
                try RowQuery.newer(than: $0, limit: $1, db)
            }
        }
    }

    /// Returns one whole delivery; nil if it does not exist.
    public func delivery(_ id: Int64) throws -> DeliveryRecord? {
        try read { db in
            try DeliveryQuery.records("delivery.id = ?", [id], limit: 1, bytes: .max, db).first
        }
    }

    /// Returns deliveries in the order of arrival, for callers that follow the history by a cursor.
    ///
    /// - Parameters:
    ///   - id: The last one seen.
    ///   - bytes: Stops after the delivery with which the bodies reach this total size.
    public func deliveries(after id: Int64, limit: Int, bytes: Int = 8 << 20) throws -> [DeliveryRecord] {
        try read { db in
            try DeliveryQuery.records("delivery.id > ?", [id], limit: limit, bytes: bytes, db)
        }
    }

    /// Returns the ids of the deliveries among these rows of the event list of which every event was seen before.
    ///
    /// - Throws: SQLite's error.
    public func duplicates(among rows: ClosedRange<Int64>) throws -> Set<Int64> {
        try read { db in try DeliveryQuery.duplicates(among: rows, db) }
    }

    /// Lends deliveries, in the order in which their ids are given. Use each only briefly: the history's log grows
    /// during the read, and the writer of a history in memory waits.
    ///
    /// - Parameters:
    ///   - duplicates: Whether to find out if they are duplicates.
    ///   - repeated: The events that may be duplicates, if known.
    ///   - visit: Receives each id, with nil if the delivery does not exist; returns whether to go on.
    /// - Throws: SQLite's error, or an error of `visit`.
    public func visit(
        deliveries ids: ArraySlice<Int64>, duplicates: Bool, among repeated: RepeatedEvents? = nil,
        _ visit: (Int64, LentDelivery?) throws -> Bool
    ) throws {
        try read { db in
            try DeliveryQuery.visit(ids, duplicates: duplicates ? .asked(repeated) : .none, db, visit)
        }
    }

    /// Lends the bodies of deliveries near another one, the nearest newer ones first, then those before it.
    ///
    /// - Parameters:
    ///   - reach: The number of ids on both sides.
    ///   - bytes: Stops after the body with which they reach this total size.
    ///   - isCancelled: Called often; returns whether to give up.
    ///   - visit: Borrows each body while it runs, and returns whether to go on.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func bodies(
        near id: Int64, reach: Int64, bytes: Int, isCancelled: () -> Bool,
        visit: (Int64, UnsafeRawBufferPointer) -> Bool
    ) throws {
        let (first, last) = (max(id - reach, 0), id > .max - reach ? .max : id + reach)
        try read { db in
            try db.cancellable(isCancelled) {
                var left = bytes
                var goesOn = true
                for (condition, from, to) in [
                    ("id BETWEEN ? AND ? ORDER BY id", id, last), ("id BETWEEN ? AND ? ORDER BY id DESC", first, id),
                ] {
                    let statement = try IDStatement(
                        "SELECT id, body FROM delivery WHERE \(condition)", [.integer(from), .integer(to)], db)
                    while goesOn, left > 0, let id = try statement.next() {
                        statement.withBytes(of: 1) { body in
                            left -= body.count
                            goesOn = visit(id, body)
                        }
                    }
                }
            }
        }
    }

    /// Returns the deliveries on which some current secret is still to be tried; otherwise nil.
    public func toJudge() throws -> ToJudge? {
        try read(HeldKeyring.toJudge)
    }

    /// Tries secrets on those of these deliveries that are not valid, the newest first.
    ///
    /// - Parameters:
    ///   - deliveries: Their ids.
    ///   - generation: The generation of the keyring in use.
    ///   - time: The current time.
    ///   - bytes: Stops after the delivery with which the bodies reach this total size.
    ///   - verify: Verifies a delivery, whose parts it borrows while it runs.
    public func verify(
        _ deliveries: ClosedRange<Int64>, generation: Int64, at time: Timestamp, bytes: Int,
        by verify: (RecordedRequest) throws -> Judgement
    ) throws -> Rejudgement {
        try read { db in try JudgingRead.run(deliveries, generation, time, bytes, verify, db) }
    }

    /// Returns the secret that signs b2watch's own test events: 32 random hex digits, made with the history, so that
    /// its test events stay valid.
    public func selfTestSecret() throws -> String {
        try read { db in try String.fetchOne(db, sql: "SELECT secret FROM selfTest") ?? "" }
    }

    /// Returns the secrets that the history knows, with the number of deliveries that each has verified.
    public func secrets() throws -> [RecordedSecret] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT label, binding, fingerprint, triedThrough IS NULL, leakedAt, coalesce(
                        (SELECT deliveries FROM tally
                            WHERE verdict = \(SignatureVerdict.valid.rawValue) AND tally.secret = secret.id), 0)
                    FROM secret ORDER BY id
                    """)
            return rows.compactMap { row in
                SecretTable.identity(row, from: 0).map {
                    RecordedSecret(
                        identity: $0, isCurrent: row[3],
                        leakedAt: (row[4] as Int64?).map(Timestamp.init(milliseconds:)), verified: row[5])
                }
            }
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try gate.read { try database.read(body) }
    }
}

/// A signing secret as the record knows it.
public struct RecordedSecret: Sendable, Hashable {
    public var identity: SecretIdentity
    /// Whether it was a current secret at the last write; verdicts of former secrets stay.
    public var isCurrent: Bool
    /// When a person deleted it as leaked.
    public var leakedAt: Timestamp?
    /// The number of deliveries that it verified as valid.
    public var verified: Int
}

// MARK: - Values

/// A value of the newest rows, and how many of them have it.
public struct ValueCount: Sendable, Hashable {
    public let value: String
    public let count: Int

    /// Creates a value with its number of rows.
    public init(_ value: String, count: Int) {
        self.value = value
        self.count = count
    }
}

extension HistoryReader {
    /// The number of the newest rows that `values(of:limit:)` reads.
    public static let rowsWithValues = 5_000

    /// Returns the values of a text of the newest rows, the most frequent first, to complete what a person types. Texts
    /// that rarely occur twice (of a delivery as it arrived) have none.
    public func values(of text: RowText, limit: Int) throws -> [ValueCount] {
        let column: String
        switch text {
        case .eventType: column = "eventType"
        case .objectName: column = "objectName"
        case .bucketName: column = "bucketName"
        case .matchedRuleName: column = "matchedRuleName"
        case .eventId: column = "eventId"
        case .objectVersionId: column = "objectVersionId"
        case .secret: return try secretsSeen(limit: limit)
        case .node: return try nodes(limit: limit)
        case .method, .target, .remoteAddress, .headers, .body: return []
        }
        return try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT value, count(*) FROM (SELECT id, \(column) AS value FROM event ORDER BY id DESC LIMIT ?)
                    WHERE typeof(value) = 'text' GROUP BY value ORDER BY count(*) DESC, max(id) DESC LIMIT ?
                    """, arguments: [Self.rowsWithValues, limit]
            ).map { ValueCount($0[0], count: $0[1]) }
        }
    }

    private func nodes(limit: Int) throws -> [ValueCount] {
        try read { db in
            try String.fetchAll(
                db,
                sql: "SELECT DISTINCT name FROM node WHERE id IN (SELECT node FROM origin) ORDER BY name LIMIT ?",
                arguments: [limit]
            ).map { ValueCount($0, count: 1) }
        }
    }

    private func secretsSeen(limit: Int) throws -> [ValueCount] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT label, sum(deliveries) FROM tally JOIN secret ON secret.id = tally.secret WHERE deliveries > 0
                    GROUP BY label ORDER BY sum(deliveries) DESC, label LIMIT ?
                    """, arguments: [limit]
            ).map { ValueCount($0[0], count: $0[1]) }
        }
    }
}

// MARK: - First steps

/// The steps of the way from B2 to b2watch that the history proves.
public struct FirstSteps: Sendable, Hashable {
    /// Whether a request arrived over the public address.
    public var isReachable: Bool
    /// Whether an event from B2 arrived: over the public address, from a sender with B2's name.
    public var isCalledByB2: Bool

    /// Creates the state before any delivery was looked at.
    public init(isReachable: Bool = false, isCalledByB2: Bool = false) {
        (self.isReachable, self.isCalledByB2) = (isReachable, isCalledByB2)
    }

    /// Whether nothing is left to find out.
    public var areDone: Bool { isReachable && isCalledByB2 }

    /// Adds the evidence of a request.
    ///
    /// - Parameter events: The number of its events. A request that is not a notification has none.
    public mutating func note(_ origin: DeliveryOrigin, events: Int) {
        guard origin.isPublic else { return }
        isReachable = true
        if origin.isNamedB2, events > 0 { isCalledByB2 = true }
    }
}

extension HistoryReader {
    /// Returns the steps of the way from B2 to b2watch that the newest deliveries prove.
    ///
    /// - Parameters:
    ///   - id: Only deliveries after this one are read.
    ///   - limit: The number of deliveries to read, the newest first.
    public func firstSteps(after id: Int64, limit: Int = 1_000) throws -> FirstSteps {
        try gate.read {
            try database.read { db in
                var steps = FirstSteps()
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT remoteAddress, headers, eventCount FROM delivery WHERE id > ? ORDER BY id DESC LIMIT ?
                        """, arguments: [id, limit])
                while !steps.areDone, let row = try rows.next() {
                    let headers = try HeaderField.fields(fromJSON: row["headers"])
                    steps.note(
                        DeliveryOrigin(remoteAddress: row["remoteAddress"], headers: headers), events: row["eventCount"]
                    )
                }
                return steps
            }
        }
    }
}

// MARK: - Gate

/// Admits reads until the history closes, which waits for the current ones: closing a connection during a read ends the
/// process.
final class ReadGate: Sendable {
    private struct State {
        var reading = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    /// The history's path; nil in memory.
    let path: String?
    /// Checks the files of a history that this process writes.
    private let watch: HistoryGuard?
    /// The number of truncated mappings of the log's index before.
    private let indexCuts: UInt32

    init(path: String? = nil, watch: HistoryGuard? = nil) {
        self.path = path
        self.watch = watch
        mapped_files_watch()
        indexCuts = Self.indexCuts(path)
    }

    private static func indexCuts(_ path: String?) -> UInt32 { path.map { mapped_file_cuts($0 + "-shm") } ?? 0 }

    /// Refuses a read that may have found zeros in the index of the log.
    private func checkReading() throws(HistoryReadError) {
        if let watch { return try watch.checkReading() }
        guard let path, Self.indexCuts(path) != indexCuts else { return }
        throw .indexTruncated(path: path)
    }

    /// - Throws: `HistoryClosed`, `HistoryReadError` for SQLite's errors, or an error of the body.
    func read<Value>(_ body: () throws -> Value) throws -> Value {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.reading += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw HistoryClosed() }
        defer { state.change { $0.reading -= 1 } }
        do {
            try checkReading()
            let value = try body()
            try checkReading()
            return value
        } catch let error as DatabaseError {
            watch?.met(error)
            try checkReading()
            throw HistoryReadError(error, path: path ?? "in memory")
        }
    }

    /// Admits no more reads, and waits for the current ones.
    func close() {
        state.wait { state in
            state.isClosed = true
            return state.reading == 0 ? () : nil
        }
    }
}

/// The history was closed before it was read.
public struct HistoryClosed: Error, Sendable, CustomStringConvertible {
    public let description = "the history is closed"
}

/// The reason why a history cannot be read, in a sentence.
public enum HistoryReadError: Error, Sendable, Hashable {
    /// Some of it is damaged.
    case damaged(path: String)
    /// The index of the write-ahead log was truncated while it was in use; nothing is lost by that.
    case indexTruncated(path: String)
    /// For another reason, which SQLite or the system gives.
    case unreadable(path: String, reason: String)

    init(_ error: DatabaseError, path: String) {
        // The full description contains the statement, in many lines, which does not help a user.
        self =
            error.isDamage
            ? .damaged(path: path)
            : .unreadable(path: path, reason: error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")
    }
}

extension HistoryReadError {
    /// The words of every sentence about an index that was truncated, of those who write and of those who read.
    static let truncatedIndex = "-shm was truncated"

    /// Returns whether two sentences, of those who write and of those who read, are about one cause.
    public static func areOfOneCause(_ one: String, _ other: String) -> Bool {
        one.contains(truncatedIndex) && other.contains(truncatedIndex)
    }
}

extension HistoryReadError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let path):
            "the history \(path) is damaged: b2watch recover \(path) writes what can still be read into a new history"
        case .indexTruncated(let path):
            "the history \(path) cannot be read, because \(path)\(Self.truncatedIndex) while in use; nothing is"
                + " lost by that: start b2watch again"
        case .unreadable(let path, let reason): "the history \(path) cannot be read: \(reason)"
        }
    }
}

extension WindowRequest<Int64> {
    /// Returns the part of a list that is read before and behind an id.
    ///
    /// - Parameters:
    ///   - older: Reads the rows before an id, at most a number of them.
    ///   - newer: Reads the rows behind an id, at most a number of them.
    func window<Row: Identifiable<Int64>>(
        older: (Int64, Int) throws -> [Row], newer: (Int64, Int) throws -> [Row]
    ) rethrows -> ListWindow<Row> {
        var (before, after) = (before + 1, after)
        var first: [Row] = []
        var next: [Row] = []
        // One more on each side shows whether there are others.
        switch anchor {
        case .newest: (first, after) = (try older(.max, before + 1), 0)
        case .oldest: (before, after) = (0, after + 1)
        case .row(let id): first = try older(id < .max ? id + 1 : id, before + 1)
        }
        if anchor != .newest { next = try newer(first.last?.id ?? 0, after + 1) }
        return ListWindow(
            rows: Array(first.suffix(before)) + next.prefix(after), hasOlder: first.count > before,
            hasNewer: next.count > after)
    }
}
