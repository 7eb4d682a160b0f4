import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// From a POST to the row, the message or the output. The name of an object has no effect in any kind.
@Suite("Each kind of action, end to end", .blocking)
struct KindsTests {
    private static let hostile =
        "=HYPERLINK(\"http://x\")<!channel>$(touch pwned)`touch pwned`;\u{1B}[31m\nDROP {{object}}"

    /// Sends an event with a hostile name to a listener with an action.
    private func listen(_ home: Home) throws -> RunningListener {
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        let request = WireRequest.event("one", object: Self.hostile, signedWith: Secrets.held)
        #expect(try listener.answer(to: request).status == 200)
        return listener
    }

    @Test("google-sheet appends a typed row below a header")
    func sheet() throws {
        let stand = try GoogleStand()
        defer { stand.stop() }
        let home = try Home(configuration: "")
        let key = try home.folder.write("key.json", stand.google.keyFile())
        try home.configure("actions:\n  sheet:\n" + stand.settings(keyFile: key))
        let listener = try listen(home)
        let rows = try wait(for: "a row") { stand.rows.count > 1 ? stand.rows : nil }
        #expect(rows[0] == SheetRow.headers.map { .text($0) })
        #expect(rows[1][2] == .text(Self.hostile))
        #expect(rows[1][3] == .number(10_495_842))
        try listener.stop()
        #expect(stand.rows.count == 2)
    }

    @Test("csv appends a row in which no name is a formula")
    func csv() throws {
        let home = try Home(configuration: "actions:\n  rows:\n    kind: csv\n    file: ~/rows.csv\n")
        let listener = try listen(home)
        let text = try home.text(of: "rows.csv") { $0.contains("HYPERLINK") }
        #expect(text.contains(",\"'=HYPERLINK(\"\"http://x\"\")<!channel>"))
        try listener.stop()
    }

    @Test("warnings of an action are on the screen and in the log")
    func warning() throws {
        let home = try Home(
            configuration: "actions:\n  rows:\n    kind: csv\n    file: ~/rows.csv\n    when: sig:valid\n")
        let session = try TerminalSession(in: home, columns: 120, rows: 36)
        try session.run("\(Program.path) --listen 127.0.0.1:0")
        try session.see("LISTENING")
        try session.press("t")
        let text = try home.text(of: "rows.csv") { $0.components(separatedBy: "\r\n").count == 3 }
        _ = try home.folder.write("rows.csv", text.replacingOccurrences(of: "Object Name", with: "File"))
        try session.press("t")
        try session.see("action rows: the heading “Object Name” (it is “File” now) is gone from")
        #expect(try String(contentsOfFile: home.log, encoding: .utf8).contains("the heading “Object Name”"))
        try session.press("q")
    }

    @Test("slack posts a message in which no name notifies a channel")
    func slack() throws {
        let slack = FakeSlack()
        let server = try FakeServer(slack)
        defer { server.stop() }
        var home = try Home(configuration: "actions:\n  chat:\n    kind: slack\n    url-environment: HOOK\n")
        home.environment["HOOK"] = server.url(FakeSlack.path)
        let listener = try listen(home)
        let message = try wait(for: "a message") { slack.messages.first }
        #expect(message.contains("<!channel>") && slack.calls.isEmpty && slack.obeyed.isEmpty)
        #expect(slack.fallbacks.first?.contains("&lt;!channel&gt;") == true)
        try listener.stop()
        #expect(try !String(contentsOfFile: home.log, encoding: .utf8).contains("T0FAKE"))
    }

    @Test("twilio sends an SMS")
    func twilio() throws {
        let twilio = FakeTwilio()
        let server = try FakeServer(twilio)
        defer { server.stop() }
        var home = try Home(
            configuration: """
                actions:
                  sms:
                    kind: twilio
                    account-environment: ACCOUNT
                    token-environment: TOKEN
                    from: "+15005550006"
                    to: "+14155550123"
                    api: \(server.url(""))

                """)
        home.environment["ACCOUNT"] = FakeTwilio.account
        home.environment["TOKEN"] = FakeTwilio.token
        let listener = try listen(home)
        let message = try wait(for: "an SMS") { twilio.messages.first }
        #expect(message.to == "+14155550123")
        #expect(message.body.contains("HYPERLINK"))
        #expect(!message.body.utf8.contains(0x1B) && !message.body.contains("\n"))
        try listener.stop()
    }

    @Test("command runs a program with the event as its input, without a shell")
    func command() throws {
        let home = try Home(
            configuration: """
                actions:
                  program:
                    kind: command
                    run: [/bin/sh, -c, 'printf "%s" "$B2WATCH_EVENT_OBJECT" > name; cat > event.json; mv event.json done.json']
                    folder: ~/

                """)
        let listener = try listen(home)
        let json = try home.text(of: "done.json") { !$0.isEmpty }
        #expect(try String(contentsOfFile: home.folder.file("name"), encoding: .utf8) == Self.hostile)
        let event = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect((event?["event"] as? [String: Any])?["objectName"] as? String == Self.hostile)
        #expect(!FileManager.default.fileExists(atPath: home.folder.file("pwned")))
        try listener.stop()
    }

    @Test("forward sends the delivery, so that the receiver's own verification succeeds")
    func forward() throws {
        let receiver = FakeReceiver()
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let home = try Home(
            configuration: "actions:\n  copy:\n    kind: forward\n    url: \(server.url("/hook?a=1"))\n")
        let listener = try listen(home)
        let request = try wait(for: "the delivery") { receiver.requests.first }
        #expect(request.method == "POST" && request.target == "/hook?a=1")
        #expect(request.value(of: SignatureHeader.name) == Secrets.held.signature(of: request.body))
        try listener.stop()
    }
}
