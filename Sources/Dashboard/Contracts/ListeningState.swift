/// What the listener is doing.
public enum ListeningState: Sendable, Hashable {
    case starting
    /// Takes deliveries at this URL.
    case listening(url: String, isLoopback: Bool)
    /// Takes no more, and finishes what is in flight.
    case draining
    /// It runs elsewhere, if it runs, and cannot be spoken to.
    case away(ListenerAbsence)
}

/// Why a listener in another process cannot be spoken to.
public struct ListenerAbsence: Sendable, Hashable {
    /// In a word or two.
    public enum Kind: Sendable, Hashable {
        /// It was there and is no more.
        case gone
        /// None was there yet.
        case notRunning
        /// This user may not.
        case notPermitted
        /// It is another version.
        case otherVersion
        /// It is there, and does not answer as one does.
        case notAnswering
    }

    /// What is the matter.
    public var kind: Kind
    /// What is the matter and what to do, in a sentence. It may hold names from outside: escape it before it is shown.
    public var reason: String

    /// An absence.
    public init(_ kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
