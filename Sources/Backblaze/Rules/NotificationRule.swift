/// A notification rule of a bucket, as B2 has it: what b2watch does not know of it stays in it.
public struct NotificationRule: Sendable, Equatable {
    /// All of it.
    public private(set) var json: JSONValue

    public init(_ json: JSONValue) {
        self.json = json
    }

    /// A new rule, which is enabled.
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

    /// What it is for, such as `b2:ObjectCreated:*`.
    public var eventTypes: [String] {
        get { json["eventTypes"]?.elements?.compactMap(\.text) ?? [] }
        set { json["eventTypes"] = .array(newValue.map(JSONValue.string)) }
    }

    /// What the names of objects begin with.
    public var prefix: String {
        get { json["objectNamePrefix"]?.text ?? "" }
        set { json["objectNamePrefix"] = .string(newValue) }
    }

    /// The user's switch.
    public var isEnabled: Bool {
        get { json["isEnabled"]?.truth ?? false }
        set { json["isEnabled"] = .boolean(newValue) }
    }

    /// B2's switch: it sends nothing for the rule until somebody has seen to it.
    public var isSuspended: Bool { json["isSuspended"]?.truth ?? false }

    /// Why B2 has suspended it, in B2's words; empty where it has not.
    public var suspensionReason: String { json["suspensionReason"]?.text ?? "" }

    /// Where notifications go.
    public var url: String {
        get { target["url"]?.text ?? "" }
        set { target["url"] = .string(newValue) }
    }

    /// The signing secret; nil where notifications are not signed.
    public var secret: String? {
        get { target["hmacSha256SigningSecret"]?.text.flatMap { $0.isEmpty ? nil : $0 } }
        set { target["hmacSha256SigningSecret"] = newValue.map(JSONValue.string) ?? .null }
    }

    /// Header fields that B2 adds.
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

    /// How many events one notification has at most; nil where the rule does not say.
    ///
    /// B2's sources disagree on its place, so it is read from either, and written where it was.
    public var maxEventsPerBatch: Int? {
        get { (json[Self.batch] ?? target[Self.batch])?.integer.map { Int(clamping: $0) } }
        set { setBatch(newValue, inTarget: json[Self.batch] == nil && target[Self.batch] != nil) }
    }

    private static let batch = "maxEventsPerBatch"

    /// Sets how many events one notification has at most, in the place in which another rule has it.
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

    /// The rule without what B2 alone decides.
    public var withoutSuspension: NotificationRule {
        var rule = self
        rule.json["isSuspended"] = nil
        rule.json["suspensionReason"] = nil
        return rule
    }

    /// What is sent to B2, which ignores whether a rule is suspended.
    var sent: JSONValue { withoutSuspension.json }

    /// Whether two rules say the same, but for whether they are suspended. A field that is null is one that is missing, and
    /// a batch of one event is what a rule has that does not say.
    public func saysTheSame(as other: NotificationRule) -> Bool {
        Self.compared(withoutSuspension.json) == Self.compared(other.withoutSuspension.json)
    }

    private static func compared(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                members.filter { member in
                    !member.value.isNull && !(member.name == batch && member.value == .number("1"))
                }.map { JSONValue.Member($0.name, compared($0.value)) })
        case .array(let elements): .array(elements.map(compared))
        default: value
        }
    }

    /// The rule with a mask in place of its secret and of the values of its header fields.
    public var masked: NotificationRule {
        var rule = self
        if secret != nil { rule.secret = Self.mask }
        if !customHeaders.isEmpty {
            rule.customHeaders = customHeaders.map { CustomHeader(name: $0.name, value: Self.mask) }
        }
        return rule
    }

    static let mask = "•••"
}

/// A header field that B2 adds to the notifications of a rule.
public struct CustomHeader: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Reads `NAME=VALUE`; nil for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        self.init(name: String(parts[0]), value: String(parts[1]))
    }
}

// MARK: - Event types

/// The event types of rules.
public enum RuleEventType {
    /// A rule for all that b2watch knows to be there for every account.
    ///
    /// Source: b2sdk 2.13.1.
    public static let all = ["b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"]

    /// All that are documented.
    static let known =
        all + [
            "b2:ObjectCreated:Upload", "b2:ObjectCreated:MultipartUpload", "b2:ObjectCreated:Copy",
            "b2:ObjectCreated:Replica", "b2:ObjectCreated:MultipartReplica", "b2:ObjectDeleted:Delete",
            "b2:ObjectDeleted:LifecycleRule", "b2:HideMarkerCreated:Hide", "b2:HideMarkerCreated:LifecycleRule",
            "b2:MultipartUploadCreated:*", "b2:MultipartUploadCreated:LiveRead",
        ]

    /// Reads event types, separated by commas: `all`, names with or without `b2:`, in any case. B2 may add types, so that
    /// any other name with a colon is taken as it is.
    ///
    /// - Throws: `B2Problem` that lists what there is.
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
                    .rule, "there is no event type “\(word)”: write all, or some of \(known.joined(separator: ", "))")
            }
        }
        return types
    }

    /// Whether two types have events in common: they are equal, or one is a wildcard that covers the other.
    static func overlap(_ one: String, _ other: String) -> Bool {
        func covers(_ wildcard: String, _ type: String) -> Bool {
            wildcard.hasSuffix("*") && type.hasPrefix(wildcard.dropLast())
        }
        return one == other || covers(one, other) || covers(other, one)
    }
}
