import Foundation
import GRDB
public import Notifications

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
