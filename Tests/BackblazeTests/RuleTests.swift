import Foundation
import TestSupport
import Testing

@testable import Backblaze

@Suite struct RuleTests {
    private static let theirs = """
        [{"eventTypes": ["b2:ObjectCreated:Upload"], "isEnabled": true, "name": "their-rule", "objectNamePrefix": "in/",
          "maxEventsPerBatch": 5, "newField": {"deep": [1.50, {"unknown": null}]}, "isSuspended": true,
          "suspensionReason": "Too many failures",
          "targetConfiguration": {"targetType": "webhook", "url": "https://example.com/hook", "retries": 3,
          "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF",
          "customHeaders": [{"name": "X-Token", "value": "s3cret", "kind": "new"}]}}]
        """

    private func rule(
        _ name: String = "b2watch-test", types: [String] = ["b2:ObjectCreated:*"], prefix: String = "",
        url: String = "https://example.com/b2", secret: String? = nil
    ) -> NotificationRule {
        NotificationRule(name: name, eventTypes: types, prefix: prefix, url: url, secret: secret)
    }

    // MARK: - JSON

    @Test func keepsWhatItDoesNotKnow() throws {
        let text = "{\"b\":1.50,\"a\":{\"x\":[null,true,1e400,\"\\u00e9\\n\"]},\"b2\":123456789012345678901234567890}"
        let value = try #require(JSONValue(Array(text.utf8)))
        #expect(String(decoding: value.bytes, as: UTF8.self) == text.replacing("\\u00e9", with: "é"))
        #expect(value["a"]?["x"]?.elements?.count == 4)
        #expect(JSONValue(Array("{".utf8)) == nil)
        #expect(JSONValue(Array("{\"a\":1,\"b\":2}".utf8)) == JSONValue(Array("{\"b\":2,\"a\":1}".utf8)))
    }

    @Test func writesBackEveryUnknownField() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let before = account.b2.rulesText
        try account.book.change("b2watch-test") { _, _ in rule(prefix: "out/") }
        #expect(account.b2.rules.count == 2)
        try account.book.change("their-rule") { rule, _ throws(B2Problem) in
            var rule = rule
            rule?.isEnabled = false
            return rule
        }
        try account.book.change("their-rule") { rule, _ throws(B2Problem) in
            var rule = rule
            rule?.isEnabled = true
            return rule
        }
        try account.book.change("b2watch-test") { _, _ in nil }
        #expect(account.b2.rulesText == before)
        #expect(before.contains("\"deep\":[1.5,{\"unknown\":null}]"))
    }

    @Test func readsARule() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let rule = try account.book.rule(named: "their-rule")
        #expect(rule.eventTypes == ["b2:ObjectCreated:Upload"])
        #expect(rule.prefix == "in/")
        #expect(rule.isEnabled && rule.isSuspended)
        #expect(rule.suspensionReason == "Too many failures")
        #expect(rule.maxEventsPerBatch == 5)
        #expect(rule.url == "https://example.com/hook")
        #expect(rule.secret == "b2DashTestSecret0123456789abcdEF")
        #expect(rule.customHeaders == [CustomHeader(name: "X-Token", value: "s3cret")])
        let masked = String(decoding: rule.masked.json.bytes, as: UTF8.self)
        #expect(!masked.contains("b2Dash") && !masked.contains("s3cret"))
        let problem = FakeAccount.problem { _ = try account.book.rule(named: "other-rule") }
        #expect(problem?.description == "the bucket my-bucket has no rule “other-rule”: it has their-rule")
    }

    @Test func putsTheBatchWhereOthersHaveIt() throws {
        var new = rule()
        new.setBatch(7, like: [])
        #expect(new.json["maxEventsPerBatch"]?.integer == 7)
        var inTarget = rule()
        let other = NotificationRule(["name": "x", "targetConfiguration": ["maxEventsPerBatch": 3]])
        #expect(other.maxEventsPerBatch == 3)
        inTarget.setBatch(7, like: [other])
        #expect(inTarget.json["maxEventsPerBatch"] == nil)
        #expect(inTarget.json["targetConfiguration"]?["maxEventsPerBatch"]?.integer == 7)
        inTarget.maxEventsPerBatch = 9
        #expect(inTarget.json["targetConfiguration"]?["maxEventsPerBatch"]?.integer == 9)
    }

    // MARK: - Checks

    @Test func checksWhatB2Checks() throws {
        #expect(rule(secret: "b2DashTestSecret0123456789abcdEF").problems(in: .production) == [])
        #expect(rule("short").problems(in: .production).first?.contains("6 to 63") == true)
        #expect(rule("b2-rule").problems(in: .production).first?.contains("reserved") == true)
        #expect(rule(types: []).problems(in: .production).first?.contains("no event type") == true)
        let overlapping = ["b2:ObjectCreated:*", "b2:ObjectCreated:Copy"]
        #expect(rule(types: overlapping).problems(in: .production).first?.contains("in common") == true)
        #expect(rule(secret: "short").problems(in: .production).first?.contains("32 letters") == true)
        #expect(rule(url: "http://example.com/").problems(in: .production).first?.contains("https URLs alone") == true)
        #expect(rule(url: "http://127.0.0.1:1/").problems(in: .production).count == 1)
        #expect(try rule(url: "http://127.0.0.1:1/").problems(in: Realm("http://127.0.0.1:2")) == [])
        var headers = rule()
        headers.customHeaders = [CustomHeader(name: "X-Bz-A", value: "1"), CustomHeader(name: "x-bz-a", value: "2")]
        #expect(headers.problems(in: .production).count == 3)
    }

    @Test func namesRulesInTheWay() throws {
        let others = [
            rule("all-uploads", types: ["b2:ObjectCreated:Upload"], prefix: "photos/"),
            rule("deletions", types: ["b2:ObjectDeleted:*"]),
        ]
        let problem = FakeAccount.problem { try rule().check(among: others, in: .production) }
        #expect(problem?.kind == .rule)
        #expect(problem?.description.contains("“all-uploads” (b2:ObjectCreated:Upload, prefix “photos/”)") == true)
        #expect(problem?.description.contains("--rule all-uploads") == true)
        #expect(FakeAccount.problem { try rule(prefix: "docs/").check(among: others, in: .production) } == nil)
        #expect(FakeAccount.problem { try rule(prefix: "photos/2026/").check(among: others, in: .production) } != nil)
        // A temporary rule belongs to a connection, which is ended instead.
        let temporary = FakeAccount.problem { try rule().check(among: [rule("b2watch-abcdefabcdef")], in: .production) }
        #expect(temporary?.description.contains("end that b2watch; if none runs, b2watch cleanup BUCKET") == true)
        #expect(temporary?.description.contains("--rule") == false)
        var disabled = others
        disabled[0].isEnabled = false
        #expect(FakeAccount.problem { try rule().check(among: disabled, in: .production) } == nil)
        let many = (0..<25).map { rule("rule-number-\($0)", types: ["b2:ObjectDeleted:Delete"], prefix: "\($0)/") }
        #expect(
            FakeAccount.problem { try rule().check(among: many, in: .production) }?.description.contains("allows 25")
                == true)
    }

    @Test func readsEventTypes() throws {
        #expect(try RuleEventType.parse("all") == RuleEventType.all)
        #expect(
            try RuleEventType.parse("objectcreated:upload, b2:HideMarkerCreated:*,b2:New:Thing")
                == ["b2:ObjectCreated:Upload", "b2:HideMarkerCreated:*", "b2:New:Thing"])
        #expect(FakeAccount.problem { _ = try RuleEventType.parse("uploads") }?.kind == .rule)
    }

    // MARK: - Changes

    @Test func savesTheListThatAChangeReplaces() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let before = account.b2.rules.count
        let folder = TemporaryFolder()
        let book = RuleBook(account.client, account.bucket, savingIn: folder.file("rules"))
        let change = try book.change("their-rule") { _, _ in nil }
        #expect(change.notes == [])
        #expect(account.b2.rules.count == before - 1)
        let path = folder.file("rules/my-bucket.json")
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
        let saved = JSONValue(Array(try Data(contentsOf: URL(filePath: path))))
        let rule = saved?["eventNotificationRules"]?.elements?.first { $0["name"]?.text == "their-rule" }
        #expect(rule.map { NotificationRule($0) }?.isSame(as: try #require(change.before)) == true)
        // A place where nothing can be written does not keep a change from being made.
        let blocked = try folder.write("file", "")
        let other = RuleBook(account.client, account.bucket, savingIn: "\(blocked)/rules")
        #expect(try other.change("another-rule") { _, _ in change.before.map { Self.renamed($0) } }.notes.count == 1)
        withExtendedLifetime(folder) {}
    }

    /// Returns a rule with another name.
    private static func renamed(_ rule: NotificationRule) -> NotificationRule {
        var json = rule.json
        json["name"] = "another-rule"
        return NotificationRule(json)
    }

    @Test func seesWhatSomebodyElseChanged() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let b2 = account.b2
        // Between b2watch's write and its second read.
        b2.intrude { call in
            guard call == "b2_get_bucket_notification_rules",
                b2.count(of: "b2_set_bucket_notification_rules") == 1
            else { return }
            b2.rules = b2.rules.map { rule in
                guard rule["name"] as? String == "their-rule" else { return rule }
                var rule = rule
                rule["objectNamePrefix"] = "else/"
                return rule
            }
        }
        let change = try account.book.change("b2watch-test") { _, _ in rule(prefix: "out/") }
        #expect(change.after?.name == "b2watch-test")
        #expect(change.notes.count == 1)
        #expect(change.notes.first?.contains("- objectNamePrefix: \"in/\"; + objectNamePrefix: \"else/\"") == true)
    }

    @Test func failsWhereSomebodyElseWritesOverOurs() throws {
        let account = try FakeAccount()
        let b2 = account.b2
        b2.intrude { call in
            guard call == "b2_get_bucket_notification_rules", !b2.rules.isEmpty else { return }
            b2.putRules("[]")
        }
        let problem = FakeAccount.problem { try account.book.change("b2watch-test") { _, _ in rule() } }
        #expect(problem?.kind == .changed)
    }

    @Test func knowsAWriteWhoseAnswerWasLost() throws {
        let account = try FakeAccount()
        account.b2.fail("b2_set_bucket_notification_rules", .lost, afterwards: true)
        let change = try account.book.change("b2watch-test") { _, _ in rule() }
        #expect(change.after?.name == "b2watch-test")
        account.b2.fail("b2_set_bucket_notification_rules", .lost)
        let problem = FakeAccount.problem { try account.book.change("b2watch-test") { _, _ in nil } }
        #expect(problem?.kind == .connection)
        #expect(account.b2.rules.count == 1)
    }

    @Test func writesNothingWhereNothingChanges() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        try account.book.change("their-rule") { rule, _ in rule }
        try account.book.change("none-such") { _, _ in nil }
        #expect(account.b2.count(of: "b2_set_bucket_notification_rules") == 0)
    }

    @Test func explainsB2sOwnRefusal() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let problem = FakeAccount.problem {
            try account.book.change("b2watch-test") { _, _ in rule(prefix: "in/deeper/") }
        }
        #expect(problem?.kind == .rule)
        #expect(problem?.description.contains("(in/),(in/deeper/)") == true)
    }

    @Test func makesSecretsAndNames() {
        let secrets = (0..<100).map { _ in RuleSecret.fresh() }
        #expect(Set(secrets).count == 100)
        #expect(secrets.allSatisfy { rule(secret: $0).problems(in: .production).isEmpty })
        let name = RuleSecret.temporaryName()
        #expect(name.hasPrefix("b2watch-") && NotificationRule.problem(ofName: name) == nil)
    }

    // MARK: - Plans

    @Test func plansAChangeAndMakesItOnlyWhereNobodyElseHas() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        var settings = RuleSettings(isEnabled: false)
        settings.prefix = "out/"
        let edit = RuleEdit.update(settings)
        let plan = try account.book.plan(edit, of: "their-rule")
        #expect(
            plan.differences == [
                RuleDifference(name: "isEnabled", old: "true", new: "false"),
                RuleDifference(name: "objectNamePrefix", old: "\"in/\"", new: "\"out/\""),
            ])
        #expect(account.b2.count(of: "b2_set_bucket_notification_rules") == 0)
        account.b2.suspend("their-rule", "another reason")
        #expect(try account.book.plan(.delete, of: "their-rule").version == plan.version)
        let done = try account.book.make(edit, of: "their-rule", planned: plan.version)
        #expect(done.after?.prefix == "out/" && done.after?.isEnabled == false)
        let late = FakeAccount.problem {
            _ = try account.book.make(.delete, of: "their-rule", planned: plan.version)
        }
        #expect(late?.kind == .changed)
        #expect(account.b2.rules.count == 1)
    }

    @Test func createsAndDeletesByPlan() throws {
        let account = try FakeAccount()
        var settings = RuleSettings(url: "https://example.com/b2?token=t0ken")
        settings.secret = .value("b2DashTestSecret0123456789abcdEF")
        settings.eventTypes = ["b2:ObjectDeleted:*"]
        settings.maxEventsPerBatch = 9
        let plan = try account.book.plan(.create(settings), of: "new-rule")
        let lines = plan.differences.flatMap(\.lines)
        #expect(lines.contains("+ targetConfiguration.url: \"https://example.com/b2?•••\""))
        #expect(!lines.joined().contains("t0ken") && !lines.joined().contains("b2Dash"))
        try account.book.make(.create(settings), of: "new-rule", planned: plan.version)
        let rule = try account.book.rule(named: "new-rule")
        #expect(rule.isEnabled && rule.maxEventsPerBatch == 9 && rule.url.hasSuffix("?token=t0ken"))
        let again = FakeAccount.problem { _ = try account.book.plan(.create(settings), of: "new-rule") }
        #expect(again?.description.contains("has a rule new-rule already") == true)
        let gone = try account.book.plan(.delete, of: "new-rule")
        #expect(try account.book.make(.delete, of: "new-rule", planned: gone.version).after == nil)
        #expect(FakeAccount.problem { _ = try account.book.plan(.delete, of: "new-rule") }?.kind == .noRule)
    }

    @Test func refusesWhatB2WouldRefuseBeforeAsking() throws {
        let account = try FakeAccount()
        account.b2.putRules(Self.theirs)
        let wrong = FakeAccount.problem {
            _ = try account.book.plan(.update(RuleSettings(url: "http://example.com/")), of: "their-rule")
        }
        #expect(wrong?.description.contains("https URLs alone") == true)
        // A rule that is wrong by now can still be disabled.
        account.b2.rules = account.b2.rules.map { rule in
            var rule = rule
            rule["targetConfiguration"] = ["targetType": "webhook", "url": "http://example.com/"]
            return rule
        }
        #expect(try account.book.plan(.update(RuleSettings(isEnabled: false)), of: "their-rule").differences.count == 1)
        #expect(
            FakeAccount.problem {
                _ = try account.book.plan(.update(RuleSettings(isEnabled: true)), of: "their-rule")
            } != nil)
    }

    @Test(arguments: [FakeB2.Shape.v3, .v4]) func listsTheBucketsOfTheKey(_ shape: FakeB2.Shape) throws {
        let account = try FakeAccount(shape)
        #expect(try account.client.buckets() == [account.bucket])
        let limited = try FakeAccount(shape)
        limited.b2.setKey(FakeB2.Key(capabilities: ["readBucketNotifications"], buckets: [FakeB2.bucketID]))
        #expect(try limited.client.buckets() == [account.bucket])
        #expect(limited.b2.count(of: "b2_list_buckets") == 0)
    }

    @Test func showsDifferencesWithoutSecrets() {
        var new = rule(secret: "b2DashTestSecret0123456789abcdEF")
        let created = RuleDifference.lines(from: nil, to: new)
        #expect(created.contains("+ objectNamePrefix: \"\""))
        #expect(created.contains("+ targetConfiguration.hmacSha256SigningSecret: \"•••\""))
        let old = new
        new.secret = "anotherSecret0123456789abcdEFabc"
        new.prefix = "in/"
        #expect(
            RuleDifference.lines(from: old, to: new) == [
                "- objectNamePrefix: \"\"", "+ objectNamePrefix: \"in/\"",
                "- targetConfiguration.hmacSha256SigningSecret: \"•••\"",
                "+ targetConfiguration.hmacSha256SigningSecret: \"•••\"",
            ])
    }
}
