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
    /// The digest is as long as one of another hash.
    case otherLength(digits: Int, like: String?)
    /// The first digits are right, too few to be certain.
    case startsRight(digits: Int, secret: String)
    /// A test event may be signed with a dummy key.
    case testEvent
    /// This secret is not as B2's are.
    case unusualSecret(String)
    /// Only the start of the body was kept.
    case notKept

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
        case .otherLength(let digits, nil):
            "The digest has \(digits) digits, not 64."
        case .startsRight(let digits, let secret):
            "Its \(digits) digits are the first of the right digest under the secret “\(secret)”: too few to be certain."
        case .testEvent:
            "It is a test event: B2 may sign those with a dummy key, its documentation does not agree with itself."
        case .unusualSecret(let label):
            "The secret “\(label)” is not 32 letters and digits, as every secret of a B2 rule is."
        case .notKept:
            "Only the start of the body was kept, so no digest can be computed."
        }
    }
}
