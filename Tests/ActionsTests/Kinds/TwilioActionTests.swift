import Base
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("An SMS by Twilio", .blocking)
struct TwilioActionTests {
    private static let environment = [
        "SID": FakeTwilio.account, "TOKEN": FakeTwilio.token, "KEY": FakeTwilio.key, "KEY_SECRET": FakeTwilio.keySecret,
    ]
    private static let settings: [String: ConfigurationNode.Content] = [
        "account-environment": .text("SID"), "token-environment": .text("TOKEN"), "from": .text("+15005550006"),
        "to": .text("+14155550100"), "template": .text("{{type}}: {{object}}"),
    ]

    private let twilio = FakeTwilio()

    private func read(
        _ changes: [String: ConfigurationNode.Content] = [:], without absent: String? = nil,
        environment: [String: String] = environment, http: (any HTTPSending)? = nil
    ) -> (action: (any Action)?, problems: [String]) {
        let settings = Self.settings.merging(changes) { $1 }.filter { $0.key != absent }
        var reading = ActionReading.sample("sms", settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        let surroundings = ActionSurroundings(
            http: http ?? InProcessHTTP(["api.twilio.com": twilio]), environment: environment, folder: "/etc/b2watch",
            now: { Timestamp(milliseconds: 1_795_452_185_123) })
        let action = ActionKind.twilio.read(&reading, surroundings)
        reading.finish()
        return (action, reading.problems.map(\.text))
    }

    private func action(
        _ changes: [String: ConfigurationNode.Content] = [:], without absent: String? = nil
    ) throws -> any Action {
        try #require(read(changes, without: absent).action)
    }

    @Test("is sent, and the request and the answer are recorded without the token")
    func sending() throws {
        let report = try action().perform([.sample()], batch: 1)
        #expect(report.outcomes == [.done])
        #expect(
            twilio.messages == [
                FakeTwilio.Message(
                    to: "+14155550100", from: "+15005550006", body: "Created:Upload: photos/2026/cat.jpg")
            ])
        let exchange = try #require(report.exchange)
        #expect(exchange.outcome == "201 Created: queued SM00000000000000000000000000000001")
        #expect(exchange.startedAt == Timestamp(milliseconds: 1_795_452_185_123))
        let request = String(decoding: exchange.request, as: UTF8.self)
        #expect(
            request.hasPrefix("POST https://api.twilio.com/2010-04-01/Accounts/\(FakeTwilio.account)/Messages.json"))
        #expect(request.contains("Authorization: •••") && request.contains("35 characters, GSM-7, 1 segment"))
        #expect(!request.contains("Basic "))
        #expect(String(decoding: exchange.answer, as: UTF8.self).contains("\"error_code\":null"))
    }

    @Test("can be sent through a messaging service, or with an API key")
    func service() throws {
        let service = "MG0123456789abcdef0123456789abcdef"
        let other = try action(["messaging-service": .text(service)], without: "from")
        #expect(other.perform([.sample()], batch: 1).outcomes == [.done])
        #expect(twilio.messages.map(\.service) == [service])
        let key = try action(["api-key-environment": .text("KEY"), "token-environment": .text("KEY_SECRET")])
        #expect(key.perform([.sample()], batch: 1).outcomes == [.done])
        #expect(try key.test(.sample()).hasPrefix("Twilio takes the API key for the account AC"))
    }

    @Test("contains nothing that could control a telephone, and at most the allowed segments")
    func hostile() throws {
        let hostile = SampleEvent(object: "a&To=%2B1900\r\n\u{202e}\u{0}=b+" + String(repeating: "x", count: 900))
        #expect(try action().perform([.sample(hostile)], batch: 1).outcomes == [.done])
        let body = try #require(twilio.messages.first?.body)
        #expect(twilio.messages.first?.to == "+14155550100")
        #expect(body.hasPrefix("Created:Upload: a&To=%2B1900\\r\\n\\u{202e}\\x00=b+xxx") && body.hasSuffix("..."))
        #expect(SMSText(body).segments == 1)
        let long = try action(["segments": .text("10")])
        #expect(long.perform([.sample(hostile)], batch: 1).outcomes == [.done])
        #expect(SMSText(twilio.messages[1].body).segments == 4)
        #expect(SMSText(twilio.messages[1].body).encoding == .gsm7)
    }

    @Test("may have been sent although the answer is lost: it is not retried automatically")
    func uncertain() throws {
        let action = try action()
        twilio.expect(.lost, .error(status: 503, code: 20503), .error(status: 500, code: 20500))
        twilio.expect(.reply(.text(200, "hello")))
        for _ in 0..<4 {
            let report = action.perform([.sample()], batch: 1)
            guard case .uncertain(let sentence) = report.outcomes[0] else {
                Issue.record("\(report.outcomes)")
                continue
            }
            #expect(sentence.contains("look in") && report.exchange != nil)
        }
        #expect(twilio.messages.count == 1)
        guard case .uncertain = action.recover([.sample()], batch: 1).outcomes[0] else {
            Issue.record("recovered")
            return
        }
    }

    @Test("is retried if Twilio certainly has not accepted it")
    func retries() throws {
        let action = try action()
        twilio.expect(
            .refused, .error(status: 429, code: 20429, retryAfter: "7"), .error(status: 429, code: 20429),
            .error(status: 429, code: 20429, retryAfter: "Mon, 23 Nov 2026 16:43:12 GMT"))
        let outcomes = (0..<5).map { _ in action.perform([.sample()], batch: 1).outcomes[0] }
        guard case .retry(_, nil, .action) = outcomes[0], case .retry(_, .seconds(7), .action) = outcomes[1],
            case .retry(_, nil, .action) = outcomes[2],
            case .retry(_, .milliseconds(6_877)?, .action) = outcomes[3], case .done = outcomes[4]
        else {
            Issue.record("\(outcomes)")
            return
        }
    }

    @Test("is retried if b2watch ended before anything was sent")
    func ended() throws {
        struct Ended: HTTPSending {
            func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
                throw .cancelled
            }
        }
        let report = try #require(read(http: Ended()).action).perform([.sample()], batch: 1)
        #expect(report.outcomes == [.retry("b2watch is ending", scope: .action)])
        #expect(report.exchange?.outcome == "not sent: b2watch is ending")
    }

    @Test(
        "that Twilio would refuse for any event puts the action on hold with a remedy",
        arguments: [
            (401, 20003, "put the account's own SID"), (404, 20404, "correct the Account SID"),
            (400, 21211, "correct “to”"), (400, 21614, "correct “to”"), (400, 21612, "correct “to”"),
            (400, 21606, "“from”"), (400, 21608, "verify the number"),
            (400, 21610, "START"), (400, 21408, "Geo permissions"), (403, 20006, "console"),
            (302, 0, "correct “api”"), (400, 21660, "“from” a number of the account"),
            (400, 21705, "“messaging-service”"), (403, 20008, "test credentials"), (400, 63038, "until tomorrow"),
            (401, 20999, "refused the credentials (20999: No;"), (404, 20999, "(20999: No;"),
        ])
    func withdrawn(status: Int, code: Int, advice: String) throws {
        twilio.expect(.error(status: status, code: code))
        let outcome = try action().perform([.sample()], batch: 1).outcomes[0]
        guard case .hold(let sentence, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(sentence.contains(advice), "\(sentence)")
    }

    @Test(
        "that Twilio refuses for one event is dead, with a remedy",
        arguments: [
            (400, 21602, "correct “template”"),
            (400, 29999, "refused the message with 400 (29999: No; https://www.twilio.com/docs/errors/29999)"),
        ])
    func refused(status: Int, code: Int, advice: String) throws {
        twilio.expect(.error(status: status, code: code))
        let outcome = try action().perform([.sample()], batch: 1).outcomes[0]
        guard case .dead(let sentence) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(sentence.contains(advice), "\(sentence)")
    }

    @Test("is refused with the wrong token, and waits while a secret cannot be read")
    func credentials() throws {
        let wrong = try #require(read(environment: Self.environment.merging(["TOKEN": "wrong"]) { $1 }).action)
        guard case .hold(let sentence, nil) = wrong.perform([.sample()], batch: 1).outcomes[0] else {
            Issue.record("not on hold")
            return
        }
        #expect(!sentence.contains("wrong"))
        #expect(throws: ActionProblem.self) { try wrong.test(.sample()) }
        let missing = try action(["token-file": .text("/nowhere/token")], without: "token-environment")
        guard case .hold(let reason, nil) = missing.perform([.sample()], batch: 1).outcomes[0] else {
            Issue.record("not to be tried again")
            return
        }
        #expect(reason == "/nowhere/token is missing: put the secret into it")
        let noSID = try #require(read(environment: Self.environment.merging(["SID": "hush"]) { $1 }).action)
        #expect(throws: ActionProblem.self) { try noSID.preview([.sample()]) }
        #expect(twilio.messages.isEmpty)
    }

    @Test("can be tested and previewed without being sent")
    func testing() throws {
        let action = try action()
        let sentence = try action.test(.sample())
        #expect(
            sentence.hasPrefix("Twilio's account “Acme” is active. The text would be 35 characters, GSM-7, 1 segment"))
        twilio.setAccount(type: "Trial")
        #expect(try action.test(.sample()).contains("verified numbers only"))
        twilio.setAccount(status: "suspended")
        #expect(throws: ActionProblem.self) { try action.test(.sample()) }
        let preview = String(decoding: try action.preview([.sample(), .sample()]), as: UTF8.self)
        #expect(preview.contains("35 characters, GSM-7, 1 segment") && preview.contains("To=%2B14155550100&From="))
        #expect(!preview.contains(FakeTwilio.token) && !preview.contains("Basic "))
        #expect(twilio.messages.isEmpty)
    }

    @Test("needs a sender that can send SMS, which a test checks")
    func sender() throws {
        let action = try action()
        twilio.setNumbers(["+15005550006": false])
        let unable = #expect(throws: ActionProblem.self) { try action.test(.sample()) }
        #expect(unable?.description.contains("cannot send an SMS") == true)
        twilio.setNumbers([:])
        let foreign = #expect(throws: ActionProblem.self) { try action.test(.sample()) }
        #expect(foreign?.description.contains("+15005550006 is not a number of this account") == true)
    }

    @Test("that another server answers is not accepted, and the answer is described")
    func stranger() throws {
        let page = FakeReply.answer(
            status: 400, headers: [("Content-Type", "text/html")], body: Array("<html>\u{1b}[2J blocked".utf8))
        twilio.expect(.reply(page), .reply(.text(200, "hello")))
        let action = try action()
        #expect(
            action.perform([.sample()], batch: 1).outcomes == [
                .dead(
                    "Twilio refused the message with 400 (400 Bad Request, text/html, “<html>\\x1b[2J blocked”)")
            ])
        guard case .uncertain(let sentence) = action.perform([.sample()], batch: 2).outcomes[0] else {
            Issue.record("a stranger's answer was believed")
            return
        }
        #expect(sentence.hasPrefix("the answer names no message (200 OK, text/plain, “hello”)"))
    }

    @Test("reports wrong settings")
    func settings() {
        func problem(_ changes: [String: ConfigurationNode.Content], without absent: String? = nil) -> String {
            let (action, problems) = read(changes, without: absent)
            #expect(action == nil && problems.count == 1, "\(problems)")
            return problems.first ?? ""
        }
        #expect(problem(["to": .texts(["+14155550100", "+14155550101"])]).contains("declare an action for each"))
        #expect(problem(["to": .text("415 555 0100")]).contains("write + and digits only"))
        #expect(problem([:], without: "to").contains("needs “to”"))
        #expect(problem(["from": .text("14155550100")]).contains("“from”"))
        #expect(problem([:], without: "from").contains("needs “from”"))
        #expect(problem(["messaging-service": .text("MGx")]).contains("keep one"))
        #expect(problem(["messaging-service": .text("MGx")], without: "from").contains("32 hex digits"))
        #expect(problem([:], without: "account-environment").contains("needs the Account SID"))
        #expect(problem(["segments": .text("11")]).contains("1 to 10"))
        #expect(problem(["most-per-day": .text("0")]).contains("1 to 100000"))
        #expect(problem(["template": .text("{{obj")]).contains("no “}}”"))
        #expect(problem(["api": .text("http://twilio.example")]).contains("in the clear"))
        #expect(problem(["api": .text("twilio.example")]).contains("no scheme"))
    }

    @Test("keeps to its limits")
    func limits() throws {
        var manner = try action().manner
        #expect(manner.mostPerMinute == 10 && manner.mostPerDay == 100 && manner.pace == .seconds(1))
        #expect(manner.largestBatch == 1 && manner.lanes == 1)
        manner = try action([
            "most-per-minute": .text("1"), "most-per-day": .text("5"), "api": .text("http://[::1]:9/"),
        ])
        .manner
        #expect(manner.mostPerMinute == 1 && manner.mostPerDay == 5)
        #expect(try action().summary == "SMS to +14155550100 by Twilio")
    }
}

// MARK: - The text of an SMS

@Suite("The text of an SMS")
struct SMSTextTests {
    @Test(
        "is divided into segments",
        arguments: [
            ("", 1, true), (String(repeating: "a", count: 160), 1, true), (String(repeating: "a", count: 161), 2, true),
            (String(repeating: "a", count: 306), 2, true), (String(repeating: "a", count: 307), 3, true),
            // Two units each, never separated: 76 of them in a segment of 153.
            (String(repeating: "€", count: 80), 1, true), (String(repeating: "€", count: 81), 2, true),
            (String(repeating: "€", count: 152), 2, true), (String(repeating: "€", count: 153), 3, true),
            ("[a]{b}^\\~|\n\rÄöñü¿ßΩ", 1, true),
            ("ç", 1, false), ("`", 1, false), (String(repeating: "я", count: 70), 1, false),
            (String(repeating: "я", count: 71), 2, false), (String(repeating: "я", count: 134), 2, false),
            (String(repeating: "я", count: 135), 3, false),
            // Two code units each, never separated: 33 of them in a segment of 67.
            (String(repeating: "😀", count: 35), 1, false), (String(repeating: "😀", count: 36), 2, false),
            (String(repeating: "😀", count: 66), 2, false), (String(repeating: "😀", count: 67), 3, false),
            (String(repeating: "a", count: 69) + "я", 1, false), (String(repeating: "a", count: 70) + "я", 2, false),
        ])
    func segments(text: String, segments: Int, isGSM: Bool) {
        let sms = SMSText(text)
        #expect(sms.segments == segments)
        #expect(sms.encoding == (isGSM ? .gsm7 : .ucs2))
    }

    @Test("is cut to the allowed segments, with a note")
    func cutting() {
        let long = SMSText(String(repeating: "a", count: 200), atMost: 1)
        #expect(long.text == String(repeating: "a", count: 157) + "..." && long.segments == 1)
        let russian = SMSText(String(repeating: "я", count: 200), atMost: 1)
        #expect(russian.text == String(repeating: "я", count: 69) + "…" && russian.segments == 1)
        let two = SMSText(String(repeating: "a", count: 400), atMost: 2)
        #expect(two.text.count == 306 && two.segments == 2)
        // The character that forced the other alphabet is at the end, and cut off with it.
        let mixed = SMSText(String(repeating: "a", count: 180) + "я", atMost: 1)
        #expect(mixed.encoding == .gsm7 && mixed.text.count == 160)
        #expect(SMSText("short", atMost: 1).text == "short")
        let most = SMSText(String(repeating: "a", count: 100_000), atMost: 20)
        #expect(most.text.utf16.count == 1_600)
    }

    @Test("has a description in words")
    func words() {
        #expect(SMSText("a").summary == "1 character, GSM-7, 1 segment")
        #expect(SMSText(String(repeating: "я", count: 71)).summary == "71 characters, UCS-2, 2 segments")
    }
}
