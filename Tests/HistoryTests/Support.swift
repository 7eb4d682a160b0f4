import Base
import GRDB
import Notifications
import Synchronization
import TestSupport

@testable import History

extension JudgedDelivery {
    /// Returns a delivery as Intake would pass it on.
    static func sample(
        _ delivery: Delivery = .sample(), _ verdict: SignatureVerdict = .valid, secret: String? = nil,
        answer: Answer = .accepted, generation: Int64? = 1
    ) -> JudgedDelivery {
        JudgedDelivery(
            delivery: delivery, judgement: Judgement(verdict, secret: secret.map { .sample($0) }), answer: answer,
            events: Payload(scanning: delivery.body).events, generation: verdict == .unjudged ? nil : generation)
    }

    /// Returns a delivery with one event for each id.
    static func sample(ids: [String?], _ verdict: SignatureVerdict = .valid, generation: Int64? = 1) -> JudgedDelivery {
        sample(.sample(ids.map { SampleEvent(id: $0) }), verdict, generation: generation)
    }
}

extension History {
    /// Records a delivery and waits until it is recorded or refused.
    func keep(_ delivery: JudgedDelivery) async -> Bool {
        await answer("a record", orElse: false) { give in
            if !record(delivery, completion: { give($0 != nil) }) { give(false) }
        }
    }

    /// Records deliveries one after the other; returns false if one is not recorded.
    func keep(_ deliveries: [JudgedDelivery]) async -> Bool {
        var isKept = true
        for delivery in deliveries where !(await keep(delivery)) { isKept = false }
        return isKept
    }

    /// Returns whether a delivery can be recorded now.
    func probe() async -> Bool {
        await answer("whether it records", orElse: false) { give in probe { give($0) } }
    }

    /// Writes verdicts of these deliveries, the newest given first.
    @discardableResult
    func rejudge(_ verdicts: [(delivery: Int64, judgement: Judgement)], generation: Int64) throws -> Bool {
        var isWritten = true
        for verdict in verdicts {
            var rejudgement = Rejudgement(
                of: verdict.delivery...verdict.delivery, generation: generation, at: Timestamp(milliseconds: 1))
            if let before = try recorded(verdict.delivery) {
                rejudgement.add(verdict.judgement, of: verdict.delivery, recorded: before)
            }
            isWritten = try rejudge(rejudgement) && isWritten
        }
        return isWritten
    }

    /// Returns a verdict as it is recorded; nil if the delivery does not exist.
    func recorded(_ delivery: Int64) throws -> Rejudgement.Recorded? {
        try reader.read { db in
            try Row.fetchOne(
                db, sql: "SELECT verdict, secret FROM outcome WHERE delivery = ?", arguments: [delivery]
            ).map { Rejudgement.Recorded(SignatureVerdict(rawValue: $0[0]) ?? .unjudged, secret: $0[1]) }
        }
    }

    /// Makes these secrets current.
    func adopt(_ labels: String..., because change: SecretChange? = nil) throws -> Int64 {
        try adopt(
            keyring: labels.joined(separator: " "), of: labels.map { .sample($0) }, because: change)
    }

    /// Returns the number of deliveries that each secret has verified, by its label.
    var matches: [String: Int] {
        get throws {
            let secrets = try reader.secrets().filter { $0.verified > 0 }
            return Dictionary(secrets.map { ($0.identity.label, $0.verified) }, uniquingKeysWith: +)
        }
    }

    /// Returns all rows, the oldest first.
    var allRows: [EventRow] {
        get throws { try reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 1_000_000)).rows }
    }
}

/// Collects all events of a history.
final class Observer: Sendable {
    private let told = Mutex<[HistoryEvent]>([])

    init(_ history: History) {
        history.observe { [weak self] event in self?.told.withLock { $0.append(event) } }
    }

    var events: [HistoryEvent] { told.withLock { $0 } }

    var changes: [HistoryChange] {
        events.compactMap { if case .changed(let change) = $0 { change } else { nil } }
    }

    var refusals: [String] {
        events.compactMap { if case .refused(let reason) = $0 { reason } else { nil } }
    }

    var stales: Int { events.count { $0 == .stale } }
}

/// The place of a test's history: each storage test runs in both.
enum Kept: String, CaseIterable, Sendable, CustomStringConvertible {
    case inMemory, onFile

    var description: String { rawValue }

    /// Opens a history in the folder, or in memory.
    func open(_ folder: TemporaryFolder) throws -> History {
        switch self {
        case .inMemory: try History(.memory)
        case .onFile: try History(.file(folder.file("history.sqlite")))
        }
    }
}

/// Holds up a history's writer, so that new deliveries queue.
final class HeldWriter: Sendable {
    private let history: History
    private let gate = Gate()

    init(_ history: History) {
        self.history = history
        // The tests take their time.
        history.writer.stalls.isManual.store(true, ordering: .relaxed)
    }

    /// Returns once the writer is held up by the completion of a delivery of its own.
    func hold() async {
        await answer("the writer to be held up", orElse: ()) { give in
            let isQueued = history.record(.sample()) { [gate] _ in
                give(())
                gate.wait()
            }
            if !isQueued { give(()) }
        }
    }

    func letGo() {
        gate.open()
    }
}

/// The writer's own settings of SQLite.
func settings(of history: History) throws -> (synchronous: Int?, journal: String?) {
    try history.writer.write { db in
        (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
    }
}

/// Limits the history to a number of pages, as a full disk would.
func limitPages(of history: History, to count: Int) throws {
    try history.writer.write { db in _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(count)") }
}

extension History {
    /// Returns the number of stored exchanges of the outbox.
    var exchangeCount: Int {
        get throws { try writer.write { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM exchange") ?? 0 } }
    }
}

extension History {
    /// Moves the log into the file as far as possible, as checkpoints do by themselves.
    func settle() {
        checkpoints?.now()
    }
}

/// Another program that has locked a history's file.
final class FileLocker: Sendable {
    private let database: DatabaseQueue

    /// Locks the file. Readers are not blocked if the file has a write-ahead log.
    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        database = try DatabaseQueue(path: path, configuration: configuration)
        try database.inDatabase { db in try db.execute(sql: "BEGIN IMMEDIATE") }
    }

    func letGo() throws {
        try database.inDatabase { db in try db.execute(sql: "ROLLBACK") }
        try database.close()
    }
}

// MARK: - Outbox

extension History {
    /// Records a delivery, on the thread of the test.
    @discardableResult
    func keepNow(_ delivery: JudgedDelivery) throws -> Int64 {
        let kept = Watched<Int64??>(nil)
        guard record(delivery, completion: { id in kept.change { $0 = .some(id) } }) else { return 0 }
        return try kept.require("a record") { $0 } ?? 0
    }

    /// Declares one action.
    func declare(_ name: String = "rows", kind: String = "csv") throws -> Int64 {
        try outbox.declare([Outbox.Declaration(name: name, kind: kind, summary: "to \(name)")])[name] ?? 0
    }

    /// Walks to the latest row.
    @discardableResult
    func walkAll(
        _ action: Int64, matching predicate: RowPredicate = .verdict([.valid]), limit: Int = 200
    ) throws -> Int {
        var added = 0
        while true {
            let walk = try outbox.walk(
                action, through: current.latestRow, matching: predicate, at: .at(0), limit: limit)
            added += walk.added
            if walk.cursor >= current.latestRow { return added }
        }
    }

    func entries(_ states: Set<EntryState>? = nil) throws -> [OutboxEntry] {
        try reader.outbox(OutboxRequest(states: states, .oldest, before: 0, after: 100_000)).rows.map(\.entry)
    }
}

extension Timestamp {
    /// Returns the time a number of seconds after another.
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + seconds * 1_000) }
}
