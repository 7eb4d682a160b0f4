internal import Sending

/// A notification rule of a bucket, as B2 stores it. Fields that b2watch does not know are kept.
public struct NotificationRule: Sendable, Equatable {
    /// The whole rule.
    public private(set) var json: JSONValue

    public init(_ json: JSONValue) {
        self.json = json
    }

    /// Creates a new, enabled rule.
    public init(name: String, eventTypes: [String], prefix: String, url: String, secret: String?) {
        json = [
            "eventTypes": .array(eventTypes.map(JSONValue.string)), "isEnabled": true, "name": .string(name),
            "objectNamePrefix": .string(prefix),
            "targetConfiguration": ["targetType": "webhook", "url": .string(url)],
        ]
        self.secret = secret
    }

    // MARK: - Fields

    public var name: String { json["name"]?.text ?? "" }

    /// The event types that the rule is for, such as `b2:ObjectCreated:*`.
    public var eventTypes: [String] {
        get { json["eventTypes"]?.elements?.compactMap(\.text) ?? [] }
        set { json["eventTypes"] = .array(newValue.map(JSONValue.string)) }
    }

    /// The prefix that the rule limits object names to.
    public var prefix: String {
        get { json["objectNamePrefix"]?.text ?? "" }
        set { json["objectNamePrefix"] = .string(newValue) }
    }

    /// Whether the user has switched the rule on.
    public var isEnabled: Bool {
        get { json["isEnabled"]?.truth ?? false }
        set { json["isEnabled"] = .boolean(newValue) }
    }

    /// Whether B2 has switched the rule off. It sends nothing for it until the user acts.
    public var isSuspended: Bool { json["isSuspended"]?.truth ?? false }

    /// B2's reason for the suspension, in its own words; empty if the rule is not suspended.
    public var suspensionReason: String { json["suspensionReason"]?.text ?? "" }

    /// The URL that notifications are sent to.
    public var url: String {
        get { target["url"]?.text ?? "" }
        set { target["url"] = .string(newValue) }
    }

    /// The signing secret; nil if notifications are not signed.
    public var secret: String? {
        get { target["hmacSha256SigningSecret"]?.text.flatMap { $0.isEmpty ? nil : $0 } }
        set { target["hmacSha256SigningSecret"] = newValue.map(JSONValue.string) ?? .null }
    }

    /// The header fields that B2 adds to notifications.
    public var customHeaders: [CustomHeader] {
        get {
            target["customHeaders"]?.elements?.map { field in
                CustomHeader(name: field["name"]?.text ?? "", value: field["value"]?.text ?? "")
            } ?? []
        }
        set {
            target["customHeaders"] =
                newValue.isEmpty
                ? .null : .array(newValue.map { ["name": .string($0.name), "value": .string($0.value)] })
        }
    }

    /// The largest number of events in one notification; nil if the rule has no such field.
    ///
    /// B2's own sources disagree about the field's place. So b2watch reads it from either place, and writes it where it
    /// found it.
    public var maxEventsPerBatch: Int? {
        get { (json[Self.batch] ?? target[Self.batch])?.integer.map { Int(clamping: $0) } }
        set { setBatch(newValue, inTarget: json[Self.batch] == nil && target[Self.batch] != nil) }
    }

    private static let batch = "maxEventsPerBatch"

    /// Sets the largest number of events in one notification, in the place where the other rules have it.
    public mutating func setBatch(_ count: Int?, like others: [NotificationRule]) {
        let known = others.first { $0.maxEventsPerBatch != nil }
        setBatch(count, inTarget: known.map { $0.json[Self.batch] == nil } ?? false)
    }

    private mutating func setBatch(_ count: Int?, inTarget: Bool) {
        let value = count.map { JSONValue.number(String($0)) }
        if inTarget { target[Self.batch] = value } else { json[Self.batch] = value }
    }

    private var target: JSONValue {
        get { json["targetConfiguration"] ?? ["targetType": "webhook"] }
        set { json["targetConfiguration"] = newValue }
    }

    // MARK: - Comparing and sending

    /// The rule without the fields that only B2 sets.
    public var withoutSuspension: NotificationRule {
        var rule = self
        rule.json["isSuspended"] = nil
        rule.json["suspensionReason"] = nil
        return rule
    }

    /// The JSON that is sent to B2, which ignores whether a rule is suspended.
    var sent: JSONValue { withoutSuspension.json }

    /// Returns whether two rules are equal except for their suspension. A null field equals a missing one, and a
    /// missing batch size equals 1.
    public func isSame(as other: NotificationRule) -> Bool {
        compared == other.compared
    }

    /// The rule in the form in which rules are compared.
    var compared: JSONValue { Self.compared(withoutSuspension.json) }

    private static func compared(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                members.filter { member in
                    !member.value.isNull && !(member.name == batch && member.value == .number("1"))
                }.map { JSONValue.Member($0.name, compared($0.value)) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(compared))
        default: value
        }
    }

    /// The rule with its secret, the values of its header fields and the query of its URL masked.
    public var masked: NotificationRule {
        var rule = self
        if !url.isEmpty { rule.url = shownURL }
        if secret != nil { rule.secret = Self.mask }
        if !customHeaders.isEmpty {
            rule.customHeaders = customHeaders.map { CustomHeader(name: $0.name, value: Self.mask) }
        }
        return rule
    }

    static let mask = "•••"

    /// The rule's URL without the query, which may be a credential.
    public var shownURL: String { (try? WebhookURL(url)).map { MaskedRequest.shown($0, .query) } ?? url }

    /// The rule's state in a word.
    public var state: String { isSuspended ? "suspended" : isEnabled ? "enabled" : "disabled" }

    /// The reason why B2 has suspended the rule, and a remedy, in a sentence; nil if it is not suspended.
    public var suspension: String? {
        guard isSuspended else { return nil }
        let reason = suspensionReason.isEmpty ? "without a reason" : "(\(suspensionReason))"
        return
            "\(name): B2 has suspended it \(reason): see that its target answers 200 within 3 seconds, then disable and enable"
            + " it, or do that in Backblaze's console"
    }
}

/// A header field that B2 adds to a rule's notifications.
public struct CustomHeader: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Reads `NAME=VALUE`; fails for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        self.init(name: String(parts[0]), value: String(parts[1]))
    }
}

// MARK: - Event types

/// The event types of rules.
public enum RuleEventType {
    /// The event types of a rule for everything that every account has.
    ///
    /// Source: b2sdk 2.13.1.
    public static let all = ["b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"]

    /// All documented event types.
    static let known =
        all + [
            "b2:ObjectCreated:Upload", "b2:ObjectCreated:MultipartUpload", "b2:ObjectCreated:Copy",
            "b2:ObjectCreated:Replica", "b2:ObjectCreated:MultipartReplica", "b2:ObjectDeleted:Delete",
            "b2:ObjectDeleted:LifecycleRule", "b2:HideMarkerCreated:Hide", "b2:HideMarkerCreated:LifecycleRule",
            "b2:MultipartUploadCreated:*", "b2:MultipartUploadCreated:LiveRead",
        ]

    /// Parses event types, separated by commas: `all`, or names with or without `b2:`, in any case. Because B2 may add
    /// types, any other name with a colon is accepted unchanged.
    ///
    /// - Throws: `B2Problem` that lists the valid event types.
    public static func parse(_ text: String) throws(B2Problem) -> [String] {
        var types: [String] = []
        for word in text.split(separator: ",").map({ String($0).trimmed }) where !word.isEmpty {
            if word.lowercased() == "all" {
                types += all
                continue
            }
            let name = word.lowercased().hasPrefix("b2:") ? word : "b2:\(word)"
            if let match = known.first(where: { $0.lowercased() == name.lowercased() }) {
                types.append(match)
            } else if name.split(separator: ":").count == 3 {
                types.append(name)
            } else {
                throw B2Problem(
                    .rule, "“\(word)” is not an event type: write all, or some of \(known.joined(separator: ", "))")
            }
        }
        return types
    }

    /// Returns whether two types have events in common: they are equal, or one is a wildcard that covers the other.
    static func overlap(_ one: String, _ other: String) -> Bool {
        func covers(_ wildcard: String, _ type: String) -> Bool {
            wildcard.hasSuffix("*") && type.hasPrefix(wildcard.dropLast())
        }
        return one == other || covers(one, other) || covers(other, one)
    }
}
