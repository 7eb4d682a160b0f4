/// What b2watch answers to a request: a status and a line of plain text.
///
/// The answers to a notification are word for word those of Backblaze's tutorial *Trigger an Action from an Event
/// Notification*.
public enum Answer: Sendable, Hashable, CaseIterable {
    case accepted
    case missingSignature
    case malformedSignature
    case unsupportedSignature
    case invalidSignature
    case invalidJSON
    /// The target is ours, the method is not POST.
    case methodNotAllowed
    /// The target is not below `--path`.
    case notFound
    /// The delivery could not be recorded. B2 will send it again.
    case notRecorded
    /// The queue to the record is full. B2 will send it again.
    case overloaded

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .accepted: 200
        case .invalidJSON: 400
        case .missingSignature, .malformedSignature, .unsupportedSignature, .invalidSignature: 401
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notRecorded, .overloaded: 503
        }
    }

    /// The body of the answer, in ASCII.
    public var text: String {
        switch self {
        case .accepted: "OK"
        case .missingSignature: "Missing signature header"
        case .malformedSignature: "Invalid signature format"
        case .unsupportedSignature: "Invalid signature version"
        case .invalidSignature: "Invalid signature"
        case .invalidJSON: "Invalid JSON in message payload"
        case .methodNotAllowed: "Method not allowed"
        case .notFound: "Not found"
        case .notRecorded: "Cannot record the delivery now"
        case .overloaded: "Too busy to record the delivery now"
        }
    }

    /// The answer to a notification: its signature is judged before its body.
    public init(to verdict: SignatureVerdict, isJSON: Bool) {
        self =
            switch verdict {
            case .missing: .missingSignature
            case .malformed: .malformedSignature
            case .unsupported: .unsupportedSignature
            case .invalid: .invalidSignature
            case .valid, .removed, .unverified, .unjudged: isJSON ? .accepted : .invalidJSON
            }
    }
}
