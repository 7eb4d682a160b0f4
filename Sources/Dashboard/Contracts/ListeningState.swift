/// What the listener is doing.
public enum ListeningState: Sendable, Hashable {
    case starting
    /// Takes deliveries at this URL.
    case listening(url: String, isLoopback: Bool)
    /// Takes no more, and finishes what is in flight.
    case draining
}
