import Crypto

/// What the Signature tab shows of one delivery: what was received, what would have been right, and the verdict.
public struct SignatureEvidence: Codable, Sendable, Hashable {
    /// What one held secret gives for the body.
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
    /// One for each held secret, in the order in which they are tried.
    public let expectations: [Expectation]
    /// As judged by the secrets held now.
    public let judgement: Judgement
    /// The verdict in a sentence. It may hold names from outside: escape it before it is shown.
    public let sentence: String
    /// Why the signature is not right; nil where it is, or where nothing could be judged.
    public let diagnosis: SignatureDiagnosis?

    /// The evidence by the secrets held now.
    ///
    /// - Parameter recorded: The delivery's verdict, if it has one: what was not judged when it came never is.
    public init(_ delivery: Delivery, keyring: Keyring, recorded: SignatureVerdict? = nil) {
        let header = SignatureHeader(delivery)
        let events = Payload(scanning: delivery.body).events
        let judgement =
            recorded == .unjudged
            ? Judgement(.unjudged) : SignatureVerifier(keyring).judge(delivery, events: events)
        let digests = header.digests
        received = header.lines
        let ours = keyring.selfTest.map { judgement.secret == $0.label ? [$0] : [] } ?? []
        expectations = (keyring.secrets + ours).map { (secret: SigningSecret) -> Expectation in
            let digest = secret.digest(of: delivery.body)
            return Expectation(
                label: secret.label, fingerprint: secret.fingerprint, binding: secret.binding,
                signature: "v1=" + Hex.encode(digest), isReceived: digests.contains { digest == $0 })
        }
        self.judgement = judgement
        sentence = Self.sentence(judgement, header: header, keyring: keyring, events: events)
        diagnosis = SignatureDiagnosis(delivery, keyring: keyring, events: events, verdict: judgement.verdict)
    }

    /// What can be shown where nobody can be asked who holds the secrets: the verdict as recorded.
    ///
    /// - Parameter note: Why there is no more, in a sentence.
    public init(recorded judgement: Judgement, of delivery: Delivery, note: String) {
        received = SignatureHeader(delivery).lines
        expectations = []
        self.judgement = judgement
        sentence = note
        diagnosis = nil
    }

    private static func sentence(
        _ judgement: Judgement, header: SignatureHeader, keyring: Keyring, events: [NotificationEvent]
    ) -> String {
        let held = keyring.secrets.count == 1 ? "the secret held" : "any of the \(keyring.secrets.count) secrets held"
        switch judgement.verdict {
        case .valid:
            return "The digest received is the HMAC-SHA-256 of this body under the secret “\(judgement.secret ?? "")”."
        case .invalid:
            guard let label = judgement.secret, let secret = keyring[label] else {
                return "The digest received is not the HMAC-SHA-256 of this body under \(held)."
            }
            let found = secret.binding.outsider(among: events)?.text ?? ""
            let place = found.isEmpty ? "an event that names none" : "an event of “\(found)”"
            return
                "The digest is right under the secret “\(label)”, but that one is bound to \(secret.binding), and the"
                + " notification holds \(place)."
        case .missing:
            return "The request has no \(SignatureHeader.name) header: a rule without a signing secret sends none."
        case .malformed:
            return "The signature header holds nothing of the form v1=DIGEST."
        case .unsupported:
            return "The signature header holds a version other than v1, which b2watch does not know."
        case .unverified:
            return header.lines.isEmpty
                ? "No signing secret is held and the request has no signature header: there is nothing to judge."
                : "No signing secret is held, so the signature cannot be judged. Press s to paste it."
        case .unjudged:
            return "This request is no notification, so its signature is not judged."
        }
    }
}
