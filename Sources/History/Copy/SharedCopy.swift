public import Base
import GRDB
public import Notifications

/// A history as the copy of one that several machines share: it has the rows of the shared one, under the same ids.
///
/// Deliveries enter it only from the shared history, in the order of their ids, and a verdict changes only after it has
/// changed there. All that reads a history reads the copy. Its calls block, and throw SQLite's errors or `WriteFailure`.
public struct SharedCopy: Sendable {
    let writer: HistoryWriter
    let changes: ChangeFeed
    let reader: HistoryReader

    /// The place of a copy in the shared history.
    public struct State: Sendable, Hashable {
        /// The identity of the shared history; empty before the first connection to it.
        public var record: String
        /// The identity of this copy, under which deliveries of its process are recorded.
        public var node: String
        /// The last delivery of the shared history that it has taken.
        public var delivery: Int64
        /// The last change of recorded deliveries that it has taken.
        public var revision: Int64
    }

    /// Makes an empty history a copy, and returns how far a copy is.
    public func begin() throws -> State {
        let state = try writer.write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO copy (one, record, node) VALUES (1, '', lower(hex(randomblob(16))))")
            return try Self.read(db)
        }
        changes.followShared()
        return state
    }

    /// Returns how far the copy is.
    public func state() throws -> State { try reader.read(Self.read) }

    /// The process that received a delivery, and its number there.
    public struct Origin: Sendable, Hashable {
        public var node: Int64
        public var sequence: Int64

        public init(node: Int64, sequence: Int64) { (self.node, self.sequence) = (node, sequence) }
    }

    /// Returns the origin of a delivery; nil for one that the copy has not.
    public func origin(of delivery: Int64) throws -> Origin? {
        try reader.read { db in
            try Row.fetchOne(db, sql: "SELECT node, sequence FROM origin WHERE delivery = ?", arguments: [delivery])
                .map { Origin(node: $0[0], sequence: $0[1]) }
        }
    }

    /// Notes the identity of the shared history.
    public func meet(_ record: String) throws {
        try writer.write { db in
            try db.execute(sql: "UPDATE copy SET record = ? WHERE record = ''", arguments: [record])
        }
    }

    /// Notes the names of nodes.
    public func name(_ nodes: [Int64: String]) throws {
        try writer.write(isDurable: false) { db in
            for (id, name) in nodes {
                try db.execute(sql: "INSERT OR REPLACE INTO node VALUES (?, ?)", arguments: [id, name])
            }
        }
    }

    /// Adds deliveries that follow those that it has taken, in the order of their ids. A power cut may lose them; they are
    /// then taken again.
    ///
    /// - Parameter last: The last delivery that is taken now; deliveries up to it that are missing were removed.
    public func add(_ deliveries: [CopiedDelivery], through last: Int64) throws {
        try writer.copy(deliveries) { db in
            try db.cachedStatement(sql: "UPDATE copy SET delivery = ?").execute(arguments: [last])
        }
    }

    /// Takes changes of recorded deliveries.
    ///
    /// - Parameter revision: The last change that is taken now.
    public func apply(_ verdicts: [CopiedVerdict], through revision: Int64) throws {
        let counts = try writer.write(isDurable: false) { db in
            var counts = TallyChange(leaked: try SecretTable.leaked(db))
            for verdict in verdicts { try verdict.write(to: db, &counts) }
            try counts.apply(to: db)
            try db.cachedStatement(sql: "UPDATE copy SET revision = ?").execute(arguments: [revision])
            return counts
        }
        changes.rejudged(counts)
    }

    /// Takes what others have learned of secrets.
    ///
    /// - Parameter leaks: The secrets, each with the time at which it was deleted as leaked; nil if it no longer counts as
    ///   leaked.
    public func apply(_ leaks: [(secret: SecretIdentity, at: Timestamp?)]) throws {
        guard !leaks.isEmpty else { return }
        let tally = try writer.write(isDurable: false) { db in
            for leak in leaks {
                if let time = leak.at {
                    // It may be unknown here, and verify deliveries later.
                    _ = try SecretTable.entry(of: leak.secret, in: db)
                    try SecretTable.markLeaked(leak.secret, at: time, in: db)
                } else {
                    try SecretTable.clearLeaked(leak.secret, in: db)
                }
            }
            return try TallyChange.read(db)
        }
        changes.reread(tally)
    }

    // MARK: - Verifying again

    /// Deliveries whose recorded verdict is replaced by another one.
    public struct VerdictRun: Sendable, Hashable {
        /// Deliveries among these, if they have the verdict `before`.
        public var deliveries: ClosedRange<Int64>
        public var before: Judgement
        public var after: Judgement
    }

    /// Returns the verdicts that verifying again changes; nil if the keyring has changed since.
    public func runs(of verdicts: Rejudgement) throws -> [VerdictRun]? {
        try reader.read { db in
            guard try HeldKeyring.generation(db) <= verdicts.generation else { return nil }
            let secrets = try SecretTable.all(db)
            return verdicts.runs.compactMap { run in
                run.after.map { after in
                    VerdictRun(
                        deliveries: run.deliveries,
                        before: Judgement(run.before.verdict, secret: run.before.secret.flatMap { secrets[$0] }),
                        after: after)
                }
            }
        }
    }

    /// Notes that the current secrets were tried on a range. The verdicts arrive from the shared history.
    ///
    /// - Returns: False if the keyring has changed; nothing is written then.
    public func verified(_ verdicts: Rejudgement) throws -> Bool {
        try writer.write(isDurable: false) { db in
            guard try HeldKeyring.generation(db) <= verdicts.generation else { return false }
            try HeldKeyring.markVerified(verdicts.deliveries, in: db)
            return true
        }
    }

    // MARK: - State

    /// Reports that the shared history cannot be written, with the reason in a sentence; nil if it can.
    public func report(away reason: String?) { changes.shared(isAway: reason) }

    /// Reports that the copy is behind the shared history, in a sentence; nil if it is not.
    public func report(behind sentence: String?) { changes.last(.filling, sentence) }

    /// Reports the current state to those who observe the history since a moment ago.
    public func announce() { changes.announce() }

    /// Reports something else that a person should know, in a sentence.
    public func warn(_ sentence: String) { changes.warn(sentence) }

    /// Reports that a delivery could not be recorded although others can, in a sentence.
    public func refuse(_ reason: String) { changes.refuse(reason) }

    fileprivate static func read(_ db: Database) throws -> State {
        let row = try Row.fetchOne(db, sql: "SELECT record, node, delivery, revision FROM copy")
        return State(record: row?[0] ?? "", node: row?[1] ?? "", delivery: row?[2] ?? 0, revision: row?[3] ?? 0)
    }
}

extension History {
    /// The history as the copy of a shared one; see `HistoryUse.copying`.
    public var copy: SharedCopy { SharedCopy(writer: writer, changes: changes, reader: reader) }
}

// MARK: - Rows

/// A delivery of a shared history, with its ids.
public struct CopiedDelivery: Sendable {
    public var id: Int64
    /// The id of its first row in the event list.
    public var firstRow: Int64
    /// The number of the process that received it, and of the delivery there.
    public var node: Int64
    public var sequence: Int64
    /// The delivery. If its generation is below that of the current secrets, they are tried on it.
    public var judged: JudgedDelivery
    /// The time of the verdict if it was given after the arrival.
    public var judgedAt: Timestamp?

    public init(
        id: Int64, firstRow: Int64, node: Int64, sequence: Int64, judged: JudgedDelivery, judgedAt: Timestamp? = nil
    ) {
        self.id = id
        self.firstRow = firstRow
        self.node = node
        self.sequence = sequence
        self.judged = judged
        self.judgedAt = judgedAt
    }

    /// Writes it with its ids.
    func insert(_ insert: inout DeliveryInsert, _ db: Database) throws -> DeliveryInsert.Inserted {
        insert.number(from: id, row: firstRow)
        let inserted = try insert.insert(judged, into: db)
        try db.cachedStatement(sql: "INSERT INTO origin VALUES (?, ?, ?)")
            .execute(arguments: [id, node, sequence])
        if let judgedAt {
            try db.cachedStatement(sql: "UPDATE outcome SET judgedAt = ? WHERE delivery = ?")
                .execute(arguments: [judgedAt.milliseconds, id])
        }
        return inserted
    }
}

/// The verdict of a recorded delivery that has changed in a shared history.
public struct CopiedVerdict: Sendable, Hashable {
    public var delivery: Int64
    public var judgement: Judgement
    public var judgedAt: Timestamp?

    public init(delivery: Int64, judgement: Judgement, judgedAt: Timestamp?) {
        self.delivery = delivery
        self.judgement = judgement
        self.judgedAt = judgedAt
    }

    /// Writes the verdict, unless the delivery has it or does not exist.
    fileprivate func write(to db: Database, _ counts: inout TallyChange) throws {
        let outcome = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT verdict, secret, rows, share, size FROM outcome WHERE delivery = ?"),
            arguments: [delivery])
        guard let outcome, let verdict = SignatureVerdict(rawValue: outcome[0]) else { return }
        let secret = try judgement.secret.map { try SecretTable.entry(of: $0, in: db).id }
        let (old, rows): (Int64?, Int) = (outcome[1], outcome[2])
        guard verdict != judgement.verdict || old != secret else { return }
        let share = (outcome[3] as Int64?).flatMap(Share.init(rawValue:))
        let bytes = (outcome[4] as Int?) ?? 0
        counts.add(-1, rows: -rows, share: share, bytes: bytes, to: .init(verdict: verdict, secret: old ?? 0))
        counts.add(
            1, rows: rows, share: share, bytes: bytes, to: .init(verdict: judgement.verdict, secret: secret ?? 0))
        try db.cachedStatement(sql: "UPDATE outcome SET verdict = ?, secret = ?, judgedAt = ? WHERE delivery = ?")
            .execute(arguments: [judgement.verdict.rawValue, secret, judgedAt?.milliseconds, delivery])
    }
}

// MARK: - Tables

/// The tables of a copy; those of other histories are empty.
///
/// `copy` has its place in the shared history. `origin` has the process that received a delivery, and its number there; `node` has the
/// names of these processes.
enum CopySchema {
    static let migration = """
        CREATE TABLE copy (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            record TEXT NOT NULL,
            node TEXT NOT NULL,
            delivery INTEGER NOT NULL DEFAULT 0,
            revision INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE origin (delivery INTEGER PRIMARY KEY, node INTEGER NOT NULL, sequence INTEGER NOT NULL);
        """

    /// The name of the process that received a row of `event`; NULL in a history of one process.
    static let node = """
        (SELECT name FROM node WHERE id = (SELECT node FROM origin WHERE origin.delivery = event.delivery))
        """

    /// Checks that a history may be used for this purpose: deliveries of its own and copied ones are never mixed.
    ///
    /// - Throws: `HistoryError.copy` or `.ownDeliveries`.
    static func check(_ db: Database, _ use: HistoryUse, path: String) throws {
        let isCopy = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM copy)") ?? false
        switch use {
        case .recording where isCopy, .command where isCopy: throw HistoryError.copy(path: path)
        case .copying where !isCopy:
            let hasRows = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM outcome)") ?? false
            if hasRows { throw HistoryError.ownDeliveries(path: path) }
        case .recording, .copying, .command, .upkeep: break
        }
    }
}

// MARK: - Where deliveries are recorded

/// The record that deliveries and verdicts are written to: a history of this process, or one that several share.
public protocol DeliveryRecorder: Sendable {
    /// Returns whether a request may be recorded now; one that is valid always may. Does not block.
    func room(for delivery: JudgedDelivery) -> RecordRoom

    /// Records a delivery. Calls `completion` from any thread with its id once it is durable, or with nil if recording
    /// failed. Does not block.
    ///
    /// - Returns: False if it is not recorded; `completion` is then never called.
    func record(_ delivery: JudgedDelivery, completion: @escaping @Sendable (Int64?) -> Void) -> Bool

    /// Writes the result of trying secrets. Blocks.
    ///
    /// - Returns: False if the keyring has changed; nothing is written then.
    func rejudge(_ verdicts: Rejudgement) throws -> Bool

    /// Has all that share the record learn that a secret was leaked, or was not. Blocks.
    func share(_ change: SecretChange) throws

    /// Finds out whether deliveries can be recorded now.
    func probe(_ completion: @escaping @Sendable (Bool) -> Void)

    /// Finds out whether deliveries can be recorded now, at a cost that frequent questions do not multiply.
    func probe(limitedAt now: ContinuousClock.Instant, _ completion: @escaping @Sendable (Bool) -> Void)
}

extension History: DeliveryRecorder {
    /// Does nothing: nobody shares it.
    public func share(_ change: SecretChange) {}
}
