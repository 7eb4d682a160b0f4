import Notifications
import Outgoing

/// A recorded delivery as it is sent again: its bytes and its header fields as they came.
struct ReplayedRequest {
    let request: OutgoingRequest

    /// Fields that belong to one connection and not to what is sent on it (RFC 9110, 7.6.1), and those that follow from
    /// where it goes.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "host", "content-length", "expect",
    ]

    /// - Parameter secret: Signs anew with it; nil leaves the signature as it came.
    /// - Throws: `ReplayRefusal` where what is recorded is not all that came.
    init(
        _ delivery: Delivery, to url: WebhookURL, signedWith secret: SigningSecret?, allowsPlainHTTP: Bool
    ) throws(ReplayRefusal) {
        guard !delivery.isCut else {
            throw .cut(kept: delivery.body.count, length: delivery.bodyLength)
        }
        let named = delivery.values(of: "connection").flatMap { $0.split(separator: ",") }
            .map { $0.trimmingPrefix { $0.isWhitespace }.lowercased() }
        let dropped = Self.hopByHop.union(named.map { String($0.prefix { !$0.isWhitespace }) })
        var headers = delivery.headers
            .filter { field in
                !dropped.contains(field.name.lowercased())
                    && (secret == nil || !field.isNamed(SignatureHeader.name))
            }
            .map { OutgoingField($0.name, $0.value) }
        if let secret {
            headers.append(OutgoingField(Self.signatureName, secret.signature(of: delivery.body)))
        }
        request = OutgoingRequest(
            delivery.method, url, headers: headers, body: delivery.body, allowsPlainHTTP: allowsPlainHTTP)
    }

    /// As B2 writes it.
    private static let signatureName = "X-Bz-Event-Notification-Signature"
}

/// Why a recorded delivery is not sent again.
enum ReplayRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case cut(kept: Int, length: Int)
    case notRecorded

    var description: String {
        switch self {
        case .cut(let kept, let length):
            "only \(kept) of its \(length) bytes were recorded"
        case .notRecorded: "it is not recorded here"
        }
    }
}
