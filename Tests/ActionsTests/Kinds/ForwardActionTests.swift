import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("The action forward", .blocking)
struct ForwardActionTests {
    private let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_767_262_300_000) }

    private func surroundings(_ http: any HTTPSending) -> ActionSurroundings {
        ActionSurroundings(http: http, environment: [:], folder: "/etc/b2watch", now: now)
    }

    private func action(_ url: String, _ http: any HTTPSending) throws -> ForwardAction {
        ForwardAction(ForwardSettings(url: try WebhookURL(url), limit: .patience), surroundings(http))
    }

    /// The items of a delivery, one for each event.
    private func items(of delivery: Delivery, id: Int64 = 126) -> [ActionItem] {
        let record = DeliveryRecord(
            id: id, delivery: delivery, judgement: Judgement(.valid), status: 200, answer: "ok\n")
        let events = record.events
        return events.enumerated().map { index, event in
            let row = EventRow(
                id: Int64(index) + 1, deliveryID: id, position: index, eventCount: events.count,
                receivedAt: delivery.receivedAt, verdict: .valid, event: event)
            return ActionItem(entry: Int64(index) + 1, row: row, record: record, event: event)
        }
    }

    @Test("sets header fields and Host in place of those received, and shows no secret one")
    func headers() throws {
        let receiver = FakeReceiver([.text(200, "taken")])
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let client = OutgoingClient()
        defer { client.shutdown() }
        let folder = TemporaryFolder()
        let file = try folder.write("token", "s3cret-token\n")
        func map(_ entries: [(String, ConfigurationNode.Content)]) -> ConfigurationNode.Content {
            let place = SourcePosition(line: 5, column: 7)
            return .map(
                entries.map {
                    ConfigurationNode.Entry(key: Located($0.0, at: place), value: ConfigurationNode($0.1, at: place))
                })
        }
        let headers = map([
            ("host", .text("hooks.internal:8443")), ("x-team", .text("storage")),
            ("Authorization", map([("file", .text(file))])), ("X-Key", map([("environment", .text("KEY"))])),
        ])
        var reading = ActionReading.sample("out", [("url", .text(server.url("/in"))), ("headers", headers)])
        var surroundings = surroundings(client)
        surroundings.environment = ["KEY": "from-the-environment"]
        let action = try #require(ActionKind.forward.read(&reading, surroundings) as? ForwardAction)
        #expect(reading.problems.isEmpty && reading.secretFiles == [file])
        let delivery = Delivery.sample(
            headers: [HeaderField("Host", "b2watch.example"), HeaderField("X-Team", "theirs"), HeaderField("A", "b")])
        let report = action.perform(items(of: delivery), batch: 1)
        #expect(report.outcomes == [.done])
        let received = try #require(receiver.requests.first)
        #expect(received.value(of: "Host") == "hooks.internal:8443")
        #expect(received.headers.filter { $0.name.lowercased() == "x-team" }.map(\.value) == ["storage"])
        #expect(received.value(of: "Authorization") == "s3cret-token")
        #expect(received.value(of: "X-Key") == "from-the-environment")
        #expect(received.value(of: "A") == "b" && received.body == delivery.body)
        let shown = String(decoding: report.exchange?.request ?? [], as: UTF8.self)
        #expect(shown.contains("Authorization: •••") && !shown.contains("s3cret") && !shown.contains("from-the"))

        try folder.remove("token")
        guard case .hold(let reason, _)? = action.perform(items(of: delivery), batch: 2).outcomes.first else {
            Issue.record("a secret that is missing holds the action")
            return
        }
        #expect(reason.contains(file))
        var wrong = ActionReading.sample(
            "out",
            [
                ("url", .text(server.url("/in"))),
                (
                    "headers",
                    map([
                        ("a b", .text("x")), ("Content-Length", .text("1")), ("Host", .text("a/b")),
                        ("X", .text("a\u{1B}b")), ("Y", map([("environment", .text("NONE"))])),
                        ("Z", map([("shell", .text("id"))])),
                    ])
                ),
            ])
        #expect(ActionKind.forward.read(&wrong, surroundings) == nil)
        #expect(wrong.problems.count == 6, "\(wrong.problems.map(\.text))")
    }

    @Test("sends the received bytes and header fields, so that the receiver's own verification succeeds")
    func exact() throws {
        let receiver = FakeReceiver([.text(202, "taken")])
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let client = OutgoingClient()
        defer { client.shutdown() }
        let secret = SigningSecret.sample()
        // Neither UTF-8 nor JSON in the form of a writer.
        var delivery = Delivery.sample(
            headers: [
                HeaderField("host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications"),
                HeaderField("X-CusTom", "  é"), HeaderField("Connection", "close"),
                HeaderField("Content-Type", "application/json; charset=UTF-8"),
            ],
            body: SampleBody.notification([SampleEvent(), SampleEvent(id: "2")]) + [0x0A, 0x20])
        delivery.headers.append(HeaderField(SignatureHeader.name, secret.signature(of: delivery.body)))

        let items = items(of: delivery)
        let report = try action(server.url("/in?token=1"), client).perform(items, batch: 1)
        #expect(report.outcomes == [.done, .done])
        #expect(receiver.requests.count == 1)
        let received = try #require(receiver.requests.first)
        let head =
            "POST /in?token=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nUser-Agent: B2/EventNotifications\r\n"
            + "X-CusTom:   é\r\nContent-Type: application/json; charset=UTF-8\r\n"
            + "\(SignatureHeader.name): \(secret.signature(of: delivery.body))\r\n"
            + "Content-Length: \(delivery.body.count)\r\n\r\n"
        #expect(String(decoding: received.raw.prefix(head.utf8.count), as: UTF8.self) == head)
        #expect(received.raw == Array(head.utf8) + delivery.body)

        let other = Delivery(
            receivedAt: now(), remoteAddress: "127.0.0.1", method: received.method, target: received.target,
            headers: received.headers.map { HeaderField($0.name, $0.value) }, body: received.body)
        let verifier = SignatureVerifier(try Keyring([secret]))
        #expect(verifier.verify(other, events: Payload(scanning: other.body).events).verdict == .valid)

        let exchange = try #require(report.exchange)
        #expect(exchange.outcome == "202 Accepted" && exchange.answer == Array("taken".utf8))
        let asked = String(decoding: exchange.request, as: UTF8.self)
        #expect(asked.contains("/in?•••") && !asked.contains("token=1"))
        // A rule's own header fields may contain keys.
        #expect(asked.contains("X-CusTom: •••"))
    }

    @Test("sends a delivery once for all its events, which share the outcome")
    func once() throws {
        let items = items(of: .sample((0..<1_000).map { SampleEvent(id: "\($0)") }))
        let receiver = FakeReceiver([.text(500, "")])
        let action = try action("https://a.test/", InProcessHTTP(["a.test": receiver]))
        #expect(
            action.perform(items, batch: 1).outcomes
                == items.map { _ in .retry("a.test answered 500 Internal Server Error") })
        #expect(action.perform(items, batch: 2).outcomes == items.map { _ in .done })
        #expect(receiver.requests.count == 2 && action.manner.isByDelivery)
        #expect(action.manner.largestBatch >= items.count)
    }

    @Test("describes an answer that is not text")
    func unreadable() throws {
        let items = items(of: .sample([SampleEvent()]))
        func shown(_ body: [UInt8], _ headers: [(String, String)]) throws -> String {
            let reply = FakeReply.answer(status: 200, headers: headers, body: body)
            let action = try action("https://a.test/", InProcessHTTP(["a.test": FakeReceiver(then: reply)]))
            let exchange = try #require(action.perform(items, batch: 1).exchange)
            return String(decoding: exchange.answer, as: UTF8.self)
        }
        #expect(try shown([0x1F, 0x8B, 8, 0, 0xFF], [("Content-Encoding", "gzip")]) == "compressed (gzip), 5 bytes")
        #expect(
            try shown([0x89, 0x50, 0, 0xFF], [("Content-Type", "image/png")])
                == "not text (image/png), 4 bytes:\n\n89 50 00 ff")
        let long = try shown([UInt8](repeating: 0xFF, count: 300), [])
        #expect(long.hasPrefix("not text, 300 bytes:\n\nff ff") && long.hasSuffix("ff\n…"))
        #expect(try shown(Array("{\"é\":1}".utf8), [("Content-Type", "application/json")]) == "{\"é\":1}")
        // Cut within a character.
        let text = "x" + String(repeating: "é", count: 40_000)
        #expect(try shown(Array(text.utf8), []).hasPrefix("xé"))
    }

    @Test("retries after a lost answer, but not after a refusal")
    func outcomes() throws {
        let items = items(of: .sample([SampleEvent()]))
        func outcome(_ reply: FakeReply) throws -> ActionOutcome? {
            try action("https://a.test/", InProcessHTTP(["a.test": FakeReceiver(then: reply)]))
                .perform(items, batch: 1).outcomes.first
        }
        #expect(try outcome(.lost) == .retry("no answer from a.test in time"))
        guard case .hold(let text, nil) = try outcome(.text(401, "")) else {
            Issue.record("not on hold")
            return
        }
        #expect(text.contains("signing secret"))
    }

    @Test("does not send a delivery that was cut, and reports changed header fields")
    func unfit() throws {
        let receiver = FakeReceiver()
        let http = InProcessHTTP(["a.test": receiver])
        var delivery = Delivery.sample([SampleEvent()])
        delivery.bodyLength += 1
        let cut = try action("https://a.test/", http).perform(items(of: delivery), batch: 1)
        guard case .dead(let text) = cut.outcomes.first else {
            Issue.record("\(cut)")
            return
        }
        #expect(text.contains("it cannot be sent unchanged") && receiver.requests.isEmpty && cut.exchange == nil)
        delivery.bodyLength -= 1
        delivery.headers.append(HeaderField("X-Odd", "\u{FFFD}"))
        let altered = try action("https://a.test/", http).perform(items(of: delivery), batch: 1)
        #expect(altered.outcomes == [.done] && altered.warning?.contains("X-Odd") == true)
    }

    @Test("is tested by an unsigned request")
    func test() throws {
        let item = ActionItem.sample()
        let receiver = FakeReceiver([.text(200, ""), .text(401, ""), .text(404, "")])
        let action = try action("https://a.test/", InProcessHTTP(["a.test": receiver]))
        #expect(try action.test(item) == "a.test answered 200 OK to a test without a signature")
        #expect(try action.test(item).contains("refuses requests without a signature"))
        #expect(throws: ActionProblem.self) { try action.test(item) }
    }

    @Test("is declared with a URL")
    func settings() throws {
        func problems(_ settings: [(String, String)]) -> [String] {
            var reading = ActionReading.sample("on", settings.map { ($0.0, .text($0.1)) })
            let action = ActionKind.forward.read(&reading, surroundings(InProcessHTTP([:])))
            reading.finish()
            #expect((action == nil) == !reading.problems.isEmpty)
            return reading.problems.map(\.text)
        }
        #expect(problems([("url", "https://a.test/b?token=s3cret"), ("time-limit", "30s")]) == [])
        #expect(problems([("url", "http://localhost:1/")]) == [])
        #expect(problems([("url", "http://a.test/"), ("allow-http", "yes")]) == [])
        #expect(problems([("url", "http://a.test/")]).first?.contains("“allow-http: yes”") == true)
        #expect(problems([("url", "a.test")]).first?.contains("has no scheme") == true)
        #expect(problems([]).first?.contains("needs “url”") == true)
        #expect(try action("https://a.test/b?token=s3cret", InProcessHTTP([:])).summary == "the delivery to a.test")
    }
}
