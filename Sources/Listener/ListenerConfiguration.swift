public import Notifications

/// Where and how the listener listens.
public struct ListenerConfiguration: Sendable {
    /// The address to bind; port 0 takes a free one.
    public var address: ListenAddress
    /// The path below which a POST is a notification; `/` takes every path.
    public var path: String
    /// What a request and all of them together may use.
    public var limits: ListenerLimits
    /// How long a peer may take.
    public var times: ListenerTimes
    /// Tells the time that a delivery is given as its arrival.
    public var clock: @Sendable () -> Timestamp

    public init(
        address: ListenAddress, path: String = "/", limits: ListenerLimits = ListenerLimits(),
        times: ListenerTimes = ListenerTimes(), clock: @escaping @Sendable () -> Timestamp
    ) {
        self.address = address
        self.path = path
        self.limits = limits
        self.times = times
        self.clock = clock
    }
}

/// What one request, and all connections together, may use.
public struct ListenerLimits: Sendable, Hashable {
    /// The bytes of a body; a longer one is refused with 413.
    public var body = 1 << 20
    /// The bytes of all header names and values and of the target together; more is refused with 431.
    public var headers = 64 << 10
    /// The bytes of one header name or value, or of the target; more is refused with 431.
    public var headerField = 32 << 10
    /// The header fields of a request; more are refused with 431.
    public var headerFields = 200
    /// The connections that are open at the same time; a further one is answered 503 and closed.
    public var connections = 1_024

    public init() {}
}

/// How long a peer may take before its connection is closed.
public struct ListenerTimes: Sendable, Hashable {
    /// From the first byte of a request to the end of its head; also from connecting to the first byte.
    public var head = Duration.seconds(10)
    /// From the first byte of a request to its last.
    public var request = Duration.seconds(30)
    /// From an answer to the first byte of the next request.
    public var idle = Duration.seconds(60)
    /// From the last answer to the peer's own close, while what it still sends is discarded.
    public var linger = Duration.seconds(2)

    public init() {}
}
