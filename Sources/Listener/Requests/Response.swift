internal import NIOCore
internal import Notifications

/// A status and a line of plain text, and how they look on the wire.
struct Response {
    let status: Int
    let text: String

    init(status: Int, text: String) {
        self.status = status
        self.text = text
    }

    init(_ answer: Answer) {
        self.init(status: answer.status, text: answer.text)
    }

    /// What `/healthz` says.
    static func health(canRecord: Bool) -> Response {
        canRecord ? Response(.accepted) : Response(.notRecorded)
    }

    /// Tells a client that waits for it to send the body.
    static let goOn = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// The response in full.
    ///
    /// - Parameters:
    ///   - closes: Whether the connection ends with it.
    ///   - isHead: Whether it answers a HEAD request, and so has no body.
    func bytes(closes: Bool, isHead: Bool = false) -> ByteBuffer {
        var head = "HTTP/1.1 \(status) \(Self.phrase(status))\r\n"
        head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count)\r\n"
        if status == 405 { head += "Allow: POST\r\n" }
        if closes { head += "Connection: close\r\n" }
        return ByteBuffer(string: head + "\r\n" + (isHead ? "" : text))
    }

    /// The usual answer, to a client that keeps its connection: made once.
    private static let usual = Dictionary(
        uniqueKeysWithValues: Answer.allCases.map { ($0, Response($0).bytes(closes: false)) })

    /// The bytes of an answer.
    static func bytes(of answer: Answer, closes: Bool, isHead: Bool) -> ByteBuffer {
        if !closes, !isHead, let bytes = usual[answer] { return bytes }
        return Response(answer).bytes(closes: closes, isHead: isHead)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Unknown"
        }
    }
}
