import Foundation
import Harness
import TestSupport
import Testing

/// A home whose environment has an application key for a fake B2 on this machine.
struct BackblazeHome {
    var home: Home
    let b2 = FakeB2()
    let server: FakeServer

    init() throws {
        home = try Home()
        server = try b2.serve()
        home.environment["B2_APPLICATION_KEY_ID"] = FakeB2.keyID
        home.environment["B2_APPLICATION_KEY"] = FakeB2.secret
        home.environment["B2_ENVIRONMENT"] = server.url("")
    }

    /// Runs a command about rules to its end.
    func rules(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, ["rules"] + arguments, environment: home.environment)
    }
}

@Suite(.blocking) struct RulesTests {
    @Test func createsChangesAndDeletesARule() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let empty = try there.rules("list", "my-bucket")
        #expect(empty.output == "my-bucket has no rule\n")

        let unasked = try there.rules("create", "my-bucket", "all-events", "--url", "https://hooks.example.com/b2")
        #expect(unasked.ending == .exited(64))
        #expect(unasked.error.contains("add --yes"))
        #expect(there.b2.rules.isEmpty)

        let created = try there.rules(
            "create", "my-bucket", "all-events", "--url", "https://hooks.example.com/b2", "--prefix", "in/",
            "--custom-header", "X-Token=t0ken-value", "--max-events-per-batch", "10", "--yes")
        #expect(created.ending == .exited(0))
        #expect(created.output == "the rule all-events of my-bucket is created\n")
        #expect(created.error.contains("with key \(FakeB2.keyID) from the environment, realm \(there.server.url(""))"))
        #expect(created.error.contains("  + objectNamePrefix: \"in/\""))
        let target = there.b2.rule("all-events")?["targetConfiguration"] as? [String: Any]
        let secret = try #require(target?["hmacSha256SigningSecret"] as? String)
        #expect(!(created.output + created.error).contains(secret))
        #expect(!(created.output + created.error).contains("t0ken-value"))
        let saved = try String(contentsOfFile: there.home.secrets, encoding: .utf8)
        #expect(saved.contains("all-events rule:all-events \(secret)\n"))

        let list = try there.rules("list", "my-bucket").output
        #expect(
            list == """
                RULE        STATE    SIGNED  PREFIX  EVENT TYPES                                          TARGET
                all-events  enabled  yes     in/     ObjectCreated:*, ObjectDeleted:*, HideMarkerCreated:*  \
                https://hooks.example.com/b2

                """
                || list.contains("all-events  enabled  yes     in/"))

        #expect(try there.rules("disable", "my-bucket", "all-events", "--yes").ending == .exited(0))
        #expect(there.b2.rule("all-events")?["isEnabled"] as? Bool == false)
        #expect(try there.rules("enable", "my-bucket", "all-events", "--yes").ending == .exited(0))
        let updated = try there.rules(
            "update", "my-bucket", "all-events", "--event-types", "objectcreated:upload", "--no-custom-headers",
            "--yes",
            "--json")
        let nothing = try there.rules("update", "my-bucket", "all-events", "--yes")
        #expect(nothing.ending == .exited(64) && nothing.error.contains("there is nothing to change"))
        #expect(updated.output.contains("\"b2:ObjectCreated:Upload\"\n"))
        #expect(updated.output.contains("\"•••\""))
        #expect(there.b2.rule("all-events")?["objectNamePrefix"] as? String == "in/")
        #expect(try there.rules("show", "my-bucket", "all-events", "--show-secrets").output.contains(secret))

        #expect(try there.rules("delete", "my-bucket", "all-events", "--yes").ending == .exited(0))
        #expect(there.b2.rules.isEmpty)
    }

    @Test func importsTheSecretOfARule() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        there.b2.putRules(
            """
            [{"name": "theirs", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": true, "objectNamePrefix": "",
            "targetConfiguration": {"targetType": "webhook", "url": "https://hooks.example.com/",
            "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}},
            {"name": "unsigned", "eventTypes": ["b2:ObjectDeleted:*"], "isEnabled": true, "objectNamePrefix": "",
            "targetConfiguration": {"targetType": "webhook", "url": "https://hooks.example.com/"}}]
            """)
        let outcome = try there.rules("import-secret", "my-bucket", "theirs")
        #expect(outcome.ending == .exited(0))
        #expect(!(outcome.output + outcome.error).contains("b2DashTest"))
        let saved = try String(contentsOfFile: there.home.secrets, encoding: .utf8)
        #expect(saved.contains("theirs rule:theirs b2DashTestSecret0123456789abcdEF\n"))
        #expect(try there.rules("import-secret", "my-bucket", "theirs").output.contains("is saved already"))
        let unsigned = try there.rules("import-secret", "my-bucket", "unsigned")
        #expect(unsigned.ending == .exited(1))
        #expect(unsigned.error.contains("--new-secret"))
    }

    @Test func explainsWhatIsWrong() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        let noBucket = try there.rules("list", "other")
        #expect(noBucket.ending == .exited(1))
        #expect(noBucket.error.contains("has no bucket other"))
        let plain = try there.rules("create", "my-bucket", "some-rule", "--url", "http://example.com/", "--yes")
        #expect(plain.error.contains("https URLs alone"))
        there.b2.setKey(FakeB2.Key(capabilities: ["listBuckets"]))
        #expect(try there.rules("list", "my-bucket").error.contains("readBucketNotifications"))
        there.home.environment["B2_APPLICATION_KEY"] = "wrong-key"
        let wrong = try there.rules("list", "my-bucket")
        #expect(wrong.error.contains("check the key ID and the key"))
        #expect(!wrong.error.contains("wrong-key"))
        there.home.environment["B2_APPLICATION_KEY"] = nil
        there.home.environment["B2_APPLICATION_KEY_ID"] = nil
        #expect(try there.rules("list", "my-bucket").error.contains("no application key is set"))
    }

    /// Backblaze's own command works with the fake, so the fake behaves like B2 in everything the command uses.
    @Test(.enabled(if: LongTests.areWanted)) func backblazesOwnCommandWorksAgainstTheFake() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        let python = there.home.folder.file("python")
        let made = try Program.run("python3", ["-m", "venv", python], environment: there.home.environment)
        try #require(made.ending == .exited(0), "\(made.error)")
        let installed = try Program.run(
            "\(python)/bin/pip", ["install", "-q", "b2==5.0.2"], environment: there.home.environment)
        try #require(installed.ending == .exited(0), "\(installed.error)")
        there.home.environment["B2_ACCOUNT_INFO"] = there.home.folder.file("account_info")
        func b2(_ arguments: String...) throws -> Program.Outcome {
            try Program.run("\(python)/bin/b2", arguments, environment: there.home.environment)
        }
        let rule = ["bucket", "notification-rule"]
        let created = try Program.run(
            "\(python)/bin/b2",
            rule + [
                "create", "--event-type", "b2:ObjectCreated:*", "--webhook-url", "https://x.example/", "--sign-secret",
                "b2DashTestSecret0123456789abcdEF", "b2://my-bucket/in/", "made-by-b2",
            ], environment: there.home.environment)
        #expect(created.ending == .exited(0), "\(created.error)")
        #expect(there.b2.rule("made-by-b2")?["objectNamePrefix"] as? String == "in/")
        #expect(try there.rules("list", "my-bucket").output.contains("made-by-b2"))
        #expect(try there.rules("disable", "my-bucket", "made-by-b2", "--yes").ending == .exited(0))
        let list = try b2("bucket", "notification-rule", "list", "--json", "b2://my-bucket")
        #expect(list.output.contains("\"isEnabled\": false"), "\(list.error)")

        // The key that b2 has saved, without another.
        #expect(try b2("account", "authorize", FakeB2.keyID, FakeB2.secret).ending == .exited(0))
        there.home.environment["B2_APPLICATION_KEY"] = nil
        there.home.environment["B2_APPLICATION_KEY_ID"] = nil
        #expect(try there.rules("list", "my-bucket").ending == .exited(64))
        #expect(try there.rules("list", "my-bucket", "--b2-account").output.contains("made-by-b2"))
    }
}
