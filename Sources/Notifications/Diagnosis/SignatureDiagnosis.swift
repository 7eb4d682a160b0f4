/// Why a signature is not right: the cause, where one makes the digest match; else what was seen and what was ruled out.
///
/// It only explains; the verdict stands. A cause is named only where a digest received is a computed one, or a piece of at
/// least 64 bits from one of its ends.
public struct SignatureDiagnosis: Codable, Sendable, Hashable {
    /// What makes the digest received the right one.
    public let cause: DiagnosisCause?
    /// What was seen that may be why, the strongest first; for a person to weigh.
    public let hints: [DiagnosisHint]
    /// What was tried and makes no digest match, a phrase each; empty where there is a cause, or nothing to compare.
    public let ruledOut: [String]
    /// How many digests were computed.
    public let tried: Int

    /// Diagnoses a delivery; nil where it is valid, or there is nothing to judge or to judge it by.
    public init?(_ delivery: Delivery, keyring: Keyring) {
        let events = Payload(scanning: delivery.body).events
        let judgement = SignatureVerifier(keyring).judge(delivery, events: events)
        self.init(delivery, keyring: keyring, events: events, verdict: judgement.verdict)
    }

    init?(_ delivery: Delivery, keyring: Keyring, events: [NotificationEvent], verdict: SignatureVerdict) {
        switch verdict {
        case .invalid, .missing, .malformed, .unsupported: break
        case .valid, .unverified, .unjudged: return nil
        }
        let digests = DigestReader(delivery).digests
        hints =
            DiagnosisHints(
                delivery: delivery, digests: digests, keyring: keyring, verdict: verdict, events: events
            ).all

        // One that may vouch for these events explains more than one that may not.
        let outside = keyring.secrets.filter { $0.binding.outsider(among: events) != nil }
        let inside = keyring.secrets.filter { $0.binding.outsider(among: events) == nil }
        var search = DiagnosisSearch(delivery.isCut ? [] : digests, secrets: inside + outside, body: delivery.body)
        cause = search.run().map { DiagnosisCause($0, events: events) }
        tried = search.tried
        ruledOut = cause == nil ? Self.ruledOut(by: search, verdict: verdict) : []
    }

    private static func ruledOut(by search: DiagnosisSearch, verdict: SignatureVerdict) -> [String] {
        guard search.tried > 0 else { return [] }
        if verdict == .missing { return ["the digest in another header"] }
        guard search.triesAllAlone else {
            return ["some of what goes wrong, not all: the body is large for so many secrets"]
        }
        let isLarge = search.isLarge
        return [
            "the secret with white space, quotes or a newline at an end, decoded or encoded, or empty",
            isLarge
                ? "the body with a final newline, CR LF for LF or a byte-order mark more or less"
                : "the body with a newline, CR LF or a byte-order mark more or less, or its JSON rewritten",
            "the header in base64, quoted, with another prefix, cut; another hash",
            isLarge
                ? "not tried, as the body is large: pairs of these, and its JSON rewritten"
                : search.isCutShort ? "some pairs of these, not all" : "any two of these at once",
        ]
    }
}
