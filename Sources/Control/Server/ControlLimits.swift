/// How much a control socket takes.
public struct ControlLimits: Sendable, Hashable {
    /// Connections at a time: more than anybody opens by hand. Each costs two threads that sleep, and none can be opened
    /// but by the listener's own user and root.
    public var connections = 1_024
    /// The longest request, in bytes.
    public var request = 4 << 20
    /// How much may wait to be read by one connection, in bytes, besides one line.
    public var waiting = 4 << 20
    /// How long a connection may take to say who it is.
    public var hello = Duration.seconds(10)

    /// The usual ones.
    public init() {}
}
