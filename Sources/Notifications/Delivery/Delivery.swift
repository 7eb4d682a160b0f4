/// One HTTP request as it arrived, kept whole: every byte that a signature or a person may need.
public struct Delivery: Sendable, Hashable {
    /// When the head of the request had arrived.
    public var receivedAt: Timestamp
    /// The peer's IP address, without its port.
    public var remoteAddress: String
    /// Such as `POST`.
    public var method: String
    /// The request target as sent: path and query.
    public var target: String
    /// Such as `HTTP/1.1`.
    public var httpVersion: String
    /// In the order, case and number in which they came.
    public var headers: [HeaderField]
    public var body: [UInt8]
    /// The length of the body that was received, in bytes: more than `body` holds where only its start was kept.
    public var bodyLength: Int

    public init(
        receivedAt: Timestamp, remoteAddress: String, method: String, target: String, httpVersion: String = "HTTP/1.1",
        headers: [HeaderField], body: [UInt8], bodyLength: Int? = nil
    ) {
        self.receivedAt = receivedAt
        self.remoteAddress = remoteAddress
        self.method = method
        self.target = target
        self.httpVersion = httpVersion
        self.headers = headers
        self.body = body
        self.bodyLength = bodyLength ?? body.count
    }

    /// Whether only the start of the body was kept.
    public var isCut: Bool { bodyLength > body.count }

    /// The values of all header fields of this name, in order.
    public func values(of name: String) -> [String] {
        headers.filter { $0.isNamed(name) }.map(\.value)
    }
}
