package import Sending

/// A request as a fake web service receives it.
package struct FakeRequest: Sendable {
    package var method: String
    /// Path and query, as sent.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// All bytes of the request, if it arrived over a socket.
    package var raw: [UInt8]

    package init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        raw: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.raw = raw
    }

    package var path: String { String(target.prefix { $0 != "?" }) }

    package func value(of name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A fake's reaction to a request.
package enum FakeReply: Sendable {
    case answer(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
    /// Sends these bytes, whether or not they are HTTP, and closes the connection.
    case bytes(String)
    /// The request has its effect, and the answer is lost.
    case lost
    /// The connection is refused: nothing is received.
    case refused

    package static func text(_ status: Int, _ text: String) -> FakeReply {
        .answer(status: status, headers: [("Content-Type", "text/plain")], body: Array(text.utf8))
    }

    package static func json(_ status: Int, _ json: String) -> FakeReply {
        .answer(status: status, headers: [("Content-Type", "application/json; charset=UTF-8")], body: Array(json.utf8))
    }
}

/// A fake web service, in the test's own process or behind a socket.
package protocol FakeService: Sendable {
    func reply(to request: FakeRequest) -> FakeReply
}

/// Passes requests to fakes without a network, one for each host.
package struct InProcessHTTP: HTTPSending {
    private let services: [String: any FakeService]

    /// - Parameter services: The fakes by authority, such as `sheets.googleapis.com`.
    package init(_ services: [String: any FakeService]) {
        self.services = services
    }

    package func send(
        _ request: OutgoingRequest, within limit: Duration
    ) throws(OutgoingFailure) -> OutgoingAnswer {
        guard let service = services[request.url.authority] else {
            throw .notSent("the name of \(request.url.authority) was not found")
        }
        let url = request.url.description
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let target = url[start...].drop { $0 != "/" && $0 != "?" }
        let fake = FakeRequest(
            method: request.method, target: target.isEmpty ? "/" : String(target),
            headers: request.headers.map { ($0.name, $0.value) }, body: request.body)
        switch service.reply(to: fake) {
        case .answer(let status, let headers, let body):
            return OutgoingAnswer(
                status: status, headers: headers.map { OutgoingField($0.name, $0.value) },
                body: Array(body.prefix(request.longestAnswer)), isCut: body.count > request.longestAnswer,
                duration: .milliseconds(1))
        case .lost, .bytes: throw .lost("no answer from \(request.url.authority) in time")
        case .refused: throw .notSent("nothing listens at \(request.url.authority)")
        }
    }
}
