import Notifications
import TestSupport
import Testing

@Suite struct UnsignedRuleTests {
    private static let path = "/hook/0123456789abcdef"
    private static let value = "0123456789abcdef"

    private func delivery(
        _ target: String = path, header: HeaderField? = nil, rules: [String?] = ["plain"],
        signedWith secret: SigningSecret? = nil
    ) -> Delivery {
        let body = SampleBody.notification(rules.map { SampleEvent(rule: $0) })
        return .sample(
            target: target, headers: [HeaderField("Host", "b2watch.example")] + [header].compactMap(\.self), body: body,
            signedWith: secret)
    }

    private func verdict(_ rule: UnsignedRule, _ delivery: Delivery, _ keyring: Keyring = Keyring()) -> SignatureVerdict
    {
        let events = Payload(scanning: delivery.body).events
        let judgement = SignatureVerifier(keyring).verify(delivery, events: events)
        return UnsignedRules([rule]).refine(judgement, of: delivery, events: events).verdict
    }

    @Test func takesARequestWithTheSecretPath() throws {
        let rule = try #require(UnsignedRule("plain", .path(Self.path)))
        let keyring = try Keyring([.sample()])
        #expect(verdict(rule, delivery()) == .unsigned)
        #expect(verdict(rule, delivery("\(Self.path)?x=1"), keyring) == .unsigned)
        #expect(verdict(rule, delivery("/hook/0123456789abcdeF"), keyring) == .missing)
        #expect(verdict(rule, delivery("\(Self.path)/"), keyring) == .missing)
        #expect(verdict(rule, delivery("/"), Keyring()) == .unverified)
    }

    @Test func takesARequestWithTheSecretHeader() throws {
        let rule = try #require(UnsignedRule("plain", .header(name: "X-Token", value: Self.value)))
        let keyring = try Keyring([.sample()])
        #expect(verdict(rule, delivery(header: HeaderField("x-token", Self.value)), keyring) == .unsigned)
        #expect(verdict(rule, delivery(header: HeaderField("X-Token", "0123456789abcdeg")), keyring) == .missing)
        #expect(verdict(rule, delivery(), keyring) == .missing)
    }

    @Test func takesARequestFromAnAddressThatIsNamed() throws {
        let list = try AddressList(parsing: "192.0.2.0/24")
        let rule = try #require(UnsignedRule("plain", .addresses(list)))
        let keyring = try Keyring([.sample()])
        func from(_ address: String) -> Delivery {
            var delivery = delivery("/")
            delivery.remoteAddress = address
            return delivery
        }
        #expect(verdict(rule, from("192.0.2.9"), keyring) == .unsigned)
        #expect(verdict(rule, from("::ffff:192.0.2.9"), keyring) == .unsigned)
        #expect(verdict(rule, from("192.0.3.9"), keyring) == .missing)
        #expect(verdict(rule, from("not an address"), keyring) == .missing)
        for open in ["127.0.0.0/8", "0.0.0.0/0", "::1", "::/0"] {
            #expect(UnsignedRule("plain", .addresses(try AddressList(parsing: open))) == nil)
        }
        #expect(UnsignedRule("plain", .addresses(AddressList())) == nil)
    }

    @Test func isOfThatRuleAlone() throws {
        let rule = try #require(UnsignedRule("plain", .path(Self.path)))
        #expect(verdict(rule, delivery(rules: ["other"])) == .unverified)
        #expect(verdict(rule, delivery(rules: ["plain", "other"])) == .unverified)
        #expect(verdict(rule, delivery(rules: [nil])) == .unverified)
        #expect(verdict(rule, delivery(rules: [])) == .unverified)
        #expect(verdict(rule, delivery(rules: ["plain", "plain"])) == .unsigned)
    }

    @Test func isNeverForASignedRequest() throws {
        let rule = try #require(UnsignedRule("plain", .path(Self.path)))
        let keyring = try Keyring([.sample()])
        #expect(verdict(rule, delivery(signedWith: .sample()), keyring) == .valid)
        #expect(
            verdict(rule, delivery(signedWith: .sample("x", "another0123456789abcdefABCDEF012")), keyring) == .invalid)
        #expect(verdict(rule, delivery(signedWith: .sample())) == .unverified)
        #expect(
            verdict(rule, delivery(header: HeaderField("X-Bz-Event-Notification-Signature", "")), keyring) != .unsigned)
    }

    @Test func needsAProofThatNobodyGuesses() {
        #expect(UnsignedRule("plain", .path("/hook")) == nil)
        #expect(UnsignedRule("plain", .path("0123456789abcdef0")) == nil)
        #expect(UnsignedRule("plain", .header(name: "X", value: "short")) == nil)
    }

    @Test func isAnsweredAndTrustedLessThanValid() {
        #expect(Answer(to: .unsigned, isJSON: true) == .accepted)
        #expect(SignatureVerdict.unsigned.trust < SignatureVerdict.valid.trust)
        #expect(!SignatureVerdict.unsigned.isBySecret)
    }
}
