/// The first line that each side of a control socket writes: who it is, and how it speaks.
///
/// It never changes, so that two versions that do not understand each other can still say so.
public struct ControlHello: Codable, Sendable, Hashable {
    /// The version of the protocol that is spoken here: raised whenever a request, a reply or an event changes so that
    /// an older b2watch would misread it.
    public static let currentProtocol = 3

    /// The version of b2watch, such as `0.1.0`.
    public var b2watch: String
    /// The version of the protocol.
    public var `protocol`: Int

    /// What a b2watch of this version says.
    public init(b2watch: String, protocol: Int = currentProtocol) {
        self.b2watch = b2watch
        self.protocol = `protocol`
    }
}
