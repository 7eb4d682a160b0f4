internal import Notifications

/// The fields of a rule that a person may set. A nil field stays as it is; in a new rule it has its default.
public struct RuleSettings: Sendable, Hashable {
    public var url: String?
    public var prefix: String?
    public var eventTypes: [String]?
    public var customHeaders: [CustomHeader]?
    public var maxEventsPerBatch: Int?
    public var secret: Secret?
    public var isEnabled: Bool?

    /// A setting of the signing secret.
    public enum Secret: Sendable, Hashable {
        /// Lets B2 sign nothing.
        case none
        case value(String)
    }

    public init(isEnabled: Bool? = nil, url: String? = nil) {
        self.isEnabled = isEnabled
        self.url = url
    }

    /// Sets the given fields of a rule.
    ///
    /// - Parameter others: The rules of the bucket, which show where B2 stores the batch size.
    public func apply(to rule: inout NotificationRule, among others: [NotificationRule]) {
        if let url { rule.url = url }
        if let prefix { rule.prefix = prefix }
        if let eventTypes { rule.eventTypes = eventTypes }
        if let customHeaders { rule.customHeaders = customHeaders }
        if let maxEventsPerBatch {
            if rule.maxEventsPerBatch != nil {
                rule.maxEventsPerBatch = maxEventsPerBatch
            } else {
                rule.setBatch(maxEventsPerBatch, like: others)
            }
        }
        switch secret {
        case .value(let value): rule.secret = value
        case .some(.none): rule.secret = nil
        case nil: break
        }
        if let isEnabled { rule.isEnabled = isEnabled }
    }
}

/// A change of one rule, as a person asks for it.
public enum RuleEdit: Sendable, Hashable {
    case create(RuleSettings)
    case update(RuleSettings)
    case delete

    /// Returns the rule after the change; nil if it is deleted.
    ///
    /// - Parameters:
    ///   - old: The rule as B2 has it; nil if the bucket has none of that name.
    ///   - rules: All rules of the bucket.
    /// - Throws: `B2Problem` if B2 would refuse the change.
    public func rule(
        after old: NotificationRule?, named name: String, among rules: [NotificationRule], in book: RuleBook
    ) throws(B2Problem) -> NotificationRule? {
        let settings: RuleSettings
        var rule: NotificationRule
        switch (self, old) {
        case (.create, _?):
            throw B2Problem(
                .rule, "the bucket has a rule \(name) already: change it (b2watch rules update), or choose another name"
            )
        case (.create(let given), nil):
            (settings, rule) = (
                given, NotificationRule(name: name, eventTypes: RuleEventType.all, prefix: "", url: "", secret: nil)
            )
        case (_, nil): throw RuleBook.missing(name, book.bucket, rules)
        case (.update(let given), let old?): (settings, rule) = (given, old)
        case (.delete, _): return nil
        }
        settings.apply(to: &rule, among: rules)
        // Disabling may be the way out of a conflict.
        if settings != RuleSettings(isEnabled: false) { try rule.check(among: rules, in: book.client.key.realm) }
        return rule
    }
}

// MARK: - Planning

extension RuleBook {
    /// A change that was planned, so that a person can see it before it is made.
    public struct Plan: Sendable {
        public let before: NotificationRule?
        public let after: NotificationRule?
        /// A digest of the rule before the change. It is the same as long as nobody has changed the rule.
        public var version: String { NotificationRule.version(of: before) }
        /// The fields that differ.
        public var differences: [RuleDifference] { RuleDifference.all(from: before, to: after) }
    }

    /// Returns the difference that a change would make. Changes nothing.
    public func plan(_ edit: RuleEdit, of name: String) throws(B2Problem) -> Plan {
        let rules = try all()
        let before = rules.first { $0.name == name }
        return Plan(before: before, after: try edit.rule(after: before, named: name, among: rules, in: self))
    }

    /// Makes a change that was planned.
    ///
    /// - Parameter version: The version of the plan that the person has seen.
    /// - Throws: `B2Problem` if the rule was changed since then.
    @discardableResult
    public func make(_ edit: RuleEdit, of name: String, planned version: String) throws(B2Problem) -> Change {
        try change(name) { old, rules throws(B2Problem) in
            guard NotificationRule.version(of: old) == version else {
                throw B2Problem(
                    .changed, "somebody else has changed the rule \(name) in the meantime: look at it and try again")
            }
            return try edit.rule(after: old, named: name, among: rules, in: self)
        }
    }
}

extension NotificationRule {
    /// Returns a digest of a rule without its suspension; of no rule, an empty text.
    static func version(of rule: NotificationRule?) -> String {
        rule.map { Hex.encode(SHA256.hash($0.compared.bytes)) } ?? ""
    }
}
