import Foundation
import NIOCore

@testable import Notifications
@testable import Receiving

extension FuzzTarget {
    // MARK: - Requests

    /// The requests that a parser has read.
    private struct Parsed: Equatable {
        var heads: [RequestHead] = []
        var bodies: [[UInt8]] = []
        /// The complete requests.
        var ends = 0
        var refusal: Refusal?

        /// Parses pieces of the bytes of a connection.
        init(_ pieces: [ArraySlice<UInt8>], _ limits: ListenerLimits) {
            var parser = RequestParser(limits)
            var buffer = ByteBuffer()
            do throws(Refusal) {
                for piece in pieces {
                    buffer.writeBytes(piece)
                    while let part = try parser.next(&buffer) {
                        switch part {
                        case .head(let head, _):
                            heads.append(head)
                            bodies.append([])
                        case .body(let bytes): bodies[bodies.count - 1] += bytes.readableBytesView
                        case .end: ends += 1
                        }
                    }
                }
            } catch {
                refusal = error
            }
        }
    }

    private static let limits: ListenerLimits = {
        var limits = ListenerLimits()
        limits.headers = 160
        limits.headerField = 60
        limits.headerFields = 6
        return limits
    }()

    /// The bytes of a connection, divided in several ways. The first byte is the length of a piece.
    static let requests = FuzzTarget(
        "requests", longest: 400,
        seeds: [
            seed(
                7, text: "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Tab:\ta\tb \r\nContent-Length: 3\r\n\r\n{\n}"),
            seed(3, text: "\r\nPUT /c HTTP/1.0\r\n\r\nGET /d HTTP/1.1\r\nHOST:\r\n\r\n"),
            seed(
                5,
                text:
                    "POST / HTTP/1.1\r\nHost: y\r\ntransfer-encoding: Chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n00a \r\n0123456789\r\n0\r\nT: t\r\n\r\n"
            ),
            seed(2, text: "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), seed(9, text: "GET http://h/ HTTP/1.1\n\n"),
            seed(
                4,
                text: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            seed(1, text: "\u{16}\u{3}\u{1}"), seed(8, text: "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"),
            seed(6, text: "GET / HTTP/1.1\r\nHost: h\r\nX:" + String(repeating: " ", count: 50) + "é\r\n\r\n"),
        ],
        words: [
            "\r\n", "\r\n\r\n", "\n", "GET / HTTP/1.1\r\n", "Host: h\r\n", "Content-Length: ",
            "Transfer-Encoding: chunked\r\n",
            "0\r\n\r\n", " HTTP/1.0", "\u{212A}", ":", " ", "\t", ";", "ff\r\n", "+", "\u{0}", "\u{7F}", "é", "X: ",
        ]
    ) { input in
        var parts = Parts(input)
        let size = max(1, Int(parts.byte()))
        let bytes = parts.rest
        let whole = Parsed([bytes], limits)
        let pieces = stride(from: bytes.startIndex, to: bytes.endIndex, by: size)
            .map { bytes[$0..<min($0 + size, bytes.endIndex)] }
        let divided = Parsed(pieces, limits)
        try hold(whole == divided, "pieces of \(size) mean something else: \(whole), \(divided)")

        let body = whole.bodies.reduce(0) { $0 + $1.count }
        try hold(whole.ends <= whole.heads.count && body <= bytes.count, "no more than was sent")
        try hold(whole.heads.count <= whole.ends + 1, "a request behind one that is not complete")
        for head in whole.heads {
            let size = head.target.utf8.count + head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.bytes.count }
            try hold(size <= limits.headers && head.headers.count <= limits.headerFields, "a head within the limits")
            try hold(Framing(head) != nil, "a request whose end is not clear")
            let coding = head.headers.first { $0.isNamed("Transfer-Encoding") }
            if let coding {
                let word = coding.bytes.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }.filter { $0 != 32 && $0 != 9 }
                try hold(word == Array("chunked".utf8), "\(coding) as chunks")
            }
            for field in head.headers {
                try hold(!field.bytes.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }, "a control in \(field)")
            }
        }
    }

    // MARK: - Proxies

    private static func network(_ text: String) -> IPNetwork {
        guard let network = IPNetwork(text) else { preconditionFailure("a network of a target: \(text)") }
        return network
    }

    private static let proxies = AddressList([network("10.0.0.0/8"), network("fd00::/8")])

    /// The header fields in which a proxy names its client, a field a line. The first byte chooses the field.
    static let forwarded = FuzzTarget(
        "forwarded", longest: 160,
        seeds: [
            seed(0, text: "198.51.100.1, 203.0.113.9, 10.2.3.4"),
            seed(0, text: "[2001:db8::1]:4711, fd00::1\n10.1.1.1"),
            seed(0, text: "::ffff:203.0.113.9,unknown"), seed(0, text: "203.0.113.9:80 ,\t10.4.4.4:1"),
            seed(0, text: ""),
            seed(1, text: "for=203.0.113.9;proto=https;by=10.0.0.1"), seed(1, text: "For=\"[2001:db8:cafe::17]:4711\""),
            seed(1, text: "host=\"a\\\"b, for=1.2.3.4\";for=203.0.113.9, for=10.1.1.1"),
            seed(1, text: "for=\"198.51.100.1\nfor=x"),
            seed(2, text: "192.0.2.0/24 # a block\n2001:db8::/32\n\n::ffff:10.0.0.0/104\n203.0.113.9"),
        ],
        words: [
            "203.0.113.9", "10.1.1.1", "fd00::1", "2001:db8::1", "[", "]:80", ", ", "for=", ";", "\"", "\\", "::ffff:",
            "/32", "%eth0",
            "unknown", "\n", ":443", "by=", "\u{600}", "\u{301}",
        ]
    ) { input in
        var parts = Parts(input)
        let choice = parts.byte()
        let text = String(decoding: parts.rest, as: UTF8.self)
        guard choice % 3 < 2 else { return try checkList(text) }
        let header = choice % 3 == 0 ? ProxyHeader.xForwardedFor : .forwarded
        let trust = ProxyTrust(proxies: proxies, header: header)
        let peer = network("10.0.0.1").address
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func client(behind last: String? = nil) -> IPAddress? {
            let name = header == .forwarded ? "Forwarded" : "X-Forwarded-For"
            return trust.client(of: peer, (lines + (last.map { [$0] } ?? [])).map { HeaderField(name, $0) })
        }
        let found = client()
        if let found { try hold(IPAddress(found.description) == found, "an address is read as it is written") }

        let form = header == .forwarded ? "for=" : ""
        if choice & 0x80 == 0 {
            // What a trusted proxy appends decides: nothing on its left, which anybody may have written, becomes the client.
            let honest = network("203.0.113.77").address
            let named = client(behind: form + "203.0.113.77")
            let isUnknown = header == .forwarded && named == nil
            try hold(named == honest || isUnknown, "the client is \(named?.description ?? "unknown")")
            if found != nil { try hold(named == honest, "a field that can be read hides the next") }
        } else {
            try hold(client(behind: form + "10.9.9.9") == found, "a further proxy changes the client")
        }
        // A trusted proxy is the client only where all are trusted: each address in the text is one.
        guard let found, proxies.contains(found) else { return }
        let entries = text.replacing("\n", with: ",").split(separator: ",", omittingEmptySubsequences: false)
        guard header == .xForwardedFor else { return }
        for entry in entries {
            let address = entry.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
            let bare =
                IPAddress(address.split(separator: "]").first.map { $0.replacing("[", with: "") } ?? "")
                ?? IPAddress(address.split(separator: ":").first ?? "")
            try hold(bare.map { proxies.contains($0) } == true, "\(found) hides \(entry)")
        }
    }

    /// Checks a text as the list of blocks of `--allow-from`.
    private static func checkList(_ text: String) throws {
        let list: AddressList
        do throws(AddressListError) {
            list = try AddressList(parsing: text)
        } catch {
            return try hold(error.line > 0 && !error.description.isEmpty, "an error with its line")
        }
        for network in list.networks {
            let again = IPNetwork(network.description)
            try hold(again == network, "\(network) is read as \(again?.description ?? "nothing")")
            try hold(list.contains(network.address), "a network is in itself")
        }
    }

    // MARK: - PROXY headers

    /// The first bytes of a connection from a proxy.
    static let proxyHeader = FuzzTarget(
        "proxy-header", longest: 160,
        seeds: [
            Array("PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\nGET /".utf8), Array("PROXY UNKNOWN 1 2 ...\r\n".utf8),
            Array("PROXY TCP6 2001:db8::1 fd00::1 4711 443\r\n".utf8), Array("GET / HTTP/1.1\r\n".utf8),
            ProxyPreamble.signature + [0x21, 0x11, 0, 12, 203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 1, 0xBB, 0x47],
            ProxyPreamble.signature + [0x21, 0x21, 0, 39] + Array(repeating: 0x20, count: 40),
            ProxyPreamble.signature + [0x20, 0, 0, 0], ProxyPreamble.signature + [0x21, 0x31, 0, 3, 1, 2, 3],
        ],
        words: [
            "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", "203.0.113.9 ", "::1 ", " 65535",
            String(decoding: ProxyPreamble.signature, as: UTF8.self),
        ]
    ) { input in
        let whole = Preamble([input[...]])
        let half = input.count / 2
        let pieces =
            input.count.isMultiple(of: 2) ? [input[..<half], input[half...]] : input.indices.map { input[$0...$0] }
        try hold(whole == Preamble(pieces), "\(pieces.count) pieces mean something else: \(whole)")
        // The longest header has 16 bytes and 4,096 behind them.
        if whole.found == nil, !whole.isMalformed {
            try hold(whole.rest == input.count && input.count < 4_112, "an incomplete header stays")
        }
        if case .client(let address) = whole.found {
            try hold(IPAddress(address.description) == address, "an address is read as it is written")
        }
    }

    /// The header that is read from pieces of the bytes of a connection.
    private struct Preamble: Equatable {
        var found: ProxyPreamble?
        var isMalformed = false
        /// The bytes behind it.
        var rest = 0

        init(_ pieces: [ArraySlice<UInt8>]) {
            var buffer = ByteBuffer()
            for piece in pieces {
                buffer.writeBytes(piece)
                guard found == nil, !isMalformed else { continue }
                do throws(ProxyPreamble.Malformed) {
                    found = try ProxyPreamble.read(&buffer)
                } catch {
                    isMalformed = true
                }
            }
            rest = isMalformed ? 0 : buffer.readableBytes
        }
    }

    // MARK: - Control socket

    private struct Echo: ListenerRequest {
        static let name = "echo"
        var text: String
        var number: Int?

        func answer(_ answerer: Int) -> String { text }
    }

    /// The requests whose bodies are read: all about actions.
    private static let bodies: [String: @Sendable ([UInt8]) throws -> Void] = {
        var bodies: [String: @Sendable ([UInt8]) throws -> Void] = [:]
        for type in ActionRequests.all { bodies[type.name] = { line in try checkBody(type, line) } }
        return bodies
    }()

    private static let answers: ControlAnswers = {
        var answers = ControlAnswers()
        answers.add([Echo.self], by: 0)
        return answers
    }()

    private static let caller = ControlCaller(ControlConnection(UnixSocket(-1), limits: ControlLimits()))

    /// The bytes of a connection to the control socket. The first byte is the length of a piece.
    static let control = FuzzTarget(
        "control", longest: 300,
        seeds: [
            seed(9, text: #"{"b2watch":"0.1.0","protocol":3}"# + "\n"),
            seed(3, text: #"{"id":1,"request":"fly","body":{}}"# + "\n"),
            seed(5, text: #"{"id":7,"request":"echo","body":{"text":"a\u0000\n\ud83d\ude00","number":3}}"# + "\n\n{\n"),
            seed(4, text: #"{"id":2,"request":"pauseAction","body":{"action":"a","isPaused":true}}"# + "\n"),
            seed(
                8,
                text: #"{"id":-1,"request":"runAction","body":{"action":"a","rows":[1,2,9223372036854775807]}}"# + "\n"),
            seed(6, text: #"{"id":3,"request":"skipAction","body":{"action":"a","states":["dead",1]}}"# + "\n"),
            seed(7, text: #"{"id":1.0,"failure":"x"}"# + "\n" + #"{"refusal":"why"}"# + "\n" + #"{"event":{}}"# + "\n"),
        ],
        words: ActionRequests.all.map { "\"request\":\"\($0.name)\"" } + [
            "{\"id\":1,\"request\":\"echo\",\"body\":{\"text\":\"", "\"}}\n", "\n", "\"body\":{", "\"rows\":[",
            "\"states\":[", "null",
            "1e400", "-0", "\\ud800", "\u{0}", "[[[[[[[[", "\"action\":", "\"entries\":[",
        ]
    ) { input in
        var parts = Parts(input)
        let size = max(1, Int(parts.byte()))
        let bytes = parts.rest
        let lines = read([bytes])
        let pieces = stride(from: bytes.startIndex, to: bytes.endIndex, by: size)
            .map { bytes[$0..<min($0 + size, bytes.endIndex)] }
        try hold(read(pieces) == lines, "lines in pieces of \(size) are others")
        for line in lines ?? [] {
            try hold(!line.contains(0x0A) && line.count <= 200, "a line within its limit")
            if let hello = try? ControlHello(controlLine: line) {
                try hold(
                    try ControlHello(controlLine: try body(of: hello)) == hello, "a greeting is read as it is written")
            }
            _ = try? ListenerLineHead(controlLine: line)
            let head = try? RequestLineHead(controlLine: line)
            if let head { try bodies[head.request]?(line) }
            guard let answer = answers.answer(line, caller) else {
                try hold(head == nil, "no answer to a request")
                continue
            }
            let reply = try body(of: answer)
            if let failure = try? FailureLine(controlLine: reply) {
                try hold(failure.id == head?.id && !failure.failure.isEmpty, "a failure in words")
            } else {
                let echo = try ReplyLine<String>(controlLine: reply)
                let request = try RequestBody<Echo>(controlLine: line).body
                try hold(echo.id == head?.id && echo.reply == request.text, "a reply to the request")
            }
        }
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]]? {
        var reader = LineReader(limit: 200)
        var lines: [[UInt8]] = []
        for piece in pieces {
            guard let more = try? reader.read(piece) else { return nil }
            lines += more
        }
        return lines
    }

    /// Returns a value as a line without its end.
    private static func body(of value: some Encodable) throws -> [UInt8] { try body(of: try value.controlLine()) }

    /// Returns a line without its end, which must be its only one.
    private static func body(of line: [UInt8]) throws -> [UInt8] {
        try hold(line.firstIndex(of: 0x0A) == line.count - 1, "one line")
        return line.dropLast()
    }

    /// Checks that a request that can be read is read as it is written.
    private static func checkBody<Request: ListenerRequest>(_ request: Request.Type, _ line: [UInt8]) throws {
        guard let request = try? RequestBody<Request>(controlLine: line).body else { return }
        let written = try body(of: RequestLine(id: 1, request: Request.name, body: request))
        let again = try RequestBody<Request>(controlLine: written).body
        let rewritten = try body(of: RequestLine(id: 1, request: Request.name, body: again))
        // Sets have no order.
        try hold(rewritten.sorted() == written.sorted(), "\(Request.name) is read as it is written")
    }
}
