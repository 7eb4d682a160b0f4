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

/// The rules that a person has named as ones that do not sign.
public final class UnsignedRules: Sendable {
    private let rules: Mutex<[UnsignedRule]>

    public init(_ rules: [UnsignedRule] = []) {
        self.rules = Mutex(rules)
    }

    /// Adds a rule.
    public func add(_ rule: UnsignedRule) {
        rules.withLock { $0.append(rule) }
    }

    /// Returns `unsigned` for a delivery of one of these rules if its verdict only states that it has no signature;
    /// otherwise the verdict.
    public func refine(_ judgement: Judgement, of delivery: Delivery, events: [NotificationEvent]) -> Judgement {
        guard judgement.verdict == .missing || judgement.verdict == .unverified else { return judgement }
        let all = rules.withLock { $0 }
        return all.contains { $0.matches(delivery, events: events) } ? Judgement(.unsigned) : judgement
    }
}
