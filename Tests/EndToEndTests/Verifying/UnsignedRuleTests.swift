import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// A rule that does not sign, named on the Secrets screen.
@Suite(.blocking) struct UnsignedRuleTests {
    private static let path = "/hook-0123456789abcdef"

    private func request(_ id: String, to target: String, rule: String = "plain") -> WireRequest {
        WireRequest(target: target, body: SampleBody.notification([SampleEvent(id: id, rule: rule)]))
    }

    @Test func isAnsweredOnlyWithItsProofAndIsNeverValid() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let terminal = try TerminalSession(in: home, columns: 120, rows: 30)
        try terminal.run("\(Program.path) --listen 127.0.0.1:0")
        let screen = try terminal.see("LISTENING", "Events")
        let address = try #require(
            screen.firstMatch(of: /LISTENING (?:http:\/\/127\.0\.0\.1)?:([0-9]+)\//)?.1, "\(screen)")
        let port = try #require(UInt16(address))
        func status(_ request: WireRequest) throws -> Int {
            try RawClient(host: "127.0.0.1", port: port).answer(to: request).status
        }
        #expect(try status(request("before", to: Self.path)) == 401)

        try terminal.press("s")
        try terminal.see("unsigned", "add")
        try terminal.press("n")
        try terminal.see("Name a rule that does not sign")
        try terminal.type("plain")
        try terminal.press("Tab", "Tab")
        try terminal.type("/short")
        try terminal.press("Enter")
        try terminal.see("This has too short a proof")
        for _ in 0..<6 { try terminal.press("BSpace") }
        try terminal.type(Self.path)
        let masked = try terminal.see("••••••••")
        #expect(!masked.contains("0123456789"))
        try terminal.press("Enter")
        try terminal.see("What the rule plain brings reads “unsigned” now; it is saved for the next start.")
        try terminal.see("plain", "unsigned", "path", "yes")

        #expect(try status(request("with", to: Self.path)) == 200)
        #expect(try status(request("without", to: "/other")) == 401)
        #expect(try status(request("other", to: Self.path, rule: "another")) == 401)
        // A signature header is never overlooked.
        var signed = request("signed", to: Self.path)
        signed.headers.append(HeaderField(SignatureHeader.name, "v1=" + String(repeating: "0", count: 64)))
        #expect(try status(signed) == 401)

        try terminal.press("q")
        try terminal.see("1 Events")
        try terminal.press("q")
        try terminal.see("Stop receiving?")
        try terminal.press("y")
        try terminal.see("where the shell is back") { !$0.contains("LISTENING") }
        let file = home.folder.file("config/b2watch/unsigned-rules")
        #expect(try TemporaryFolder.mode(of: file) == 0o600)
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("\nplain path \(Self.path)\n"))

        // The next start knows it, and a change of the file takes effect with SIGHUP.
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: request("again", to: Self.path)).status == 200)
        _ = try home.folder.write("config/b2watch/unsigned-rules", "plain path /another-0123456789\n", mode: 0o600)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "signing secrets read again")
        #expect(try listener.answer(to: request("old", to: Self.path)).status == 401)
        #expect(try listener.answer(to: request("new", to: "/another-0123456789")).status == 200)
        try listener.stop()
        let export = try Program.run("export", "--filter", "sig:unsigned", "--format", "csv", in: home)
        let rows = export.output.split(whereSeparator: \.isNewline).dropFirst()
        #expect(rows.count == 3, "\(export.output)\(export.error)")
        let valid = try Program.run("export", "--filter", "sig:valid", "--format", "csv", in: home)
        #expect(valid.output.split(whereSeparator: \.isNewline).count == 1, "\(valid.output)")
    }
}
