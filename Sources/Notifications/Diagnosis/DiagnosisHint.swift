/// Something seen in a request whose signature is not right, that may be why; nothing certain.
public enum DiagnosisHint: Codable, Sendable, Hashable {
    /// The body is not JSON; why, in a sentence without its full stop.
    case notJSON(String)
    /// The body is empty.
    case noBody
    /// The body is JSON in which no events are where B2 puts them.
    case noEvents
    /// With this done to the body it is a notification, though its digest was not received.
    case recognised(String)
    /// The body is not written as B2 writes it, in these ways.
    case otherFormat([String])
    /// So many characters were replaced because they could not be read.
    case lostCharacters(Int)
    /// The request announced more bytes of body than came.
    case cutShort(announced: Int, received: Int)
    /// The request announced fewer bytes of body than came.
    case grown(announced: Int, received: Int)
    /// The JSON ends before it is complete.
    case endsEarly(at: Int)
    /// The request says that its body is compressed, or the body begins so.
    case compressed(String, isStill: Bool)
    /// The request says that its body is compressed in a way that b2watch cannot undo, or that this body is not.
    case unreadable(String)
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
    /// The body is not as B2 sends it, so what changed it is to be found first.
    case changedBody
    /// Digest and body look as they should, so the secret may be another one.
    case otherSecret

    /// Whether it says that the body is no notification: said before all else.
    var isOfShape: Bool {
        switch self {
        case .notJSON, .noBody, .noEvents: true
        default: false
        }
    }

    /// Whether it says what to try, not what was seen.
    var isAdvice: Bool { self == .otherSecret || self == .changedBody }

    /// In a sentence. May hold text from outside: escape it before it is shown.
    public var sentence: String {
        switch self {
        case .notJSON(let why):
            "The body is not JSON, so it is no notification as B2 sends it: \(why)."
        case .noBody:
            "The request has no body."
        case .noEvents:
            "The body is JSON without “events”, so it is no notification as B2 sends it."
        case .recognised(let phrase):
            "It is a notification \(phrase), though its digest was not received: something else was changed too."
        case .otherFormat(let differences):
            "It is not written as B2 writes: \(differences.joined(separator: "; ")). Something wrote it again, or B2 did not"
                + " send it."
        case .lostCharacters(1):
            "One character in the body was replaced by U+FFFD because it could not be read: what it was is lost."
        case .lostCharacters(let count):
            "\(count) characters in the body were replaced by U+FFFD because they could not be read: what they were is lost."
        case .cutShort(let announced, let received):
            "The body was cut short on the way, it seems: \(announced) bytes were announced, \(received) came."
        case .grown(let announced, let received):
            "The body was changed on the way, it seems: \(announced) bytes were announced, \(received) came."
        case .endsEarly(let offset):
            "The JSON ends after byte \(offset), before it is complete: the body may have been cut short."
        case .compressed(let coding, true):
            "The body is compressed (\(coding)): it may have been signed before that. B2 compresses nothing."
        case .compressed(let coding, false):
            "Content-Encoding says \(coding), but the body is plain text: it may have been decompressed on the way."
        case .unreadable(let coding):
            "Content-Encoding says \(coding), and b2watch cannot decompress this body as that. B2 compresses nothing."
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
            "The header holds no digest: nothing follows “\(name)=”."
        case .noDigest(nil):
            "The header holds no digest: it is empty."
        case .placeholder(let text):
            "The header holds no digest but “\(text)”, as a program writes for what it has not, or what is no text."
        case .token:
            "The header holds no digest but a JSON Web Token, which B2 does not send."
        case .notHex(1):
            "In place of a digest the header has one character, which is not a hex digit."
        case .notHex(let count):
            "What the header has in place of a digest could not be read as one: \(count) characters, not all of them hex"
                + " digits (0-9, a-f)."
        case .startsRight(let digits, let secret):
            "Its \(digits) digits are the first of the right digest under the secret “\(secret)”: too few to be certain."
        case .testEvent:
            "It is a test event: B2 may sign those with a dummy key, its documentation does not agree with itself."
        case .unusualSecret(let label):
            "The secret “\(label)” is not 32 letters and digits, as every secret of a B2 rule is."
        case .notKept:
            "Only the start of the body was kept, so no digest can be computed."
        case .changedBody:
            "Look at the body before the secret: if B2 sent it, something on the way changed it in a way that b2watch could"
                + " not undo; let B2 send to b2watch without that in between, or have it pass the body on byte for byte. If a"
                + " program of your own sent it, check that it signs exactly the bytes that it sends."
        case .otherSecret:
            "The body is as B2 sends it, so most often it was signed with a secret that b2watch does not have: copy the"
                + " rule's secret again and paste it here (s). Else a value in the body was changed in a way that was not"
                + " tried."
        }
    }
}
