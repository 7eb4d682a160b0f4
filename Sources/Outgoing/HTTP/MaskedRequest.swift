/// A request as it is kept and shown: nothing secret is in it.
public struct MaskedRequest: Sendable, Hashable {
    /// What stands in the place of what nobody may see.
    public static let mask = "•••"

    /// The method, the URL and the version in a line, then the header fields, those among them that every request gets,
    /// an empty line, and the body.
    public let bytes: [UInt8]

    /// - Parameter body: The body to show instead of the request's own; nil where that holds no secret.
    public init(_ request: OutgoingRequest, body: [UInt8]? = nil) {
        var text = "\(request.method) \(Self.shown(request.url, request.secrecy)) HTTP/1.1\n"
        for field in request.sentHeaders {
            text += "\(field.name): \(field.isSecret ? Self.mask : field.value)\n"
        }
        text += "\n"
        bytes = Array(text.utf8) + (body ?? request.body)
    }

    /// The URL without what is secret in it.
    public static func shown(_ url: WebhookURL, _ secrecy: OutgoingRequest.Secrecy) -> String {
        let text = url.description
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let path = text[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? text.endIndex
        switch secrecy {
        case .nothing: return text
        case .query:
            guard let query = text[path...].firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text }
            return text[..<query] + "?\(mask)"
        case .path: return text[path...].count > 1 ? text[..<path] + "/\(mask)" : text
        }
    }
}

extension OutgoingRequest {
    /// Texts of the request that nobody may see. Short ones are left out: masking them would hide half of an answer.
    private var secrets: [String] {
        var secrets = headers.filter(\.isSecret).flatMap { field in
            // `Basic …` and `Bearer …` are repeated without the first word too.
            [field.value] + field.value.split(separator: " ").dropFirst().map(String.init)
        }
        let text = url.description
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let path = text[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? text.endIndex
        switch secrecy {
        case .nothing: break
        case .query: secrets += text[path...].split(separator: "?", maxSplits: 1).dropFirst().map(String.init)
        case .path: secrets += [String(text[path...])] + text[path...].split(separator: "/").map(String.init)
        }
        return secrets.filter { $0.utf8.count > 8 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The answer with a mask in place of what the request keeps secret: a server may repeat the URL or a header field.
    public func masked(_ answer: OutgoingAnswer) -> OutgoingAnswer {
        var answer = answer
        for secret in secrets where answer.body.contains(Array(secret.utf8)) {
            answer.body = answer.body.replacing(Array(secret.utf8), with: Array(MaskedRequest.mask.utf8))
        }
        return answer
    }
}
