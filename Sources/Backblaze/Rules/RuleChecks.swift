internal import Sending

/// B2's requirements for rules, checked before B2 is asked.
///
/// Source: Backblaze's reference of b2_set_bucket_notification_rules.
extension NotificationRule {
    /// The largest number of rules in a bucket.
    public static let mostInBucket = 25
    private static let nameLengths = 6...63
    private static let mostHeaders = 10
    /// The largest size of all header fields together, in bytes: percent-encoded names and values, plus three bytes for
    /// each field.
    private static let longestHeaders = 2_048
    public static let batches = 1...50

    /// Returns what is wrong with the rule itself, in sentences; empty if it is valid.
    public func problems(in realm: Realm) -> [String] {
        var problems = [Self.problem(ofName: name), Self.problem(ofURL: url, in: realm)].compactMap(\.self)
        if eventTypes.isEmpty { problems.append("the rule \(name) has no event type: give --event-types") }
        for (index, type) in eventTypes.enumerated() {
            for other in eventTypes[..<index] where RuleEventType.overlap(type, other) {
                problems.append("the event types \(other) and \(type) have events in common: leave one out")
            }
        }
        if let secret, !Self.isSecret(secret) {
            problems.append("the signing secret is not 32 letters and digits, which B2 demands")
        }
        if let count = maxEventsPerBatch, !Self.batches.contains(count) {
            problems.append("a notification has 1 to 50 events, not \(count): see --max-events-per-batch")
        }
        return problems + headerProblems
    }

    /// Returns the reason why a text cannot be the name of a new rule; nil if it can.
    public static func problem(ofName name: String) -> String? {
        guard nameLengths.contains(name.utf8.count), name.utf8.allSatisfy(isNameByte) else {
            return "“\(name)” cannot be a rule's name: write 6 to 63 letters, digits and hyphens"
        }
        return name.hasPrefix("b2-") ? "“\(name)” cannot be a rule's name: b2- is reserved for Backblaze" : nil
    }

    /// Returns the reason why a text cannot be the URL of a rule; nil if it can.
    ///
    /// - Parameter realm: The Backblaze service that sends to the URL.
    public static func problem(ofURL text: String, in realm: Realm) -> String? {
        do throws(WebhookURLError) {
            let url = try WebhookURL(text)
            guard url.isSecure || (realm.isLoopback && url.isLoopback) else {
                return
                    "\(text): B2 sends notifications to https URLs alone: put a TLS proxy or a tunnel before b2watch,"
                    + " such as b2watch connect BUCKET --tunnel cloudflared"
            }
            return nil
        } catch {
            return "“\(text)” cannot be the URL of a rule: \(error)"
        }
    }

    private var headerProblems: [String] {
        let headers = customHeaders
        var problems: [String] = []
        if headers.count > Self.mostHeaders { problems.append("a rule has 10 custom headers at most") }
        var names: Set<String> = []
        for header in headers {
            if !names.insert(header.name.lowercased()).inserted {
                problems.append("the custom header \(header.name) is there twice")
            }
            if header.name.lowercased().hasPrefix("x-bz-") {
                problems.append("the custom header \(header.name): names that begin with X-Bz- are Backblaze's")
            }
            if header.name.isEmpty || !header.name.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: "_") }) {
                problems.append("“\(header.name)” cannot be a header's name: write letters, digits, - and _")
            }
        }
        let length = headers.reduce(0) { $0 + Self.encodedLength($1.name) + Self.encodedLength($1.value) + 3 }
        if length > Self.longestHeaders { problems.append("the custom headers are longer than 2,048 bytes together") }
        return problems
    }

    private static func encodedLength(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + (isNameByte($1) || "._~".utf8.contains($1) ? 1 : 3) }
    }

    private static func isSecret(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: "-") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: - Overlaps

    /// A rule that B2 would not accept together with another.
    public struct Overlap: Sendable {
        public let rule: NotificationRule
        /// The event types that both rules have, by the other rule's names.
        public let types: [String]
    }

    /// Returns the rules in a list that overlap with this one: they share an event type, and the prefix of one begins
    /// with the prefix of the other.
    public func overlaps(with others: [NotificationRule]) -> [Overlap] {
        others.filter { $0.name != name }.compactMap { other in
            let bytes = (Array(prefix.utf8), Array(other.prefix.utf8))
            guard bytes.0.starts(with: bytes.1) || bytes.1.starts(with: bytes.0) else { return nil }
            let types = other.eventTypes.filter { type in eventTypes.contains { RuleEventType.overlap($0, type) } }
            return types.isEmpty ? nil : Overlap(rule: other, types: types)
        }
    }

    /// Checks whether a rule can be added to a list.
    ///
    /// It is not known whether B2 rejects an overlap with a disabled rule, so that decision is left to B2.
    ///
    /// - Throws: `B2Problem` that names the conflicting rules and the possible solutions.
    public func check(among others: [NotificationRule], in realm: Realm) throws(B2Problem) {
        if let problem = problems(in: realm).first { throw B2Problem(.rule, problem) }
        let rest = others.filter { $0.name != self.name }
        guard rest.count < Self.mostInBucket else {
            throw B2Problem(
                .rule,
                "the bucket has \(rest.count) rules already, and B2 allows 25: delete one (b2watch rules delete), or borrow one"
                    + " (b2watch connect BUCKET --rule NAME)")
        }
        let inTheWay = overlaps(with: rest).filter { $0.rule.isEnabled }
        guard !inTheWay.isEmpty else { return }
        let list = inTheWay.map { overlap in
            "“\(overlap.rule.name)” (\(overlap.types.joined(separator: ", ")), prefix “\(overlap.rule.prefix)”)"
        }
        let other = inTheWay.first?.rule.name ?? ""
        guard !other.hasPrefix(RuleSecret.temporaryPrefix) else {
            throw B2Problem(
                .rule,
                "B2 allows one rule for an event type and a prefix, and \(list.joined(separator: ", ")) is there already, a temporary"
                    + " rule of b2watch connect. The ways out: end that b2watch; if none runs, b2watch cleanup BUCKET on the machine"
                    + " where it ran; or give a --prefix or --event-types that the rule does not have")
        }
        throw B2Problem(
            .rule,
            "B2 allows one rule for an event type and a prefix, and \(list.joined(separator: ", ")) is there already. The ways"
                + " out: borrow that rule (b2watch connect BUCKET --rule \(other)), give a --prefix or --event-types that it"
                + " does not have, or disable it (b2watch rules disable BUCKET \(other))")
    }
}

// MARK: - Differences

/// A field that differs between two states of a rule, readable for people. Secrets, the values of header fields and the
/// query of the URL are masked.
public struct RuleDifference: Sendable, Hashable {
    /// The path of the field, such as `targetConfiguration.url`.
    public var name: String
    /// The old value as JSON; nil if the field is new.
    public var old: String?
    /// The new value as JSON; nil if the field is removed.
    public var new: String?

    /// Returns the fields that differ.
    ///
    /// - Parameters:
    ///   - before: The old rule; nil if the rule is new.
    ///   - after: The new rule; nil if the rule is deleted.
    public static func all(from before: NotificationRule?, to after: NotificationRule?) -> [RuleDifference] {
        let (old, new) = (fields(before), fields(after))
        let names = old.map(\.name) + new.map(\.name).filter { name in !old.contains { $0.name == name } }
        return names.compactMap { name in
            let (was, is_) = (old.first { $0.name == name }, new.first { $0.name == name })
            return was?.value == is_?.value ? nil : RuleDifference(name: name, old: was?.shown, new: is_?.shown)
        }
    }

    /// Returns the fields that differ, in lines: `- field: value`, `+ field: value`.
    public static func lines(from before: NotificationRule?, to after: NotificationRule?) -> [String] {
        all(from: before, to: after).flatMap(\.lines)
    }

    /// The old value and the new one, each in a line.
    public var lines: [String] { [old.map { "- \(name): \($0)" }, new.map { "+ \(name): \($0)" }].compactMap(\.self) }

    private struct Field {
        var name: String
        var value: JSONValue
        var shown: String
    }

    private static func fields(_ rule: NotificationRule?) -> [Field] {
        guard let rule else { return [] }
        var fields: [Field] = []
        func add(_ value: JSONValue, _ shown: JSONValue?, _ path: String) {
            if case .object(let members) = value {
                for member in members {
                    add(member.value, shown?[member.name], path.isEmpty ? member.name : "\(path).\(member.name)")
                }
            } else if !value.isNull {
                fields.append(
                    Field(name: path, value: value, shown: String(decoding: (shown ?? value).bytes, as: UTF8.self)))
            }
        }
        add(rule.withoutSuspension.json, rule.withoutSuspension.masked.json, "")
        return fields
    }
}
