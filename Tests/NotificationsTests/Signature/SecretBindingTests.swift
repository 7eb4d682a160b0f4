import Notifications
import TestSupport
import Testing

/// Secrets that may vouch only for a bucket or a rule.
@Suite struct SecretBindingTests {
    private func judge(_ events: [SampleEvent], holding secrets: [SigningSecret]) throws -> Judgement {
        let delivery = Delivery.sample(events, signedWith: .sample())
        return SignatureVerifier(try Keyring(secrets))
            .judge(delivery, events: Payload(scanning: delivery.body).events)
    }

    @Test(
        arguments: [
            (.any, .valid),
            (.bucket("mySampleBucket"), .valid),
            (.rule("dashAllEvents"), .valid),
            (.bucket("other"), .invalid),
            (.bucket("mysamplebucket"), .invalid),
            (.bucket("dashAllEvents"), .invalid),
            (.rule("other"), .invalid),
        ] as [(SecretBinding, SignatureVerdict)])
    func vouchesWithinItsBindingOnly(binding: SecretBinding, expected: SignatureVerdict) throws {
        let judgement = try judge([SampleEvent()], holding: [.sample(binding: binding)])
        #expect(judgement == Judgement(expected, secret: SigningSecret.sample(binding: binding).identity))
    }

    @Test(arguments: [SecretBinding.bucket("mySampleBucket"), .rule("dashAllEvents")])
    func oneEventOutsideIsEnough(binding: SecretBinding) throws {
        let stranger = SampleEvent(bucket: "other", rule: "other")
        let secrets = [SigningSecret.sample(binding: binding)]
        for events in [[SampleEvent(), stranger], [stranger, SampleEvent()]] {
            #expect(try judge(events, holding: secrets) == Judgement(.invalid, secret: secrets[0].identity))
        }
    }

    @Test(arguments: [SampleEvent(bucket: nil), SampleEvent().with("bucketName", json: "null")])
    func anEventThatNamesNoBucketIsOutside(event: SampleEvent) throws {
        let judgement = try judge([event], holding: [.sample(binding: .bucket("mySampleBucket"))])
        #expect(judgement.verdict == .invalid && judgement.secret?.label == "prod")
    }

    @Test func aNameOfAnotherTypeIsOutside() throws {
        let event = SampleEvent().with("bucketName", json: "7")
        #expect(try judge([event], holding: [.sample(binding: .bucket("7"))]).verdict == .invalid)
    }

    @Test func aNotificationWithoutEventsIsOutsideNoBinding() throws {
        let judgement = try judge([], holding: [.sample(binding: .bucket("other"))])
        #expect(judgement.verdict == .valid && judgement.secret?.label == "prod")
    }

    @Test func theSameValueBoundElsewhereStillVouches() throws {
        let secrets = [
            SigningSecret.sample("first", binding: .bucket("other")),
            SigningSecret.sample("second", binding: .bucket("mySampleBucket")),
        ]
        #expect(try judge([SampleEvent()], holding: secrets) == Judgement(.valid, secret: secrets[1].identity))
    }

    @Test func theFirstOfSeveralMatchesOutsideIsNamed() throws {
        let secrets = [
            SigningSecret.sample("unrelated", "another secret"),
            SigningSecret.sample("first", binding: .bucket("other")),
            SigningSecret.sample("second", binding: .rule("other")),
        ]
        #expect(try judge([SampleEvent()], holding: secrets) == Judgement(.invalid, secret: secrets[1].identity))
    }

    @Test func theSentenceNamesTheSecretItsBindingAndWhatLiesOutside() throws {
        let secret = SigningSecret.sample(binding: .bucket("mine"))
        let keyring = try Keyring([secret])
        let outside = SignatureEvidence(.sample([SampleEvent()], signedWith: secret), keyring: keyring)
        #expect(outside.sentence.contains("“prod”"))
        #expect(outside.sentence.contains("bucket:mine"))
        #expect(outside.sentence.contains("“mySampleBucket”"))
        let nameless = SignatureEvidence(.sample([SampleEvent(bucket: nil)], signedWith: secret), keyring: keyring)
        #expect(nameless.sentence.contains("an event that names none"))
    }

    @Test(arguments: ["any", "bucket:b", "rule:r", "bucket:with:colon", "rule:with space", "bucket:büro"])
    func isWrittenAsItIsRead(text: String) throws {
        #expect(try #require(SecretBinding(text)).description == text)
    }

    @Test(arguments: ["", "Any", "bucket", "bucket:", "rule:", "buckets:b", " any", "b"])
    func refusesWhatItCannotRead(text: String) {
        #expect(SecretBinding(text) == nil)
    }
}
