import Testing

@testable import Outgoing

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
