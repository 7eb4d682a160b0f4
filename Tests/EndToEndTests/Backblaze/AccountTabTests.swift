import Foundation
import Harness
import TestSupport
import Testing

/// The account's rules in `5 Rules`, in a terminal, against a fake B2 on this machine.
@Suite("5 Rules and the account", .blocking) struct AccountTabTests {
    private static let secret = "b2DashTestSecret0123456789abcdEF"
    private static let rules = """
        [{"name": "all-events", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": true, "objectNamePrefix": "",
        "later": [1], "targetConfiguration": {"targetType": "webhook", "url": "https://hooks.example.com/b2?token=t0ken",
        "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}},
        {"name": "deletions", "eventTypes": ["b2:ObjectDeleted:*"], "isEnabled": true, "objectNamePrefix": "",
        "targetConfiguration": {"targetType": "webhook", "url": "https://hooks.example.com/b2"}}]
        """

    private static func now() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) }

    @Test("an attached dashboard without a key changes rules by the listener, which has it")
    func changes() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        there.b2.putRules(Self.rules)
        there.b2.suspend("deletions", "Too many failed deliveries")
        let listener = try RunningListener(in: there.home)
        let session = try AttachTests.attach(there.home)
        try session.see("LISTENING \(listener.url)")

        try session.press("5")
        try session.see("all-events", "enabled", "deletions", "suspended", "Backblaze, key \(FakeB2.keyID)")
        try session.see("! deletions: B2 has suspended it (Too many failed deliveries)")
        #expect(there.b2.count(of: "b2_set_bucket_notification_rules") == 0)

        try session.press("Home", "Enter")
        try session.see("[Rule]", "https://hooks.example.com/b2?•••", "As B2 has it, its secrets masked")
        // A key right after Escape would be read as one with Alt.
        try session.press("Escape")
        try session.see("[5 Rules]")
        try session.press("h")
        try session.see("The exact difference", "→ \"\(listener.url)\"", "Point the rule all-events of my-bucket here")
        try session.press("n")
        try session.see("where the question is gone") { !$0.contains("exact difference") }
        #expect(there.b2.count(of: "b2_set_bucket_notification_rules") == 0)
        try session.press("h")
        try session.see("The exact difference")
        try session.press("y")
        // Notices go by themselves, so the test looks at what they tell of.
        _ = try wait(for: "the target") {
            let target = there.b2.rule("all-events")?["targetConfiguration"] as? [String: Any]
            return target?["url"] as? String == listener.url ? true : nil
        }
        try session.see("leads here")
        #expect(there.b2.rule("all-events")?["later"] as? [Int] == [1])
        #expect(there.b2.upload("before.jpg", at: Self.now()) == [200])
        try session.see("? 1")

        try session.press("i")
        try session.see("Saved secret", "for rule:all-events", "The rule stays as it is.")
        try session.press("y")
        // The event that proved the URL is valid too.
        try session.see("✓ 2", "  saved")
        let saved = try String(contentsOfFile: there.home.secrets, encoding: .utf8)
        #expect(saved.contains("rule:all-events \(Self.secret)\n"))
        #expect(there.b2.upload("after.jpg", at: Self.now()) == [200])
        try session.see("✓ 3")

        try session.press("e", "Tab", "Tab")
        try session.type("in/")
        try session.press("Enter")
        try session.see("\"\" → \"in/\"")
        try session.press("y")
        _ = try wait(for: "the prefix") {
            there.b2.rule("all-events")?["objectNamePrefix"] as? String == "in/" ? true : nil
        }

        try session.press("C")
        try session.see("[Comparison]", "my-bucket: 2 versions: 2 matched", "Nothing is missing.")
        try session.press("Escape")
        try session.see("[5 Rules]")
        try session.press("d")
        try session.see("Delete the rule all-events of my-bucket")
        try session.press("y")
        try session.see("gone")
        #expect(there.b2.rule("all-events") == nil)

        try listener.stop()
        let log = try String(contentsOfFile: there.home.log, encoding: .utf8)
        for text in [log, try session.screen(), listener.error.text] {
            for secret in [Self.secret, FakeB2.secret, "t0ken"] { #expect(!text.contains(secret)) }
        }
    }

    @Test("a rule is created with a secret that is saved, and another's change in the meantime is not overwritten")
    func creates() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let listener = try RunningListener(in: there.home)
        let session = try AttachTests.attach(there.home)
        try session.see("LISTENING \(listener.url)")
        try session.press("5")
        try session.see("Backblaze, key \(FakeB2.keyID)")
        try session.press("a")
        try session.see("Create a rule", listener.url)
        try session.type("new-rule")
        try session.press("Enter")
        try session.see("The exact difference", "Signing secret", "– → \"•••\"")
        try session.press("y")
        try session.see("new-rule", "  saved")
        #expect(try String(contentsOfFile: there.home.secrets, encoding: .utf8).contains("rule:new-rule "))
        #expect(there.b2.upload("first.jpg") == [200])
        try session.see("✓ 1", "new-rule")

        try session.press("p")
        try session.see("true → false")
        there.b2.rules = there.b2.rules.map { rule in
            var rule = rule
            rule["objectNamePrefix"] = "theirs/"
            return rule
        }
        try session.press("y")
        try session.see("somebody else has changed the rule new-rule in the meantime")
        #expect(there.b2.rule("new-rule")?["isEnabled"] as? Bool == true)
        try listener.stop()
    }

    @Test("without a key a line says what to set")
    func withoutKey() throws {
        let session = try TerminalSession(in: try Home(), columns: 80, rows: 24)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.press("5")
        try session.see("Set B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY to see and change the rules.")
        try session.press("q")
    }
}
