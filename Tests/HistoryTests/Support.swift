import GRDB
import Notifications
import Synchronization
import TestSupport

@testable import History

extension JudgedDelivery {
    /// A delivery as Intake would hand it over.
    static func sample(
        _ delivery: Delivery = .sample(), _ verdict: SignatureVerdict = .valid, secret: String? = nil,
        answer: Answer = .accepted, generation: Int64? = 1
    ) -> JudgedDelivery {
        JudgedDelivery(
            delivery: delivery, judgement: Judgement(verdict, secret: secret.map { .sample($0) }), answer: answer,
            events: Payload(scanning: delivery.body).events, generation: verdict == .unjudged ? nil : generation)
    }

    /// A delivery of one event for each id.
    static func sample(ids: [String?], _ verdict: SignatureVerdict = .valid, generation: Int64? = 1) -> JudgedDelivery {
        sample(.sample(ids.map { SampleEvent(id: $0) }), verdict, generation: generation)
    }
}

extension History {
    /// Records a delivery and waits until it is told whether it is kept.
    func keep(_ delivery: JudgedDelivery) async -> Bool {
        await answer("a record", orElse: false) { give in
            if !record(delivery, completion: { give($0 != nil) }) { give(false) }
        }
    }

    /// Records deliveries one behind the other; false where one is not kept.
    func keep(_ deliveries: [JudgedDelivery]) async -> Bool {
        var isKept = true
        for delivery in deliveries where !(await keep(delivery)) { isKept = false }
        return isKept
    }

    /// Whether a delivery can be recorded now.
    func probe() async -> Bool {
        await answer("whether it records", orElse: false) { give in probe { give($0) } }
    }

    /// Writes verdicts of these deliveries and of none between them, the newest given first.
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

    /// A verdict as it is recorded; nil where the delivery is not there.
    func recorded(_ delivery: Int64) throws -> Rejudgement.Recorded? {
        try reader.read { db in
            try Row.fetchOne(
                db, sql: "SELECT verdict, secret FROM outcome WHERE delivery = ?", arguments: [delivery]
            ).map { Rejudgement.Recorded(SignatureVerdict(rawValue: $0[0]) ?? .unjudged, secret: $0[1]) }
        }
    }

    /// Makes secrets the current ones whose labels tell them apart.
    func adopt(_ labels: String..., because change: SecretChange? = nil) throws -> Int64 {
        try adopt(
            keyring: labels.joined(separator: " "), of: labels.map { .sample($0) }, because: change)
    }

    /// How many deliveries each secret has verified, by its label.
    var matches: [String: Int] {
        get throws {
            let secrets = try reader.secrets().filter { $0.verified > 0 }
            return Dictionary(secrets.map { ($0.identity.label, $0.verified) }, uniquingKeysWith: +)
        }
    }

    /// All rows, the oldest first.
    var allRows: [EventRow] {
        get throws { try reader.rows(RowRequest(.oldest, before: 0, after: 1_000_000)).rows }
    }
}

/// Takes note of all that a history tells.
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

/// Where a test keeps its history: each store test runs in both.
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
