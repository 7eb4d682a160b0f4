import Foundation
import GRDB
public import Notifications
import Workers

/// Reads what is recorded, beside the writer and without ever waiting for it. What fails is what SQLite says,
/// or `HistoryClosed`.
public struct HistoryReader: Sendable {
    let database: any DatabaseReader
    let gate: ReadGate

    /// Whether the writer waits while something is read, as it does in memory; a file is read beside it.
    public var delaysWriter: Bool { gate.path == nil }

    /// Rows of the event list. Costs the same anywhere in a history of any length.
    public func rows(_ request: RowRequest) throws -> RowWindow {
        try read { db in
            var older: [EventRow] = []
            var newer: [EventRow] = []
            switch request.anchor {
            case .newest:
                older = try RowQuery.older(than: .max, limit: request.before + 2, db)
            case .oldest:
                newer = try RowQuery.newer(than: 0, limit: request.after + 2, db)
            case .row(let id):
                // One more on each side tells whether there are others.
                older = try RowQuery.older(than: id < .max ? id + 1 : id, limit: request.before + 2, db)
                newer = try RowQuery.newer(than: older.last?.id ?? id, limit: request.after + 1, db)
            }
            var window = RowWindow()
            if case .oldest = request.anchor {
                window.hasNewer = newer.count > request.after + 1
                window.rows = Array(newer.prefix(request.after + 1))
                return window
            }
            window.hasOlder = older.count > request.before + 1
            window.hasNewer = newer.count > request.after
            window.rows = Array(older.suffix(request.before + 1)) + newer.prefix(request.after)
            return window
        }
    }

    /// One delivery, whole; nil where there is none with this id.
    public func delivery(_ id: Int64) throws -> DeliveryRecord? {
        try read { db in
            try DeliveryQuery.records("delivery.id = ?", [id], limit: 1, bytes: .max, db).first
        }
    }

    /// Deliveries in the order of arrival, for those that follow the record by a cursor.
    ///
    /// - Parameters:
    ///   - id: The last one seen.
    ///   - bytes: Stops behind the delivery with which the bodies come to as many bytes.
    public func deliveries(after id: Int64, limit: Int, bytes: Int = 8 << 20) throws -> [DeliveryRecord] {
        try read { db in
            try DeliveryQuery.records("delivery.id > ?", [id], limit: limit, bytes: bytes, db)
        }
    }

    /// Returns the ids of the deliveries among these rows of the event list of which each event was seen before.
    ///
    /// - Throws: What SQLite says.
    public func duplicates(among rows: ClosedRange<Int64>) throws -> Set<Int64> {
        try read { db in try DeliveryQuery.duplicates(among: rows, db) }
    }

    /// Lends deliveries, in the order in which their ids are given. Nothing that takes long is to be done with one: the
    /// history's log grows for as long as it is read, and in memory the writer waits.
    ///
    /// - Parameters:
    ///   - duplicates: Whether it is read if they are duplicates.
    ///   - repeated: Where it is known, the events among which those are to be looked for.
    ///   - visit: Is given each id, with nil where there is no such delivery; returns whether to go on.
    /// - Throws: What SQLite says, or what `visit` throws.
    public func visit(
        deliveries ids: ArraySlice<Int64>, duplicates: Bool, among repeated: RepeatedEvents? = nil,
        _ visit: (Int64, LentDelivery?) throws -> Bool
    ) throws {
        try read { db in
            try DeliveryQuery.visit(ids, duplicates: duplicates ? .asked(repeated) : .none, db, visit)
        }
    }

    /// Lends the bodies of deliveries near another one, the nearest to the newer side first, then those before it.
    ///
    /// - Parameters:
    ///   - reach: How many numbers to both sides.
    ///   - bytes: Stops behind the body with which they come to as many bytes.
    ///   - isCancelled: Asked often whether to give up.
    ///   - visit: Is lent each body for as long as it runs, and returns whether to go on.
    /// - Throws: `ReadCancelled`, or what SQLite says.
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

    /// What some current secret is still to be tried on; nil where there is nothing.
    public func toJudge() throws -> ToJudge? {
        try read(HeldKeyring.toJudge)
    }

    /// Tries secrets on those of these deliveries that are not valid, the newest first.
    ///
    /// - Parameters:
    ///   - deliveries: Their ids.
    ///   - generation: That of the keyring that judges.
    ///   - time: When that is.
    ///   - bytes: Stops behind the delivery with which the bodies come to as many bytes.
    ///   - judge: Is lent what each delivery holds, for as long as it runs.
    public func judge(
        _ deliveries: ClosedRange<Int64>, generation: Int64, at time: Timestamp, bytes: Int,
        by judge: (RecordedRequest) throws -> Judgement
    ) throws -> Rejudgement {
        try read { db in try JudgingRead.run(deliveries, generation, time, bytes, judge, db) }
    }

    /// The secret that signs b2watch's own test events: 32 random hex digits, made with the history, so that those it
    /// holds stay valid.
    public func selfTestSecret() throws -> String {
        try read { db in try String.fetchOne(db, sql: "SELECT secret FROM selfTest") ?? "" }
    }

    /// The secrets that the record knows, with what they have verified.
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
    /// Whether it verified when the record was last written; what has left the keyring keeps its verdicts.
    public var isCurrent: Bool
    /// When a person deleted it as leaked.
    public var leakedAt: Timestamp?
    /// How many deliveries it gave a valid verdict.
    public var verified: Int
}

// MARK: - Values

/// A value of the newest rows, and how many of them have it.
public struct ValueCount: Sendable, Hashable {
    public let value: String
    public let count: Int

    /// A value that so many rows have.
    public init(_ value: String, count: Int) {
        self.value = value
        self.count = count
    }
}

extension HistoryReader {
    /// How many of the newest rows `values(of:limit:)` looks at.
    public static let rowsWithValues = 5_000

    /// Returns the values of a text of the newest rows, the most frequent first, to complete what somebody types. Texts that
    /// are nearly never the same twice (of a delivery as it arrived) have none.
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

/// What the record shows of the way from B2 to here.
public struct FirstSteps: Sendable, Hashable {
    /// Whether a request came over the public address.
    public var isReachable: Bool
    /// Whether an event of B2's came: over the public address, from a sender with B2's name.
    public var isCalledByB2: Bool

    /// What is known before anything was looked at.
    public init(isReachable: Bool = false, isCalledByB2: Bool = false) {
        (self.isReachable, self.isCalledByB2) = (isReachable, isCalledByB2)
    }

    /// Whether nothing is left to find out.
    public var areDone: Bool { isReachable && isCalledByB2 }

    /// Adds what a request shows.
    ///
    /// - Parameter events: How many events it held. A request that is no notification has none.
    public mutating func note(_ origin: DeliveryOrigin, events: Int) {
        guard origin.isPublic else { return }
        isReachable = true
        if origin.isNamedB2, events > 0 { isCalledByB2 = true }
    }
}

extension HistoryReader {
    /// What the newest deliveries show of the way from B2 to here.
    ///
    /// - Parameters:
    ///   - id: Only deliveries after this one are looked at.
    ///   - limit: How many are looked at, the newest first.
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

/// Lets reads in until the history closes, which waits for those that are under way: a connection that is closed under a
/// reader ends the process.
final class ReadGate: Sendable {
    private struct State {
        var reading = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    /// The history's path; nil in memory.
    let path: String?
    /// Looks at the files of a history that this process writes.
    private let watch: HistoryGuard?

    init(path: String? = nil, watch: HistoryGuard? = nil) {
        self.path = path
        self.watch = watch
    }

    /// - Throws: `HistoryClosed`, `HistoryReadError` for what SQLite says, or what the body throws.
    func read<Value>(_ body: () throws -> Value) throws -> Value {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.reading += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw HistoryClosed() }
        defer { state.change { $0.reading -= 1 } }
        do {
            try watch?.checkBeforeReading()
            return try body()
        } catch let error as DatabaseError {
            watch?.met(error)
            throw HistoryReadError(error, path: path ?? "in memory")
        }
    }

    /// Lets no more reads in, and waits for the last.
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

/// Why a history cannot be read, in a sentence.
public enum HistoryReadError: Error, Sendable, Hashable {
    /// Some of it is damaged.
    case damaged(path: String)
    /// For another reason, which SQLite or the system gives.
    case unreadable(path: String, reason: String)

    init(_ error: DatabaseError, path: String) {
        // Its description has the statement in it, in many lines, which helps nobody who uses b2watch.
        self =
            error.isDamage
            ? .damaged(path: path)
            : .unreadable(path: path, reason: error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")
    }
}

extension HistoryReadError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let path):
            "the history \(path) is damaged: b2watch recover \(path) writes what can still be read into a new history"
        case .unreadable(let path, let reason): "the history \(path) cannot be read: \(reason)"
        }
    }
}
