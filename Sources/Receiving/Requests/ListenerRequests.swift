public import Foundation
public import History
public import Notifications
import Synchronization

/// The requests about the listener, besides those about actions.
public enum ReceiverRequests {
    /// All requests, one a line.
    public static let all: [any ListenerRequest<ReceiverDesk>.Type] = [
        Subscribe.self,
        ReadFigures.self,
        ReadHook.self,
        SendTestEvent.self,
        ReloadConfiguration.self,
        ReadKeyring.self,
        AddSecret.self,
        ReplaceSecret.self,
        ForgetSecret.self,
        MarkSecretLeaked.self,
        RememberSecret.self,
        NameUnsigned.self,
        ForgetUnsigned.self,
        ReloadSecrets.self,
        FindSecret.self,
        FindEvidence.self,
        CancelJudging.self,
        ResumeJudging.self,
    ]
}

// MARK: - State

/// Asks for the current state of the listener, and for its `ListenerNews` from then on.
public struct Subscribe: ListenerRequest {
    public static let name = "subscribe"

    /// Asks for both.
    public init() {}

    public struct Reply: Codable, Sendable {
        /// The URL at which it listens.
        public var url: String
        public var isLoopback: Bool
        public var keyring: KeyringSummary
        public var figures: ListenerFigures
        /// The current warning.
        public var warning: String?
        public var health: HistoryHealth
        /// Notes for a person about the secrets, in sentences.
        public var notes: [String]
        /// The file with saved secrets; nil without a place for one.
        public var secretsFile: String?
    }

    public func answer(_ desk: ReceiverDesk) -> Reply {
        let (address, shown) = (desk.listener.address, desk.program.shown())
        return Reply(
            url: address.url, isLoopback: address.isLoopback, keyring: desk.summary(), figures: desk.figures,
            warning: shown.warning, health: shown.health, notes: desk.notes, secretsFile: desk.keyring.file)
    }
}

// MARK: - Figures

/// Asks for the figures that change with every delivery.
public struct ReadFigures: ListenerRequest {
    public static let name = "figures"

    /// Asks for all figures.
    public init() {}

    public func answer(_ desk: ReceiverDesk) -> ListenerFigures { desk.figures }
}

/// The figures that the listener gives about itself.
public struct ListenerFigures: Codable, Sendable {
    var answers = 0
    /// The median answer time in microseconds.
    var median = 0
    /// The 99th percentile of the answer times in microseconds.
    var p99 = 0
    /// The time, in milliseconds, until they change only by ageing. A moment of one process has no meaning in another.
    var ageing: Int?
    public var hasReceivedFromElsewhere = false
}

extension ListenerFigures {
    init(_ summary: AnswerTimesSummary, hasReceivedFromElsewhere: Bool) {
        answers = summary.count
        median = summary.median
        p99 = summary.p99
        ageing = summary.until.map { max(1, Int((ContinuousClock.now.duration(to: $0)) / .milliseconds(1))) }
        self.hasReceivedFromElsewhere = hasReceivedFromElsewhere
    }

    /// The answer times, with a moment of this process.
    public var summary: AnswerTimesSummary {
        AnswerTimesSummary(
            count: answers, median: median, p99: p99, until: ageing.map { ContinuousClock.now + .milliseconds($0) })
    }
}

// MARK: - The webhook

/// Asks for the URL at which this machine reaches the listener, with the path that takes notifications.
public struct ReadHook: ListenerRequest {
    public static let name = "hook"

    /// Asks for it.
    public init() {}

    public func answer(_ desk: ReceiverDesk) -> String { desk.hook }
}

// MARK: - Test events

/// Asks the listener to send itself a signed test event; the reply describes the result.
public struct SendTestEvent: ListenerRequest {
    public static let name = "sendTest"

    /// Asks for one.
    public init() {}

    public func answer(_ desk: ReceiverDesk) throws -> String { try desk.program.sendTest() }
}

// MARK: - Configuration

/// Asks to read the configuration again; the reply lists the differences in sentences.
public struct ReloadConfiguration: ListenerRequest {
    public static let name = "reload"
    public typealias Reply = [String]

    /// Asks for it.
    public init() {}

    public func answer(_ desk: ReceiverDesk) throws -> [String] {
        let changes = try desk.program.reloadConfiguration()
        desk.note("an attached dashboard has had the configuration read again")
        changes.forEach(desk.note)
        return changes
    }
}

// MARK: - Secrets

/// Asks for the public facts about the current secrets.
public struct ReadKeyring: ListenerRequest {
    public static let name = "keyring"

    /// Asks for all secrets.
    public init() {}

    public func answer(_ desk: ReceiverDesk) -> KeyringSummary { desk.summary() }
}

/// Asks to add a secret to the current ones.
public struct AddSecret: ListenerRequest {
    public static let name = "addSecret"
    let secret: SecretDraft

    /// Adds a secret.
    public init(_ secret: SecretDraft) {
        self.secret = secret
    }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.keyring.add(secret.signing) }
    }
}

/// Asks to replace a secret by another.
public struct ReplaceSecret: ListenerRequest {
    public static let name = "replaceSecret"
    let label: String
    let secret: SecretDraft

    /// Replaces the secret with this label.
    public init(_ label: String, with secret: SecretDraft) {
        self.label = label
        self.secret = secret
    }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.keyring.replace(label, with: secret.signing) }
    }
}

/// Asks to delete a secret.
public struct ForgetSecret: ListenerRequest {
    public static let name = "forgetSecret"
    let label: String
    let wasLeaked: Bool

    /// - Parameter wasLeaked: Whether the deliveries that it verified are shown as "valid, secret removed" from now on.
    ///   Otherwise their verdicts stay.
    public init(_ label: String, wasLeaked: Bool) {
        self.label = label
        self.wasLeaked = wasLeaked
    }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.keyring.forget(label, wasLeaked: wasLeaked) }
    }
}

/// Asks to mark a former secret as leaked.
public struct MarkSecretLeaked: ListenerRequest {
    public static let name = "markLeaked"
    let secret: SecretIdentity

    /// Marks this secret.
    public init(_ secret: SecretIdentity) {
        self.secret = secret
    }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.keyring.markLeaked(secret) }
    }
}

/// Asks to save a secret for the next start; the reply gives the place.
public struct RememberSecret: ListenerRequest {
    public static let name = "rememberSecret"
    let label: String

    /// Saves the secret with this label.
    public init(_ label: String) {
        self.label = label
    }

    public func answer(_ desk: ReceiverDesk) throws -> String {
        try desk.remember(label)
    }
}

/// Asks to name a rule as one that does not sign, in place of its proof before, and to save it for the next start if there
/// is a place for it.
public struct NameUnsigned: ListenerRequest {
    public static let name = "nameUnsigned"
    let draft: UnsignedDraft

    /// Names a rule.
    public init(_ draft: UnsignedDraft) {
        self.draft = draft
    }

    public init(from decoder: any Decoder) throws { draft = try UnsignedDraft(from: decoder) }

    public func encode(to encoder: any Encoder) throws { try draft.encode(to: encoder) }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        let rule: UnsignedRule
        do throws(UnsignedRuleError) {
            rule = try UnsignedRule(draft.rule, parsing: draft.proof)
        } catch {
            throw KeyringRefusal.noProof(error)
        }
        return try desk.changeUnsigned { try desk.unsigned.name(rule) }
    }
}

/// Asks to remove a rule from those that are named as ones that do not sign, including its saved copy.
public struct ForgetUnsigned: ListenerRequest {
    public static let name = "forgetUnsigned"
    let rule: String

    /// Removes a rule.
    public init(_ rule: String) {
        self.rule = rule
    }

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.changeUnsigned { try desk.unsigned.forget(rule) }
    }
}

/// Asks to read the sources of secrets again.
public struct ReloadSecrets: ListenerRequest {
    public static let name = "reloadSecrets"

    /// Asks for all sources.
    public init() {}

    public func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        let before = desk.summary().sentence
        try desk.reloadSecrets().forEach { desk.program.post(.notice($0)) }
        let keyring = desk.summary()
        if keyring.sentence != before {
            desk.note("an attached dashboard has changed the signing secrets; current: \(keyring.sentence)")
        }
        return keyring
    }
}

/// Asks whether a current secret occurs in some bytes.
public struct FindSecret: ListenerRequest {
    public static let name = "holdsSecret"
    let bytes: Data

    /// Looks in these bytes.
    public init(in bytes: Data) {
        self.bytes = bytes
    }

    public func answer(_ desk: ReceiverDesk) -> Bool {
        desk.keyring.all.contains { $0.secret.occurs(in: Array(bytes)) }
    }
}

// MARK: - Marked rows

/// Asks to keep the rows that are marked in this dashboard, whatever the bounds. They replace the ones named before,
/// and are kept until its connection ends.
public struct KeepMarked: ListenerRequest {
    public static let name = "keepMarked"
    private let rows: [Int64]

    /// The largest number of rows that are kept for one dashboard.
    private static let most = 200_000

    /// Keeps these rows.
    public init(_ rows: Set<Int64>) {
        self.rows = rows.count <= Self.most ? Array(rows) : Array(rows.sorted().suffix(Self.most))
    }

    public func answer(_ dashboard: DashboardMarks) -> ControlDone {
        dashboard.keep(Set(rows.prefix(Self.most)))
        return ControlDone()
    }
}

/// The marks of one attached dashboard.
public struct DashboardMarks: Sendable {
    private let marks: MarkedRows
    private let caller: ControlCaller

    /// The marks of a caller.
    public init(_ marks: MarkedRows, of caller: ControlCaller) {
        self.marks = marks
        self.caller = caller
    }

    fileprivate func keep(_ rows: Set<Int64>) { marks.keep(rows, for: caller) }
}

/// The rows that are marked in the dashboards of a listener, which stay in the record.
public final class MarkedRows: Sendable {
    private let history: History
    /// By the dashboard; nil is the one of this process.
    private let rows = Mutex<[ControlCaller?: Set<Int64>]>([:])

    /// No rows are marked.
    public init(_ history: History) {
        self.history = history
    }

    /// Keeps the rows that are marked in a dashboard, in place of those before.
    public func keep(_ marked: Set<Int64>, for dashboard: ControlCaller?) {
        rows.withLock { rows in
            guard rows[dashboard] ?? [] != marked else { return }
            rows[dashboard] = marked.isEmpty ? nil : marked
            history.keep(marked: rows.values.reduce(into: []) { $0.formUnion($1) })
        }
    }
}

// MARK: - Evidence

/// Asks for the evidence that the Signature tab shows of a recorded delivery. The process with the secrets finds it.
public struct FindEvidence: ListenerRequest {
    public static let name = "evidence"
    let delivery: Int64
    /// The delivery, if the asking process has read it.
    private var record: DeliveryRecord?
    /// Returns whether the answer is no longer needed. Another process does not ask this: its work is limited anyway.
    private var isCancelled: @Sendable () -> Bool = { false }

    /// Asks for the evidence about a delivery.
    public init(_ record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) {
        delivery = record.id
        self.record = record
        self.isCancelled = isCancelled
    }

    /// The part that another process receives.
    private enum CodingKeys: String, CodingKey {
        case delivery
    }

    public func answer(_ desk: ReceiverDesk) throws -> SignatureEvidence {
        let reader = desk.history.reader
        guard let record = try record ?? reader.delivery(delivery) else { throw NoSuchDelivery(id: delivery) }
        let keyring = desk.intake.keys.keyring
        return SignatureEvidence(
            record.delivery, keyring: keyring, recorded: record.judgement, isCancelled: isCancelled
        ).lookingNear(record.id, in: reader, keyring: keyring, record.delivery, isCancelled)
    }

    /// The requested delivery is not recorded.
    private struct NoSuchDelivery: Error, CustomStringConvertible {
        let id: Int64
        var description: String { "Delivery \(id) is not recorded here." }
    }
}

extension SignatureEvidence {
    /// The distance of ids within which another delivery is searched, on both sides, and the bytes of bodies to read:
    /// some tens of milliseconds.
    private static let reach: Int64 = 4_000
    private static let maximumBytes = 32 << 20

    /// Returns the evidence, with the delivery that the signature belongs to, if no other cause was found and the
    /// received digest is the digest of another body nearby: then headers were mixed up.
    public func lookingNear(
        _ id: Int64, in reader: HistoryReader, keyring: Keyring, _ delivery: Delivery, _ isCancelled: () -> Bool
    ) -> SignatureEvidence {
        guard let diagnosis, diagnosis.cause == nil, let owner = SignatureOwner(delivery, keyring: keyring) else {
            return self
        }
        var found: (delivery: Int64, secret: String)?
        // What cannot be read is not found.
        try? reader.bodies(near: id, reach: Self.reach, bytes: Self.maximumBytes, isCancelled: isCancelled) {
            other, body in
            if other != id, let secret = owner.secret(for: body) { found = (other, secret) }
            return found == nil
        }
        return found.map { belonging(to: $0.delivery, secret: $0.secret) } ?? self
    }
}

// MARK: - Verifying again

/// Asks to stop verifying again; the remaining deliveries keep their verdicts.
public struct CancelJudging: ListenerRequest {
    public static let name = "cancelJudging"

    /// Asks for it.
    public init() {}

    public func answer(_ desk: ReceiverDesk) -> ControlDone {
        desk.intake.keys.cancelJudging()
        return ControlDone()
    }
}

/// Asks to verify the remaining deliveries again.
public struct ResumeJudging: ListenerRequest {
    public static let name = "resumeJudging"

    /// Asks for it.
    public init() {}

    public func answer(_ desk: ReceiverDesk) -> ControlDone {
        desk.intake.keys.resumeJudging()
        return ControlDone()
    }
}
