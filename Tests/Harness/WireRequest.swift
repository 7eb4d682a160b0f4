package import Notifications
import TestSupport

/// A request in the form in which it is sent.
package struct WireRequest {
    package var method = "POST"
    package var target = "/"
    package var headers = [HeaderField("Host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications")]
    package var body: [UInt8] = []
    /// Whether the request states the length of its body.
    package var hasLength = true

    package init(
        method: String = "POST", target: String = "/", headers: [HeaderField]? = nil, body: [UInt8] = [],
        hasLength: Bool = true
    ) {
        self.method = method
        self.target = target
        if let headers { self.headers = headers }
        self.body = body
        self.hasLength = hasLength
    }

    package static func get(_ target: String) -> WireRequest {
        WireRequest(method: "GET", target: target, hasLength: false)
    }

    /// Returns a request with one event, which has its own id.
    package static func event(
        _ id: String, object: String = "photos/2026/cat.jpg", signedWith secret: SigningSecret? = nil
    ) -> WireRequest {
        var request = WireRequest(body: SampleBody.notification([SampleEvent(id: id, object: object)]))
        if let secret { request.headers.append(HeaderField(SignatureHeader.name, secret.signature(of: request.body))) }
        return request
    }

    package var head: [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        if hasLength { text += "Content-Length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    package var bytes: [UInt8] { head + body }
}
