/// Something that can be asked of a listener over its control socket.
///
/// A request is one type, in a file of its own, and one line where the listener's routes are made.
public protocol ControlRequest: Codable, Sendable {
    /// What is answered.
    associatedtype Reply: Codable & Sendable
    /// What it is called on the wire.
    static var name: String { get }
}

/// The reply to what is only done.
public struct ControlDone: Codable, Sendable, Hashable {
    /// Done.
    public init() {}
}
