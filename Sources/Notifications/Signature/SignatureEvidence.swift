/// The content of the Signature tab for one delivery: the signature received, the right ones, and the verdict.
public struct SignatureEvidence: Codable, Sendable, Hashable {
    /// The signature that one current secret gives for the body.
    public struct Expectation: Codable, Sendable, Hashable {
        public let label: String
        public let fingerprint: String
        public let binding: SecretBinding
        /// `v1=` and 64 lower-case hex digits.
        public let signature: String
        /// Whether this digest was received.
        public let isReceived: Bool
    }

    /// The signature header's lines as received.
    public let received: [String]
    /// One for each current secret, in the order in which they are tried.
    public let expectations: [Expectation]
    /// The recorded verdict, unless the current secrets give a better one.
    public let judgement: Judgement
    /// The verdict in a sentence. It may contain names from outside: escape it before you show it.
    public let sentence: String
    /// The reason why the signature is not right; nil if it is right, or if nothing could be verified.
    public private(set) var diagnosis: SignatureDiagnosis?

    /// Creates the evidence from the recorded verdict and the current secrets.
    ///
    /// - Parameters:
    ///   - recorded: The delivery's verdict, if it has one. It stays, whatever the current secrets are.
    ///   - isCancelled: Asked often whether to give the diagnosis up.
    public init(
        _ delivery: Delivery, keyring: Keyring, recorded: Judgement? = nil,
        isCancelled: @escaping () -> Bool = { false }
    ) {
        let header = SignatureHeader(delivery)
        let events = Payload(scanning: delivery.body).events
        let fresh = SignatureVerifier(keyring).verify(delivery, events: events)
        let judgement = recorded.map { fresh.replaces($0) ? fresh : $0 } ?? fresh
        let digests = header.digests
        received = header.lines
        let ours = keyring.selfTest.map { fresh.secret == $0.identity ? [$0] : [] } ?? []
        expectations = (keyring.secrets + ours).map { (secret: SigningSecret) -> Expectation in
            let digest = secret.digest(of: delivery.body)
            return Expectation(
                label: secret.label, fingerprint: secret.fingerprint, binding: secret.binding,
                signature: "v1=" + Hex.encode(digest), isReceived: digests.contains { HMACSHA256.areEqual(digest, $0) })
        }
        self.judgement = judgement
        sentence = Self.sentence(judgement, header: header, keyring: keyring, events: events)
        // Without a secret there is nothing to find a cause with.
        diagnosis =
            fresh.verdict == .unverified
            ? nil
            : SignatureDiagnosis(
                delivery, keyring: keyring, events: events, verdict: judgement.verdict, isCancelled: isCancelled)
    }

    /// Creates the evidence for a process that cannot ask for the secrets: the verdict as recorded.
    ///
    /// - Parameter note: The reason why there is no more, in a sentence.
    public init(recorded judgement: Judgement, of delivery: Delivery, note: String) {
        received = SignatureHeader(delivery).lines
        expectations = []
        self.judgement = judgement
        sentence = note
        diagnosis = nil
    }

    /// Returns the evidence of a signature that belongs to another delivery.
    ///
    /// - Parameters:
    ///   - delivery: Its number.
    ///   - secret: The label of the secret under which the digest received is that of its body.
    public func belonging(to delivery: Int64, secret: String) -> SignatureEvidence {
        var evidence = self
        evidence.diagnosis = diagnosis?.belonging(to: delivery, secret: secret)
        return evidence
    }

    private static func sentence(
        _ judgement: Judgement, header: SignatureHeader, keyring: Keyring, events: [NotificationEvent]
    ) -> String {
        let count = keyring.secrets.count
        let current = count == 1 ? "the current secret" : "any of the \(count) current secrets"
        switch judgement.verdict {
        case .valid:
            let secret = judgement.secret
            let sentence =
                "The digest received is the HMAC-SHA-256 of this body under the secret “\(secret?.label ?? "")”."
            let isCurrent = (keyring.secrets + [keyring.selfTest].compactMap(\.self)).contains {
                secret?.isSame(as: $0.identity) == true
            }
            if isCurrent { return sentence }
            return sentence
                + (secret?.fingerprint.map { " That was found with the secret of the fingerprint \($0.short)," }
                    ?? " An older version found that, which kept no fingerprint of the secret,")
                + " and stays: b2watch has that secret no longer."
        case .removed:
            let name = judgement.secret?.description ?? ""
            return "The digest received is the HMAC-SHA-256 of this body under the secret \(name), which was deleted as"
                + " leaked: anybody who has it could have signed this."
        case .invalid:
            guard let secret = judgement.secret else {
                if keyring.isEmpty {
                    return "The digest received was not that of any secret that b2watch had; now it has none."
                }
                return "The digest received is not the HMAC-SHA-256 of this body under \(current)."
            }
            let found = secret.binding.outsider(among: events)?.text ?? ""
            let place = found.isEmpty ? "an event that names none" : "an event of “\(found)”"
            return
                "The digest is right under the secret “\(secret.label)”, but that secret is bound to \(secret.binding), and the"
                + " notification contains \(place)."
        case .missing:
            return "The request has no \(SignatureHeader.name) header: a rule without a signing secret sends none."
        case .malformed:
            return "The signature header contains no text of the form v1=DIGEST."
        case .unsupported:
            return "The signature header contains a version other than v1, which b2watch does not know."
        case .unverified:
            return header.lines.isEmpty
                ? "b2watch has no signing secret and the request has no signature header: there is nothing to check."
                : "b2watch has no signing secret, so it cannot check the signature. Press s to paste the secret."
        case .unsigned:
            return
                "The request has no \(SignatureHeader.name) header, as none of its rule has: you have named the rule as one"
                + " that does not sign, and the request has the proof that you gave for it. Nothing shows that its body is as"
                + " B2 sent it."
        case .reconciled:
            return
                "b2watch has made this event from the bucket's listing, because it has recorded no valid notification of the"
                + " version. Nothing was received, so there is no signature."
        case .unjudged:
            return "This request is not a notification, so b2watch does not check its signature."
        }
    }
}
