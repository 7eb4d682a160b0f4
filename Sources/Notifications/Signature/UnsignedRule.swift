import Synchronization

/// A rule of B2's without a signing secret, as a person has named it. Anybody can write a rule's name into a body, so a
/// request of it needs a proof besides: a secret path, a secret header field of the rule, or an address of B2's.
public struct UnsignedRule: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The part of a rule's requests that only its owner and B2 know.
    public enum Proof: Sendable, Equatable {
        /// The path of the rule's URL, which begins with a slash.
        case path(String)
        /// A custom header of the rule.
        case header(name: String, value: String)
        /// The addresses from which B2 sends.
        case addresses(AddressList)
    }

    /// The least that a secret path or value has, in bytes.
    public static let shortestProof = 16

    public let rule: String
    private let proof: Proof

    /// Creates a rule; nil where the proof is too short to be a secret, or its addresses prove nothing.
    public init?(_ rule: String, _ proof: Proof) {
        let isProof =
            switch proof {
            case .path(let path): path.hasPrefix("/") && path.utf8.count > Self.shortestProof
            case .header(_, let value): value.utf8.count >= Self.shortestProof
            case .addresses(let list): !list.networks.isEmpty && !list.networks.contains(where: Self.isOpen)
            }
        guard isProof else { return nil }
        self.rule = rule
        self.proof = proof
    }

    /// Reads a rule with its proof: `path /SECRET`, `header NAME VALUE` or `from ADDRESS …`. A URL after `path` stands for its
    /// path.
    ///
    /// - Throws: `UnsignedRuleError`.
    public init(_ rule: String, parsing text: String) throws(UnsignedRuleError) {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        let proof: Proof
        switch (words.first, words.count) {
        case ("path", 2): proof = .path(Self.path(words[1]))
        case ("header", 3):
            guard !Self.everybodys.contains(words[1].lowercased()) else { throw .everybodysHeader(words[1]) }
            proof = .header(name: words[1], value: words[2])
        case ("from", 2...):
            var list = AddressList()
            for word in text.split(separator: " ").dropFirst() {
                guard let network = IPNetwork(word) else { throw .noAddress(String(word)) }
                list.networks.append(network)
            }
            proof = .addresses(list)
        default: throw .form
        }
        guard let read = UnsignedRule(rule, proof) else {
            if case .addresses = proof { throw .openAddresses }
            throw .short
        }
        self = read
    }

    /// The header fields that B2 sends, or a proxy adds, for every rule: their values prove nothing.
    private static let everybodys: Set<String> = [
        "user-agent", "content-type", "content-length", "host", "accept-encoding", "connection", SignatureHeader.name,
    ]

    /// Returns the path of a URL; any other text as it is.
    private static func path(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        return String(text[scheme.upperBound...].drop { $0 != "/" }.prefix { $0 != "?" && $0 != "#" })
    }

    /// The proof as text that can be parsed again. It is a secret, for the file of named rules alone.
    public var exposedProof: String {
        switch proof {
        case .path(let path): "path \(path)"
        case .header(let name, let value): "header \(name) \(value)"
        case .addresses(let list): "from \(list.networks.map(\.description).joined(separator: " "))"
        }
    }

    /// The kind of the proof, in a word or two, without what is secret in it: `path`, `header X-Token`, `2 addresses`.
    public var kind: String {
        switch proof {
        case .path: "path"
        case .header(let name, _): "header \(name)"
        case .addresses(let list): list.networks.count == 1 ? "1 address" : "\(list.networks.count) addresses"
        }
    }

    public var description: String { rule }

    public var customMirror: Mirror { Mirror(self, children: ["rule": rule]) }

    /// Returns whether a delivery is one of the rule: all its events name it, it has the proof, and it has no signature
    /// header.
    public func matches(_ delivery: Delivery, events: [NotificationEvent]) -> Bool {
        guard !events.isEmpty, events.allSatisfy({ $0.matchedRuleName.string == rule }),
            delivery.values(of: SignatureHeader.name).isEmpty
        else { return false }
        switch proof {
        case .path(let path): return Self.areEqual(path, String(delivery.target.prefix { $0 != "?" }))
        case .header(let name, let value):
            return delivery.values(of: name.lowercased()).contains { Self.areEqual(value, $0) }
        case .addresses(let list): return list.contains(delivery.remoteAddress)
        }
    }

    /// Returns whether a block of addresses proves nothing: it contains this machine, from which a tunnel or a proxy brings
    /// the requests of everybody, or a great part of the Internet.
    private static func isOpen(_ network: IPNetwork) -> Bool {
        let own = ["127.0.0.1", "::1"].compactMap { IPAddress($0) }
        return own.contains(where: network.contains) || network.bits < 8
    }

    /// Compares texts in a time that depends on their lengths alone.
    private static func areEqual(_ one: String, _ other: String) -> Bool {
        guard one.utf8.count == other.utf8.count else { return false }
        return zip(one.utf8, other.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// The reason why a text is not the proof of a rule. Its description continues a sentence that begins with the text's place.
public enum UnsignedRuleError: Error, Sendable, Hashable, CustomStringConvertible {
    case form
    case noAddress(String)
    case openAddresses
    case short
    case everybodysHeader(String)

    public var description: String {
        switch self {
        case .form:
            "has no proof of a rule in it: write “path /SECRET”, the path of the rule’s URL, “header NAME VALUE”,"
                + " a custom header of the rule, or “from ADDRESS …”, the addresses or blocks that B2 sends from"
        case .noAddress(let word):
            "has “\(word)” in it: write an address or a block, such as 192.0.2.7 or 192.0.2.0/24"
        case .openAddresses:
            "names addresses that prove nothing: a block of this machine, from which a tunnel or a proxy brings the"
                + " requests of everybody, or one of less than 8 bits; name B2's own blocks, or use “path” or “header”"
        case .short:
            "has too short a proof: anybody could guess it; write \(UnsignedRule.shortestProof) characters or more"
        case .everybodysHeader(let name):
            "names the header \(name), which every request has: name a custom header of the rule"
        }
    }
}

/// The rules that a person has named as ones that do not sign.
public final class UnsignedRules: Sendable {
    private let rules: Mutex<[UnsignedRule]>

    public init(_ rules: [UnsignedRule] = []) {
        self.rules = Mutex(rules)
    }

    /// Replaces all rules.
    public func use(_ new: [UnsignedRule]) {
        rules.withLock { $0 = new }
    }

    /// Returns `unsigned` for a delivery of one of these rules if its verdict only states that it has no signature;
    /// otherwise the verdict.
    public func refine(_ judgement: Judgement, of delivery: Delivery, events: [NotificationEvent]) -> Judgement {
        guard judgement.verdict == .missing || judgement.verdict == .unverified else { return judgement }
        let all = rules.withLock { $0 }
        return all.contains { $0.matches(delivery, events: events) } ? Judgement(.unsigned) : judgement
    }
}
