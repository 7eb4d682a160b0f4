import Notifications
import Testing

@testable import Outgoing

@Suite("A request as it is shown")
struct MaskedRequestTests {
    @Test("holds no secret")
    func masked() throws {
        let request = OutgoingRequest(
            "POST", try WebhookURL("https://hooks.test/services/T0/B0?x=1"),
            headers: [OutgoingField("Authorization", "Bearer s3cret", isSecret: true), OutgoingField("X-A", "b")],
            body: Array("{}".utf8), secrecy: .path)
        #expect(
            String(decoding: MaskedRequest(request).bytes, as: UTF8.self)
                == "POST https://hooks.test/••• HTTP/1.1\nHost: hooks.test\nAuthorization: •••\nX-A: b\nContent-Length: 2\n\n{}"
        )
        #expect(String(decoding: MaskedRequest(request, body: [0x2D]).bytes, as: UTF8.self).hasSuffix("\n\n-"))
    }

    @Test("masks as much of the URL as it is told")
    func urls() throws {
        let url = try WebhookURL("https://a.test:1/b/c?d=e#f")
        #expect(MaskedRequest.shown(url, .nothing) == "https://a.test:1/b/c?d=e#f")
        #expect(MaskedRequest.shown(url, .query) == "https://a.test:1/b/c?•••")
        #expect(MaskedRequest.shown(url, .path) == "https://a.test:1/•••")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test?k"), .path) == "https://a.test/•••")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test/"), .path) == "https://a.test/")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test/b"), .query) == "https://a.test/b")
    }

    @Test(
        "is not asked again before Retry-After",
        arguments: [
            ("0", 0), ("120", 120), ("999999999999999999999", 86_400), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
            ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("Tue, 29 Feb 2000 00:00:00 GMT", 86_400),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 37), ("Sun Nov  6 08:49:37 1994", 37), ("1.5", 2), ("2.0", 2),
        ])
    func retryAfter(_ value: String, _ seconds: Int) {
        // 1994-11-06T08:49:00Z
        let now = Timestamp(milliseconds: 784_111_740_000)
        #expect(RetryAfter.delay(value, at: now) == .seconds(seconds))
    }

    @Test(
        "is asked again as usual where Retry-After says nothing",
        arguments: ["", "-1", "soon", ".5", "1.", "1.5.2", "Sun 06 Nov", "Sun, 06-Nov-1994 08:49:37 GMT"])
    func noRetryAfter(_ value: String) {
        #expect(RetryAfter.delay(value, at: Timestamp(milliseconds: 0)) == nil)
    }

    @Test("counts the days of dates right")
    func dates() {
        let date = Timestamp(milliseconds: 951_782_399_000)  // 2000-02-28T23:59:59Z
        #expect(RetryAfter.delay("Tue, 29 Feb 2000 00:00:00 GMT", at: date) == .seconds(1))
        #expect(
            RetryAfter.delay("Wed, 01 Mar 2000 00:00:00 GMT", at: Timestamp(milliseconds: 951_868_799_000))
                == .seconds(1))
        #expect(RetryAfter.delay("Thu, 01 Jan 1970 00:00:05 GMT", at: Timestamp(milliseconds: 0)) == .seconds(5))
        #expect(
            RetryAfter.delay("Fri, 01 Jan 2027 00:00:00 GMT", at: Timestamp(milliseconds: 1_798_761_599_000))
                == .seconds(1))
    }
}
