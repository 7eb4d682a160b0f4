/// Why a signature is not right: the cause, where one makes the digest match; else what was seen and what was ruled out.
///
/// It only explains; the verdict stands. A cause is named only where a digest received is a computed one, or a piece of at
/// least 64 bits from one of its ends.
public struct SignatureDiagnosis: Codable, Sendable, Hashable {
    /// What makes the digest received the right one.
    public let cause: DiagnosisCause?
    /// What was seen that may be why, the strongest first; for a person to weigh.
    public let hints: [DiagnosisHint]
    /// What was tried and makes no digest match, a phrase each; empty where there is a cause.
    public let ruledOut: [String]
    /// What was not tried and could be, a phrase each.
    public let notTried: [String]
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
        case .valid, .removed, .unverified, .unjudged: return nil
        }
        // Of fewer digits nothing would be certain.
        let digests = DigestReader(delivery).digests.filter { $0.digits.count >= ReceivedDigest.certainDigits }
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
        let isOpen = cause == nil && !delivery.isCut
        ruledOut = isOpen ? Self.ruledOut(by: search, verdict: verdict) : []
        notTried = isOpen ? Self.notTried(by: search) : []
    }

    /// No more than what was tried.
    private static func ruledOut(by search: DiagnosisSearch, verdict: SignatureVerdict) -> [String] {
        if verdict == .missing { return ["a digest of this body in another header"] }
        guard !search.digests.isEmpty else {
            return ["a digest in the header as hex or base64, in quotes, percent-encoded or behind another name"]
        }
        guard search.triesAllAlone else { return [] }
        let alone = [
            "the secret with a space, tab, newline or quote at an end, in quotes, decoded or encoded, in lower or upper"
                + " case, or empty",
            search.isLarge
                ? "the body with a final newline, CR LF for LF or a byte-order mark more or less"
                : "the body with a newline, CR LF or a byte-order mark more or less, or its JSON laid out, escaped or"
                    + " sorted as programs do",
            "the header in base64, quoted, with another prefix, cut; another hash",
        ]
        return search.isCutShort ? alone : alone + ["any two of these at once"]
    }

    private static func notTried(by search: DiagnosisSearch) -> [String] {
        guard search.isCutShort else { return [] }
        if !search.triesAllAlone { return ["some of what goes wrong: the body is large for so many secrets"] }
        return search.isLarge
            ? ["two of these at once, and the body's JSON rewritten: the body is large"]
            : ["some pairs of these: the body is large for so many secrets"]
    }
}
