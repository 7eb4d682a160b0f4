import Base
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard
@testable import Receiving

@Suite("The keyring")
struct KeyringTests {
    private func held(_ labels: String...) -> User {
        User(holding: labels.map { SecretSummary(label: $0, fingerprint: "3f9a", source: "screen", matches: 1_240) })
    }

    @Test("lists what is held")
    func list() {
        var user = User(
            columns: 100,
            holding: [
                .prod,
                SecretSummary(
                    label: "old", fingerprint: "00ff", binding: .bucket("b\u{1b}"), source: "file old.txt",
                    isRemembered: true, isUsual: false),
            ])
        user.press(.character("s"))
        #expect(user.lines[3].hasPrefix("▌ prod"))
        #expect(user.lines[3].contains("3f9a         any"))
        #expect(user.lines[3].contains("124  no"))
        #expect(user.lines[4].contains("bucket:b\\x1b"))
        #expect(user.lines[4].contains("yes    file old.txt"))
        user.press(.down)
        #expect(user.screen.contains("old is not 32 letters and digits"))
    }

    @Test("pasted, held, and judged again: the first minute")
    func add() {
        var user = User()
        user.press(.character("s"))
        #expect(user.model.place.nearest == .keyring)
        user.paste("  \(Make.secret)\n")
        #expect(user.model.place.nearest == .form)
        #expect(user.screen.contains("3 white-space characters at the ends were left out."))
        #expect(user.screen.contains("▌ Secret    ••••••••••••••••••••••••••••••••\n"))
        #expect(!user.screen.contains(Make.secret))
        user.press(.enter)
        #expect(user.calls == calls(AddSecret(SecretDraft(label: "main", value: Make.secret))))
        #expect(user.screen.contains("Verifying what is recorded and not valid…"))

        var summary = SecretSummary.prod
        summary.label = "main"
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 35, .invalid: 2])))
        user.answer(user.calls[0], .success(KeyringSummary(secrets: [summary])))
        #expect(user.model.place.nearest == .keyring)
        #expect(user.lines[22] == " 37 deliveries verified again: 35 valid, 2 invalid")
        #expect(user.lines[0].contains("  secret main (3f9a)"))
    }

    @Test("s and a paste, and s, a and a paste, hold the same secret", arguments: [false, true])
    func addsByA(pressesA: Bool) {
        var user = User()
        user.press(.character("s"))
        if pressesA { user.press(.character("a")) }
        user.paste(Make.secret)
        user.press(.enter)
        #expect(user.asked(AddSecret.self).map(\.secret.value) == [Make.secret])
    }

    @Test("among the secrets a paste of any form is meant as one, and Esc leads back there")
    func oddPaste() {
        var user = User()
        user.press(.character("s"))
        user.paste("s p?q")
        #expect(user.model.place.nearest == .form)
        user.press(.escape)
        #expect(user.model.place.nearest == .keyring)
        user.press(.escape)
        #expect(user.model.place.nearest == .checklist)
    }

    @Test("an empty field is refused in words")
    func empty() {
        var user = User()
        user.press(.character("s"), .character("a"))
        user.type("  ")
        user.press(.enter)
        #expect(user.calls.isEmpty)
        #expect(user.screen.contains("The field is empty: paste or type the signing secret."))
    }

    @Test("what is not 32 letters and digits is doubted, and taken")
    func unusual() {
        var user = User()
        user.press(.character("s"), .character("a"))
        user.type("s p?q")
        #expect(user.screen.contains("Not 32 letters and digits, as B2's secrets are (5 characters here)."))
        user.press(.enter)
        #expect(user.calls.count == 1)
    }

    @Test("label and binding are typed, checked, and kept apart from other labels")
    func fields() {
        var user = held("main")
        user.press(.character("s"), .character("a"))
        user.type("x")
        user.press(.tab)
        #expect(user.screen.contains("▌ Label     main-2"))
        user.press(.control("u"))
        user.type("main")
        user.press(.enter)
        #expect(user.screen.contains("There is a secret with the label main already."))
        user.type("3")
        user.press(.tab, .control("u"))
        user.type("bucket")
        user.press(.enter)
        #expect(user.screen.contains("Bound to is any, bucket:NAME or rule:NAME."))
        user.type(":photos")
        user.press(.enter)
        #expect(user.calls == calls(AddSecret(SecretDraft(label: "main3", value: "x", binding: .bucket("photos")))))
    }

    @Test("what the keyring does not take stays in the form, with the reason")
    func refused() {
        var user = held("prod")
        user.press(.character("s"), .character("r"))
        #expect(user.lines[2] == "  Replace the secret prod")
        user.type("abc")
        user.press(.enter, .enter)
        #expect(user.calls.count == 1)
        user.answer(user.calls[0], .failure(EffectFailure(TestFailure())))
        #expect(user.model.place.nearest == .form)
        #expect(user.screen.contains("the disk is on fire"))
        user.press(.enter)
        #expect(user.calls.count == 2)
    }

    /// The labels that were deleted, and whether as leaked.
    private func deletions(_ user: User) -> [String] {
        user.asked(ForgetSecret.self).map { "\($0.label) \($0.wasLeaked ? "leaked" : "rotated")" }
    }

    @Test("deleting one asks whether it was rotated, which is the default, or leaked")
    func delete() {
        var user = held("a", "b")
        user.press(.character("s"), .down, .character("f"))
        #expect(user.calls.isEmpty)
        #expect(user.screen.contains("Delete b (3f9a)? If it was rotated, its verdicts stay (1,240 valid);"))
        #expect(user.lines[23] == " r rotated   l leaked   n leave it")
        // Neither yes nor any other key is an answer.
        user.press(.character("y"), .character("x"))
        #expect(user.calls.isEmpty && user.screen.contains("Delete b"))
        user.press(.character("n"))
        #expect(!user.screen.contains("Delete b"))
        user.press(.character("f"), .enter)
        user.press(.character("f"), .character("r"))
        user.press(.character("f"), .character("l"))
        #expect(deletions(user) == ["b rotated", "b rotated", "b leaked"])
        user.answer(user.calls[2], .success(KeyringSummary()))
        #expect(user.screen.contains("The secret b is deleted: what it verified reads “valid, secret removed”."))

        user = held("a")
        user.press(.character("s"), .character("f"))
        #expect(user.screen.contains("It is the last secret: what arrives then is unverified."))
    }

    @Test("those before the current ones are listed, and one may turn out to be leaked")
    func past() {
        var user = held("a")
        let (gone, old) = (
            SecretIdentity.sample("gone"), SecretIdentity(label: "old", fingerprint: nil)
        )
        user.tell(
            .keyringChanged(
                KeyringSummary(
                    secrets: user.model.session.keyring.secrets,
                    past: [
                        PastSecret(identity: gone, matches: 7), PastSecret(identity: old, matches: 3, isLeaked: true),
                    ])))
        user.press(.character("s"))
        #expect(user.lines[4].contains("gone") && user.lines[4].contains(gone.fingerprint?.short ?? "–"))
        #expect(user.lines[5].contains("⊘ old") && user.lines[5].contains("was leaked"))
        user.press(.down, .character("m"))
        #expect(user.screen.contains("This secret is deleted") && user.calls.isEmpty)
        user.press(.character("f"))
        #expect(user.screen.contains("Was \(gone) leaked? Its verdicts (7) then read"))
        user.press(.enter, .character("r"))
        #expect(user.calls.isEmpty && user.model.question != nil)
        user.press(.character("l"))
        #expect(user.calls == calls(MarkSecretLeaked(gone)))
        user.press(.down, .character("f"))
        #expect(user.screen.contains("old is deleted as leaked already."))
    }

    @Test("remembering is asked for, and says where")
    func remember() {
        var user = held("a")
        user.press(.character("s"), .character("m"))
        #expect(user.screen.contains("Write a to ~/.config/b2watch/secrets, readable by you alone"))
        user.press(.escape)
        #expect(user.calls.isEmpty)
        user.press(.character("m"), .character("y"))
        user.answer(RememberSecret("a"), "/home/me/.config/b2watch/secrets")
        #expect(user.screen.contains("The secret a is saved in /home/me/.config/b2watch/secrets."))
    }

    @Test("matches are asked for when the screen opens, and while it is open when the history changes")
    func matches() {
        var user = held("a")
        user.arrive([Make.row(1)])
        #expect(user.keyringReads == 0)
        user.summary = KeyringSummary(secrets: [
            SecretSummary(label: "a", fingerprint: "3f9a", source: "screen", matches: 1_241)
        ])
        user.press(.character("s"))
        #expect(user.keyringReads == 1)
        #expect(user.screen.contains("1,241"))
        user.press(.character("j"))
        #expect(user.keyringReads == 1)
        user.arrive([Make.row(2)])
        #expect(user.keyringReads == 1, "not again within a moment")
        user.wait(KeyringReading.pause)
        #expect(user.keyringReads == 2)
        #expect(user.model.deadline == nil)
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 2])))
        #expect(user.keyringReads == 3)
        user.press(.character("m"), .character("y"))
        user.answer(RememberSecret("a"), "a file")
        #expect(user.keyringReads == 4)
        user.press(.character("q"))
        user.arrive([Make.row(3)])
        user.wait(.seconds(1))
        #expect(user.keyringReads == 4)
    }

    @Test("one question about matches is on its way at a time")
    func oneReading() {
        var user = held("a")
        user.holdsEffects = true
        user.press(.character("s"))
        for id in 1...50 { user.arrive([Make.row(Int64(id))]) }
        user.wait(.seconds(1))
        let asked = user.held.filter { $0.asks("keyring") }
        #expect(asked.count == 1)
        user.held = asked
        user.release()
        #expect(user.keyringReads == 2, "what has changed meanwhile is asked for once")
    }

    @Test("on a low screen the form still says what is wrong")
    func lowForm() {
        var user = User(columns: 40, rows: 10)
        user.press(.character("s"), .character("a"))
        user.type("s p?q")
        #expect(user.screen.contains("Not 32 letters and digits, as B2's"))
        #expect(user.screen.contains("all the same."))
    }

    @Test("a draft prints as its label")
    func redacted() {
        let draft = SecretDraft(label: "prod", value: Make.secret)
        var text = "\(draft) \(String(reflecting: draft)) \(AddSecret(draft))"
        dump(draft, to: &text)
        var user = User()
        user.press(.character("s"))
        user.paste(Make.secret)
        dump(user.model, to: &text)
        #expect(!text.contains(Make.secret))
        #expect(text.contains("prod"))
    }

    @Test("keys of other views are text in the form")
    func typing() {
        var user = held("a")
        user.press(.character("s"), .character("a"))
        user.type("q?12st")
        #expect(user.model.place.nearest == .form)
        #expect(user.screen.contains("▌ Secret    ••••••\n"))
        user.press(.escape)
        #expect(user.model.place.nearest == .keyring)
        user.press(.character("q"))
        #expect(user.model.place.nearest == .checklist)
    }
}

@Suite("Pastes")
struct PasteTests {
    @Test("a paste is never taken for keys", arguments: ["q", "q\n", "y", "2\nq", "\u{3}"])
    func dropped(text: String) {
        var user = User.watching(3)
        user.paste(text)
        #expect(user.ending == nil)
        #expect(user.model.view == .events)
        #expect(user.screen.contains("The paste was dropped: outside a field, pasted text is not used as keys."))
    }

    @Test(
        "32 letters and digits open the form with them",
        arguments: [[], [Key.character("?")], [.character("2")], [.enter]])
    func secret(keys: [Key]) {
        var user = User.watching(3)
        for key in keys { user.press(key) }
        user.paste("\(Make.secret)\n")
        #expect(user.model.place.nearest == .form)
        #expect(user.screen.contains("▌ Secret    ••••••••••••••••••••••••••••••••\n"))
        #expect(user.screen.contains("1 white-space character at the ends was left out."))
    }

    @Test("no question takes a pasted answer", arguments: ["y", "y\n", Make.secret])
    func question(text: String) {
        var user = User.watching(3)
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.character("q"))
        user.paste(text)
        #expect(user.ending == nil)
        #expect(user.screen.contains("Stop receiving?"))
    }

    @Test("a paste that is too long is dropped, and says so", arguments: [[], [Key.character("s")]])
    func overlong(keys: [Key]) {
        var user = User()
        for key in keys { user.press(key) }
        user.tell(.input(.overlongPaste))
        #expect(user.screen.contains("The paste was dropped: it is longer than a mebibyte."))
    }

    @Test("what is not UTF-8, or only white space, is not held")
    func odd() {
        var user = User()
        user.press(.character("s"))
        user.tell(.input(.paste([0xff, 0xfe])))
        #expect(user.screen.contains("The paste is not UTF-8 and was dropped."))
        user.paste(" \n")
        #expect(user.screen.contains("The paste was only white space."))
    }
}

@Suite("Rules that do not sign, among the secrets")
struct UnsignedRuleScreenTests {
    private static let path = "/hook/0123456789abcdef"
    private static let plain = UnsignedSummary(rule: "plain", kind: "path", source: "screen", isSaved: true)

    @Test("are named with a proof, which is masked and never shown")
    func naming() {
        var user = User(columns: 100)
        user.press(.character("s"), .character("n"))
        #expect(user.screen.contains("Name a rule that does not sign"))
        #expect(user.screen.contains("so it must also be known by a secret"))
        user.type("plain")
        user.press(.tab)
        #expect(user.screen.contains("path, header NAME or from"))
        user.press(.tab)
        user.paste("https://hooks.example.com\(Self.path)\n")
        #expect(!user.screen.contains("0123456789") && user.screen.contains("••••••••"))
        user.press(.enter)
        let draft = UnsignedDraft(rule: "plain", proof: "path https://hooks.example.com\(Self.path)")
        #expect(user.calls == calls(NameUnsigned(draft)))
        #expect(!"\(draft) \(String(reflecting: draft)) \(user.calls)".contains("0123456789"))
        user.answer(user.calls[0], .success(KeyringSummary(unsigned: [Self.plain])))
        #expect(user.model.place.nearest == .keyring)
        #expect(user.screen.contains("▌ plain") && user.screen.contains("unsigned     path"))
        #expect(user.screen.contains("never counts as valid"))
        #expect(user.screen.contains("saved for the next start"))
        // A rule is no secret: what arrives is still unverified.
        #expect(user.model.session.keyring.isEmpty)
    }

    @Test(
        "need a proof that not everybody has",
        arguments: [
            ("path", "/short", "too short"), ("path", "", "The field is empty"), ("header", "x", "Known by is"),
            ("header User-Agent", "B2/EventNotifications", "which every request has"),
            ("from", "127.0.0.1", "addresses that prove nothing"), ("from", "here", "write an address or a block"),
            ("name", "x", "Known by is"),
        ])
    func refusals(_ kind: String, _ value: String, _ sentence: String) {
        var form = SecretForm(unsigned: "plain", kind)
        for character in value { form.type(.character(character)) }
        let draft = form.submitUnsigned()
        #expect(draft == nil)
        #expect(form.message?.text.string.contains(sentence) == true, "\(form.message?.text.string ?? "")")
    }

    @Test("show the addresses that they are known by, and are removed after a question")
    func removing() {
        var user = User(columns: 100, holding: [.prod])
        user.tell(
            .keyringChanged(
                KeyringSummary(
                    secrets: [.prod],
                    unsigned: [
                        Self.plain, UnsignedSummary(rule: "old", kind: "2 addresses", source: "file", isSaved: false),
                    ])))
        user.press(.character("s"), .down, .down, .character("f"))
        #expect(user.screen.contains("start b2watch without that"))
        user.press(.enter)
        #expect(user.screen.contains("named by --unsigned-rule"))
        user.press(.up, .character("m"))
        #expect(user.screen.contains("is saved when it is named"))
        user.press(.enter)
        #expect(user.model.place.nearest == .form)
        user.press(.backTab)
        for _ in 0..<4 { user.press(.backspace) }
        user.type("from")
        user.press(.tab)
        user.type("192.0.2.0/24")
        #expect(user.screen.contains("192.0.2.0/24"))
        user.press(.escape, .character("f"))
        #expect(user.screen.contains("Remove plain from the rules that do not sign?"))
        user.press(.character("y"))
        #expect(user.calls == calls(ForgetUnsigned("plain")))
    }
}
