/// What makes the digest received the right one: certain, for the digests are equal.
public struct DiagnosisCause: Codable, Sendable, Hashable {
    /// One thing that differs from what it should be.
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
    /// One or two, or three where a step on the body is told as two; and the binding.
    public let changes: [Change]
    /// Such as “The digest received is right under the secret “prod” with a newline at its end.” May hold text from
    /// outside: escape it before it is shown.
    public let sentence: String
    /// What usually changes a body so, a phrase for each such change.
    public let doneBy: [String]
    /// What to do about it.
    public let advice: String

    /// The signature belongs to another delivery: its body gives the digest received.
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
            "Headers and bodies were mixed up on the way: have each body passed on with the headers that came with it."
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
            sentence += ", but that secret is bound to \(binding) and the notification holds "
            sentence += found.isEmpty ? "an event that names none" : "an event of “\(found)”"
            advices.append("If it may vouch for this one too, bind the secret to that as well, or to any.")
        }
        self.changes = changes
        doneBy = match.bodySteps.compactMap(\.doneBy).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        self.sentence = sentence + "."
        advice = advices.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.joined(separator: " ")
    }
}
