/// The reason why a signature is not right: the cause, if one makes the digest match; else what was seen and what was
/// ruled out.
///
/// A diagnosis only explains; it never changes the verdict. It names a cause only if a digest received is a computed
/// one, or a piece of at least 64 bits from one of its ends.
public struct SignatureDiagnosis: Codable, Sendable, Hashable {
    /// The cause that makes the digest received the right one.
    public private(set) var cause: DiagnosisCause?
    /// Observations that may explain it, the strongest first; a person must weigh them.
    public let hints: [DiagnosisHint]
    /// The changes that were tried with this delivery and make no digest match, a phrase each; empty if there is a
    /// cause.
    public private(set) var ruledOut: [String]
    /// The changes that were not tried but could be, a phrase each.
    public private(set) var notTried: [String]
    /// The number of digests computed.
    public let tried: Int
    /// The work that was done, in bytes hashed.
    public let work: Int

    /// Diagnoses a delivery; nil where it is valid, or there is nothing to verify or to verify it by.
    ///
    /// It takes some tenths of a second at most.
    ///
    /// - Parameter isCancelled: Asked often whether to give up; what was found until then is returned.
    public init?(_ delivery: Delivery, keyring: Keyring, isCancelled: @escaping () -> Bool = { false }) {
        let events = Payload(scanning: delivery.body).events
        let judgement = SignatureVerifier(keyring).verify(delivery, events: events)
        self.init(
            delivery, keyring: keyring, events: events, verdict: judgement.verdict, isCancelled: isCancelled)
    }

    /// - Parameter limit: The work that it may do.
    init?(
        _ delivery: Delivery, keyring: Keyring, events: [NotificationEvent], verdict: SignatureVerdict,
        limit: Int = DiagnosisWork.limit, isCancelled: @escaping () -> Bool
    ) {
        switch verdict {
        case .invalid, .missing, .malformed, .unsupported: break
        case .valid, .removed, .unverified, .unsigned, .reconciled, .unjudged: return nil
        }
        // A match of fewer digits would prove nothing.
        let reader = DigestReader(delivery)
        let digests = reader.digests.filter { $0.digits.count >= ReceivedDigest.certainDigits }

        // A secret that is bound to these events explains more than one that is bound to others.
        let outside = keyring.secrets.filter { $0.binding.outsider(among: events) != nil }
        let inside = keyring.secrets.filter { $0.binding.outsider(among: events) == nil }
        let work = DiagnosisWork(limit: limit, isCancelled: isCancelled)
        var search = DiagnosisSearch(
            delivery.isCut ? [] : digests, secrets: inside + outside, delivery: delivery, work: work)
        cause = search.run().map { DiagnosisCause($0, events: events) }
        hints =
            DiagnosisHints(
                delivery: delivery, digests: digests, keyring: keyring, verdict: verdict, events: events,
                recognised: search.recognised
            ).all
        tried = search.tried
        self.work = work.left - search.work.left
        let isOpen = cause == nil && !delivery.isCut
        ruledOut = isOpen ? Self.ruledOut(by: search, reader, verdict) : []
        notTried = isOpen ? Self.notTried(by: search) : []
    }

    /// Returns the diagnosis of a signature that belongs to another delivery.
    ///
    /// - Parameters:
    ///   - delivery: Its number.
    ///   - secret: The label of the secret under which the digest received is that of its body.
    public func belonging(to delivery: Int64, secret: String) -> SignatureDiagnosis {
        var diagnosis = self
        diagnosis.cause = DiagnosisCause(delivery: delivery, secret: secret)
        diagnosis.ruledOut = []
        diagnosis.notTried = []
        return diagnosis
    }

    /// Returns no more than what was tried with this delivery.
    private static func ruledOut(
        by search: DiagnosisSearch, _ reader: DigestReader, _ verdict: SignatureVerdict
    ) -> [String] {
        if verdict == .missing {
            if search.digests.isEmpty {
                return reader.hasSkipped ? [] : ["a digest in another header: none contains 16 hex digits or more"]
            }
            return search.attempts.body.isEmpty ? [] : ["a digest of this body in another header"]
        }
        guard !search.digests.isEmpty else {
            return reader.hasSkipped
                ? []
                : [
                    "a digest in the header as hex, base64 or byte values, in quotes, with separators, percent-encoded or"
                        + " behind another name"
                ]
        }
        let attempts = search.attempts
        var phrases: [String] = []
        if !attempts.secret.isEmpty { phrases.append("the secret " + list(attempts.secret)) }
        if !attempts.body.isEmpty { phrases.append("the body " + list(attempts.body)) }
        let readings = search.digests.map(\.reading.phrase).filter { !$0.isEmpty }
        let unique = readings.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if attempts.hasTriedMethods {
            if !unique.isEmpty { phrases.append("the digest " + list(Array(unique.prefix(4)))) }
            let hashes = "HMAC-SHA-1, HMAC-SHA-384, HMAC-SHA-512, HMAC-MD5 and hashes without a key"
            phrases.append("another hash: \(hashes)")
        }
        if attempts.hasTriedPairs {
            phrases.append("one of these changes to the secret with one to the body, or with another, or another hash")
        }
        if attempts.hasTriedEnds { phrases.append("a change to the body with another newline or line end") }
        return phrases
    }

    private static func list(_ phrases: [String]) -> String {
        guard let last = phrases.last, phrases.count > 1 else { return phrases.first ?? "" }
        return phrases.dropLast().joined(separator: "; ") + "; or " + last
    }

    private static func notTried(by search: DiagnosisSearch) -> [String] {
        if search.work.isCancelled { return ["what was left when the diagnosis was given up"] }
        guard search.attempts.isCutShort else { return [] }
        return [
            search.attempts.hasTriedMethods && search.triesAllAlone
                ? "some pairs of these: the body is large, or the secrets are many"
                : "some of what goes wrong: the body is large, or the secrets are many"
        ]
    }

    // MARK: - Sections

    /// A heading with paragraphs under it. They may contain text from outside: escape them before you show them.
    public struct Section: Sendable, Hashable {
        public let heading: String
        public let paragraphs: [String]
        /// Whether the note is secondary: a list of what was excluded or not tried.
        public let isSecondary: Bool

        init(_ heading: String, _ paragraphs: [String], isSecondary: Bool = false) {
            self.heading = heading
            self.paragraphs = paragraphs
            self.isSecondary = isSecondary
        }
    }

    /// The diagnosis as it is shown: the cause, what to do, and what may have changed the body; else the observations,
    /// and the causes that are ruled out.
    public var sections: [Section] {
        let all: [Section]
        if let cause {
            let shape = hints.filter(\.isOfShape).map(\.sentence)
            all = [
                Section("Why", cause.isBindingAlone ? [] : shape + [cause.sentence]),
                Section(
                    "What usually does this", cause.doneBy.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }),
                Section("What to do", [cause.advice]),
                Section("Seen on the way", onTheWay(cause)),
            ]
        } else {
            all = [
                Section("Seen, and may be why", hints.filter { !$0.isAdvice }.map(\.sentence)),
                Section("What to try", hints.filter(\.isAdvice).map(\.sentence)),
                Section("Ruled out", ruledOut, isSecondary: true),
                Section("Not tried", notTried, isSecondary: true),
            ]
        }
        return all.filter { !$0.paragraphs.isEmpty }
    }

    /// Whether the cause is not already named by the verdict's own sentence.
    public var explainsItself: Bool { cause.map { !$0.isBindingAlone } ?? false }

    /// Returns the programs that may have changed the body, if a change of the body is the cause.
    private func onTheWay(_ cause: DiagnosisCause) -> [String] {
        let isOfBody = cause.changes.contains { if case .body = $0 { true } else { false } }
        return hints.compactMap { hint in
            if case .proxy = hint, isOfBody { hint.sentence } else { nil }
        }
    }
}

extension DiagnosisCause {
    /// Whether the verdict's sentence already states the cause: right, but bound to something else.
    fileprivate var isBindingAlone: Bool {
        guard case .binding? = changes.first else { return false }
        return changes.count == 1
    }
}

// MARK: - Cause

/// The cause that makes the digest received the right one. It is certain, because the digests are equal.
public struct DiagnosisCause: Codable, Sendable, Hashable {
    /// A difference between what was received and what B2 signed.
    public enum Change: Codable, Sendable, Hashable {
        case secret(SecretVariant)
        case body(BodyStep)
        case method(DigestMethod)
        case header(HeaderReading)
        /// The signature is that of another delivery, with this number.
        case delivery(Int64)
        /// The secret is bound to something else.
        case binding(SecretBinding)
    }

    /// The label of the secret that the digest was made with; nil where it needs none.
    public let secret: String?
    /// One or two changes, or three if a step on the body counts as two; and the binding.
    public let changes: [Change]
    /// A sentence such as “The digest received is right under the secret “prod” with a newline at its end.” It may
    /// contain text from outside: escape it before you show it.
    public let sentence: String
    /// The usual cause of each change to the body, a phrase each.
    public let doneBy: [String]
    /// The remedy, in sentences.
    public let advice: String

    /// Creates the cause of a signature that belongs to another delivery, whose body gives the digest received.
    ///
    /// - Parameters:
    ///   - delivery: The number of that delivery.
    ///   - secret: The label of the secret that its digest is made with.
    init(delivery: Int64, secret: String) {
        self.secret = secret
        changes = [.delivery(delivery)]
        sentence =
            "The signature belongs to delivery \(delivery): the digest received is right for its body, under the secret"
            + " “\(secret)”."
        doneBy = [
            "a program that handles several requests at once and keeps their headers or bodies in shared variables"
        ]
        advice =
            "Headers and bodies were mixed up on the way: have each body passed on with its own headers."
    }

    init(_ match: DiagnosisSearch.Match, events: [NotificationEvent]) {
        let usesSecret = match.method.usesSecret && !match.secretSteps.contains(.empty)
        let outsider = usesSecret ? match.secret.binding.outsider(among: events) : nil
        secret = usesSecret ? match.secret.label : nil

        var phrases: [String] = []
        var advices: [String] = []
        var changes: [Change] = []
        if usesSecret {
            let steps = SecretVariant.phrase(match.secretSteps)
            phrases.append("under the secret “\(match.secret.label)”" + (steps.isEmpty ? "" : " " + steps))
        } else if match.secretSteps.contains(.empty) {
            phrases.append("under an empty secret")
        }
        for step in match.secretSteps {
            changes.append(.secret(step))
            advices.append(step.advice)
        }
        if !match.bodySteps.isEmpty {
            phrases.append("for the body " + BodyStep.phrase(match.bodySteps))
        }
        for step in match.bodySteps {
            changes.append(.body(step))
            advices.append(step.advice)
        }
        if match.method != .hmacSHA256 {
            changes.append(.method(match.method))
            phrases.append(match.method.phrase)
            advices.append(match.method.advice)
        }
        if match.reading.cost > 0 {
            changes.append(.header(match.reading))
            phrases.append(match.reading.phrase)
            advices.append(match.reading.advice)
        }
        var sentence = "The digest received is right " + phrases.joined(separator: ", ")
        if let outsider {
            let binding = match.secret.binding
            let found = outsider.text
            changes.append(.binding(binding))
            sentence += ", but that secret is bound to \(binding) and the notification contains "
            sentence += found.isEmpty ? "an event that names none" : "an event of “\(found)”"
            advices.append("If it may vouch for this one too, bind the secret to that as well, or to any.")
        }
        self.changes = changes
        doneBy = match.bodySteps.compactMap(\.doneBy).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        self.sentence = sentence + "."
        advice = advices.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.joined(separator: " ")
    }
}
