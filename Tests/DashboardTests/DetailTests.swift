import Base
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("The detail pane")
struct DetailTests {
    /// The full screen pane of a single event at 100 columns.
    private func opened(body: String? = nil, tab: DetailTab = .summary, rows: Int = 50) -> User {
        var user = User(columns: 100, rows: rows, holding: [.prod])
        if let body { user.bodies[1] = Array(body.utf8) }
        user.arrive([Make.row(1)])
        user.press(.enter)
        for _ in 0..<tab.rawValue { user.press(.right) }
        return user
    }

    @Test("the summary gives exact values")
    func summary() {
        let screen = opened().screen
        for text in [
            "Type            Created:Upload  b2:ObjectCreated:Upload", "Object name     photos/2026/cat-1.jpg",
            "Object size     10485760 bytes  10.0 MiB", "Bucket          my-bucket  b1d", "Rule            allEvents",
            "Event time      2026-11-24 16:43:00.600 +00:00  1795538580600 ms", "the delivery arrived 400 ms later",
            "Number          1  event 1 of 1", "Received        2026-11-24 16:43:01.000 +00:00",
            "From            203.0.113.9", "Request         POST / HTTP/1.1",
            "Signature       ✓ valid  by the secret prod", "Answer          200 OK", "\"future\": [",
        ] {
            #expect(screen.contains(text), "\(text)")
        }
    }

    @Test("a pane without a row counts no lines")
    func countOfNothing() {
        var user = opened(rows: 15)
        #expect(user.lines.contains { $0.contains("[Summary]") && $0.contains(" of ") })
        _ = user.model.detail.request(nil, isWaiting: false)
        #expect(user.lines.contains { $0.contains("[Summary]") && !$0.contains(" of ") })
    }

    @Test("fields that are absent, null or no number are said to be so")
    func oddFields() {
        let user = opened(body: #"{"events": [{"objectSize": null, "objectName": 7, "eventTimestamp": "soon"}]}"#)
        #expect(user.screen.contains("Object size     null"))
        #expect(user.screen.contains("Object name     7"))
        #expect(user.screen.contains("Version id      absent"))
        #expect(user.screen.contains("Event time      soon"))
    }

    @Test("headers show raw, in order, and those that were altered are marked")
    func headers() {
        var user = User(holding: [.prod])
        user.headers[1] = [HeaderField("X-B", "two"), HeaderField("x-a", "one"), HeaderField("X-B", "caf\u{FFFD}")]
        user.arrive([Make.row(1)])
        user.press(.enter, .right)
        #expect(
            Array(user.lines[3...5]) == [
                "▌ X-B: two", "  x-a: one", "  X-B: caf\u{FFFD}  bytes that were not UTF-8 are replaced",
            ])
    }

    @Test("the body shows pretty, in hex, and raw")
    func body() {
        var user = opened(body: "{\"a\":[1,true]}", tab: .body)
        #expect(user.lines[2].contains("[Body pretty]"))
        #expect(user.lines[3...7].map(\.self) == ["▌ 1 {", "  2   \"a\": [", "  3     1,", "  4     true", "  5   ]"])
        user.press(.character("v"))
        #expect(user.lines[3] == "  00000000  7b 22 61 22 3a 5b 31 2c 74 72 75 65 5d 7d        {\"a\":[1,true]}")
        user.press(.character("v"))
        #expect(user.lines[2].contains("[Body raw]"))
        #expect(user.lines[3] == "  1 {\"a\":[1,true]}")
    }

    @Test("what is not JSON says where the error is, and shows all the same")
    func notJSON() {
        let user = opened(body: "{\"a\":\n oops}\u{1b}[2J", tab: .body)
        #expect(user.lines[3].hasPrefix("  Not JSON: expected"))
        #expect(user.lines[3].hasSuffix("at byte 8 (line 2, byte 2 of it)."))
        #expect(user.lines[4...5].map(\.self) == ["  1   {\"a\":", "  2 ▸  oops}\\x1b[2J"])
    }

    @Test("long lines wrap, and the pane scrolls")
    func scrolls() {
        var user = opened(body: "\"" + String(repeating: "abcdefghij", count: 1_000) + "\"", tab: .body, rows: 24)
        let first = user.lines[3]
        #expect(user.lines[2].contains("20 of 106"))
        user.press(.pageDown, .up)
        #expect(user.lines[2].contains("38 of 106"))
        user.press(.character("G"))
        #expect(user.lines[2].contains("106 of 106"))
        user.press(.character("g"))
        #expect(user.lines[3] == first)
    }

    @Test("the signature tab shows what was received, what each secret gives, and a sentence")
    func signature() throws {
        var user = User(columns: 100, rows: 40, holding: [.prod])
        let secret = try SigningSecret(label: "prod", value: Make.secret)
        user.keyring = try Keyring([secret, SigningSecret(label: "old", value: "x", binding: .bucket("b"))])
        user.bodies[1] = Array("{}".utf8)
        let signature = secret.signature(of: Array("{}".utf8))
        user.headers[1] = [HeaderField("X-Bz-Event-Notification-Signature", signature)]
        user.arrive([Make.row(1)])
        user.press(.enter, .left)
        #expect(user.lines[3] == "  ✓ valid")
        #expect(user.screen.contains("The digest received is the HMAC-SHA-256 of this body under the secret “prod”."))
        #expect(user.screen.contains(" Received\n    \(signature)"))
        #expect(user.screen.contains("Computed with prod (\(secret.fingerprint))  ✓ received\n    \(signature)"))
        #expect(user.screen.contains(", bound to bucket:b  not received"))
    }

    @Test("Tab moves the focus, Enter opens, Esc goes back a step at a time")
    func focus() {
        var user = User.watching(30)
        user.press(.up, .up)
        let selected = user.selected
        user.press(.tab, .down, .down)
        #expect(user.model.place.nearest == .detail)
        #expect(user.selected == selected)
        user.press(.enter)
        #expect(user.selected == nil)
        #expect(user.lines[2].hasPrefix("── 28 "))
        user.press(.escape)
        #expect(user.selected == selected)
        user.press(.escape, .down)
        #expect(user.hasRow("16:43:29", selected: true))
    }

    @Test("J and K go from row to row with the pane on the full screen")
    func rowToRow() {
        var user = User.watching(30)
        user.press(.enter, .right, .character("K"))
        #expect(user.lines[2].hasPrefix("── 29 ──  Summary [Headers]"))
        user.press(.character("J"))
        #expect(user.lines[2].hasPrefix("── 30 "))
    }

    @Test("a body of a mebibyte is laid out off the screen's thread, and keys stay quick", arguments: BodyForm.allCases)
    func mebibyte(form: BodyForm) {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.bodies[1] = Array("[\(String(repeating: "123456,", count: 149_000))0]".utf8)
        user.model.detail.form = form
        user.holdsEffects = true
        user.arrive([Make.row(1)])
        user.release()
        user.press(.right, .right, .tab)
        #expect((user.model.detail.document?.lines.count ?? 0) > 5_000)
        let took = ContinuousClock().measure {
            for _ in 0..<50 {
                user.press(.pageDown)
                _ = user.surface
            }
        }
        #expect(took < Duration.seconds(5) * Sanitizer.slowness, "50 pages took \(took)")
    }

    @Test("the arrows change the tab from the list too")
    func tabsFromTheList() {
        var user = User.watching(3)
        user.press(.right)
        #expect(user.screen.contains("[Headers]"))
        user.press(.character("h"), .character("h"))
        #expect(user.screen.contains("[Signature]"))
        user.press(.character("v"))
        #expect(user.screen.contains("[Body pretty]"))
    }

    @Test("a document of another tab comes too late and is dropped")
    func staleDocument() {
        var user = User.watching(3)
        user.holdsEffects = true
        user.press(.right)
        user.press(.right)
        #expect(user.documentsHeld.map(\.tab) == [.headers])
        user.release()
        #expect(user.model.detail.document?.request.tab == .body)
    }

    @Test("a tab keeps its place while it is built anew, and begins at its top otherwise")
    func keepsPlace() {
        var user = opened(rows: 20)
        user.press(.down, .down)
        user.change.revision += 1
        user.tell(.historyChanged(user.change))
        #expect(user.model.detail.scroll.top == 2)
        user.press(.right, .left)
        #expect(user.model.detail.scroll.top == 0)
    }

    @Test("beside the list where there is width")
    func beside() {
        let user = User.watching(3, columns: 160, rows: 40)
        #expect(user.lines[2].contains("│── 3 ── [Summary]"))
    }

    @Test("no pane where there is no height: Tab says so, Enter opens it")
    func lowScreen() {
        var user = User.watching(3, columns: 60, rows: 12)
        #expect(!user.screen.contains("Summary"))
        user.press(.tab)
        #expect(user.screen.contains("Enter opens it"))
        user.press(.enter)
        #expect(user.screen.contains("[Summary]"))
    }

    @Test("hostile bytes are inert in every tab", arguments: DetailTab.allCases)
    func hostile(tab: DetailTab) {
        var user = User(holding: [.prod])
        user.bodies[1] = Array("{\"events\":[{\"objectName\":\"\u{202e}\u{9b}x\"}]}".utf8) + [0x1b, 0xff]
        user.headers[1] = [HeaderField("X\u{1b}", "\u{7}\u{202e}")]
        user.arrive([Make.row(1, name: "\u{202e}")])
        for _ in 0..<tab.rawValue { user.press(.right) }
        for _ in 0..<3 {
            for scalar in user.screen.unicodeScalars where scalar != "\n" {
                #expect(scalar.value >= 0x20 && scalar.value != 0x9b && scalar.value != 0x202e)
            }
            user.press(.character("v"))
        }
    }
}

@Suite struct SignatureDiagnosisTabTests {
    private func screen(
        _ body: String, signed: String, binding: SecretBinding = .any, recorded verdict: SignatureVerdict = .invalid
    ) throws -> String {
        let secret = try SigningSecret(label: "prod", value: Make.secret, binding: binding)
        var user = User(columns: 80, rows: 40, holding: [.prod])
        user.keyring = try Keyring([secret])
        user.bodies[1] = Array(body.utf8)
        let signature = secret.signature(of: Array(signed.utf8))
        user.headers[1] = [
            HeaderField("X-Bz-Event-Notification-Signature", signature), HeaderField("Via", "1.1 \u{1B}x"),
        ]
        user.arrive([Make.row(1, verdict: verdict)])
        user.press(.enter, .left)
        return user.screen
    }

    @Test func aCauseIsToldWithWhatToDo() throws {
        let screen = try screen("{\"events\":[]}\n", signed: "{\"events\":[]}")
        #expect(screen.contains(" Why\n    The digest received is right under the secret “prod”, for the body"))
        #expect(screen.contains(" What to do\n    Sign and send the same bytes"))
        #expect(!screen.contains("Ruled out"))
    }

    /// So that it is seen where there is little room.
    @Test func aCauseComesBeforeTheVerdictsSentence() throws {
        let screen = try screen("{\"events\":[]}\n", signed: "{\"events\":[]}")
        let cause = try #require(screen.firstRange(of: "What to do"))
        let sentence = try #require(screen.firstRange(of: "The digest received is not"))
        #expect(cause.lowerBound < sentence.lowerBound)
    }

    @Test func whatWasNotJudgedIsNot() throws {
        let secret = try SigningSecret(label: "prod", value: Make.secret)
        var user = User(columns: 80, rows: 40, holding: [.prod])
        user.keyring = try Keyring([secret])
        user.bodies[1] = Array("{}".utf8)
        user.headers[1] = [HeaderField(SignatureHeader.name, secret.signature(of: Array("{}".utf8)))]
        user.arrive([Make.row(1, verdict: .unjudged)])
        user.press(.enter, .left)
        #expect(user.screen.contains("This request is not a notification, so b2watch does not check its signature."))
        #expect(!user.screen.contains("✓ valid\n"))
    }

    @Test func withoutOneWhatWasSeenAndRuledOutIsTold() throws {
        let screen = try screen("{}", signed: "another body")
        #expect(screen.contains(" Seen, and may be why\n"))
        #expect(screen.contains(" Seen, and may be why\n    The body is JSON without “events”"))
        #expect(screen.contains(" What to try\n    Look at the body before the secret"))
        #expect(screen.contains(" The request passed a proxy or tunnel (Via)"))
        #expect(screen.contains(" Ruled out\n    the secret with a space"))
        #expect(!screen.contains(" Why\n"))
    }

    @Test func whatIsRightHasNoSuchBlocks() throws {
        let screen = try screen("{}", signed: "{}", recorded: .valid)
        #expect(screen.contains("✓ valid\n"))
        for heading in ["Why", "What to do", "Seen", "Ruled out"] { #expect(!screen.contains(" \(heading)\n")) }
    }

    @Test func aSecretBoundElsewhereIsSaidOnce() throws {
        let body = #"{"events":[{"bucketName":"a"}]}"#
        let screen = try screen(body, signed: body, binding: .bucket("b"))
        #expect(screen.contains(" What to do\n    If it may vouch for this one too"))
        #expect(!screen.contains(" Why\n"))
    }
}
