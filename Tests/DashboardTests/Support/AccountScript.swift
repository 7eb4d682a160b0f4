import Base
import Receiving
import Synchronization

@testable import Dashboard

/// The account as a test has it, and what was asked of it. What it has no answer for stays unanswered.
final class AccountScript: AccountAnswering {
    struct State {
        /// What is read of it.
        var reading: AccountReading?
        /// The difference that a change makes.
        var plan: (@Sendable (RuleChange) throws -> RulePlan)?
        /// What becomes of a change.
        var result: (@Sendable (RuleChange, String) throws -> String)?
        /// The states of a comparison, one after the other.
        var comparison: [ComparisonState] = []

        var reads: [[String]] = []
        var planned: [RuleChange] = []
        var made: [RuleChange] = []
        var cancelled: [String] = []
    }

    /// There is no answer yet.
    struct Unanswered: Error {}

    /// A failure in the words of the account.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let state = Mutex(State())

    /// Creates an account without a key.
    init() {
        var reading = AccountReading()
        reading.missingKey = "Set B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY to see and change the rules."
        state.withLock { $0.reading = reading }
    }

    var reads: [[String]] { state.withLock(\.reads) }
    var planned: [RuleChange] { state.withLock(\.planned) }
    var made: [RuleChange] { state.withLock(\.made) }

    func change(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }

    func readRules(of buckets: [String]) throws -> AccountReading {
        try state.withLock { state in
            state.reads.append(buckets)
            guard let reading = state.reading else { throw Unanswered() }
            return reading
        }
    }

    func plan(_ change: RuleChange) throws -> RulePlan {
        let plan = state.withLock { state in
            state.planned.append(change)
            return state.plan
        }
        guard let plan else { throw Unanswered() }
        return try plan(change)
    }

    func make(_ change: RuleChange, planned version: String) throws -> String {
        let result = state.withLock { state in
            state.made.append(change)
            return state.result
        }
        guard let result else { throw Unanswered() }
        return try result(change, version)
    }

    func beginComparison(of bucket: String) throws {
        if state.withLock(\.comparison.isEmpty) { throw Unanswered() }
    }

    func comparison(of bucket: String, after number: Int) throws -> ComparisonState {
        try state.withLock { state in
            guard !state.comparison.isEmpty else { throw Unanswered() }
            return state.comparison.removeFirst()
        }
    }

    func cancelComparison(of bucket: String) { state.withLock { $0.cancelled.append(bucket) } }
}

extension Store {
    func ask<Request: ListenerRequest<any AccountAnswering>>(_ request: Request) throws -> Request.Reply {
        do {
            return try request.answer(account)
        } catch let error as AccountScript.Unanswered {
            notes.withLock { $0.isUnanswered = true }
            throw error
        }
    }
}

extension AccountScript {
    /// An account with a rule of each state.
    static func sample() -> AccountScript {
        let script = AccountScript()
        script.change { state in
            state.reading = .sample
            state.plan = { change in
                switch change.kind {
                case .saveSecret:
                    RulePlan(
                        [
                            RulePlan.Difference(
                                "saved secret", old: nil,
                                new: "allEvents (3f9a), for rule:allEvents, in /home/me/.config/b2watch/secrets")
                        ], key: Self.key, notes: ["the rule stays as it is"], version: "")
                case .edit:
                    RulePlan(
                        [
                            RulePlan.Difference("objectNamePrefix", old: "\"\"", new: "\"photos/\""),
                            RulePlan.Difference("newThing.depth", old: "1", new: "2"),
                        ], key: Self.key, version: "v1")
                default:
                    RulePlan(
                        [RulePlan.Difference("isEnabled", old: "true", new: "false")], key: Self.key, version: "v1")
                }
            }
            state.result = { change, version in "the rule \(change.rule) of \(change.bucket) is changed (\(version))" }
        }
        return script
    }

    static let key = "with key 0052b2a7c4 from the environment, realm production"
}

extension AccountReading {
    /// The rules of two buckets.
    static var sample: AccountReading {
        var reading = AccountReading()
        reading.keys = ["key 0052b2a7c4 from the environment, realm production"]
        reading.buckets = ["my-bucket", "offsite"]
        reading.publicURL = "https://hooks.example.com/b2"
        let all = ["b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"]
        var here = AccountRule(
            bucket: "my-bucket", name: "allEvents", state: .enabled, eventTypes: all,
            target: "https://hooks.example.com/b2",
            json: "{\n  \"name\": \"allEvents\",\n  \"hmacSha256SigningSecret\": \"•••\"\n}")
        here.leadsHere = true
        var masked = AccountRule(
            bucket: "offsite", name: "backups", state: .disabled, isEnabled: false,
            eventTypes: ["b2:ObjectCreated:Upload"], prefix: "backup/2026/", target: "https://other.example.com/?•••",
            isSigned: false, batch: 10)
        masked.isTargetMasked = true
        reading.rules = [
            here,
            AccountRule(
                bucket: "my-bucket", name: "deletions", state: .suspended,
                suspension:
                    "deletions: B2 has suspended it (Too many failed deliveries): see that its target answers 200 within 3"
                    + " seconds, then disable and enable it, or do that in Backblaze's console",
                eventTypes: ["b2:ObjectDeleted:*"], target: "https://hooks.example.com/b2/deletions"),
            masked,
        ]
        return reading
    }
}
