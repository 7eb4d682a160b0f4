import Base
import NIOCore
import Notifications
import TestSupport
import Testing

@testable import Receiving

@Suite("The client behind a proxy")
struct ProxyTrustTests {
    private func client(
        _ lines: [String], peer: String = "10.0.0.1", _ header: ProxyHeader = .xForwardedFor
    ) throws -> String {
        let networks = try ["10.0.0.0/8", "fd00::/8"].map { try #require(IPNetwork($0)) }
        let trust = ProxyTrust(proxies: AddressList(networks), header: header)
        let name = header == .forwarded ? "forwarded" : "x-forwarded-for"
        let other = header == .forwarded ? "X-Forwarded-For" : "Forwarded"
        let fields =
            [HeaderField(other, header == .forwarded ? "198.51.100.66" : "for=198.51.100.66")]
            + lines.map { HeaderField(name, $0) }
        let address = try #require(IPAddress(peer))
        return trust.client(of: address, fields)?.description ?? "unknown"
    }

    @Test("is the first address from the right that is not a trusted proxy")
    func walking() throws {
        #expect(try client(["203.0.113.9"]) == "203.0.113.9")
        #expect(try client(["198.51.100.1, 203.0.113.9"]) == "203.0.113.9")
        #expect(try client(["198.51.100.1, 203.0.113.9, 10.2.3.4"]) == "203.0.113.9")
        #expect(try client(["198.51.100.1", "203.0.113.9", " 10.2.3.4 ,\t10.2.3.5"]) == "203.0.113.9")
        #expect(try client(["203.0.113.9:4711"]) == "203.0.113.9")
        #expect(try client(["2001:db8::1"]) == "2001:db8::1")
        #expect(try client(["[2001:db8::1]:4711, fd00::1"]) == "2001:db8::1")
        #expect(try client(["::ffff:203.0.113.9"]) == "203.0.113.9")
        #expect(try client(["203.0.113.9, ::ffff:10.9.9.9"]) == "203.0.113.9")
        // U+0600 and what follows it are one character: also the comma that the proxy writes.
        #expect(try client(["198.51.100.1\u{600}, 203.0.113.9"]) == "203.0.113.9")
        // All are proxies: the farthest one has called.
        #expect(try client(["10.4.4.4, 10.5.5.5"]) == "10.4.4.4")
    }

    @Test("is the peer if that is not a trusted proxy, or names nobody")
    func peers() throws {
        #expect(try client(["203.0.113.9"], peer: "192.0.2.1") == "192.0.2.1")
        #expect(try client([]) == "10.0.0.1")
        #expect(try client(["203.0.113.9"], .proxyProtocol) == "10.0.0.1")
    }

    @Test(
        "is unknown where the proxy has written no address",
        arguments: [
            "", "unknown", "203.0.113.9,", "203.0.113.9, x", "203.0.113.9 198.51.100.1", "203.0.113.256",
            "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:123456", "[2001:db8::1", "[2001:db8::1]x", "[203.0.113.9]",
            "fe80::1%eth0", "\"203.0.113.9\"", "203.0.113.9;", "0x7f.1", "203.0.113.9\u{0}",
        ])
    func unknown(_ text: String) throws {
        #expect(try client([text]) == "unknown")
    }

    @Test("is not searched beyond a malformed part, because addresses on its left may be forged")
    func behind() throws {
        #expect(try client(["203.0.113.9, x, 10.1.1.1"]) == "unknown")
        #expect(try client(["x, 203.0.113.9"]) == "203.0.113.9")
    }

    @Test("is read in Forwarded, whose quotation marks hide nothing")
    func forwarded() throws {
        func named(_ lines: String...) throws -> String { try client(lines, .forwarded) }
        #expect(try named("for=203.0.113.9") == "203.0.113.9")
        #expect(try named("For=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17")
        #expect(try named("for=203.0.113.9;proto=https;by=10.0.0.1") == "203.0.113.9")
        #expect(try named("proto=https; for=\"203.0.113.9:80\" , for=10.1.1.1") == "203.0.113.9")
        #expect(try named("for=198.51.100.1", "for=203.0.113.9") == "203.0.113.9")
        #expect(try named("host=\"a\\\"b, for=1.2.3.4\";for=203.0.113.9") == "203.0.113.9")
        for text in [
            "for=unknown", "for=_hidden", "by=10.0.0.1", "", "for=203.0.113.9;for=203.0.113.8", "for=2001:db8::1",
            "203.0.113.9", "for =203.0.113.9", "for=\"203.0.113.9", "for=203.0.113.9 x", "for=\"[2001:db8::1]\"x",
        ] {
            #expect(try named(text) == "unknown", "\(text)")
        }
        // An open quotation mark, and what the proxy appends to it.
        #expect(try named("for=\"198.51.100.1, for=203.0.113.9") == "unknown")
        #expect(try named("for=\"198.51.100.1", "for=\"[2001:db8::1]\"") == "unknown")
    }
}

@Suite("PROXY headers")
struct ProxyPreambleTests {
    private func taken(_ bytes: [UInt8]) throws -> (ProxyPreamble?, rest: String) {
        var buffer = ByteBuffer(bytes: bytes)
        let preamble = try ProxyPreamble.read(&buffer)
        return (preamble, String(buffer: buffer))
    }

    private func text(_ line: String) throws -> ProxyPreamble? { try taken(Array(line.utf8)).0 }

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? rest.count
        return ProxyPreamble.signature + [command, family, UInt8(length >> 8), UInt8(length & 0xff)] + rest
    }

    @Test("of version 1 name the client")
    func version1() throws {
        let (preamble, rest) = try taken(Array("PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\nGET /".utf8))
        #expect(preamble == .client(try #require(IPAddress("203.0.113.9"))) && rest == "GET /")
        #expect(
            try text("PROXY TCP6 2001:db8::1 fd00::1 4711 443\r\n") == .client(try #require(IPAddress("2001:db8::1"))))
        #expect(try text("PROXY UNKNOWN\r\n") == .unknown)
        #expect(try text("PROXY UNKNOWN 1 2 3 4 ...\r\n") == .unknown)
        for part in ["", "P", "PROXY ", "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r"] { #expect(try text(part) == nil) }
    }

    @Test(
        "of version 1 that are wrong are refused",
        arguments: [
            "PROXY\r\n", "PROXY TCP4 203.0.113.9 10.0.0.1 4711\r\n", "PROXY TCP4 2001:db8::1 fd00::1 1 2\r\n",
            "PROXY TCP6 203.0.113.9 10.0.0.1 1 2\r\n", "PROXY TCP4  203.0.113.9 10.0.0.1 1 2\r\n",
            "PROXY TCP4 203.0.113.9 10.0.0.1 1 65536\r\n", "PROXY TCP4 203.0.113.9 10.0.0.1 1 +2\r\n",
            "PROXY UDP4 203.0.113.9 10.0.0.1 1 2\r\n", "PROXY TCP4 203.0.113.9 10.0.0.1 1 2\rX", "GET / HTTP/1.1\r\n",
            "PROXY UNKNOWN " + String(repeating: "x", count: 100), "\u{16}\u{3}\u{1}",
        ])
    func malformed1(_ line: String) {
        #expect(throws: ProxyPreamble.Malformed()) { try text(line) }
    }

    @Test("of version 2 name the client, whatever extensions follow")
    func version2() throws {
        let four: [UInt8] = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 1, 187]
        let (preamble, rest) = try taken(Self.binary(0x21, 0x11, four + [3, 0, 1, 7]) + Array("GET /".utf8))
        #expect(preamble == .client(try #require(IPAddress("203.0.113.9"))) && rest == "GET /")
        let address = try #require(IPAddress("2001:db8::1"))
        let six = address.bytes + address.bytes + [0, 1, 0, 2]
        #expect(try taken(Self.binary(0x21, 0x21, six)).0 == .client(address))
        #expect(try taken(Self.binary(0x20, 0, [])).0 == .proxy)
        #expect(try taken(Self.binary(0x21, 0, [])).0 == .unknown)
        #expect(try taken(Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216))).0 == .unknown)
        let whole = Self.binary(0x21, 0x11, four)
        for count in 0..<whole.count { #expect(try taken(Array(whole.prefix(count))).0 == nil) }
    }

    @Test("of version 2 that are wrong are refused")
    func malformed2() {
        let wrong = [
            Self.binary(0x11, 0x11, []), Self.binary(0x22, 0x11, []), Self.binary(0x21, 0x11, [1, 2, 3]),
            Self.binary(0x21, 0x11, [], length: 5_000), [13, 10, 13, 10, 1],
        ]
        for bytes in wrong { #expect(throws: ProxyPreamble.Malformed()) { try taken(bytes) } }
    }
}

@Suite("A listener behind a proxy", .blocking)
struct ProxiedListenerTests {
    private func trusting(_ network: String, _ header: ProxyHeader) throws -> ProxyTrust {
        ProxyTrust(proxies: AddressList([try #require(IPNetwork(network))]), header: header)
    }

    @Test("takes each request's client from its own header fields")
    func fields() throws {
        let receiver = TestReceiver()
        let trust = try trusting("127.0.0.0/8", .xForwardedFor)
        try withListener(receiver, { $0.proxies = trust }) { test in
            let client = try test.client()
            for line in ["X-Forwarded-For: 203.0.113.9\r\n", "X-Forwarded-For: nobody\r\n", ""] {
                try client.send(post(headers: line))
                #expect(try client.response().status == 200)
            }
            #expect(receiver.received.map(\.delivery.remoteAddress) == ["203.0.113.9", "unknown", "127.0.0.1"])
            #expect(receiver.received[0].delivery.headers.contains(HeaderField("X-Forwarded-For", "203.0.113.9")))
        }
    }

    @Test("takes a connection's client from its PROXY header, and refuses a proxy without one")
    func preambles() throws {
        let receiver = TestReceiver()
        let trust = try trusting("127.0.0.1", .proxyProtocol)
        try withListener(receiver, { $0.proxies = trust }) { test in
            let client = try test.client()
            for part in ["PROXY TCP4 203.0.", "113.9 10.0.0.1 4711 443\r", "\n" + post() + post()] {
                try client.send(part)
            }
            #expect(try client.response().status == 200)
            #expect(try client.response().status == 200)
            let local = try test.client()
            try local.send(ProxyPreamble.signature + [0x20, 0, 0, 0])
            try local.send(post(headers: "X-Forwarded-For: 198.51.100.1\r\n"))
            #expect(try local.response().status == 200)
            let unknown = try test.client()
            try unknown.send("PROXY UNKNOWN\r\n" + post())
            #expect(try unknown.response().status == 200)
            #expect(
                receiver.received.map(\.delivery.remoteAddress) == [
                    "203.0.113.9", "203.0.113.9", "127.0.0.1", "unknown",
                ])
            for start in [post(), "PROXY TCP4 nobody\r\n" + post()] {
                let wrong = try test.client()
                try wrong.send(start)
                #expect(try wrong.response().status == 400)
                #expect(try wrong.rest().isEmpty)
            }
            #expect(receiver.received.count == 4)
            #expect(test.log.lines.count == 1 && test.log.lines[0].contains("sent no valid PROXY header"))
        }
    }

    @Test("refuses a PROXY header of anybody else, and takes everybody else without one")
    func strangers() throws {
        let receiver = TestReceiver()
        let trust = try trusting("192.0.2.1", .proxyProtocol)
        try withListener(receiver, { $0.proxies = trust }) { test in
            for start in [Array("PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n".utf8), ProxyPreamble.signature] {
                let forger = try test.client()
                try forger.send(start)
                #expect(try forger.response().status == 400)
            }
            #expect(test.log.lines.first?.contains("that --trust-proxy does not name") == true)
            let honest = try test.client()
            try honest.send(post(headers: "X-Forwarded-For: 203.0.113.9\r\n"))
            #expect(try honest.response().status == 200)
            #expect(receiver.received.map(\.delivery.remoteAddress) == ["127.0.0.1"])
        }
    }
}
