public import Base
import GRDB
public import Notifications

/// The result of trying secrets on the deliveries in a range of ids: the verdicts that change.
public struct Rejudgement: Sendable {
    /// A recorded verdict.
    public struct Recorded: Sendable, Hashable {
        public var verdict: SignatureVerdict
        /// The number of its secret.
        var secret: Int64?

        public init(_ verdict: SignatureVerdict) {
            self.verdict = verdict
        }

        init(_ verdict: SignatureVerdict, secret: Int64?) {
            self.verdict = verdict
            self.secret = secret
        }
    }

    /// Deliveries with one verdict before and one after. What lies between them has another verdict before.
    struct Run: Sendable {
        var deliveries: ClosedRange<Int64>
        let before: Recorded
        /// The new verdict; nil if the recorded one stays.
        let after: Judgement?
        var count: Int
    }

    /// All current secrets were tried on these.
    public private(set) var deliveries: ClosedRange<Int64>
    /// The generation of the keyring that verified them.
    public let generation: Int64
    /// The time of the verification.
    public let time: Timestamp
    /// The runs of equal verdicts, the newest first.
    private(set) var runs: [Run] = []

    /// Creates a result without verdicts.
    public init(of deliveries: ClosedRange<Int64>, generation: Int64, at time: Timestamp) {
        self.deliveries = deliveries
        self.generation = generation
        self.time = time
    }

    /// Adds a delivery of the range that is older than those added before.
    ///
    /// - Parameters:
    ///   - judgement: Its new verdict; nil if the recorded one stays.
    ///   - recorded: Its previous verdict.
    public mutating func add(_ judgement: Judgement?, of delivery: Int64, recorded: Recorded) {
        if let last = runs.indices.last, runs[last].after == judgement, runs[last].before == recorded {
            runs[last].deliveries = delivery...runs[last].deliveries.upperBound
            runs[last].count += 1
        } else {
            runs.append(Run(deliveries: delivery...delivery, before: recorded, after: judgement, count: 1))
        }
    }

    /// Notes that deliveries older than this one were not reached.
    mutating func end(at delivery: Int64) {
        deliveries = delivery...deliveries.upperBound
    }

    /// The number of deliveries with each new verdict.
    public var counts: [SignatureVerdict: Int] {
        runs.reduce(into: [:]) { $0[$1.after?.verdict ?? $1.before.verdict, default: 0] += $1.count }
    }

    /// Whether there is anything to write.
    var changesAny: Bool { runs.contains { $0.after != nil } }

    /// The new verdict of most deliveries that could not be verified before; nil if some of them still cannot.
    var prevailing: Judgement? {
        var counts: [Judgement: Int] = [:]
        for run in runs where run.before == Recorded(.unverified) {
            guard let after = run.after else { return nil }
            counts[after, default: 0] += run.count
        }
        return counts.max { $0.value < $1.value }?.key
    }
}

// MARK: - Writing

extension Rejudgement {
    /// Writes new verdicts, and that the current secrets were tried on the range.
    ///
    /// - Returns: The changes of the counts; nil, with nothing written, if the keyring has changed.
    func write(to db: Database) throws -> TallyChange? {
        guard try HeldKeyring.generation(db) <= generation else { return nil }
        try HeldKeyring.markVerified(deliveries, in: db)
        var counts = TallyChange(leaked: try SecretTable.leaked(db))
        guard changesAny else { return counts }
        let numbers = try Self.numbers(of: runs.compactMap(\.after), in: db)
        try count(numbers, in: &counts, db)
        // The exceptions first: they are no longer unverified when the remaining deliveries get the most frequent
        // verdict.
        let prevailing = prevailing
        for run in runs {
            guard let after = run.after, after != prevailing || run.before != Recorded(.unverified) else { continue }
            try update(run.deliveries, from: run.before, to: after, numbers, db)
        }
        if let prevailing { try update(deliveries, from: Recorded(.unverified), to: prevailing, numbers, db) }
        try counts.apply(to: db)
        return counts
    }

    private func update(
        _ deliveries: ClosedRange<Int64>, from before: Recorded, to after: Judgement,
        _ numbers: [SecretIdentity: Int64], _ db: Database
    ) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE outcome SET verdict = ?, secret = ?, judgedAt = ?
                WHERE delivery BETWEEN ? AND ? AND verdict = ? AND secret IS ?
                """)
        try update.execute(
            arguments: [
                after.verdict.rawValue, after.secret.flatMap { numbers[$0] }, time.milliseconds,
                deliveries.lowerBound, deliveries.upperBound, before.verdict.rawValue, before.secret,
            ])
    }

    private static func numbers(
        of judgements: [Judgement], in db: Database
    ) throws -> [SecretIdentity: Int64] {
        var numbers: [SecretIdentity: Int64] = [:]
        for secret in Set(judgements.compactMap(\.secret)) {
            numbers[secret] = try SecretTable.entry(of: secret, in: db).id
        }
        return numbers
    }

    /// Counts the deliveries that leave one count and join another.
    private func count(
        _ numbers: [SecretIdentity: Int64], in counts: inout TallyChange, _ db: Database
    ) throws {
        let old = try db.cachedStatement(
            sql: """
                SELECT delivery, rows, verdict, secret, share, size FROM outcome
                WHERE delivery BETWEEN ? AND ? ORDER BY delivery DESC
                """)
        var run = 0
        // Neighbouring deliveries mostly have the same verdict, so each run is counted once.
        var streak: (run: Int, share: Share?, deliveries: Int, rows: Int, bytes: Int)?
        func countRun() {
            guard let streak, let after = runs[streak.run].after else { return }
            let before = runs[streak.run].before
            counts.add(
                -streak.deliveries, rows: -streak.rows, share: streak.share, bytes: streak.bytes,
                to: .init(verdict: before.verdict, secret: before.secret ?? 0))
            let secret = after.secret.flatMap { numbers[$0] } ?? 0
            counts.add(
                streak.deliveries, rows: streak.rows, share: streak.share, bytes: streak.bytes,
                to: .init(verdict: after.verdict, secret: secret))
        }
        try old.forEachRow([deliveries.lowerBound, deliveries.upperBound]) { row in
            let delivery = try row.integer(0)
            while run < runs.count, runs[run].deliveries.lowerBound > delivery { run += 1 }
            guard run < runs.count else { return false }
            let before = runs[run].before
            guard runs[run].deliveries.contains(delivery), before.verdict.rawValue == Int(try row.integer(2)),
                before.secret == (try row.integerOrNil(3))
            else { return true }
            let share = try row.integerOrNil(4).flatMap(Share.init(rawValue:))
            if streak?.run != run || streak?.share != share {
                countRun()
                streak = (run, share, 0, 0, 0)
            }
            streak?.deliveries += 1
            streak?.rows += Int(try row.integer(1))
            streak?.bytes += Int(try row.integerOrNil(5) ?? 0)
            return true
        }
        countRun()
    }
}

// MARK: - Reading

/// The deliveries that an older keyring may have verified.
public struct ToJudge: Sendable, Hashable {
    /// The ids of the newest of it.
    public let newest: ClosedRange<Int64>
    /// The greatest possible number of deliveries, older ranges included.
    public let count: Int

    public init(newest: ClosedRange<Int64>, count: Int) {
        self.newest = newest
        self.count = count
    }
}

/// Reads the parts of deliveries that verifying needs, and lends them in SQLite's memory: copying them would take half
/// of the time of verifying a million.
enum JudgingRead {
    /// The deliveries to verify: those that were received whole and are not valid, and those that are valid by a secret
    /// known only by its label.
    private static let candidates = """
        verdict NOT IN (\(SignatureVerdict.valid.rawValue), \(SignatureVerdict.unjudged.rawValue),
            \(SignatureVerdict.reconciled.rawValue))
            AND share IS NOT \(Share.cut.rawValue)
            OR secret IN (\(SecretTable.unnamed))
        """

    static func run(
        _ deliveries: ClosedRange<Int64>, _ generation: Int64, _ time: Timestamp, _ maximumBytes: Int,
        _ verify: (RecordedRequest) throws -> Judgement, _ db: Database
    ) throws -> Rejudgement {
        // Two cursors that advance in step. Wide rows are skipped if there is nothing to verify, and never looked up
        // singly.
        let secrets = try SecretTable.all(db)
        let outcomes = try db.cachedStatement(
            sql: """
                SELECT delivery, verdict, secret FROM outcome
                WHERE delivery BETWEEN ? AND ? AND (\(candidates)) ORDER BY delivery DESC
                """)
        let requests = try db.cachedStatement(
            sql: "SELECT id, headers, body FROM delivery WHERE id BETWEEN ? AND ? ORDER BY id DESC")
        let recorded = try Row.fetchCursor(outcomes, arguments: [deliveries.lowerBound, deliveries.upperBound])
        let rows = try Row.fetchCursor(requests, arguments: [deliveries.lowerBound, deliveries.upperBound])
        let (outcome, delivery) = (
            StatementRow(statement: outcomes.sqliteStatement), StatementRow(statement: requests.sqliteStatement)
        )

        var rejudgement = Rejudgement(of: deliveries, generation: generation, at: time)
        var bytes = 0
        while try recorded.next() != nil {
            let id = try outcome.integer(0)
            let before = Rejudgement.Recorded(
                SignatureVerdict(rawValue: Int(try outcome.integer(1))) ?? .unjudged,
                secret: try outcome.integerOrNil(2))
            var found: Int64
            repeat {
                guard try rows.next() != nil else { return rejudgement }
                found = try delivery.integer(0)
            } while found > id
            guard found == id else { continue }
            let request = RecordedRequest(headers: try delivery.lent(1), body: try delivery.lent(2))
            let judgement = try verify(request)
            // A delivery of which only the events remain cannot be verified.
            let isLost = request.body.isEmpty && request.headers.count <= 2
            let known = Judgement(before.verdict, secret: before.secret.flatMap { secrets[$0] })
            let isNew = !isLost && judgement.replaces(known)
            rejudgement.add(isNew ? judgement : nil, of: id, recorded: before)
            bytes += request.body.count
            if bytes >= maximumBytes {
                rejudgement.end(at: id)
                return rejudgement
            }
        }
        return rejudgement
    }
}
