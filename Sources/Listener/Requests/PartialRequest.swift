internal import NIOCore
internal import Notifications

/// A request of which the head has come, and some of the body.
struct PartialRequest {
    let head: RequestHead
    let route: Route
    let receivedAt: Timestamp
    /// The length of the body so far, in bytes.
    private(set) var bodyLength = 0
    private var body: [UInt8] = []
    private let keptBytes: Int

    /// - Parameter keptBytes: The bytes of the body that are kept; more are only counted.
    init(_ head: RequestHead, framing: Framing, route: Route, keptBytes: Int, receivedAt: Timestamp) {
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
        if space > 0 { bytes.withUnsafeReadableBytes { body.append(contentsOf: $0.prefix(space)) } }
    }

    /// Whether the connection may serve another request after this one.
    ///
    /// Not in HTTP/1.0, whose clients want to be told so, nor after CONNECT or an offer to change the protocol.
    var allowsAnother: Bool {
        head.version == .http11 && head.method != "CONNECT" && !head.hasHeader("Upgrade")
            && !head.list("Connection").contains { $0.lowercased() == "close" }
    }

    /// Whether the client waits for a word before it sends the body.
    var expectsContinue: Bool {
        head.version == .http11 && head.list("Expect").contains { $0.lowercased() == "100-continue" }
    }

    /// The request as it is passed on.
    func delivery(from remoteAddress: String) -> Delivery {
        Delivery(
            receivedAt: receivedAt,
            remoteAddress: remoteAddress,
            method: head.method,
            target: head.target,
            httpVersion: head.version.rawValue,
            headers: head.headers,
            body: body,
            bodyLength: bodyLength)
    }
}
