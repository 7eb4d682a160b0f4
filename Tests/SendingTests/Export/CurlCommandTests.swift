import Base
import Foundation
import Notifications
import Testing
import TestSupport

@testable import Sending

@Suite("A request as a curl command", .blocking)
struct CurlCommandTests {
    static let bodies: [(String, [UInt8])] = [
        ("nothing", []),
        ("plain", Array(#"{"events": []}"#.utf8)),
        ("lines", Array("{\n  \"events\": [\n    {\"objectName\": \"caf\u{e9}\"}\n  ]\n}\n".utf8)),
        ("a file's name", Array("@/etc/hostname".utf8)),
        ("an option", Array("-n --help".utf8)),
        ("quotes", Array("'; touch pwned; '".utf8)),
        ("quotes for fish", Array(#"\'; touch pwned; '"#.utf8)),
        ("substitutions", Array("$(touch pwned)`touch pwned`${IFS}\"; touch pwned; \"".utf8)),
        ("formats", Array(#"%s%n%%d\x41\101\0\c after"#.utf8)),
        ("events of a shell's history", Array("!! !touch !$ !\"".utf8)),
        ("controls", Array("\u{1b}[201~\u{3}\u{4}\ttouch pwned\r\u{1b}]0;x\u{7}\n\n".utf8)),
        ("every byte", (0...255).map { UInt8($0) } + (0...255).reversed().map { UInt8($0) }),
        (
            "no text, and long",
            {
                var generator = SeededGenerator(seed: 7)
                return (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }()
        ),
    ]

    static let shells: [String] = ["sh", "bash"]

    static let headers = [
        HeaderField("Host", "b2watch.example"), HeaderField("Content-Type", "application/json"),
        HeaderField("X-One", "it's $(touch pwned) `touch pwned` \"q\" !! %s \\"), HeaderField("x-one", "two\u{e9}"),
        HeaderField("X-Empty", ""), HeaderField("X-Semicolon", "a;"), HeaderField("Connection", "close, X-Hop"),
        HeaderField("X-Hop", "1"), HeaderField("Content-Length", "9999"), HeaderField("Transfer-Encoding", "chunked"),
        HeaderField("@/etc/passwd", "x"), HeaderField("X-Line", "a\r\nX-Forged: 1"),
    ]

    @Test("runs nothing else, and sends the same body and header fields", arguments: bodies, shells)
    func isTheSame(body: (String, [UInt8]), shell: String) throws {
        let server = try OneRequestServer()
        let delivery = Delivery.sample(target: "/hook/[a]{b,c}?x='$(touch pwned)", headers: Self.headers, body: body.1)
        let command = CurlCommand(delivery, to: "http://127.0.0.1:\(server.port)/", .asReceived)
        for byte in command.text.utf8 { #expect((0x20...0x7e).contains(byte) || byte == 0x0a) }
        #expect(!command.text.hasSuffix("\n"))

        let run = try ShellRun([shell], script: command.text, server: server)
        let request = try #require(run.request)
        #expect(run.end == .exited(0))
        #expect(run.files == [])
        #expect(request.line == "POST /hook/[a]{b,c}?x='$(touch pwned) HTTP/1.1")
        #expect(request.body == body.1)
        let expected = [
            "Host: b2watch.example", "Content-Type: application/json",
            "X-One: it's $(touch pwned) `touch pwned` \"q\" !! %s \\", "x-one: two\u{e9}", "X-Empty: ",
            "X-Semicolon: a;",
        ].sorted()
        #expect(
            request.headers.map { $0 == "X-Empty:" ? "X-Empty: " : $0 }
                .filter { !$0.hasPrefix("Content-Length") }.sorted() == expected)
        #expect(command.shortcomings == ["A header field that curl cannot send is left out."])
    }

    @Test("is read the same way by an interactive shell that expands its history", arguments: bodies)
    func interactive(body: (String, [UInt8])) throws {
        let server = try OneRequestServer()
        let delivery = Delivery.sample(headers: Self.headers, body: body.1)
        let command = CurlCommand(delivery, to: "http://127.0.0.1:\(server.port)/", .asReceived)
        let script = "set -o history; set -o histexpand\necho touch pwned\n\(command.text)\n"
        let run = try ShellRun(["bash", "--norc", "--noprofile", "-i"], typing: script, server: server)
        #expect(try #require(run.request).body == body.1)
        #expect(run.files == [])
    }

    @Test(
        "sends targets that a URL cannot contain unchanged",
        arguments: ["*", "/a b", "/x#y", "http://other/p", "/a/../b", "/%41?q=%zz", "/caf\u{e9}"])
    func targets(target: String) throws {
        let server = try OneRequestServer()
        let delivery = Delivery.sample(method: "OPTIONS", target: target, headers: [HeaderField("Host", "h")], body: [])
        let command = CurlCommand(delivery, to: "http://127.0.0.1:\(server.port)", .masked)
        let run = try ShellRun(["sh"], script: command.text, server: server)
        #expect(run.request?.line == "OPTIONS \(target) HTTP/1.1")
        #expect(run.request?.headers == ["Host: h"])
    }

    @Test("is easy to read for a plain request")
    func golden() {
        let delivery = Delivery.sample(
            target: "/b2",
            headers: [
                HeaderField("Host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications"),
                HeaderField("Content-Type", "application/json"), HeaderField("Authorization", "Bearer x"),
            ], body: Array("{\n  \"events\": []\n}".utf8))
        #expect(
            CurlCommand(delivery, to: "http://127.0.0.1:8080/", .masked).text == #"""
                printf '{\n  "events": []\n}' |
                curl --globoff --request 'POST' --http1.1 --path-as-is --url 'http://127.0.0.1:8080/b2' \
                  --header 'Host: b2watch.example' \
                  --header 'User-Agent: B2/EventNotifications' \
                  --header 'Content-Type: application/json' \
                  --header 'Authorization: ***' \
                  --header 'Accept:' \
                  --header 'Expect:' \
                  --data-binary @-
                """#)
    }

    @Test("goes to the request's host if there is no listener, provided that it is a host")
    func hosts() {
        func url(_ headers: [HeaderField]) -> String { CurlCommand(.sample(headers: headers), to: nil, .masked).url }
        #expect(
            url([HeaderField("Host", "a.example:8443"), HeaderField("X-Forwarded-Proto", "https")])
                == "https://a.example:8443")
        #expect(url([HeaderField("Host", "[::1]:80")]) == "http://[::1]:80")
        #expect(url([HeaderField("Host", "a@b/'")]) == "http://localhost")
        #expect(url([]) == "http://localhost")
        #expect(CurlCommand(.sample(), to: "file:///etc/passwd", .masked).url == "http://b2watch.example")
    }
}

@Suite("Masking in copies")
struct MaskingTests {
    @Test(
        "covers credentials and custom header fields",
        arguments: [
            "Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-My-Header", "X-Api-Key",
            "Cf-Access-Client-Secret", "Cf-Access-Jwt-Assertion", "X-Forwarded-Access-Token", "Api", "Cf-Hook-Pin",
            "Accept-Pin",
            "X-Forwarded-Pin", "If-Pin", "Sec-Fetch-Pin", "X-Request-Id", "X-Correlation-Id", "Origin", "Pragma",
            "From",
        ])
    func masked(name: String) {
        let headers = [HeaderField(name, "value")]
        #expect(Masking.masked.fields(of: headers) == [HeaderField(name, "***")])
        #expect(Masking.asReceived.fields(of: headers) == headers)
    }

    @Test(
        "does not cover header fields of B2, HTTP and proxies",
        arguments: [
            "Host", "User-Agent", "content-type", "Content-Length", "Accept-Encoding",
            "X-Bz-Event-Notification-Signature", "Via", "X-Forwarded-For", "CF-Ray", "Cf-Connecting-IP", "traceparent",
        ])
    func kept(name: String) {
        #expect(!Masking.masked.masks(HeaderField(name, "value")))
    }

    @Test(
        "covers credentials in a URL, and nothing else in it",
        arguments: [
            ("/hook?token=s3cret&a=b", "/hook?token=***&a=b"), ("/?api_key=1", "/?api_key=***"),
            ("/?%74oken=x#access_token=y", "/?%74oken=***#access_token=***"),
            ("/b2/events?source=b2", "/b2/events?source=b2"),
            ("/services/T01/B02/aB3dE5gH7jK9mN1pQ3sT5vX7", "/services/T01/B02/***"),
            ("/4f2c9a52-5d2f-4e0b-9a53-0c1f0a8b7c6d", "/***"), ("/hooks/secret/short", "/hooks/secret/***"),
            ("http://me:pw@h.example/x", "http://***@h.example/x"), ("/?0123456789abcdef0123", "/?***"),
            ("/2026/event-notifications/my-bucket", "/2026/event-notifications/my-bucket"), ("*", "*"), ("", ""),
        ])
    func urls(target: String, masked: String) {
        #expect(Masking.masked.target(target) == masked)
        #expect(Masking.asReceived.target(target) == target)
        let delivery = Delivery.sample(target: target.isEmpty ? "/" : target)
        let wanted = masked.isEmpty ? "/" : masked
        #expect(
            String(decoding: RawRequest.bytes(delivery, .masked), as: UTF8.self).hasPrefix("POST \(wanted) HTTP/1.1"))
        if target != masked {
            #expect(!CurlCommand(delivery, to: nil, .masked).text.contains(target))
            #expect(CurlCommand(delivery, to: nil, .asReceived).text.contains(target))
        }
    }

    @Test("applies to a raw request and to header fields too")
    func blocks() {
        let delivery = Delivery.sample(
            headers: [HeaderField("Host", "h"), HeaderField("Cookie", "c=1")], body: [0xff, 0x0a])
        #expect(
            RawRequest.bytes(delivery, .masked)
                == Array("POST / HTTP/1.1\r\nHost: h\r\nCookie: ***\r\n\r\n".utf8) + [0xff, 0x0a])
        #expect(HeaderBlock.bytes(delivery.headers, .masked) == Array("Host: h\nCookie: ***\n".utf8))
        #expect(HeaderBlock.bytes(delivery.headers, .asReceived) == Array("Host: h\nCookie: c=1\n".utf8))
    }
}

// MARK: - Words of a shell command

@Suite("A word of a shell command", .blocking)
struct ShellWordTests {
    @Test("is unquoted if possible, and otherwise quoted")
    func bare() {
        #expect(ShellWord.readable("/home/ann/b2-events_1.sqlite") == "/home/ann/b2-events_1.sqlite")
        #expect(ShellWord.readable("/home/ann/my events") == "'/home/ann/my events'")
        #expect(ShellWord.readable("") == "''")
        #expect(ShellWord.readable("~/a") == "'~/a'")
    }

    @Test("is one line without control characters, and a shell reads the original text from it")
    func hostile() throws {
        let text = "/tmp/it's!1 $(id) `id`\n\u{1B}]0;x\u{7}\té\\"
        let word = ShellWord.readable(text)
        #expect(word.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "!") })
        let shell = ExternalProgram(["sh", "-c", "printf %s \(word)"], environment: [:], limit: .patience)
        #expect(String(decoding: shell.run().output, as: UTF8.self) == text)
    }
}
