import Notifications
import TestSupport
import Testing

/// The elements of a signature header: which of them decide.
@Suite struct SignatureListTests {
    static let body = SampleBody.notification([SampleEvent()])
    static let right = SigningSecret.sample().signature(of: body)
    static let wrong = "v1=" + String(repeating: "0", count: 64)

    private func verdict(_ lines: [String], holding secrets: [SigningSecret] = [.sample()]) throws -> SignatureVerdict {
        let delivery = Delivery.sample(headers: lines.map { HeaderField(SignatureHeader.name, $0) }, body: Self.body)
        return SignatureVerifier(try Keyring(secrets)).judge(delivery, events: []).verdict
    }

    @Test(
        arguments: [
            // One right element makes it valid, whatever the others are.
            ([right], .valid),
            (["  \t\(right)\t "], .valid),
            (["\(right)\(String(repeating: " \t", count: 16_000))"], .valid),
            (["\(wrong),\(right)"], .valid),
            (["\(right),\(wrong)"], .valid),
            (["nonsense,v2=x,,\(right),a=b=c"], .valid),
            ([wrong, right], .valid),
            (["", ",", right], .valid),
            (["v1=\(right.dropFirst(3).uppercased())"], .valid),
            (["\(right),\u{301}"], .valid),
            // Else one v1 makes it invalid.
            ([wrong], .invalid),
            (["v1="], .invalid),
            (["v1=zz"], .invalid),
            (["v1=\(right.dropFirst(4))"], .invalid),
            (["\(right)0"], .invalid),
            (["\(right)00"], .invalid),
            (["v1= \(right.dropFirst(3))"], .invalid),
            (["v1=\u{301}\(right.dropFirst(3))"], .invalid),
            (["v1=\u{FFFD}"], .invalid),
            (["nonsense,v2=x,v1="], .invalid),
            (["v2=x", "nonsense", "v1="], .invalid),
            // Else one of another version makes it unsupported.
            (["v2=\(right.dropFirst(3))"], .unsupported),
            (["V1=\(right.dropFirst(3))"], .unsupported),
            (["v1 =\(right.dropFirst(3))"], .unsupported),
            (["=\(right.dropFirst(3))"], .unsupported),
            (["="], .unsupported),
            (["nonsense,v2=x"], .unsupported),
            (["nonsense", "v10=x"], .unsupported),
            // Else it is malformed.
            (["nonsense"], .malformed),
            ([""], .malformed),
            ([",", " , \t,"], .malformed),
            (["a=b=c"], .malformed),
            (["\(right)="], .malformed),
            ([String(right.dropFirst(3))], .malformed),
            // No header at all.
            ([], .missing),
        ] as [([String], SignatureVerdict)])
    func decides(lines: [String], expected: SignatureVerdict) throws {
        #expect(try verdict(lines) == expected)
        #expect(try verdict(lines, holding: []) == .unverified)
    }

    @Test func theHeadersNameComparesWithoutCaseAndWhole() throws {
        func judge(_ name: String) throws -> SignatureVerdict {
            let delivery = Delivery.sample(headers: [HeaderField(name, Self.right)], body: Self.body)
            return SignatureVerifier(try Keyring([.sample()])).judge(delivery, events: []).verdict
        }
        #expect(try judge("X-BZ-EVENT-NOTIFICATION-SIGNATURE") == .valid)
        #expect(try judge("x-bz-event-notification-signature ") == .missing)
        #expect(try judge("x-bz-event-notification-signatures") == .missing)
        #expect(try judge("x_bz_event_notification_signature") == .missing)
        // Bytes that only differ in the bit that tells cases apart, and are no letters.
        #expect(try judge("x\u{0D}bz-event-notification-signature") == .missing)
    }

    @Test func anyChangeOfTheBodyMakesItInvalid() throws {
        let verifier = SignatureVerifier(try Keyring([.sample()]))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<200 {
            var body = Self.body
            let index = Int.random(in: 0..<body.count, using: &random)
            body[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let delivery = Delivery.sample(headers: [HeaderField(SignatureHeader.name, Self.right)], body: body)
            #expect(verifier.judge(delivery, events: []) == Judgement(.invalid))
        }
    }

    @Test func anyChangeOfTheDigestMakesItInvalid() throws {
        for index in 3..<Self.right.utf8.count {
            var text = Array(Self.right.utf8)
            text[index] = text[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            #expect(try verdict([String(decoding: text, as: UTF8.self)]) == .invalid)
        }
    }

    @Test func theSecretThatMatchesIsNamed() throws {
        let secrets = (1...5).map { SigningSecret.sample("s\($0)", "secret number \($0)") }
        let verifier = SignatureVerifier(try Keyring(secrets))
        for secret in secrets {
            let delivery = Delivery.sample(body: Self.body, signedWith: secret)
            #expect(verifier.judge(delivery, events: []) == Judgement(.valid, secret: secret.identity))
        }
        let stranger = Delivery.sample(body: Self.body, signedWith: .sample("s6", "secret number 6"))
        #expect(verifier.judge(stranger, events: []) == Judgement(.invalid))
    }
}
