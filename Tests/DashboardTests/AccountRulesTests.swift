import Base
import History
import Notifications
import Receiving
import Terminal
import Testing

@testable import Dashboard

@Suite("5 Rules: the account")
struct AccountRulesTests {
    /// Somebody who looks at the rules, whose selected one is `allEvents` of `my-bucket`.
    static func watching(
        _ account: AccountScript = .sample(), columns: Int = 120, rows: Int = 30, events: [EventRow] = GoldenRows.all
    ) -> User {
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.account = account
        user.arrive(events)
        user.press(.character("5"))
        user.wait(.milliseconds(50))
        user.press(.home)
        while user.model.selectedRule?.rule != "allEvents" || user.model.selectedRule?.bucket != "my-bucket",
            let before = user.model.selectedRule
        {
            user.press(.down)
            if user.model.selectedRule == before { break }
        }
        return user
    }

    private func select(_ rule: String, _ user: inout User) {
        user.press(.home)
        for _ in 0..<10 where user.model.selectedRule?.rule != rule { user.press(.down) }
        #expect(user.model.selectedRule?.rule == rule)
    }

    // MARK: - Reading

    @Test("without a key a line says what to set, and the record's side is as it was")
    func withoutKey() {
        var user = Self.watching(AccountScript())
        #expect(user.screen.contains("Set B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY to see and change the rules."))
        #expect(user.screen.contains("allEvents") && !user.lines[2].contains("STATE"))
        user.press(.character("p"))
        #expect(user.screen.contains("Set B2_APPLICATION_KEY_ID"))
        #expect(user.account.planned.isEmpty)
    }

    @Test("the account's rules join those of the record")
    func joins() {
        let user = Self.watching(columns: 170)
        #expect(user.account.reads.first?.contains("offsite") == true)
        #expect(user.lines[2].contains("STATE") && user.lines[2].contains("TARGET"))
        let line = { (name: String) in user.lines.first { $0.contains(" \(name) ") && $0.contains("my-bucket") } ?? "" }
        #expect(line("allEvents").contains("enabled") && line("allEvents").contains("hooks.example.com"))
        #expect(line("deletions").contains("suspended"))
        let backups = user.lines.first { $0.contains("backups") } ?? ""
        #expect(backups.contains("disabled") && backups.contains("backup/") && backups.contains(" 0 "))
        // The record names a rule of this bucket that the account does not have.
        #expect(user.lines.contains { $0.contains("offsite") && $0.contains("gone") })
    }

    @Test("the account is read when the tab is opened and when the user asks, and at no other time")
    func readsSeldom() {
        var user = Self.watching()
        let reads = { user.account.reads.count }
        #expect(reads() == 1)
        user.arrive([Make.row(30), Make.row(31)])
        user.wait(.seconds(3_600))
        #expect(reads() == 1)
        user.press(.character("1"), .character("5"))
        #expect(reads() == 2)
        user.press(.character("1"), .character("5"))
        #expect(reads() == 2)
        user.press(.character("r"))
        #expect(reads() == 3)
        user.wait(.seconds(2))
        #expect(user.model.tab(RulesScreen.self).deadline(user.model.session) == nil)
    }

    @Test("a failure is a line, and the record's side stays")
    func failure() {
        let account = AccountScript.sample()
        account.change { $0.reading = nil }
        var user = Self.watching(account)
        #expect(user.screen.contains("Reading the account's rules…"))
        var reading = AccountReading()
        reading.problems = ["B2 does not accept the key: check the key ID and the key"]
        account.change { $0.reading = reading }
        user.answerAccount()
        #expect(user.screen.contains("check the key ID and the key"))
        #expect(user.screen.contains("allEvents"))
        user.press(.character("d"))
        #expect(account.planned.isEmpty)
    }

    @Test("a rule that is silent for too long is announced once")
    func silence() {
        let account = AccountScript.sample()
        account.change { $0.reading?.rules[0].silentSince = Make.start - 3 * GoldenRows.day }
        var user = Self.watching(account)
        #expect(user.lines.contains { $0.contains("allEvents") && $0.contains("silent") })
        user.press(.character("r"))
        user.wait(.seconds(4))
        user.press(.up, .down)
        #expect(!user.screen.contains("has been silent since"))
        account.change { $0.reading?.rules[1].silentSince = Make.start - GoldenRows.day }
        user.press(.character("r"))
        #expect(user.screen.contains("The rule deletions of my-bucket has been silent since"))
    }

    @Test("names from outside have no effect")
    func hostile() {
        let account = AccountScript.sample()
        let evil = "\u{1B}[31m\u{7}\u{202E}x\ny"
        account.change { state in
            state.reading?.rules[0].prefix = evil
            state.reading?.rules[0].target = "https://h.example/\(evil)"
            state.reading?.rules[0].json = "{\"a\": \"\(evil)\"}"
            state.reading?.rules[0].eventTypes = ["b2:\(evil):*"]
            state.reading?.keys = [evil]
            state.reading?.problems = [evil]
        }
        var user = Self.watching(account)
        for key in [Key.enter, .escape, .character("e"), .escape] {
            user.press(key)
            #expect(!user.screen.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0 == "\u{202E}" })
        }
    }

    // MARK: - Details

    @Test("Enter shows all about the rule, and its keys work there")
    func details() {
        var user = Self.watching()
        user.press(.enter)
        #expect(user.lines[1].contains("[Rule]"))
        #expect(user.screen.contains("leads here") && user.screen.contains("\"hmacSha256SigningSecret\": \"•••\""))
        user.press(.character("p"))
        #expect(user.model.question?.isAboutRule == true)
        user.press(.character("n"))
        #expect(user.model.overlays.innermost == nil)
        user.press(.enter, .character("l"))
        #expect(user.model.view == .events)
    }

    // MARK: - Changes

    @Test(
        "each change shows the difference, and is made only after a yes",
        arguments: ["i", "p", "h", "d"] as [Character])
    func change(key: Character) {
        var user = Self.watching()
        if key == "h" { select("deletions", &user) }
        user.press(.character(key))
        #expect(user.screen.contains("The exact difference") && user.screen.contains(" → "))
        #expect(user.screen.contains("with key 0052b2a7c4 from the environment, realm production"))
        user.press(.character("n"))
        #expect(user.account.made.isEmpty)
        #expect(!user.screen.contains("The exact difference"))
        user.press(.character(key), .character("y"))
        #expect(user.account.made.count == 1)
        #expect(user.screen.contains("is changed ("))
        #expect(user.account.reads.count == 2)
    }

    @Test("the difference of a long plan can be scrolled while the question is open")
    func scrolling() {
        let account = AccountScript.sample()
        account.change { state in
            state.plan = { _ in
                RulePlan(
                    (0..<60).map { RulePlan.Difference("f\($0)", old: nil, new: "value \($0)") }, key: "k", version: "")
            }
        }
        var user = Self.watching(account)
        user.press(.character("d"))
        #expect(!user.screen.contains("value 59"))
        user.press(.end)
        #expect(user.screen.contains("value 59") && user.model.question?.isAboutRule == true)
    }

    @Test("nothing is asked where nothing differs, and a refusal is a sentence")
    func noDifference() {
        let account = AccountScript.sample()
        account.change { $0.plan = { _ in RulePlan([], key: "k", version: "v") } }
        var user = Self.watching(account)
        user.press(.character("p"))
        #expect(user.screen.contains("The rule allEvents is so already"))
        account.change { $0.plan = { _ in throw AccountScript.Failure(description: "somebody else was faster") } }
        user.press(.character("d"))
        #expect(user.screen.contains("somebody else was faster") && user.model.question == nil)
    }

    @Test("what cannot be done says why")
    func unavailable() {
        var user = Self.watching()
        user.press(.character("h"))
        #expect(user.screen.contains("The rule leads here already."))
        select("backups", &user)
        user.press(.character("i"))
        #expect(user.screen.contains("The rule has no signing secret."))
        user.account.change { $0.reading?.publicURL = nil }
        user.press(.character("r"), .character("h"))
        #expect(user.screen.contains("The public URL of this listener is not known: e edits the target."))
        #expect(user.account.planned.isEmpty)
    }

    // MARK: - The form

    @Test("a field that is edited is in the change, and no other")
    func edits() {
        var user = Self.watching()
        user.press(.character("e"), .tab, .tab)
        user.type("photos/")
        user.press(.enter)
        #expect(
            user.account.planned
                == [RuleChange(.edit(RuleDraft(prefix: "photos/")), "allEvents", of: "my-bucket")])
        #expect(user.screen.contains("\"\" → \"photos/\"") && user.screen.contains("newThing.depth"))
        // No leads back to the form as it was typed.
        user.press(.character("n"))
        #expect(user.lines[1].contains("[Edit rule]") && user.screen.contains("photos/"))
        user.press(.enter, .character("y"))
        #expect(user.account.made.count == 1)
        #expect(user.model.overlays.innermost == nil)
    }

    @Test("a masked target stays unless another one is written")
    func maskedTarget() {
        var user = Self.watching()
        select("backups", &user)
        user.press(.character("e"))
        #expect(user.screen.contains("leave the field empty to keep the target"))
        user.press(.enter)
        #expect(user.screen.contains("Nothing is different from the rule as it is."))
        user.paste("https://new.example.com/hook?token=1\n")
        user.press(.enter)
        #expect(
            user.account.planned.last?.kind
                == .edit(RuleDraft(target: "https://new.example.com/hook?token=1")))
    }

    @Test("a new rule needs a name and a target")
    func creates() {
        var user = Self.watching()
        user.press(.character("a"))
        #expect(user.screen.contains("Create a rule") && user.screen.contains("https://hooks.example.com/b2"))
        user.press(.enter)
        #expect(user.screen.contains("Give the rule a name"))
        user.type("new-rule")
        user.press(.enter)
        let draft = RuleDraft(target: "https://hooks.example.com/b2")
        #expect(
            user.account.planned == [RuleChange(.create(draft), "new-rule", of: "my-bucket")])
    }

    @Test("a refusal is shown in the form; a form that was left asks nothing")
    func refusedForm() {
        let account = AccountScript.sample()
        account.change { $0.plan = { _ in throw AccountScript.Failure(description: "B2 allows one rule for that") } }
        var user = Self.watching(account)
        user.press(.character("e"))
        user.type("x")
        user.press(.enter)
        #expect(user.lines[1].contains("[Edit rule]") && user.screen.contains("B2 allows one rule for that"))
        account.change { $0.plan = nil }
        user.press(.enter)
        #expect(user.screen.contains("Reading the rule…"))
        user.press(.escape)
        account.change { $0.plan = { _ in RulePlan([.init("a", old: "1", new: "2")], key: "k", version: "") } }
        user.answerAccount()
        #expect(user.model.question == nil && user.model.overlays.innermost == nil)
    }

    // MARK: - Comparing

    @Test("a comparison shows its progress, can be cancelled, and lists what is missing")
    func compares() {
        var user = Self.watching()
        user.press(.character("C"))
        #expect(user.screen.contains("Comparing my-bucket") && user.screen.contains("X cancels"))
        var state = ComparisonState(number: 3)
        (state.versions, state.expected, state.calls) = (2_500, 10_000, 3)
        if let asked = user.waiting.first(where: { $0.slot.name == "comparison" }) {
            user.report(DashboardModel.ComparisonNews.running(state), of: asked)
        }
        #expect(user.screen.contains("█████░░░░░░░░░░░░░░░ 25 %, 2,500 versions of about 10,000, 3 class C calls"))
        user.press(.character("C"))
        #expect(user.screen.contains("A bucket is being compared already"))
        user.press(.character("X"))
        #expect(user.cancelled == ["comparison"])

        state.report = .sample
        user.account.change { $0.comparison = [state] }
        user.answerAccount()
        #expect(user.lines[1].contains("[Comparison]"))
        #expect(user.screen.contains("photos/2026/lost-1.jpg") && user.screen.contains("Missing, the oldest first"))
        user.press(.escape, .character("m"))
        #expect(user.lines[1].contains("[Comparison]"))
    }

    @Test("the result does not cover what the user does in the meantime")
    func comparedElsewhere() {
        var user = Self.watching()
        user.press(.character("C"), .character("1"))
        var state = ComparisonState(number: 1)
        state.report = .sample
        user.account.change { $0.comparison = [state] }
        user.answerAccount()
        #expect(user.model.page == nil && user.screen.contains("2 missing"))
        var failed = ComparisonState(number: 1)
        failed.failure = "another b2watch compares my-bucket now"
        user.account.change { $0.comparison = [failed] }
        user.press(.character("5"), .character("C"))
        #expect(user.screen.contains("another b2watch compares my-bucket now"))
        #expect(user.model.session.comparing == nil)
    }
}

extension ComparisonReport {
    static var sample: ComparisonReport {
        ComparisonReport(
            lines: [
                "my-bucket: 10,000 versions: 9,998 matched, 0 late, 2 missing, 0 unknown; 10 class C calls",
                "2026-11-23T02:10:00.000Z to 2026-11-23T02:41:00.000Z: 2 objects without a notification; b2watch was stopped"
                    + " from 2026-11-23T02:09:00.000Z to 2026-11-23T02:42:00.000Z",
            ], missing: 2,
            list: [
                Missing(
                    uploaded: Timestamp(milliseconds: Make.start - 60_000), action: "upload",
                    name: "photos/2026/lost-1.jpg", size: 10_485_760, rule: "allEvents"),
                Missing(
                    uploaded: Timestamp(milliseconds: Make.start), action: "hide", name: "photos/2026/lost-2.jpg",
                    size: 0,
                    rule: ""),
            ])
    }
}
