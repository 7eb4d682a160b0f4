import NIOCore
import Notifications
import Testing
import TestSupport

@testable import Receiving

/// Requests from bytes that are divided in any way.
@Suite struct RequestParserTests {
    /// The result of parsing some bytes.
    private struct Parsed: Equatable {
        var heads: [RequestHead] = []
        var bodies: [[UInt8]] = []
        /// The complete requests.
        var ends = 0
        var refusal: Refusal?
    }

    private static func parse(_ pieces: [[UInt8]], _ limits: ListenerLimits = ListenerLimits()) -> Parsed {
        var parser = RequestParser(limits)
        var buffer = ByteBuffer()
        var parsed = Parsed()
        do throws(Refusal) {
            for piece in pieces {
                buffer.writeBytes(piece)
                while let part = try parser.next(&buffer) {
                    switch part {
                    case .head(let head, _):
                        parsed.heads.append(head)
                        parsed.bodies.append([])
                    case .body(let bytes): parsed.bodies[parsed.bodies.count - 1] += Array(bytes.readableBytesView)
                    case .end: parsed.ends += 1
                    }
                }
            }
        } catch {
            parsed.refusal = error
        }
        return parsed
    }

    private static let requests = Array(
        ("POST /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Tab:\ta\tb \r\nContent-Length: 3\r\n\r\n{\n}"
            + "\r\nPUT /c HTTP/1.0\r\n\r\n"
            + "POST / HTTP/1.1\r\nHost: y\r\ntransfer-encoding: Chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n00a \r\n0123456789\r\n0\r\nT: t\r\n\r\n"
            + "GET /d HTTP/1.1\r\nHOST:\r\n\r\n").utf8)

    private static let expected = Parsed(
        heads: [
            RequestHead(
                method: "POST", target: "/a?b", version: .http11,
                headers: [
                    HeaderField("Host", "x"), HeaderField("X-Empty", ""), HeaderField("X-Tab", "a\tb "),
                    HeaderField("Content-Length", "3"),
                ]),
            RequestHead(method: "PUT", target: "/c", version: .http10, headers: []),
            RequestHead(
                method: "POST", target: "/", version: .http11,
                headers: [HeaderField("Host", "y"), HeaderField("transfer-encoding", "Chunked")]),
            RequestHead(method: "GET", target: "/d", version: .http11, headers: [HeaderField("HOST", "")]),
        ],
        bodies: [Array("{\n}".utf8), [], Array("abc0123456789".utf8), []], ends: 4)

    @Test func readsRequestsInOnePiece() {
        #expect(Self.parse([Self.requests]) == Self.expected)
    }

    @Test func readsRequestsInPiecesOfAnySize() {
        for size in 1..<Self.requests.count {
            let pieces = stride(from: 0, to: Self.requests.count, by: size).map { start in
                Array(Self.requests[start..<min(start + size, Self.requests.count)])
            }
            #expect(Self.parse(pieces) == Self.expected, "pieces of \(size)")
        }
    }

    @Test func keepsTheBytesOfAHeader() throws {
        let value = Array("caf".utf8) + [0xE9]
        let head = Array("GET / HTTP/1.0\r\nX: ".utf8) + value + Array("\r\nY: caf\u{E9}\r\n\r\n".utf8)
        let headers = try #require(Self.parse([head]).heads.first?.headers)
        #expect(headers.map(\.bytes) == [value, Array("caf\u{E9}".utf8)])
        #expect(headers.map(\.isAltered) == [true, false])
        #expect(headers.map(\.hasLostBytes) == [false, false])
    }

    /// Requests that are refused before they are complete, so that nobody waits for an answer.
    @Test(arguments: [
        "hello\n", "\u{0}", "\u{16}", "SSH-2.0-x\u{1}", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nA: b\n",
        "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n", " GET / HTTP/1.1\r\n", "GET /\r\n", "GET / HTTP/1.2\r\n",
        "GET / http/1.1\r\n", "G@T / HTTP/1.1\r\n", "GET /\u{E9} HTTP/1.1\r\n", "GET /a\tb HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n: x\r\n", "GET / HTTP/1.1\r\nA\r\n", "GET / HTTP/1.1\r\nA : b\r\n",
        "GET / HTTP/1.1\r\n A: b\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n", "GET / HTTP/1.1\r\nA: \u{7F}\r\n",
        "GET / HTTP/1.1\r\nA: a\rb\r\n", "GET / HTTP/1.1\r\nA\u{E9}: b\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA b\r\n",
    ])
    func refuses(_ text: String) {
        #expect(Self.parse([Array(text.utf8)]).refusal == .notHTTP)
        // Divided in any way.
        #expect(Self.parse(text.utf8.map { [$0] }).refusal == .notHTTP)
    }

    /// RFC 9112, 3.2: another reader might take another of them.
    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "GET http://h/ HTTP/1.1\r\n\r\n",
    ])
    func demandsOneHost(_ text: String) {
        #expect(Self.parse([Array(text.utf8)]).refusal == .noHost)
    }

    @Test func limitsWhatHasNoEnd() {
        var limits = ListenerLimits()
        limits.headers = 2_000
        limits.headerField = 1_000
        for start in ["G", "GET / HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\nX"] {
            let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 100)
            let parsed = Self.parse([Array(start.utf8)] + (0..<50).map { _ in piece }, limits)
            #expect(parsed.refusal == .headersTooLarge, "\(start)")
        }
        let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let extensions = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
        #expect(Self.parse([Array((chunked + "1;").utf8), extensions]).refusal == .notHTTP)
        let trailer = Array(String(repeating: "T: t\r\n", count: 1_000).utf8)
        #expect(Self.parse([Array((chunked + "0\r\n").utf8), trailer], limits).refusal == .headersTooLarge)
        let breaks = Array(String(repeating: "\r\n", count: 10_000).utf8)
        #expect(Self.parse([breaks]).refusal == .notHTTP)
    }

    /// White space before a value, long methods and long extensions count too, however the bytes are divided.
    @Test func refusesALongLineInOnePieceAsInMany() {
        var limits = ListenerLimits()
        limits.headers = 200
        limits.headerField = 50
        for line in [
            "GET / HTTP/1.1\r\nX:\(String(repeating: " ", count: 120))y\r\n",
            "\(String(repeating: "G", count: 200)) / HTTP/1.1\r\n",
            "\(String(repeating: "G", count: 200))\u{7} / HTTP/1.1\r\n",
            "G\u{7}\(String(repeating: "G", count: 200)) / HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;\(String(repeating: "x", count: 5_000))\r\n",
        ] {
            let bytes = Array(line.utf8)
            let refusal = Self.parse([bytes], limits).refusal
            #expect(refusal != nil, "\(line)")
            #expect(Self.parse(bytes.map { [$0] }, limits).refusal == refusal, "\(line)")
        }
    }

    @Test func countsTheTargetAndTheFieldsInTheLimit() {
        var limits = ListenerLimits()
        limits.headers = 100
        limits.headerFields = 3
        func refusal(_ head: String) -> Refusal? { Self.parse([Array(head.utf8)], limits).refusal }
        let target = "/" + String(repeating: "x", count: 89)
        #expect(refusal("GET \(target) HTTP/1.0\r\nA: 123456789\r\n\r\n") == nil)
        #expect(refusal("GET \(target) HTTP/1.0\r\nA: 1234567890\r\n\r\n") == .headersTooLarge)
        #expect(refusal("GET / HTTP/1.0\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n") == nil)
        #expect(refusal("GET / HTTP/1.0\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n") == .headersTooLarge)
    }
}

// MARK: - Framing

@Suite(.blocking) struct FramingTests {
    @Test(
        arguments: [
            ([("Host", "h")], Framing.length(0)),
            ([("content-length", "5")], .length(5)),
            ([("Content-Length", "5 \t")], .length(5)),
            ([("Transfer-Encoding", "Chunked")], .chunked),
            ([("Content-Length", "5"), ("Content-Length", "5")], nil),
            ([("Content-Length", "5, 5")], nil),
            ([("Content-Length", "+5")], nil),
            ([("Content-Length", "")], nil),
            ([("Content-Length", "99999999999999999999")], nil),
            ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], nil),
            ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], nil),
            ([("Transfer-Encoding", "gzip, chunked")], nil),
            ([("Transfer-Encoding", "identity")], nil),
            // The sign of the unit kelvin, whose lower case is the letter k.
            ([("Transfer-Encoding", "chun\u{212A}ed")], nil),
        ] as [([(String, String)], Framing?)])
    func findsTheEnd(_ fields: [(String, String)], _ framing: Framing?) {
        let head = RequestHead(
            method: "POST", target: "/", version: .http11, headers: fields.map { HeaderField($0.0, $0.1) })
        #expect(Framing(head) == framing)
    }

    @Test func knowsNoCodingsInOldHTTP() {
        let headers = [HeaderField("Transfer-Encoding", "chunked")]
        #expect(Framing(RequestHead(method: "POST", target: "/", version: .http10, headers: headers)) == nil)
    }
}
