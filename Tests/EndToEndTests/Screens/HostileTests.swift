import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// What comes from outside is shown and never obeyed, wherever it is shown: every byte that is written to a terminal is
/// looked at.
@Suite("What is hostile", .blocking)
struct HostileTests {
    /// All hostile texts in one.
    private static let all = TerminalBytes.hostile.joined(separator: "·")

    /// A value of JSON with all of them, with lone surrogates and a long line besides.
    private static let json: String = {
        var writer = JSONWriter()
        writer.string(all)
        let text = String(decoding: writer.bytes, as: UTF8.self).dropLast()
        return text + "\\ud800\\udfff\\udc00" + String(repeating: "l", count: 100_000) + "\""
    }()

    private static let deliveries: [WireRequest] = {
        var requests: [WireRequest] = []
        for (number, text) in TerminalBytes.hostile.enumerated() {
            var event = SampleEvent(id: "\(number) \(text)", object: "a\(text)z", bucket: "b\(text)", rule: "r\(text)")
            event = event.with("eventType", json: nil).with("x", json: json)
            var writer = JSONWriter()
            writer.string("b2:\(text)")
            event = event.with("eventType", json: String(decoding: writer.bytes, as: UTF8.self))
            requests.append(WireRequest(body: SampleBody.notification([event])))
        }
        // In everything at once, in a header field, in what is no JSON, and in the request line.
        let event = SampleEvent(id: "x").with("objectName", json: json).with("bucketName", json: json)
            .with("matchedRuleName", json: json).with("objectVersionId", json: json)
        var headers = WireRequest().headers
        headers.append(HeaderField("X-Hostile", bytes: Array("a\u{9B}31337m\u{202E}".utf8) + [0x9B, 0xFF, 0xC3]))
        requests.append(WireRequest(headers: headers, body: SampleBody.notification([event])))
        requests.append(WireRequest(headers: headers, body: Array(all.utf8) + [0x9B, 0xFF, 0xC0, 0xED, 0xA0, 0x80]))
        requests.append(WireRequest(method: "GET~", target: "/%1b[31337m%9b", headers: headers))
        return requests
    }()

    @Test("is found by the test where it is not escaped", arguments: TerminalBytes.hostile)
    func isFound(_ text: String) {
        for isScreen in [true, false] {
            let bytes = Array("before \(text) behind\n".utf8)
            #expect(!TerminalBytes.violations(in: bytes, isScreen: isScreen).isEmpty)
        }
        #expect(!TerminalBytes.violations(in: [0x41, 0x9B, 0x42], isScreen: true).isEmpty)
    }

    @Test("is not obeyed in any view, pane, overlay or prompt of the dashboard")
    func dashboard() throws {
        let receiver = FakeReceiver(then: .text(400, Self.all))
        let remote = try FakeServer(receiver)
        defer { remote.stop() }
        let home = try Home(
            configuration: """
                actions:
                  remote:
                    kind: forward
                    url: \(remote.url("/hook"))
                  script:
                    kind: command
                    run: [sh, -c, "cat; printf '\\\\033[31337m\\\\007' >&2; exit 1"]
                """)
        let session = try TerminalSession(in: home, columns: 160, rows: 50)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        for request in Self.deliveries { _ = try client.answer(to: request) }
        try session.see("gpj")
        // Each view, with its detail, and the ways of a body.
        for (number, word) in ["Events", "Table", "Deliveries", "Actions", "Rules", "Log", "Pulse"].enumerated() {
            try session.press("\(number + 1)")
            try session.see("[\(number + 1) \(word)")
            for key in [
                "g", "Enter", "Right", "Right", "v", "v", "v", "Right", "Right", "Tab", "Enter", "Down", "Escape",
            ] {
                try session.press(key)
            }
            for _ in 0..<6 { try session.press("Down") }
            try session.press("Escape", "S", "End", "PgUp")
        }
        try session.press("1")
        try session.see("[1 Events")
        // Prompts and overlays, with what is hostile pasted into them.
        for key in ["f", "/", ":", "x", "s", "C", "a", "r", "y", "?", "c"] {
            try session.press(key)
            try session.paste(Self.all.replacing("\u{0}", with: ""))
            for _ in 0..<3 { try session.press("Escape") }
        }
        try session.press("1")
        try session.see("[1 Events")
        try session.press("f")
        try session.type("object:gpj")
        try session.press("Enter")
        try session.see("object:gpj")
        try session.press("1", "\\", "4", "Tab", "Enter", "d", "T")
        try session.press("Escape", "Escape", "Escape")
        // The first may arrive together with Escape, and is another key then.
        try session.press("C-c", "C-c")
        let end = try session.see("the question or the end") {
            $0.contains("Stop receiving?") || !$0.contains("LISTENING")
        }
        if end.contains("Stop receiving?") { try session.press("y") }
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
        let bytes = try session.captured()
        #expect(bytes.count > 50_000)
        #expect(TerminalBytes.violations(in: bytes, isScreen: true) == [])
        let log = try Data(contentsOf: URL(fileURLWithPath: home.log))
        #expect(TerminalBytes.violations(in: Array(log), isScreen: false) == [])
    }

    @Test("is not obeyed in the lines of listen, of plain mode and of export")
    func lines() throws {
        for format in ["text", "json"] {
            let home = try Home()
            let listener = try RunningListener(in: home, "--format", format)
            let client = try listener.connect()
            for request in Self.deliveries { _ = try client.answer(to: request) }
            for bytes in ["\u{1B}[31337m\r\n\r\n", "GET \u{9B} HTTP/1.1\r\n\r\n"] {
                let other = try listener.connect()
                try other.send(Array(bytes.utf8))
                #expect(try other.answer().status == 400)
            }
            _ = try listener.deliveries(format == "json" ? Self.deliveries.count : 0)
            try listener.stop()
            for output in [try listener.output?.whole() ?? "", try listener.error.whole()] {
                #expect(
                    TerminalBytes.violations(in: Array(output.utf8), isScreen: false, isData: format == "json") == [])
            }
            let log = try Data(contentsOf: URL(fileURLWithPath: home.log))
            #expect(TerminalBytes.violations(in: Array(log), isScreen: false) == [])
            let words = [
                "list", "show 1", "show 1 headers", "show 1 body", "show 1 signature", "deliveries", "actions", "rules",
                "log", "pulse", "status", "filter \(Self.all)", "search \(Self.all)", Self.all, "show \(Self.all)",
            ]
            let plain = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home)
            try plain.output.line(with: "Listening on http://")
            for word in words { plain.type(word.replacing("\n", with: " ")) }
            plain.endInput()
            #expect(plain.child.end() != nil)
            for output in [try plain.output.whole(), try plain.error.whole()] {
                #expect(TerminalBytes.violations(in: Array(output.utf8), isScreen: false) == [])
            }
        }
    }

    @Test("is not obeyed in what other commands print on a terminal")
    func commands() throws {
        let receiver = FakeReceiver(then: .text(400, Self.all))
        let remote = try FakeServer(receiver)
        defer { remote.stop() }
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        for request in Self.deliveries { _ = try client.answer(to: request) }
        try listener.stop()
        let session = try TerminalSession(in: home, columns: 160, rows: 50)
        let commands = [
            "export --format csv", "export --format tsv", "export --format jsonl", "export --format curl", "verify",
            "actions list", "rules", "send \(remote.url("/"))",
        ]
        for (number, command) in commands.enumerated() {
            try session.run("\(Program.path) \(command); echo \"done $((\(number) + 900))\"")
            try session.see("done \(number + 900)")
        }
        let bytes = try session.captured()
        #expect(bytes.count > 500_000)
        #expect(TerminalBytes.violations(in: bytes, isScreen: true) == [])
    }

    @Test("is not obeyed in what is said of arguments and settings")
    func errors() throws {
        let evil = Self.all.replacing("\u{0}", with: "")
        let words: [[String]] = [
            [evil], ["--\(evil)"], ["listen", evil], ["listen", "--listen", evil], ["listen", "--path", evil],
            ["listen", "--keep", evil], ["listen", "--max-body", evil], ["listen", "--free-space", evil],
            ["listen", "--secret-file", evil], ["listen", "--unsigned-rule", evil], ["listen", "--format", evil],
            ["listen", "--history", "/proc/\(evil.prefix(20))/x"], ["export", "--filter", evil],
            ["export", "--format", evil], ["export", "--columns", evil], ["verify", evil], ["send", evil],
            ["replay", evil], ["replay", "--to", evil], ["recover", evil],
            ["actions", evil], ["actions", "run", evil], ["actions", "retry", evil], ["attach", "--history", evil],
            ["rules", evil], ["connect", evil], ["reconcile", evil],
        ]
        let home = try Home()
        for word in words {
            let outcome = try Program.run(Program.path, word, environment: home.environment)
            for output in [outcome.output, outcome.error] {
                #expect(TerminalBytes.violations(in: Array(output.utf8), isScreen: false) == [], "\(word[0])")
            }
        }
        var quoted = JSONWriter()
        quoted.string(evil)
        let text = String(decoding: quoted.bytes, as: UTF8.self)
        for yaml in [
            "\(text): 1", "listen: \(text)", "path: [\(text)]", "keep: \(text)", "theme: \(text)",
            "start-view: \(text)",
            "limits: {\(text): 1}", "limits: {queue: \(text)}", "keys: {\(text): x}", "keys: {down: \(text)}",
            "colours: {\(text): red}", "colours: {good: \(text)}", "on-problem: \(text)", "secret-files: \(text)",
            "actions: {\(text): {kind: csv}}", "actions: {a: {kind: \(text)}}",
            "actions: {a: {kind: csv, file: \(text)}}",
            "actions: {a: {kind: csv, file: ~/x, when: \(text)}}", "actions: {a: {kind: csv, \(text): 1}}",
            "actions: {a: {kind: forward, url: \(text)}}", evil, "a: b: \(evil)",
        ] {
            try home.configure(yaml)
            let outcome = try Program.run("listen", "--listen", "203.0.113.1:9", in: home)
            for output in [outcome.output, outcome.error] {
                #expect(TerminalBytes.violations(in: Array(output.utf8), isScreen: false) == [], "\(yaml.prefix(20))")
            }
        }
    }
}
