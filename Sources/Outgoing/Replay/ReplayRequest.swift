public import Notifications

/// A recorded delivery as it is sent again: its bytes and its header fields as they came, in their order and case.
///
/// Left out are the fields that belong to the connection it came by (RFC 9110, 7.6.1), `Expect`, and Host and
/// Content-Length, which are those of the new request. Nothing is added.
public struct ReplayRequest: Sendable, Hashable {
    public let request: OutgoingRequest
    /// Names of fields whose values were not UTF-8 and are not the bytes that came.
    public let altered: [String]

    /// - Parameters:
    ///   - secret: Signs anew with it, in the place of the signature that was received; nil leaves that as it came.
    ///   - isSecret: Tells fields whose values nobody may see in what is kept.
    /// - Throws: `ReplayRefusal` where what is recorded is not all that came.
    public init(
        _ delivery: Delivery, to url: WebhookURL, signedWith secret: SigningSecret? = nil,
        allowsPlainHTTP: Bool = false, isSecret: (HeaderField) -> Bool = { _ in false }
    ) throws(ReplayRefusal) {
        guard !delivery.isCut else { throw .cut(kept: delivery.body.count, length: delivery.bodyLength) }
        let left = Self.ofConnection.union(Self.named(by: delivery))
        var headers: [OutgoingField] = []
        var signature = secret.map { OutgoingField(SignatureHeader.name, $0.signature(of: delivery.body)) }
        let signsAnew = signature != nil
        for field in delivery.headers {
            let name = field.name.lowercased()
            guard !left.contains(name), !name.hasPrefix("proxy-") else { continue }
            guard signsAnew, field.isNamed(SignatureHeader.name) else {
                headers.append(OutgoingField(field.name, field.value, isSecret: isSecret(field)))
                continue
            }
            // In the place of the first; there is one signature.
            if var new = signature {
                new.name = field.name
                headers.append(new)
                signature = nil
            }
        }
        if let signature { headers.append(signature) }
        request = OutgoingRequest(
            delivery.method, url, headers: headers, body: delivery.body, allowsPlainHTTP: allowsPlainHTTP,
            secrecy: .query)
        altered = delivery.headers.filter { field in
            field.isAltered && headers.contains { $0.name == field.name && $0.value == field.value }
        }.map(\.name)
    }

    private static let ofConnection: Set<String> = [
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "host", "content-length",
    ]

    /// The fields that Connection names.
    private static func named(by delivery: Delivery) -> [String] {
        delivery.values(of: "connection").flatMap { $0.split { $0 == "," || $0 == " " || $0 == "\t" } }
            .map { $0.lowercased() }
    }
}

/// Why a recorded delivery cannot be sent again.
public enum ReplayRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// Only the start of its body was kept.
    case cut(kept: Int, length: Int)
    /// There is none of this number.
    case notRecorded

    public var description: String {
        switch self {
        case .cut(let kept, let length):
            "only \(kept) of the \(length) bytes of its body were kept: it cannot be sent as it came"
        case .notRecorded: "it is not in the history"
        }
    }
}
