/// Something seen in a request whose signature is not right, that may be why; nothing certain.
public enum DiagnosisHint: Codable, Sendable, Hashable {
    /// The request announced more bytes of body than came.
    case cutShort(announced: Int, received: Int)
    /// The request announced fewer bytes of body than came.
    case grown(announced: Int, received: Int)
    /// The JSON ends before it is complete.
    case endsEarly(at: Int)
    /// The request says that its body is compressed.
    case compressed(String, isStill: Bool)
    /// The headers of these names come from something in front of b2watch.
    case proxy([String])
    /// The request does not say that it comes from B2: its User-Agent, if any.
    case otherSender(String?)
    /// The digest has more or fewer digits, maybe as many as one of another hash.
    case otherLength(digits: Int, like: String?)
    /// Behind the digest stands what does not belong to it.
    case moreThanDigest(characters: Int)
    /// The digest is not written in hex.
    case inBase64
    /// Nothing stands behind this name; nil where nothing stands in the header at all.
    case noDigest(String?)
    /// In place of a digest stands what a program writes for a value that it has not.
    case placeholder(String)
    /// In place of a digest stands a JSON Web Token.
    case token
    /// In place of a digest stands something else, of so many characters.
    case notHex(characters: Int)
    /// The first digits are right, too few to be certain.
    case startsRight(digits: Int, secret: String)
    /// A test event may be signed with a dummy key.
    case testEvent
    /// This secret is not as B2's are.
    case unusualSecret(String)
    /// Only the start of the body was kept.
    case notKept
    /// The digest looks as it should, so the secret may be another one.
    case otherSecret

    /// In a sentence. May hold text from outside: escape it before it is shown.
    public var sentence: String {
        switch self {
        case .cutShort(let announced, let received):
            "The body was cut short on the way, it seems: \(announced) bytes were announced, \(received) came."
        case .grown(let announced, let received):
            "The body was changed on the way, it seems: \(announced) bytes were announced, \(received) came."
        case .endsEarly(let offset):
            "The JSON ends after byte \(offset), before it is complete: the body may have been cut short."
        case .compressed(let coding, true):
            "The body is compressed (\(coding)): it may have been signed before that. B2 compresses nothing."
        case .compressed(let coding, false):
            "Content-Encoding says \(coding), but the body is not compressed: it may have been decompressed on the way."
        case .proxy(let names):
            "A proxy or tunnel stands in front (\(names.joined(separator: ", "))): it may have changed the request."
        case .otherSender(let agent?):
            "The sender calls itself “\(agent)”, and B2 “B2/EventNotifications”: it may not be B2."
        case .otherSender(nil):
            "The sender gives no User-Agent, and B2 does: it may not be B2."
        case .otherLength(let digits, let like?):
            "The digest has \(digits) digits, as \(like) has, not 64."
        case .otherLength(let digits, nil) where digits < 64:
            "The header holds only \(digits) of the 64 digits of a digest."
        case .otherLength(let digits, nil):
            "The digest has \(digits) digits, not 64."
        case .moreThanDigest(1):
            "Behind the 64 digits stands one character that does not belong to them."
        case .moreThanDigest(let count):
            "Behind the 64 digits stand \(count) characters that do not belong to them."
        case .inBase64:
            "The digest is written in base64, and B2 writes hex."
        case .noDigest(let name?):
            "The header holds no digest: nothing stands behind “\(name)=”."
        case .noDigest(nil):
            "The header holds no digest: it is empty."
        case .placeholder(let text):
            "The header holds no digest but “\(text)”, as a program writes for what it has not, or what is no text."
        case .token:
            "The header holds no digest but a JSON Web Token, which B2 does not send."
        case .notHex(1):
            "The header holds no digest: the one character in its place is no hex digit."
        case .notHex(let count):
            "The header holds no digest: of the \(count) characters in its place not all are hex digits (0-9, a-f)."
        case .startsRight(let digits, let secret):
            "Its \(digits) digits are the first of the right digest under the secret “\(secret)”: too few to be certain."
        case .testEvent:
            "It is a test event: B2 may sign those with a dummy key, its documentation does not agree with itself."
        case .unusualSecret(let label):
            "The secret “\(label)” is not 32 letters and digits, as every secret of a B2 rule is."
        case .notKept:
            "Only the start of the body was kept, so no digest can be computed."
        case .otherSecret:
            "Most often it was signed with a secret that is not held: copy the rule's secret again and paste it here (s)."
                + " Else the body was changed in a way that was not tried."
        }
    }
}
