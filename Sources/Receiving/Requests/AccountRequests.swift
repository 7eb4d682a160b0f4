public import Base

/// The object that answers requests about the account: the process that receives, which has the application key, or the
/// connection to it.
public protocol AccountAsking: Sendable {
    /// Asks, and waits for the reply. Blocks.
    ///
    /// - Throws: An error whose text is a sentence for a person.
    func ask<Request: ListenerRequest<any AccountAnswering>>(_ request: Request) throws -> Request.Reply
}

/// The part of the process that receives which has the application keys. Its calls wait for Backblaze.
///
/// No key, and no signing secret, is part of an answer.
public protocol AccountAnswering: Sendable {
    /// Reads the rules of the account's buckets, of these first.
    func readRules(of buckets: [String]) throws -> AccountReading
    /// Returns the difference that a change would make. Changes nothing.
    func plan(_ change: RuleChange) throws -> RulePlan
    /// Makes a change that was planned, unless the rule is another one by now.
    ///
    /// - Parameter version: The version of the plan that the person has seen.
    /// - Returns: What was done, in a sentence.
    func make(_ change: RuleChange, planned version: String) throws -> String
    /// Begins to compare a bucket with the record, unless a comparison of it is under way.
    func beginComparison(of bucket: String) throws
    /// Returns the state of a comparison, once it is newer than a known one or some tenths of a second have passed.
    func comparison(of bucket: String, after number: Int) throws -> ComparisonState
    /// Ends a comparison, after the page that is being read.
    func cancelComparison(of bucket: String)
}

/// The requests about the account.
public enum AccountRequests {
    /// All requests, one a line.
    public static let all: [any ListenerRequest<any AccountAnswering>.Type] = [
        ReadAccountRules.self,
        PlanRuleChange.self,
        MakeRuleChange.self,
        BeginComparison.self,
        FollowComparison.self,
        CancelComparison.self,
    ]

    /// The time limit of requests that wait for Backblaze, which may be busy.
    static let patience = Duration.seconds(300)
}

// MARK: - Rules

/// Reads the rules of the account's buckets.
public struct ReadAccountRules: ListenerRequest {
    public static let name = "accountRules"
    public static let timeLimit = AccountRequests.patience
    private let buckets: [String]

    /// Reads those of some buckets first, such as the buckets in the record.
    public init(first buckets: [String]) {
        self.buckets = buckets
    }

    public func answer(_ account: any AccountAnswering) throws -> AccountReading {
        try account.readRules(of: buckets)
    }
}

/// The rules of the account, as far as they could be read.
public struct AccountReading: Codable, Sendable, Hashable {
    /// The rules, by bucket and name.
    public var rules: [AccountRule] = []
    /// The names of the buckets whose rules were read.
    public var buckets: [String] = []
    /// The keys that were used, such as `key 0052… from the environment`.
    public var keys: [String] = []
    /// What a person has to know, in sentences: what could not be read, and why.
    public var problems: [String] = []
    /// What has to be set before anything can be read; nil if there is a key.
    public var missingKey: String?
    /// The public URL of this listener; nil if it is not known.
    public var publicURL: String?

    /// Creates a reading without rules.
    public init() {}
}

/// A rule as the account has it, without its secrets.
public struct AccountRule: Codable, Sendable, Hashable {
    /// The state of a rule.
    public enum State: String, Codable, Sendable, Hashable {
        case enabled, disabled, suspended
    }

    public var bucket: String
    public var name: String
    public var state: State
    /// Whether the user has it switched on. B2 may still have suspended it.
    public var isEnabled: Bool
    /// The reason why B2 has suspended it, with a remedy, in a sentence; nil if it has not.
    public var suspension: String?
    public var eventTypes: [String]
    /// The beginning of the objects' names; empty for all objects.
    public var prefix: String
    /// The URL that it sends to, its query masked.
    public var target: String
    /// Whether the query of the URL is masked.
    public var isTargetMasked = false
    /// Whether its target is this listener's public URL.
    public var leadsHere = false
    /// Whether it has a signing secret.
    public var isSigned: Bool
    /// The most events of one notification.
    public var batch: Int
    /// The time of its last event in milliseconds since 1970, if that is longer ago than the configuration allows.
    public var silentSince: Int64?
    /// All that B2 has of it, as JSON, its secrets masked.
    public var json: String

    /// Creates a rule that is silent for no time that matters.
    public init(
        bucket: String, name: String, state: State, isEnabled: Bool = true, suspension: String? = nil,
        eventTypes: [String], prefix: String = "", target: String, isSigned: Bool = true, batch: Int = 1,
        json: String = "{}"
    ) {
        (self.bucket, self.name, self.state, self.isEnabled) = (bucket, name, state, isEnabled)
        (self.suspension, self.eventTypes, self.prefix) = (suspension, eventTypes, prefix)
        (self.target, self.isSigned, self.batch, self.json) = (target, isSigned, batch, json)
    }
}

// MARK: - Changes

/// A change of a rule, as a person asks for it.
public struct RuleChange: Codable, Sendable, Hashable {
    /// The kinds of changes.
    public enum Kind: Codable, Sendable, Hashable {
        /// Saves the rule's signing secret here, bound to the rule. The rule stays as it is.
        case saveSecret
        case enable, disable
        /// Makes this listener the rule's target.
        case pointHere
        case edit(RuleDraft)
        /// Creates the rule, with a fresh signing secret that is saved here.
        case create(RuleDraft)
        case delete
    }

    public var bucket: String
    public var rule: String
    public var kind: Kind

    /// Changes this rule of a bucket.
    public init(_ kind: Kind, _ rule: String, of bucket: String) {
        (self.kind, self.rule, self.bucket) = (kind, rule, bucket)
    }
}

/// The fields of a rule, as a person has typed them. A nil field stays as it is.
public struct RuleDraft: Codable, Sendable, Hashable {
    public var target: String?
    public var prefix: String?
    /// Event types, separated by commas.
    public var eventTypes: String?
    public var batch: String?

    /// Creates a draft in which everything stays as it is.
    public init(target: String? = nil, prefix: String? = nil, eventTypes: String? = nil, batch: String? = nil) {
        (self.target, self.prefix, self.eventTypes, self.batch) = (target, prefix, eventTypes, batch)
    }

    /// Whether everything stays as it is.
    public var isEmpty: Bool { self == RuleDraft() }
}

/// The difference that a change makes, as the person is asked about it.
public struct RulePlan: Codable, Sendable, Hashable {
    /// A field that changes. Secrets are masked.
    public struct Difference: Codable, Sendable, Hashable {
        public var field: String
        /// The old value; nil if the field is new.
        public var old: String?
        /// The new value; nil if the field is removed.
        public var new: String?

        /// Creates the difference of a field.
        public init(_ field: String, old: String?, new: String?) {
            (self.field, self.old, self.new) = (field, old, new)
        }
    }

    public var differences: [Difference]
    /// The key that is used and its realm, in words.
    public var key: String
    /// Consequences that the differences do not show, in sentences.
    public var notes: [String]
    /// A digest of the rule as it was read.
    public var version: String

    /// Creates a plan.
    public init(_ differences: [Difference], key: String, notes: [String] = [], version: String) {
        (self.differences, self.key, self.notes, self.version) = (differences, key, notes, version)
    }
}

/// Finds out the difference that a change would make.
public struct PlanRuleChange: ListenerRequest {
    public static let name = "planRule"
    public static let timeLimit = AccountRequests.patience
    private let change: RuleChange

    /// Plans this change.
    public init(_ change: RuleChange) {
        self.change = change
    }

    public func answer(_ account: any AccountAnswering) throws -> RulePlan { try account.plan(change) }
}

/// Makes a change that was planned; the reply is a sentence.
public struct MakeRuleChange: ListenerRequest {
    public static let name = "changeRule"
    public static let timeLimit = AccountRequests.patience
    private let change: RuleChange
    private let version: String

    /// Makes this change.
    public init(_ change: RuleChange, as plan: RulePlan) {
        (self.change, version) = (change, plan.version)
    }

    public func answer(_ account: any AccountAnswering) throws -> String {
        try account.make(change, planned: version)
    }
}

// MARK: - Comparing

/// Begins to compare a bucket with the record.
public struct BeginComparison: ListenerRequest {
    public static let name = "beginComparison"
    private let bucket: String

    /// Compares this bucket.
    public init(of bucket: String) {
        self.bucket = bucket
    }

    public func answer(_ account: any AccountAnswering) throws -> ControlDone {
        try account.beginComparison(of: bucket)
        return ControlDone()
    }
}

/// Waits a moment for news of a comparison.
public struct FollowComparison: ListenerRequest {
    public static let name = "followComparison"
    private let bucket: String
    private let number: Int

    /// - Parameter number: The number of the last known state.
    public init(of bucket: String, after number: Int) {
        (self.bucket, self.number) = (bucket, number)
    }

    public func answer(_ account: any AccountAnswering) throws -> ComparisonState {
        try account.comparison(of: bucket, after: number)
    }
}

/// Ends a comparison.
public struct CancelComparison: ListenerRequest {
    public static let name = "cancelComparison"
    private let bucket: String

    /// Ends the comparison of this bucket.
    public init(of bucket: String) {
        self.bucket = bucket
    }

    public func answer(_ account: any AccountAnswering) -> ControlDone {
        account.cancelComparison(of: bucket)
        return ControlDone()
    }
}

/// The state of a comparison of a bucket with the record.
public struct ComparisonState: Codable, Sendable, Hashable {
    /// A number that grows with every change.
    public var number: Int
    /// The versions that were read.
    public var versions = 0
    /// The number of versions of the last complete comparison; nil before the first.
    public var expected: Int?
    /// The class C calls that were made.
    public var calls = 0
    /// The result; nil while it runs.
    public var report: ComparisonReport?
    /// The reason why it failed, in a sentence; nil if it did not.
    public var failure: String?

    /// Creates the state of a comparison that has just begun.
    public init(number: Int = 0) {
        self.number = number
    }

    /// Whether it has ended.
    public var isOver: Bool { report != nil || failure != nil }
}

/// The result of a comparison of a bucket with the record.
public struct ComparisonReport: Codable, Sendable, Hashable {
    /// A version without a notification.
    public struct Missing: Codable, Sendable, Hashable {
        /// In milliseconds since 1970.
        public var uploaded: Int64
        /// `upload` or `hide`.
        public var action: String
        public var name: String
        public var size: Int64
        /// The rule that covers it; empty if it is not known.
        public var rule: String

        /// Creates a version.
        public init(uploaded: Timestamp, action: String, name: String, size: Int64, rule: String) {
            (self.uploaded, self.action, self.name, self.size, self.rule) = (
                uploaded.milliseconds, action, name, size, rule
            )
        }
    }

    /// The result in lines, the first of which is a summary.
    public var lines: [String]
    /// The number of missing versions.
    public var missing: Int
    /// The missing versions, the oldest first, up to a limit.
    public var list: [Missing]
    /// Whether a person has cancelled it.
    public var isCancelled: Bool

    /// Creates a result.
    public init(lines: [String], missing: Int, list: [Missing], isCancelled: Bool = false) {
        (self.lines, self.missing, self.list, self.isCancelled) = (lines, missing, list, isCancelled)
    }
}

// MARK: - Waiting for a comparison

extension AccountAsking {
    /// Compares a bucket with the record. Blocks until the end.
    ///
    /// - Parameter goesOn: Receives each new state; returns whether to continue.
    /// - Throws: An error whose text is a sentence for a person.
    public func compare(
        _ bucket: String, while goesOn: (ComparisonState) -> Bool
    ) throws -> ComparisonReport {
        _ = try ask(BeginComparison(of: bucket))
        var last = -1
        var isCancelled = false
        while true {
            let state = try ask(FollowComparison(of: bucket, after: last))
            if let failure = state.failure { throw ComparisonFailure(description: failure) }
            if let report = state.report { return report }
            last = state.number
            guard !goesOn(state), !isCancelled else { continue }
            isCancelled = true
            _ = try ask(CancelComparison(of: bucket))
        }
    }
}

/// The reason why a comparison has no result.
struct ComparisonFailure: Error, CustomStringConvertible {
    let description: String
}
