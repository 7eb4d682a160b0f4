internal import Base
internal import Foundation
internal import Sending

/// An explanation of why B2 did not do what was asked, and what the user can do about it. It never contains a key, a
/// token or a secret.
public struct B2Problem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a problem.
    public enum Kind: Sendable, Hashable {
        /// The key is missing, or B2 does not accept it.
        case key
        /// The key may not do this.
        case capability
        /// Event notifications are not enabled for the account.
        case notEnabled
        case noBucket
        case noRule
        /// A rule is wrong in itself, or collides with others.
        case rule
        /// B2 could not be reached, or did not answer.
        case connection
        /// B2's certificate looks expired or not yet valid, which no repetition mends.
        case clock
        /// B2 is overloaded, and still was after all tries.
        case busy
        /// The token has expired; asking again with a new one may help.
        case token
        /// Somebody else changed the rules at the same time.
        case changed
        case other
    }

    public var kind: Kind
    public var description: String
    /// The pause that B2 asks for.
    var retryAfter: Duration?
    /// Whether the request may have had its effect although no answer arrived.
    public internal(set) var mayBeDone = false

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Whether the same request may succeed later.
    var isPassing: Bool { kind == .busy || kind == .connection }
}

// MARK: - What B2 answers

/// An answer of B2 that reports an error: `{"status":400,"code":"bad_request","message":"…"}`.
struct B2Refusal: Sendable {
    let status: Int
    let code: String
    let message: String

    init(_ answer: OutgoingAnswer) {
        let content = JSONValue(answer.body)
        status = answer.status
        code = content?["code"]?.text ?? ""
        message = content?["message"]?.text ?? ""
    }

    /// B2's own message, escaped.
    var words: String {
        let text = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return text.isEmpty ? "status \(status)" : SafeText(text).clipped(to: 400).string
    }
}

extension B2Problem {
    /// Creates the explanation of a refusal.
    ///
    /// - Parameters:
    ///   - call: The call's name, such as `b2_list_buckets`.
    ///   - capability: The capability that the call needs.
    init(_ refusal: B2Refusal, call: String, capability: String?, key: ApplicationKey) {
        let quote = "B2 answered: \(refusal.words)"
        switch (refusal.status, refusal.code) {
        case (401, "bad_auth_token"), (401, "expired_auth_token"):
            self.init(
                call == B2Client.authorizing ? .key : .token,
                call == B2Client.authorizing
                    ? Self.badKey(key, quote)
                    : "B2 does not accept the token that it has just given for \(key): it may have been revoked (\(quote))"
            )
        case (401, "unauthorized") where call == B2Client.authorizing: self.init(.key, Self.badKey(key, quote))
        case (401, "unauthorized"), (403, _):
            let missing = capability.map { " the capability \($0)" } ?? " a capability"
            self.init(
                .capability,
                "\(key) may not do this: it lacks\(missing), or is for another bucket. Make a key that has it: b2 key create"
                    + " NAME \(B2Capability.all.joined(separator: ",")). A key that was made before event notifications"
                    + " were enabled for the account does not work with them either (\(quote))")
        case (401, "email_not_verified"):
            self.init(.key, "the account's e-mail address is not verified: do that at Backblaze first (\(quote))")
        case (401, "no_payment_history"):
            self.init(
                .key, "the account has no payment history, which this needs: see Backblaze's billing page (\(quote))")
        case (401, _): self.init(.key, Self.badKey(key, quote))
        case (400, _) where refusal.message.localizedCaseInsensitiveContains("API not enabled"):
            self.init(
                .notEnabled,
                "event notifications are not enabled for this account: ask Backblaze's support to enable them, and then make"
                    + " a new application key, because older keys do not work (\(quote))")
        case (400, "bad_bucket_id"):
            self.init(.noBucket, "the bucket does not exist, or the key is not for it (\(quote))")
        case (400, _) where refusal.message.localizedCaseInsensitiveContains("overlapping"):
            self.init(
                .rule,
                "B2 refuses the rule: two rules of one event type may not have prefixes of which one begins with the other;"
                    + " give another --prefix or --event-types, or change the other rule (\(quote))")
        case (400, _) where refusal.code.hasPrefix("event_type"):
            self.init(.rule, "B2 refuses the rule's event types (\(quote))")
        case (400, _): self.init(.rule, "B2 refuses the request (\(quote))")
        case (408, _), (429, _), (500..., _):
            self.init(.busy, "B2 is overloaded or out of order: try again later (\(quote))")
        default: self.init(.other, "b2watch does not understand B2's answer (\(quote))")
        }
    }

    private static func badKey(_ key: ApplicationKey, _ quote: String) -> String {
        "B2 does not accept \(key), realm \(key.realm): check the key ID and the key, of which neither may be cut, and"
            + " whether the key was deleted or has expired (\(quote))"
    }

    /// Creates the explanation of why no answer arrived.
    init(_ failure: OutgoingFailure, realm: Realm) {
        switch failure {
        case .forbidden(let reason): self.init(.connection, "B2 is not asked: \(reason)")
        case .notSent(let reason) where TLSProblem.isAboutTime(reason):
            let clock = Date.now.formatted(.iso8601)
            self.init(
                .clock,
                "\(reason). This machine's clock shows \(clock): if that is wrong, every"
                    + " certificate looks expired or not yet valid; set the clock (timedatectl set-ntp true)")
        case .notSent(let reason):
            self.init(
                .connection,
                "B2 (realm \(realm)) cannot be reached: \(reason): check the network, a proxy, and \(Realm.variable)")
        case .lost(let reason):
            self.init(.connection, "B2 gave no answer: \(reason)")
            mayBeDone = true
        case .cancelled: self.init(.connection, "b2watch is ending")
        }
    }
}

extension TLSProblem {
    /// Returns whether a certificate is rejected because it has expired or is not valid yet.
    fileprivate static func isAboutTime(_ reason: String) -> Bool {
        [TLSProblem.expired, .notYetValid].contains { reason.contains($0.description) }
    }
}
