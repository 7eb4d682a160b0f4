/// A verdict and what led to it.
public struct Judgement: Codable, Sendable, Hashable {
    public var verdict: SignatureVerdict
    /// The secret whose digest was received, also where the match lies outside its binding.
    public var secret: SecretIdentity?

    public init(_ verdict: SignatureVerdict, secret: SecretIdentity? = nil) {
        self.verdict = verdict
        self.secret = secret
    }

    /// Whether this verdict, given later, takes the place of a recorded one.
    ///
    /// A recorded verdict is evidence. A secret that is tried later may verify what was not valid, and says more where
    /// nothing could be checked before or where it is bound elsewhere; it never takes anything back, and neither does the
    /// absence of a secret. A valid one of an older version, which knows its secret by label alone, is confirmed.
    public func replaces(_ recorded: Judgement) -> Bool {
        switch recorded.verdict {
        case .valid: verdict == .valid && recorded.secret?.fingerprint == nil
        case .unverified: verdict != .unverified
        case .invalid: verdict == .valid || (verdict == .invalid && recorded.secret == nil && secret != nil)
        case .missing, .malformed, .unsupported: verdict == .valid
        case .unjudged, .removed: false
        }
    }
}

/// Judges signatures: `v1=` and the hex HMAC-SHA-256 of the exact body bytes, keyed with the secret's UTF-8 bytes.
///
/// Source: Backblaze's event notification reference guide; `B2EventNotification` of its Java SDK.
public struct SignatureVerifier: Sendable {
    public let keyring: Keyring

    public init(_ keyring: Keyring) {
        self.keyring = keyring
    }

    /// Judges a delivery.
    ///
    /// One right element makes it valid. Else one `v1` element makes it invalid, whatever the others are; else one of
    /// another version makes it unsupported; else it is malformed. With no secret held nothing can be judged.
    ///
    /// - Parameter events: The delivery's events, for secrets that are bound to a bucket or a rule.
    public func judge(_ delivery: Delivery, events: [NotificationEvent]) -> Judgement {
        if let selfTest = keyring.selfTest, isSigned(delivery, by: selfTest, events) {
            return Judgement(.valid, secret: selfTest.identity)
        }
        guard !keyring.isEmpty else { return Judgement(.unverified) }
        switch PlainSignature(delivery.headers) {
        case .none: return Judgement(.missing)
        case .digest(let digest): return judge([digest], of: delivery.body, events: events)
        case .unusual: break
        }
        let header = SignatureHeader(delivery)
        var hasVersion1 = false
        var hasOtherVersion = false
        for element in header.elements {
            switch element {
            case .digest: hasVersion1 = true
            case .otherVersion: hasOtherVersion = true
            case .malformed: break
            }
        }
        guard hasVersion1 else { return Judgement(hasOtherVersion ? .unsupported : .malformed) }
        return judge(header.digests, of: delivery.body, events: events)
    }

    private func judge(_ digests: [SHA256.Digest], of body: [UInt8], events: [NotificationEvent]) -> Judgement {
        guard !digests.isEmpty else { return Judgement(.invalid) }
        var outside: SecretIdentity?
        for secret in keyring.secrets {
            let expected = secret.digest(of: body)
            guard digests.contains(where: { HMACSHA256.areEqual(expected, $0) }) else { continue }
            if secret.binding.outsider(among: events) == nil { return Judgement(.valid, secret: secret.identity) }
            outside = outside ?? secret.identity
        }
        return Judgement(.invalid, secret: outside)
    }

    /// Whether a delivery of our own is what it says; the digest is computed only where the events say so.
    private func isSigned(_ delivery: Delivery, by selfTest: SigningSecret, _ events: [NotificationEvent]) -> Bool {
        guard !events.isEmpty, selfTest.binding.outsider(among: events) == nil else { return false }
        let expected = selfTest.digest(of: delivery.body)
        return SignatureHeader(delivery).digests.contains { HMACSHA256.areEqual(expected, $0) }
    }
}
