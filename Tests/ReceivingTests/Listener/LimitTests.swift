import Notifications
import Testing
import TestSupport

@testable import Receiving

/// Refused requests, their answers, and their lines in the log.
@Suite(.blocking) struct LimitTests {
    /// Requests, the status of their refusal, and the text in the log.
    private static let refused: [(request: String, status: Int, reason: String)] = [
        // Not HTTP.
        ("hello\r\n\r\n", 400, notHTTP),
        ("POST / HTTP/2.0\r\n\r\n", 400, notHTTP),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, notHTTP),
        ("POST / HTTP/1.1\nContent-Length: 0\n\n", 400, notHTTP),
        (head("Bad Name: x"), 400, notHTTP),
        (head("Name : x"), 400, notHTTP),
        (head("X: a\r\n b", "Content-Length: 0"), 400, notHTTP),
        (head("X: a\rY: b", "Content-Length: 0"), 400, notHTTP),
        (head("X: a\u{0}b", "Content-Length: 0"), 400, notHTTP),
        (head("Transfer-Encoding: chunked") + "zz\r\n", 400, notHTTP),
        // Ambiguous requests.
        (head("Content-Length: 2", "Content-Length: 2") + "{}", 400, ambiguous),
        (head("Content-Length: 2", "Content-Length: 3") + "{}", 400, ambiguous),
        (head("Transfer-Encoding: chunked", "Content-Length: 2") + "{}", 400, ambiguous),
        (head("Content-Length: 2", "Transfer-Encoding: chunked") + "{}", 400, ambiguous),
        (head("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n", 400, ambiguous),
        ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400, noHost),
        (head("Host: y", "Content-Length: 2") + "{}", 400, noHost),
        // Requests without a path.
        ("POST * HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 400, noPath),
        ("GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, noPath),
        ("POST *hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 400, noPath),
        ("POST ftp://h/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 400, noPath),
        // Requests above a limit.
        (head("Content-Length: 1048577"), 413, "body over 1 MiB (413)"),
        (head("X: \(xs(33 << 10))"), 431, tooLarge),
        ("POST /\(xs(33 << 10)) HTTP/1.1\r\n\r\n", 431, tooLarge),
        (head(String(repeating: "X: y\r\n", count: 200) + "X: y"), 431, tooLarge),
        (head(String(repeating: "X: \(xs(1_000))\r\n", count: 69) + "X: y"), 431, tooLarge),
        // TLS.
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "HTTPS on a port that speaks HTTP (400)"),
    ]

    private static let notHTTP = "not valid HTTP (400)"
    private static let ambiguous = "the length of the body is ambiguous (400)"
    private static let noHost = "no Host header, or several (400)"
    private static let noPath = "the request names no path (400)"
    private static let tooLarge = "headers too large (431)"

    private static func head(_ fields: String...) -> String {
        "POST / HTTP/1.1\r\nHost: x\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n"
    }

    private static func xs(_ count: Int) -> String {
        String(repeating: "x", count: count)
    }

    @Test(arguments: refused)
    func refuses(_ request: String, _ status: Int, _ reason: String) throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send(request)
            let response = try client.response()
            #expect(response.status == status)
            #expect(response.closes)
            #expect(try client.rest() == "")
            #expect(server.log.lines == ["127.0.0.1: request refused: \(reason)"])
            #expect(receiver.received.isEmpty)
        }
    }

    @Test func takesHeadersAtTheLimit() throws {
        try withListener { server in
            let client = try server.client()
            try client.send(Self.head(String(repeating: "X: y\r\n", count: 198) + "Content-Length: 0"))
            #expect(try client.response() == ok)
            try client.send(Self.head("X: \(Self.xs(32 << 10))", "Content-Length: 0"))
            #expect(try client.response() == ok)
        }
    }

    @Test func refusesChunksBeyondTheLimit() throws {
        let receiver = TestReceiver()
        try withListener(receiver, { $0.limits.body = 1_000 }) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            try client.send("3E8\r\n\(String(repeating: "x", count: 1_000))\r\n1\r\nx\r\n")
            #expect(try client.response().status == 413)
            #expect(server.log.lines == ["127.0.0.1: request refused: body over 1000 bytes (413)"])
            #expect(receiver.received.isEmpty)
        }
    }

    /// A client that sends everything before it reads must not lose the answer to a reset.
    @Test func letsTheClientReadTheAnswer() throws {
        try withListener { server in
            let client = try server.client()
            try client.send(post(body: String(repeating: "x", count: 4 << 20)))
            let response = try client.response()
            #expect(response.status == 413)
            #expect(try client.rest() == "")
        }
    }

    @Test func doesNotReadForEver() throws {
        try withListener { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
            let piece = [UInt8](repeating: 0x78, count: 1 << 20)
            #expect(throws: RawClient.Problem.self) {
                for _ in 0..<100 { try client.send(piece) }
            }
        }
    }

    @Test func refusesTooManyConnections() throws {
        let receiver = TestReceiver()
        try withListener(receiver, { $0.limits.connections = 2 }) { server in
            var clients: [RawClient] = []
            for _ in 0..<2 {
                let client = try server.client()
                try client.send(post())
                #expect(try client.response() == ok)
                clients.append(client)
            }
            let third = try server.client()
            let response = try third.response()
            #expect(response.status == 503)
            #expect(response.headers.contains("Retry-After: 5"))
            #expect(response.closes)
            #expect(try third.rest() == "")
            #expect(server.log.lines == ["127.0.0.1: request refused: over 2 connections (503)"])

            // The other connections continue, and a free place can be used.
            try clients[1].send(post())
            #expect(try clients[1].response() == ok)
        }
    }

    @Test func refusesTooManyRequestsAtOnce() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver, { $0.limits.requests = 1 }) { server in
            let first = try server.client()
            try first.send(post("/1"))
            let waiting = try #require(receiver.next())
            let second = try server.client()
            try second.send(post("/2"))
            let response = try second.response()
            #expect(response.status == 503 && response.closes && response.headers.contains("Retry-After: 5"))
            waiting.answer(.accepted)
            #expect(try first.response() == ok)
            // A request whose peer goes away is no longer under way.
            let third = try server.client()
            try third.send(Self.head("Content-Length: 9"))
            third.endSending()
            #expect(try third.response().status == 400)
            try first.send(post("/4"))
            try #require(receiver.next()).answer(.accepted)
            #expect(try first.response() == ok)
            #expect(server.log.lines.first == "127.0.0.1: request refused: over 1 requests at once (503)")
        }
    }

    /// A body as long as B2's is always taken; longer ones share a budget, which each returns.
    @Test func boundsTheMemoryOfBodies() throws {
        try withListener(TestReceiver(), { $0.limits.bodies = 512 << 10 }) { server in
            let first = try server.client()
            try first.send(post(body: Self.xs(1_000_000)))
            #expect(try first.response().status == 503)
            #expect(server.log.lines == ["127.0.0.1: request refused: long bodies over 512 KiB at once (503)"])
            let second = try server.client()
            for length in [128 << 10, 600_000, 600_000, 128 << 10] {
                try second.send(post(body: Self.xs(length)))
                #expect(try second.response() == ok)
            }
        }
    }

    @Test func aBudgetOfBytesIsReservedAndReturned() {
        var limits = ListenerLimits()
        limits.bodies = 256 << 10
        let load = RequestLoad(limits)
        #expect(load.reserve(1) == 64 << 10)
        #expect(load.reserve(192 << 10) == 192 << 10)
        #expect(load.reserve(1) == nil)
        load.release(64 << 10)
        #expect(load.reserve(64 << 10) == 64 << 10)
    }

    /// However many connections are over the limit and stay: each receives its answer, and the oldest are closed for
    /// new ones.
    @Test func tellsAllThatAreTooMany() throws {
        try withListener(TestReceiver(), { $0.limits.connections = 1 }) { server in
            let first = try server.client()
            try first.send(post())
            #expect(try first.response() == ok)
            var others: [RawClient] = []
            for _ in 0..<80 {
                let client = try server.client()
                #expect(try client.response().status == 503)
                others.append(client)
            }
            try first.send(post())
            #expect(try first.response() == ok)
        }
    }

    @Test func countsWhatARequestLacks() throws {
        try withListener { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            client.endSending()
            _ = try client.rest()
            #expect(server.log.lines == ["127.0.0.1: request refused: ended in the middle (400)"])
        }
    }

    @Test func tellsTheRestWhenItStops() throws {
        var log: LogLines?
        try withListener { server in
            log = server.log
            for _ in 0..<3 {
                let client = try server.client()
                try client.send("hello\r\n\r\n")
                #expect(try client.response().status == 400)
            }
            #expect(server.log.lines.count == 1)
        }
        #expect(log?.lines.last == "127.0.0.1: 2 more requests refused in the last minute: not valid HTTP (400)")
    }
}
