import Foundation
import Harness
import TestSupport
import Testing

/// The ten most common mistakes in `docs/connect.md`: the page quotes what the program prints, word for word.
@Suite(.blocking) struct MistakesTests {
    private static let theirs = """
        [{"name": "their-rule", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": true, "objectNamePrefix": "in/",
        "targetConfiguration": {"targetType": "webhook", "url": "https://theirs.example/hook",
        "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}}]
        """
    /// The texts of the page, by the numbers of its mistakes.
    private let page: [Int: String]
    private var there: BackblazeHome

    init() throws {
        there = try BackblazeHome()
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/connect.md")
        page = try Self.quotations(String(contentsOf: file, encoding: .utf8))
    }

    /// Returns the quoted lines below each numbered mistake, each quotation on one line.
    private static func quotations(_ text: String) -> [Int: String] {
        var found: [Int: String] = [:]
        var number = 0
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix("**"), let new = Int(line.dropFirst(2).prefix { $0.isNumber }) { number = new }
            if line.hasPrefix("> ") {
                found[number, default: ""] += (found[number]?.hasSuffix("\n") ?? true ? "" : " ") + line.dropFirst(2)
            } else if found[number]?.hasSuffix("\n") == false {
                found[number]? += "\n"
            }
        }
        return found
    }

    /// Checks that the page quotes a line of the program.
    ///
    /// - Parameters:
    ///   - beginning: The beginning of the line, without `b2watch: `.
    ///   - replaced: What is another text on the page.
    private func check(
        _ number: Int, _ said: String, line beginning: String, _ replaced: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let lines = said.split(separator: "\n").map { $0.hasPrefix("b2watch: ") ? $0.dropFirst(9) : $0 }
        var line = String(
            try #require(
                lines.first { $0.hasPrefix(beginning) }, "“\(beginning)” is not printed:\n\(said)",
                sourceLocation: sourceLocation))
        for (text, other) in replaced { line = line.replacing(text, with: other) }
        line = line.replacing(there.server.url(""), with: "production")
        #expect(
            page[number]?.components(separatedBy: "\n").contains(line) == true,
            "docs/connect.md does not quote under \(number): \(line)\nbut:\n\(page[number] ?? "nothing")",
            sourceLocation: sourceLocation)
    }

    private func connect(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(
            Program.path, ["connect", "my-bucket"] + arguments, environment: there.home.environment)
    }

    @Test func isQuotedWhole() {
        #expect(page.keys.filter { $0 > 0 }.sorted() == Array(1...10))
    }

    @Test mutating func aWrongKey() throws {
        defer { there.server.stop() }
        there.home.environment["B2_APPLICATION_KEY"] = "K005wrong"
        try check(1, connect("--public-url", "https://x.example/").error, line: "B2 does not accept key ")
    }

    @Test func aMissingCapability() throws {
        defer { there.server.stop() }
        there.b2.setKey(FakeB2.Key(capabilities: ["listBuckets", "readBucketNotifications"]))
        try check(2, connect("--public-url", "https://x.example/").error, line: "key ")
    }

    @Test func anAccountWithoutNotifications() throws {
        defer { there.server.stop() }
        there.b2.disableNotifications()
        try check(2, connect("--public-url", "https://x.example/").error, line: "event notifications are not")
    }

    @Test func noSuchBucket() throws {
        defer { there.server.stop() }
        let outcome = try there.rules("list", "my-buckt")
        #expect(outcome.ending == .exited(1))
        try check(3, outcome.error, line: "the account of key ")
    }

    @Test func anOverlap() throws {
        defer { there.server.stop() }
        there.b2.putRules(Self.theirs)
        try check(4, connect("--public-url", "https://x.example/").error, line: "B2 allows one rule")
    }

    @Test func aPlainURL() throws {
        defer { there.server.stop() }
        try check(5, connect("--public-url", "http://example.com/").error, line: "--public-url http://example.com/")
    }

    @Test func tooManyRules() throws {
        defer { there.server.stop() }
        let rules = (10..<35).map {
            Self.theirs.dropFirst().dropLast().replacing("their-rule", with: "rule-\($0)")
                .replacing("in/", with: "\($0)/")
        }
        there.b2.putRules("[\(rules.joined(separator: ","))]")
        #expect(there.b2.rules.count == 25)
        try check(
            6, connect("--public-url", "https://x.example/", "--prefix", "mine/").error, line: "the bucket has 25")
        #expect(there.b2.rules.count == 25)
    }

    @Test func aSuspendedRule() throws {
        defer { there.server.stop() }
        there.b2.putRules(Self.theirs)
        there.b2.suspend("their-rule", "Too many failed deliveries")
        try check(7, there.rules("list", "my-bucket").output, line: "their-rule: B2 has suspended it")
        try check(
            7, connect("--rule", "their-rule", "--yes", "--tunnel", "nothing-there").error,
            line: "their-rule: B2 has suspended it")
    }

    @Test func aDeadTunnel() throws {
        defer { there.server.stop() }
        let missing = try connect("--tunnel", "cloudflared-that-is-not-there")
        #expect(missing.ending == .exited(1))
        try check(
            8, missing.error, line: "not connected: the tunnel", ["cloudflared-that-is-not-there": "cloudflared"])
        let path = try there.home.folder.write(
            "tunnel", "#!/bin/sh\necho 'ERR failed to request quick Tunnel: no route to host'\nexit 1\n", mode: 0o700)
        let dead = try connect("--tunnel", path)
        #expect(dead.ending == .exited(1))
        try check(8, dead.error, line: "not connected: the tunnel", [path: "cloudflared"])
        #expect(there.b2.rulesText == "[]")
    }

    @Test func anExpiredToken() throws {
        defer { there.server.stop() }
        let expired = FakeReply.json(
            401, "{\"status\":401,\"code\":\"expired_auth_token\",\"message\":\"Authorization token has expired\"}")
        // A token that expires is renewed, and nobody notices.
        there.b2.fail("b2_list_buckets", expired)
        #expect(try there.rules("list", "my-bucket").ending == .exited(0))
        for _ in 0..<2 { there.b2.fail("b2_list_buckets", expired) }
        try check(9, there.rules("list", "my-bucket").error, line: "B2 does not accept the token")
    }

    @Test mutating func aWrongClock() throws {
        defer { there.server.stop() }
        let authority = FakeAuthority()
        for (days, isFuture) in [(1..<90, true), (-90..<(-1), false)] {
            let certificate = authority.server(days: days)
            let server = try TLSServer(
                authority.chain(certificate), key: certificate.keyPEM, in: there.home.folder)
            defer { server.stop() }
            there.home.environment["SSL_CERT_FILE"] = try there.home.folder.write("root.pem", authority.root.pem)
            there.home.environment["B2_ENVIRONMENT"] = "https://localhost:\(server.port)"
            let said = try there.rules("list", "my-bucket").error
            let clock = try #require(said.firstMatch(of: /clock shows ([0-9-]+T[0-9:]+Z)/)?.1, "\(said)")
            try check(
                10, said, line: "no secure connection",
                [
                    "localhost:\(server.port)": "api.backblazeb2.com",
                    String(clock): isFuture ? "2019-01-01T00:00:00Z" : "2031-01-01T00:00:00Z",
                ])
        }
    }
}
