import Notifications
import Testing

@testable import Sending

@Suite("The policy for outgoing requests")
struct OutgoingPolicyTests {
    private func refusal(
        _ url: String, _ policy: OutgoingPolicy = OutgoingPolicy(), method: String = "POST",
        headers: [OutgoingField] = [], allowsPlainHTTP: Bool = false
    ) throws -> String? {
        let request = OutgoingRequest(
            method, try WebhookURL(url), headers: headers, allowsPlainHTTP: allowsPlainHTTP)
        do throws(OutgoingFailure) {
            _ = try policy.route(of: request)
            return nil
        } catch {
            guard case .forbidden(let text) = error else { return "not forbidden: \(error)" }
            return text
        }
    }

    @Test(
        "allows plain http to this machine",
        arguments: [
            "http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]:80/", "http://LOCALHOST/", "https://a.test/",
        ])
    func allowed(_ url: String) throws {
        #expect(try refusal(url) == nil)
    }

    @Test(
        "allows plain http nowhere else",
        arguments: [
            "http://example.test/s3cret", "http://10.0.0.1/", "http://127.0.0.1.example.test/",
            "http://localhost.test/",
            "http://[::2]/", "http://0.0.0.0/",
        ])
    func plain(_ url: String) throws {
        let text = try #require(try refusal(url))
        #expect(text.hasPrefix("plain http to ") && !text.contains("s3cret"))
        #expect(try refusal(url, allowsPlainHTTP: true) == nil)
    }

    @Test("requires that a name for this machine leads to it")
    func loopbackName() throws {
        let request = OutgoingRequest("GET", try WebhookURL("http://localhost:1/"))
        #expect(try OutgoingPolicy().route(of: request) == .direct(onlyLoopback: true))
        let secure = OutgoingRequest("GET", try WebhookURL("https://localhost:1/"))
        #expect(try OutgoingPolicy().route(of: secure) == .direct(onlyLoopback: false))
    }

    @Test("checks the address of a connection, not the name")
    func address() throws {
        let url = try WebhookURL("http://localhost:8080/")
        let policy = OutgoingPolicy(own: { [OwnAddress(host: "127.0.0.1", port: 8_080)] })
        func refusal(_ address: String, port: Int = 8_080, onlyLoopback: Bool) throws -> OutgoingFailure? {
            policy.refusal(of: try #require(IPAddress(address)), port: port, for: url, onlyLoopback: onlyLoopback)
        }
        #expect(
            "\(try #require(try refusal("10.9.9.9", onlyLoopback: true)))".contains("is not an address of this machine")
        )
        #expect(try refusal("10.9.9.9", onlyLoopback: false) == nil)
        #expect(try refusal("127.0.0.1", port: 1, onlyLoopback: true) == nil)
        #expect(try refusal("127.0.0.1", onlyLoopback: false) == OutgoingPolicy.refusesItself(url))
        #expect(IPAddress(numeric: "0x7f.1") == IPAddress("127.0.0.1") && IPAddress("127.1") == nil)
    }

    @Test(
        "prevents forged header fields",
        arguments: [
            OutgoingField("X-A", "1\r\nX-B: 2"), OutgoingField("X-A", "1\nX-B: 2"), OutgoingField("X-A", "1\0"),
            OutgoingField("X-A\r\nX-B", "1"), OutgoingField("X A", "1"), OutgoingField("", "1"),
            OutgoingField("X-A:", "1"), OutgoingField("X-A", "\u{7F}"),
        ])
    func forged(_ field: OutgoingField) throws {
        let text = try #require(try refusal("https://a.test/", headers: [field]))
        #expect(text.contains("header field") && !text.contains("\n"))
        #expect(try refusal("https://a.test/", method: "GET /x HTTP/1.1\r\nX:") != nil)
        #expect(try refusal("https://a.test/", headers: [OutgoingField("X-A", "é\t ok")]) == nil)
    }

    @Test(
        "knows b2watch's own address",
        arguments: [
            ("0.0.0.0", "127.0.0.1", true), ("::", "127.0.0.1", true), ("0.0.0.0", "::1", true),
            ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "0.0.0.0", true), ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "127.0.0.1", false),
            ("0.0.0.0", "10.1.2.3", true), ("0.0.0.0", "10.1.2.4", false), ("localhost", "127.0.0.1", true),
        ])
    func own(_ listening: String, _ address: String, _ isOwn: Bool) throws {
        let own = OwnAddress(host: listening, port: 8_080)
        let machine: Set<IPAddress> = [try #require(IPAddress("10.1.2.3"))]
        let address = try #require(IPAddress(address))
        #expect(own.isReached(at: address, port: 8_080) { machine } == isOwn)
        #expect(!own.isReached(at: address, port: 8_081) { machine })
    }

    @Test("knows b2watch's own address by any name, even if a proxy would connect to it")
    func ownByProxy() throws {
        var policy = OutgoingPolicy(
            own: { [OwnAddress(host: "127.0.0.1", port: 8_080)] },
            proxies: ProxyRules(environment: ["http_proxy": "http://proxy.test:3128"]))
        policy.resolve = { name in (name == "home.test" ? ["10.9.9.9", "127.0.0.1"] : []).compactMap { IPAddress($0) } }
        let text = try refusal("http://home.test:8080/", policy, allowsPlainHTTP: true)
        #expect(text?.hasPrefix("home.test:8080 is b2watch itself") == true)
        #expect(try refusal("http://home.test:8081/", policy, allowsPlainHTTP: true) == nil)
        #expect(try refusal("http://other.test:8080/", policy, allowsPlainHTTP: true) == nil)
        policy.allowsOwnAddress = true
        #expect(try refusal("http://home.test:8080/", policy, allowsPlainHTTP: true) == nil)
        #expect(IPAddress.all(of: "localhost").contains { $0.isLoopback })
        #expect(IPAddress.all(of: "no-such-host.invalid").isEmpty)
    }

    @Test("knows this machine's addresses")
    func machine() throws {
        #expect(IPAddress.ofMachine().contains(try #require(IPAddress("127.0.0.1"))))
    }
}

// MARK: - URLs

@Suite struct WebhookURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080/", "127.0.0.1:8080", false), ("https://example.com/hook?a=b@c", "example.com", true),
        ("HTTPS://example.com", "example.com", true), ("http://[::1]:80/x", "[::1]:80", false),
        ("http://h?q", "h", false),
    ])
    func reads(_ text: String, _ authority: String, _ isSecure: Bool) throws {
        let url = try WebhookURL(text)
        #expect(url.description == text)
        #expect(url.authority == authority)
        #expect(url.isSecure == isSecure)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", WebhookURLError.noScheme), ("", .noScheme),
        ("ftp://x/", .otherScheme("ftp")), ("unix:///x", .otherScheme("unix")), ("http://", .noHost),
        ("http:///x", .noHost), ("http://:80/", .noHost), ("http://u:p@h/", .hasUser), ("http://u@h", .hasUser),
        ("http://h/a b", .notASCII), ("http://h/é", .notASCII), ("http://h/\r\nX: y", .notASCII),
        ("http://h:/", .badPort), ("http://h:0/", .badPort), ("http://h:65536/", .badPort), ("http://h:+1/", .badPort),
        ("http://[::1]x/", .badPort),
    ])
    func refuses(_ text: String, _ error: WebhookURLError) {
        #expect(throws: error) { try WebhookURL(text) }
    }
}
