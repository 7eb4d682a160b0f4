import Notifications
import TestSupport
import Testing

@testable import Outgoing

@Suite("A recorded delivery that is sent again")
struct ReplayRequestTests {
    private func fields(_ replay: ReplayRequest) -> [String] {
        replay.request.headers.map { "\($0.name): \($0.value)" }
    }

    @Test("keeps its fields but those of its connection")
    func fields() throws {
        let delivery = Delivery.sample(headers: [
            HeaderField("Host", "b2watch.example"), HeaderField("user-AGENT", "B2/EventNotifications"),
            HeaderField("Connection", "keep-alive, X-Hop"), HeaderField("X-HOP", "1"), HeaderField("Keep-Alive", "x"),
            HeaderField("Proxy-Authorization", "x"), HeaderField("proxy-connection", "x"),
            HeaderField("TE", "trailers"),
            HeaderField("Trailer", "X"), HeaderField("Transfer-Encoding", "chunked"), HeaderField("Upgrade", "h2c"),
            HeaderField("Content-Length", "999"), HeaderField("Expect", "100-continue"), HeaderField("X-A", "1"),
            HeaderField("X-Odd", "a\u{FFFD}b"), HeaderField("X-A", "2"),
        ])
        let replay = try ReplayRequest(
            delivery, to: try WebhookURL("https://a.test/b?c"), isSecret: { $0.name == "X-A" })
        #expect(fields(replay) == ["user-AGENT: B2/EventNotifications", "X-A: 1", "X-Odd: a\u{FFFD}b", "X-A: 2"])
        #expect(replay.altered == ["X-Odd"])
        #expect(replay.request.headers.filter(\.isSecret).map(\.name) == ["X-A", "X-A"])
        #expect(replay.request.body == delivery.body && replay.request.method == "POST")
        #expect(replay.request.secrecy == .query)
    }

    @Test("is signed anew in the place of what was received")
    func signed() throws {
        let (old, new) = (SigningSecret.sample(), SigningSecret.sample("other", "anotherSecret0123456789abcdefGHI"))
        var delivery = Delivery.sample(signedWith: old)
        delivery.headers.append(HeaderField("X-Last", "1"))
        delivery.headers.append(HeaderField("X-Bz-Event-Notification-Signature", "v1=00"))
        let url = try WebhookURL("https://a.test/")
        let replay = try ReplayRequest(delivery, to: url, signedWith: new)
        #expect(
            fields(replay).suffix(2) == ["\(SignatureHeader.name): \(new.signature(of: delivery.body))", "X-Last: 1"])
        let unsigned = try ReplayRequest(.sample(), to: url, signedWith: new)
        #expect(unsigned.request.headers.last?.name == SignatureHeader.name)
    }

    @Test("is not sent where only its start was kept")
    func cut() throws {
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "POST", target: "/", headers: [],
            body: [1, 2], bodyLength: 9)
        let url = try WebhookURL("https://a.test/")
        let error = #expect(throws: ReplayRefusal.self) { try ReplayRequest(delivery, to: url) }
        #expect(error?.description == "only 2 of the 9 bytes of its body were kept: it cannot be sent as it came")
    }
}
