import Testing

@testable import Sending

@Suite("Proxies of the environment")
struct ProxyRulesTests {
    private func proxy(_ url: String, _ environment: [String: String]) throws -> String? {
        try ProxyRules(environment: environment).proxy(for: try WebhookURL(url))?.authority
    }

    @Test("are chosen by the scheme, lower case first")
    func schemes() throws {
        let environment = [
            "HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:2", "HTTP_PROXY": "http://plain:3/",
            "ALL_PROXY": "all:4",
        ]
        #expect(try proxy("https://a.test/", environment) == "lower:2")
        #expect(try proxy("http://a.test/", environment) == "plain:3")
        #expect(try proxy("https://a.test/", ["ALL_PROXY": "all:4", "https_proxy": " "]) == "all:4")
        #expect(try proxy("https://a.test/", ["HTTP_PROXY": "http://plain:3"]) == nil)
        #expect(try proxy("https://a.test/", ["https_proxy": "p"]) == "p:80")
        #expect(try proxy("https://a.test/", ["https_proxy": "socks5://[::1]"]) == "[::1]:1080")
    }

    @Test("are not read from a header field of a CGI request")
    func httpoxy() throws {
        let environment = ["HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"]
        #expect(try proxy("http://a.test/", environment) == nil)
        #expect(try proxy("http://a.test/", environment.merging(["http_proxy": "good:1"]) { $1 }) == "good:1")
    }

    @Test(
        "are not used for this machine, and for its metadata",
        arguments: [
            "localhost", "127.0.0.1:8080", "[::1]", "127.8.8.8", "0.0.0.0", "169.254.169.254", "[fe80::1]",
            "[fd00:ec2::254]",
        ])
    func loopback(_ host: String) throws {
        #expect(try proxy("http://\(host)/", ["ALL_PROXY": "p:1"]) == nil)
    }

    @Test(
        "are not used for hosts in NO_PROXY",
        arguments: [
            ("example.test", "a.example.test", true), (".example.test", "example.test", true),
            ("*.example.test", "a.example.test", true), ("example.test", "badexample.test", false),
            ("EXAMPLE.test", "a.Example.TEST", true), ("a.test, b.test", "b.test", true), ("*", "any.test", true),
            ("example.test:8443", "example.test:8443", true), ("example.test:8443", "example.test", false),
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.1.7", "192.168.1.7", true),
            ("2001:db8::/32", "[2001:db8::1]", true), ("[2001:db8::1]:443", "[2001:db8::1]", true),
            ("10.0.0.0/99", "10.0.0.1", false), ("", "a.test", false), (",,:,", "a.test", false),
        ])
    func exceptions(_ list: String, _ host: String, _ isException: Bool) throws {
        let environment = ["ALL_PROXY": "p:1", "NO_PROXY": list]
        #expect(try proxy("https://\(host)/", environment) == (isException ? nil : "p:1"))
    }

    @Test(
        "that cannot be used are named by their variable, without their password",
        arguments: ["https://u:s3cret@p:1", "ftp://s3cret", "http://u:s3%zz@p:1", "socks5://u:s3cret@p:1", "http://"])
    func broken(_ value: String) throws {
        let request = OutgoingRequest("GET", try WebhookURL("https://a.test/"))
        let policy = OutgoingPolicy(proxies: ProxyRules(environment: ["https_proxy": value]))
        let error = #expect(throws: OutgoingFailure.self) { try policy.route(of: request) }
        #expect(error?.description.contains("the proxy in https_proxy") == true)
        #expect(error?.description.contains("s3") == false)
    }

    @Test("never show their password")
    func hidden() throws {
        let proxy = try ProxyServer("http://me:s3cret@p.test:3128", from: "x")
        var dumped = ""
        dump(proxy, to: &dumped)
        for text in ["\(proxy)", String(reflecting: proxy), dumped] {
            #expect(text.contains("p.test:3128") && !text.contains("s3cret") && !text.contains("me:"))
        }
    }
}
