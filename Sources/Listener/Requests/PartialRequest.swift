internal import NIOCore
internal import NIOHTTP1
internal import Notifications

/// A request of which the head has come, and some of the body.
struct PartialRequest {
    let head: HTTPRequestHead
    let route: Route
    let receivedAt: Timestamp
    /// The length of the body so far, in bytes.
    private(set) var bodyLength = 0
    private var body: [UInt8] = []
    private let keptBytes: Int

    /// - Parameter keptBytes: The bytes of the body that are kept; more are only counted.
    init(_ head: HTTPRequestHead, framing: Framing, route: Route, keptBytes: Int, receivedAt: Timestamp) {
        self.head = head
        self.route = route
        self.receivedAt = receivedAt
        self.keptBytes = keptBytes
        // A promise of a long body is not yet a reason to hold memory for it.
        if case .length(let length) = framing { body.reserveCapacity(min(length, keptBytes, 64 << 10)) }
    }

    mutating func append(_ bytes: ByteBuffer) {
        bodyLength += bytes.readableBytes
        let space = keptBytes - body.count
        if space > 0 { body.append(contentsOf: bytes.readableBytesView.prefix(space)) }
    }

    /// Whether the connection may serve another request after this one.
    ///
    /// Not in HTTP/1.0, whose clients want to be told so; and after CONNECT or an offer to change the protocol the
    /// decoder reads no further.
    var allowsAnother: Bool {
        head.isKeepAlive && head.version == .http1_1 && head.method != .CONNECT
            && !head.headers.contains(name: "upgrade")
    }

    /// Whether the client waits for a word before it sends the body.
    var expectsContinue: Bool {
        head.version == .http1_1 && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }

    /// The request as it is passed on.
    func delivery(from remoteAddress: String) -> Delivery {
        Delivery(
            receivedAt: receivedAt,
            remoteAddress: remoteAddress,
            method: head.method.rawValue,
            target: head.uri,
            httpVersion: head.version == .http1_1 ? "HTTP/1.1" : "HTTP/\(head.version.major).\(head.version.minor)",
            headers: head.headers.map { HeaderField($0.name, $0.value) },
            body: body,
            bodyLength: bodyLength)
    }
}
