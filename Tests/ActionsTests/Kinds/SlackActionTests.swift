import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Synchronization
import Testing
import TestSupport

@testable import Actions

@Suite("The action slack", .blocking)
struct SlackActionTests {
    private static let url = "https://hooks.slack.com" + FakeSlack.path
    private let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: 784_111_740_000) }

    private func surroundings(_ http: any HTTPSending, _ url: String = Self.url) -> ActionSurroundings {
        ActionSurroundings(http: http, environment: ["SLACK": url], folder: "/etc/b2watch", now: now)
    }

    private func action(
        _ service: any FakeService, _ template: String = SlackSettings.standardTemplate, url: String = Self.url
    ) throws -> SlackAction {
        let settings = SlackSettings(
            url: ActionSecret(variable: "SLACK", value: url), template: try Template(template))
        return SlackAction(settings, surroundings(InProcessHTTP(["hooks.slack.com": service])))
    }

    private func many(_ count: Int) -> [ActionItem] {
        (0..<count).map { number in
            .sample(
                SampleEvent(
                    id: "\(number)", type: number % 3 == 0 ? "b2:ObjectDeleted:Delete" : "b2:ObjectCreated:Upload",
                    object: "photos/\(number).jpg", bucket: "photos"))
        }
    }

    @Test("writes a message for an event")
    func message() throws {
        let slack = FakeSlack()
        let report = try action(slack).perform([.sample()], batch: 1)
        #expect(report.outcomes == [.done])
        #expect(slack.messages == ["Created:Upload: photos/2026/cat.jpg in mySampleBucket (10.0 MiB)"])
        let exchange = try #require(report.exchange)
        #expect(exchange.outcome == "200 OK" && exchange.answer == Array("ok".utf8))
        let asked = String(decoding: exchange.request, as: UTF8.self)
        #expect(asked.hasPrefix("POST https://hooks.slack.com/••• HTTP/1.1\n") && !asked.contains("notASecret"))
        #expect(asked.hasSuffix("\"unfurl_links\":false,\"unfurl_media\":false}"))
    }

    @Test(
        "does not notify anybody because of a name",
        arguments: [
            "<!channel>", "<!here|here>", "<@U024BE7LH>", "<#C024BE7LR>", "<https://evil.test|click>",
            "&lt;!channel&gt;",
            "a\",\"channel\":\"#general", "\u{202E}<!everyone>\n<!channel>\0", "<<!channel>>",
        ])
    func hostile(_ name: String) throws {
        let slack = FakeSlack()
        let items = [
            ActionItem.sample(SampleEvent(object: name, bucket: name)), .sample(SampleEvent(type: name, object: name)),
        ]
        for some in [Array(items.prefix(1)), items, Array(repeating: items, count: 10).flatMap { $0 }] {
            #expect(try action(slack).perform(some, batch: 1).outcomes == some.map { _ in .done })
        }
        #expect(slack.messages.count == 3 && slack.calls.isEmpty && slack.obeyed.isEmpty)
        for message in slack.messages {
            #expect(!message.contains("\0") && !message.contains("\u{202E}"))
        }
        for text in slack.fallbacks { #expect(!text.contains("<") && !text.contains(">")) }
    }

    @Test(
        "does not interpret values",
        arguments: [
            "*a*", "_r_", "~s~", "`c`", "```p```", ":bomb:", "https://evil.test/x", "evil.test", "<!channel>", "@here",
            "<@U024BE7LH>", "<!date^1392734382^{date}|x>", "> quote", "a*b_c", "1. list", "mailto:a@b.test",
            "&lt;!here&gt;",
        ])
    func plain(_ name: String) throws {
        let slack = FakeSlack()
        let item = ActionItem.sample(SampleEvent(object: name, bucket: name))
        #expect(try action(slack, "{{object}} in {{bucket}}").perform([item], batch: 1).outcomes == [.done])
        #expect(try action(slack, "*{{object}}*").perform([item, item], batch: 2).outcomes == [.done, .done])
        #expect(slack.messages == ["\(name) in \(name)", "\(name)\n\(name)"])
        #expect(slack.obeyed == ["bold(\(name))", "bold(\(name))"])
    }

    @Test("interprets the template's own text")
    func markup() throws {
        let slack = FakeSlack()
        func obeyed(_ template: String, _ object: String = "a/b c.jpg") throws -> [String] {
            let count = slack.obeyed.count
            _ = try action(slack, template).perform([.sample(SampleEvent(object: object))], batch: 1)
            return Array(slack.obeyed.dropFirst(count))
        }
        #expect(try obeyed("<!here> {{object}}") == ["<!here>"])
        #expect(try obeyed("<@U024BE7LH>, <!subteam^S01>, <#C024BE7LR|general>: x").count == 3)
        #expect(
            try obeyed("_{{object}}_ *is ~not~ _gone_* `{{type}}`") == [
                "italic(a/b c.jpg)", "bold(is )", "bold(not)", "strike(not)", "bold( )", "bold(gone)", "italic(gone)",
                "code(Created:Upload)",
            ])
        #expect(try obeyed(":bomb: at 10:30:00, ::, a:b:c") == [":bomb:"])
        #expect(
            try obeyed("<https://a.test/x?o={{object}}|open {{object}}>") == ["link(https://a.test/x?o=a/b%20c.jpg)"])
        #expect(slack.messages.last == "open a/b c.jpg")
        #expect(try obeyed("see https://a.test/{{object}}.") == ["link(https://a.test/a/b%20c.jpg)"])
        #expect(slack.messages.last == "see https://a.test/a/b c.jpg.")
        #expect(try obeyed("a * b * c, snake_case_name, 2*3*4, *open\n*x*") == ["bold(x)"])
        #expect(try obeyed("a &lt;b&gt; &amp;c") == [] && slack.messages.last == "a <b> &c")
        // A link whose target depends on a value is not made.
        for template in ["<{{object}}|click>", "<https://{{object}}|click>", "https://{{object}}", "<http{{object}}>"] {
            #expect(try obeyed(template, "evil.test/x") == [], "\(template)")
        }
        #expect(try obeyed("<https://a.test/{{object}}|x>", "|click>") == ["link(https://a.test/%7Cclick%3E)"])
    }

    @Test(
        "keeps names readable, and marks characters that could deceive",
        arguments: [
            (
                "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} 👍🏽 🇩🇪 1\u{FE0F}\u{20E3}",
                "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} 👍🏽 🇩🇪 1\u{FE0F}\u{20E3}"
            ),
            (
                "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
                "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}"
            ),
            ("葛\u{E0100}.txt", "葛\u{E0100}.txt"),
            ("می\u{200C}خواهم", "\u{2068}می\u{200C}خواهم\u{2069}"), ("क्\u{200D}ष", "क्\u{200D}ष"),
            ("דוח.pdf", "\u{2068}דוח.pdf\u{2069}"),
            ("photo\u{202E}gpj.exe", "photo\\u{202e}gpj.exe"), ("a\u{200D}b", "a\\u{200d}b"),
            ("a\u{FE0F}", "a\\u{fe0f}"), ("x\u{200B}y", "x\\u{200b}y"), ("\u{2068}a", "\\u{2068}a"),
            ("👍\u{200D}a", "👍\\u{200d}a"), ("a\u{E0041}", "a\\u{e0041}"), ("🏴\u{E0067}x", "🏴\\u{e0067}x"),
            ("דוח\u{202E}", "\u{2068}דוח\\u{202e}\u{2069}"),
        ])
    func readable(_ name: String, _ shown: String) throws {
        let slack = FakeSlack()
        _ = try action(slack, "{{object}}!").perform([.sample(SampleEvent(object: name))], batch: 1)
        #expect(slack.messages.first.map { Array($0.unicodeScalars) } == Array((shown + "!").unicodeScalars))
    }

    @Test("combines a burst of events into a digest")
    func digest() throws {
        let slack = FakeSlack()
        let items = many(25)
        #expect(try action(slack, "{{object}}").perform(items, batch: 1).outcomes.count == 25)
        let lines = slack.messages.first?.split(separator: "\n").map(String.init) ?? []
        #expect(
            lines.prefix(3) == ["25 events", "16 × Created:Upload in photos", "9 × ObjectDeleted:Delete in photos"]
                || lines.prefix(3) == ["25 events", "16 × Created:Upload in photos", "9 × Deleted:Delete in photos"])
        #expect(lines.dropFirst(3).prefix(10) == (0..<10).map { "photos/\($0).jpg" }[...])
        #expect(lines.last == "… and 15 more" && lines.count == 14)
        #expect(try action(slack, "{{object}}").perform(many(3), batch: 2).outcomes.count == 3)
        #expect(slack.messages.last == "photos/0.jpg\nphotos/1.jpg\nphotos/2.jpg")
    }

    @Test("keeps messages short")
    func long() throws {
        let slack = FakeSlack()
        let name = String(repeating: "<&>", count: 4_000)
        let items = (0..<100).map { ActionItem.sample(SampleEvent(object: name, bucket: "\($0)" + name)) }
        _ = try action(slack).perform(items, batch: 1)
        _ = try action(slack, String(repeating: "x", count: 5_000)).perform([.sample()], batch: 2)
        #expect(slack.messages.count == 2 && slack.messages.allSatisfy { $0.unicodeScalars.count <= SlackText.longest })
        #expect(slack.messages.last?.hasSuffix("…") == true)
        // Neither an emoji nor an isolate is cut in the middle.
        let family = String(repeating: "👨\u{200D}👩\u{200D}👧דוח", count: 2_000)
        _ = try action(slack, String(repeating: "{{object}}", count: 9)).perform(
            [.sample(SampleEvent(object: family))], batch: 3)
        let text = try #require(slack.messages.last)
        #expect(text.unicodeScalars.count <= SlackText.longest && !text.hasSuffix("\u{200D}…"))
        let isolates = text.unicodeScalars.filter { $0 == "\u{2068}" || $0 == "\u{2069}" }
        #expect(isolates.count % 2 == 0 && isolates.last == "\u{2069}")
    }

    @Test("waits for the time that Slack asks for")
    func limited() throws {
        let box = Box()
        let slack = FakeSlack(burst: 1, clock: { box.time })
        let action = try action(slack)
        #expect(action.perform([.sample()], batch: 1).outcomes == [.done])
        #expect(
            action.perform([.sample()], batch: 2).outcomes
                == [.retry("Slack answered 429 Too Many Requests", after: .seconds(1), scope: .action)])
        box.time += 1_000
        #expect(action.perform([.sample()], batch: 3).outcomes == [.done])
        #expect(action.manner.pace == .seconds(1) && action.manner.largestBatch == 100)
    }

    @Test(
        "reports a remedy for a refusal",
        arguments: [
            (400, "user_not_found"), (403, "action_prohibited"), (404, "channel_not_found"),
            (410, "channel_is_archived"), (404, "no_service"), (404, "no_team"), (403, "invalid_token"),
            (403, "posting_to_general_channel_denied"), (404, "no_active_hooks"), (403, "a_new_word"),
            (410, "a_new_word"),
        ])
    func withdrawn(_ status: Int, _ word: String) throws {
        let slack = FakeSlack([.text(status, word)])
        guard case .hold(let text, nil) = try action(slack).perform([.sample()], batch: 1).outcomes.first else {
            Issue.record("not on hold")
            return
        }
        #expect(text.hasPrefix("Slack answered \(status) ") && text.contains(": \(word): "), "\(text)")
    }

    @Test(
        "detects messages that Slack does not accept",
        arguments: [
            (400, "invalid_payload"), (400, "no_text"), (400, "invalid_blocks"), (400, "a_new_word"),
        ])
    func refused(_ status: Int, _ word: String) throws {
        let slack = FakeSlack([.text(status, word)])
        guard case .dead(let text) = try action(slack).perform([.sample()], batch: 1).outcomes.first else {
            Issue.record("not dead")
            return
        }
        #expect(text.hasPrefix("Slack answered \(status) ") && text.contains(": \(word): "), "\(text)")
    }

    @Test("retries after passing failures")
    func retried() throws {
        let items = [ActionItem.sample()]
        func outcome(_ reply: FakeReply) throws -> ActionOutcome? {
            try action(FakeSlack([reply])).perform(items, batch: 1).outcomes.first
        }
        guard case .retry(_, nil, .item) = try outcome(.text(500, "rollup_error")) else {
            Issue.record("500")
            return
        }
        #expect(try outcome(.lost) == .retry("no answer from hooks.slack.com in time"))
        #expect(try outcome(.refused) == .retry("nothing listens at hooks.slack.com", scope: .action))
        guard case .dead(let text) = try outcome(.text(200, "<html>")) else {
            Issue.record("200")
            return
        }
        #expect(text.contains("not Slack's “ok”, but 200 OK, text/plain, “<html>”"))
    }

    @Test("keeps its URL secret, even if the answer repeats it")
    func echoed() throws {
        let path = FakeSlack.path
        let report = try action(FakeSlack([.text(404, "The requested URL \(path) was not found")])).perform(
            [.sample()], batch: 1)
        guard case .hold(let text, nil) = report.outcomes.first else {
            Issue.record("not on hold")
            return
        }
        #expect(text.hasSuffix("it answered “The requested URL ••• was not found”"), "\(text)")
        let kept = String(decoding: report.exchange?.answer ?? [], as: UTF8.self)
        #expect(kept.contains("•••") && !kept.contains("notASecret"))
    }

    @Test("is tested without writing anything")
    func test() throws {
        let slack = FakeSlack()
        let sentence = try action(slack).test(.sample())
        #expect(sentence.hasPrefix("Slack has this webhook; nothing was written.") && slack.messages.isEmpty)
        let other = try action(slack, url: "https://hooks.slack.com/services/s3cret")
        let error = #expect(throws: ActionProblem.self) { try other.test(.sample()) }
        #expect(error?.description.contains("no_service") == true && error?.description.contains("s3cret") == false)
    }

    @Test("is declared with the place of its URL")
    func settings() throws {
        func problems(_ settings: [(String, String)], url: String = Self.url) -> [String] {
            var reading = ActionReading.sample("alerts", settings.map { ($0.0, .text($0.1)) })
            let action = ActionKind.slack.read(&reading, surroundings(InProcessHTTP([:]), url))
            reading.finish()
            #expect((action == nil) == !reading.problems.isEmpty)
            #expect(!reading.problems.contains { $0.text.contains("notASecret") })
            return reading.problems.map(\.text)
        }
        #expect(problems([("url-environment", "SLACK"), ("template", "{{object}}")]) == [])
        #expect(problems([("url-environment", "SLACK")], url: "http://127.0.0.1:1/notASecret") == [])
        #expect(
            problems([("url-environment", "SLACK")], url: "http://a.test/notASecret").first?.contains("plain http")
                == true)
        #expect(problems([("url-environment", "SLACK"), ("allow-http", "yes")], url: "http://a.test/notASecret") == [])
        #expect(problems([("url-environment", "SLACK")], url: "notASecret").first?.contains("has no scheme") == true)
        #expect(problems([("url-environment", "SLACK")], url: "notASecret://x").first?.contains("https://") == true)
        #expect(problems([]).first?.contains("the incoming webhook's URL") == true)
        #expect(
            problems([("url-environment", "SLACK")], url: "https://hooks.slack.com/triggers/T1/2/notASecret").first?
                .contains("is not an incoming webhook") == true)
    }
}

/// A time that a test advances.
private final class Box: Sendable {
    private let milliseconds = Mutex<Int64>(0)

    var time: Int64 {
        get { milliseconds.withLock { $0 } }
        set { milliseconds.withLock { $0 = newValue } }
    }
}
