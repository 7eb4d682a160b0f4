public import Notifications

/// Why nothing of an action is begun for now.
public struct ActionHold: Sendable, Hashable {
    public enum Kind: Int, Codable, Sendable, Hashable {
        /// It does not work for now, or it is not known yet what became of something. It goes on by itself.
        case failing = 1
        /// It has done as many as its limit of a minute or of a day allows.
        case limit
        /// An entry that failed holds up those behind it, because the action keeps the order.
        case order
        /// It will not work until somebody changes something: an access was withdrawn, a file cannot be written. Its
        /// entries wait in their order, and one of them is tried now and then.
        case onHold
    }

    public var kind: Kind
    /// When the next entry is begun at the earliest.
    public var until: Timestamp
    /// Why, and what to do about it, in a sentence. It may contain words from outside: escape it before it is shown.
    public var reason: String?
    /// Since when.
    public var since: Timestamp?

    public init(_ kind: Kind, until: Timestamp, reason: String? = nil, since: Timestamp? = nil) {
        self.kind = kind
        self.until = until
        self.reason = reason
        self.since = since
    }
}
