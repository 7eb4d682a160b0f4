import Foundation
import Notifications
import TestSupport
import Testing

@Suite struct SigningSecretTests {
    private static let value = "Zq7Xw2Vt9Kp4Lm6Nb8Rc1Sd3Fg5Hj0Ty"

    private func dumped<Value>(_ value: Value) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    /// All forms in which Swift prints a value.
    private func prints<Value>(_ value: Value) -> [String] {
        var printed = ""
        print(value, terminator: "", to: &printed)
        var debugPrinted = ""
        debugPrint(value, terminator: "", to: &debugPrinted)
        return [
            printed, debugPrinted, dumped(value), String(describing: value), String(reflecting: value), "\(value)",
            "\([value])", "\(Optional(value) as Any)", "\(["key": value])", dumped(Mirror(reflecting: value).children),
        ]
    }

    /// Returns whether a text reveals the secret: four of its characters in a row, as text or as their codes.
    private func givesAway(_ text: String) -> Bool {
        let bytes = Array(Self.value.utf8)
        return (0...bytes.count - 4).contains { start in
            let part = bytes[start..<start + 4]
            let forms = [
                String(decoding: part, as: UTF8.self), part.map(String.init).joined(separator: ", "),
                part.map { String($0, radix: 16) }.joined(), Data(part).base64EncodedString().prefix(4).description,
            ]
            return forms.contains { text.contains($0) }
        }
    }

    @Test func theCheckOfThisSuiteFindsASecret() {
        struct Careless { let key = Array(SigningSecretTests.value.utf8) }
        #expect(givesAway("the secret is \(Self.value)"))
        #expect(givesAway("\(Careless())"))
        #expect(givesAway(Data(Self.value.utf8).base64EncodedString()))
    }

    @Test func printsAsItsLabelAndFingerprintNowhereMore() throws {
        let secret = try SigningSecret(label: "prod", value: Self.value)
        for text in prints(secret) { #expect(!givesAway(text), "\(text)") }
        #expect("\(secret)" == "prod (\(secret.fingerprint))")
        #expect(String(reflecting: secret) == "\(secret)")
        #expect(secret.fingerprint.utf8.count == 4)
        #expect(dumped(secret).contains(secret.description))
    }

    @Test func isHiddenInWhateverHoldsIt() throws {
        struct Failure: Error { let secret: SigningSecret }
        let secret = try SigningSecret(label: "prod", value: Self.value)
        let keyring = try Keyring([secret])
        let delivery = Delivery.sample(signedWith: secret)
        let evidence = SignatureEvidence(delivery, keyring: keyring)
        let texts =
            prints(keyring) + prints(SignatureVerifier(keyring)) + prints(Failure(secret: secret)) + prints(evidence)
            + prints(KeyringError.labelTaken("prod")) + [keyring.identity, "\(Failure(secret: secret) as any Error)"]
            + [(Failure(secret: secret) as NSError).description, evidence.sentence]
        for text in texts { #expect(!givesAway(text), "\(text)") }
    }

    @Test(arguments: ["", " ", "\n", "\r\n\t ", "\u{A0}\u{2003}\u{3000}\u{2028}"])
    func thereIsNoEmptyKey(text: String) {
        #expect(throws: SecretError.empty) { try SigningSecret(label: "empty", value: text) }
    }

    @Test(arguments: ["\n", "  ", "\t", "\r\n", "\u{A0}", "\u{2028}"])
    func whiteSpaceAtItsEndsIsNotPartOfIt(space: String) throws {
        let plain = try SigningSecret(label: "plain", value: Self.value)
        for text in [Self.value + space, space + Self.value, space + Self.value + space] {
            let secret = try SigningSecret(label: "spaced", value: text)
            #expect(secret.hasSameValue(as: plain))
            #expect(secret.fingerprint == plain.fingerprint)
            #expect(secret.signature(of: [1, 2, 3]) == plain.signature(of: [1, 2, 3]))
            #expect(secret.isUsual)
        }
    }

    @Test func whiteSpaceWithinIsPartOfIt() throws {
        let one = try SigningSecret(label: "one", value: "pass word")
        #expect(!one.hasSameValue(as: try SigningSecret(label: "one", value: "password")))
        #expect(one.withExposedValue { $0 } == "pass word")
    }

    @Test func theKeyIsItsTextInUTF8() throws {
        // From Python: hmac.new("schlüssel".encode(), b"text", "sha256").hexdigest()
        let secret = try SigningSecret(label: "umlaut", value: "schlüssel")
        #expect(
            secret.signature(of: Array("text".utf8))
                == "v1=c3b097b55879cc2d6064394f3b8a9f73dba6723b57283edd4a168d6fea99895a")
        #expect(secret.fingerprint == "ccec")
    }

    @Test(
        arguments: [
            ("abcdefghijklmnopqrstuvwxyz012345", true),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ678901", true),
            ("abcdefghijklmnopqrstuvwxyz01234", false),
            ("abcdefghijklmnopqrstuvwxyz0123456", false),
            ("abcdefghijklmnopqrstuvwxyz01234-", false),
            ("abcdefghijklmnopqrstuvwxyz0123é", false),
        ])
    func isUsualWhereItIs32LettersAndDigits(text: String, usual: Bool) throws {
        #expect(try SigningSecret(label: "any", value: text).isUsual == usual)
    }

    @Test func staysTheSameKeyUnderAnotherLabelAndBinding() throws {
        let secret = try SigningSecret(label: "one", value: Self.value)
        let other = secret.renamed("two").bound(to: .rule("r"))
        #expect(other.label == "two")
        #expect(other.binding == .rule("r"))
        #expect(other.hasSameValue(as: secret))
        #expect(other.fingerprint == secret.fingerprint)
        #expect(other.isUsual == secret.isUsual)
        #expect(other.signature(of: [7]) == secret.signature(of: [7]))
    }
}

// MARK: - Binding

/// Secrets that are bound to a bucket or a rule.
@Suite struct SecretBindingTests {
    private func verify(_ events: [SampleEvent], holding secrets: [SigningSecret]) throws -> Judgement {
        let delivery = Delivery.sample(events, signedWith: .sample())
        return SignatureVerifier(try Keyring(secrets))
            .verify(delivery, events: Payload(scanning: delivery.body).events)
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
        let judgement = try verify([SampleEvent()], holding: [.sample(binding: binding)])
        #expect(judgement == Judgement(expected, secret: SigningSecret.sample(binding: binding).identity))
    }

    @Test(arguments: [SecretBinding.bucket("mySampleBucket"), .rule("dashAllEvents")])
    func oneEventOutsideIsEnough(binding: SecretBinding) throws {
        let stranger = SampleEvent(bucket: "other", rule: "other")
        let secrets = [SigningSecret.sample(binding: binding)]
        for events in [[SampleEvent(), stranger], [stranger, SampleEvent()]] {
            #expect(try verify(events, holding: secrets) == Judgement(.invalid, secret: secrets[0].identity))
        }
    }

    @Test(arguments: [SampleEvent(bucket: nil), SampleEvent().with("bucketName", json: "null")])
    func anEventThatNamesNoBucketIsOutside(event: SampleEvent) throws {
        let judgement = try verify([event], holding: [.sample(binding: .bucket("mySampleBucket"))])
        #expect(judgement.verdict == .invalid && judgement.secret?.label == "prod")
    }

    @Test func aNameOfAnotherTypeIsOutside() throws {
        let event = SampleEvent().with("bucketName", json: "7")
        #expect(try verify([event], holding: [.sample(binding: .bucket("7"))]).verdict == .invalid)
    }

    @Test func aNotificationWithoutEventsIsOutsideNoBinding() throws {
        let judgement = try verify([], holding: [.sample(binding: .bucket("other"))])
        #expect(judgement.verdict == .valid && judgement.secret?.label == "prod")
    }

    @Test func theSameValueBoundElsewhereStillVouches() throws {
        let secrets = [
            SigningSecret.sample("first", binding: .bucket("other")),
            SigningSecret.sample("second", binding: .bucket("mySampleBucket")),
        ]
        #expect(try verify([SampleEvent()], holding: secrets) == Judgement(.valid, secret: secrets[1].identity))
    }

    @Test func theFirstOfSeveralMatchesOutsideIsNamed() throws {
        let secrets = [
            SigningSecret.sample("unrelated", "another secret"),
            SigningSecret.sample("first", binding: .bucket("other")),
            SigningSecret.sample("second", binding: .rule("other")),
        ]
        #expect(try verify([SampleEvent()], holding: secrets) == Judgement(.invalid, secret: secrets[1].identity))
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

// MARK: - Keyring

@Suite struct KeyringTests {
    private let one = SigningSecret.sample("one", "first value")
    private let two = SigningSecret.sample("two", "second value")

    @Test func holdsSecretsInOrder() throws {
        var keyring = try Keyring([one])
        try keyring.add(two)
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
        #expect(keyring["two"]?.hasSameValue(as: two) == true)
        #expect(keyring["three"] == nil)
    }

    @Test func aLabelIsUnique() throws {
        #expect(throws: KeyringError.labelTaken("one")) { try Keyring([one, .sample("one", "other")]) }
        var keyring = try Keyring([one, two])
        #expect(throws: KeyringError.labelTaken("one")) { try keyring.add(one) }
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
    }

    @Test func theIdentityIsThatOfLabelsBindingsValuesAndOrder() throws {
        let identity = try Keyring([one, two]).identity
        #expect(try Keyring([one, two]).identity == identity)
        let others = [
            Keyring(), try Keyring([one]), try Keyring([two, one]), try Keyring([one, two.renamed("three")]),
            try Keyring([one, two.bound(to: .bucket("b"))]), try Keyring([one, .sample("two", "other value")]),
        ]
        #expect(Set(others.map(\.identity)).count == others.count)
        #expect(!others.map(\.identity).contains(identity))
    }

    @Test func theIdentityTellsWherePartsEnd() throws {
        let one = try Keyring([.sample("ab", "c")]).identity
        let other = try Keyring([.sample("a", "bc")]).identity
        #expect(one != other)
    }
}

/// The evidence of a delivery when the current secrets are not those that gave its verdict.
@Suite struct RecordedEvidenceTests {
    private let secret = SigningSecret.sample()
    private var delivery: Delivery { .sample(signedWith: secret) }

    @Test func aVerdictStaysWhereItsSecretIsGone() throws {
        let recorded = Judgement(.valid, secret: secret.identity)
        for keyring in [Keyring(), try Keyring([.sample("other", "another value")])] {
            let evidence = SignatureEvidence(delivery, keyring: keyring, recorded: recorded)
            #expect(evidence.judgement == recorded && evidence.diagnosis == nil)
            #expect(evidence.sentence.contains(secret.fingerprint))
            #expect(evidence.sentence.contains("b2watch has that secret no longer"))
        }
        let there = SignatureEvidence(delivery, keyring: try Keyring([secret.renamed("main")]), recorded: recorded)
        #expect(there.judgement == recorded && !there.sentence.contains("no longer"))
        let leaked = SignatureEvidence(
            delivery, keyring: Keyring(), recorded: Judgement(.removed, secret: secret.identity))
        #expect(leaked.judgement.verdict == .removed && leaked.sentence.contains("deleted as leaked"))
    }

    @Test func whatTheCurrentSecretsFindCountsWhereItSaysMore() throws {
        let keyring = try Keyring([secret])
        for verdict in [SignatureVerdict.unverified, .invalid] {
            let evidence = SignatureEvidence(delivery, keyring: keyring, recorded: Judgement(verdict))
            #expect(evidence.judgement == Judgement(.valid, secret: secret.identity))
        }
        #expect(
            SignatureEvidence(delivery, keyring: keyring, recorded: Judgement(.unjudged)).judgement.verdict == .unjudged
        )
        let invalid = SignatureEvidence(delivery, keyring: Keyring(), recorded: Judgement(.invalid))
        #expect(invalid.judgement.verdict == .invalid && invalid.diagnosis == nil)
    }

    @Test func aSecretIsToldFromOthersByItsValueAndItsBinding() throws {
        let fingerprint = try #require(secret.identity.fingerprint)
        #expect(
            fingerprint.bytes.count == 16 && fingerprint.short == secret.fingerprint && fingerprint.short.count == 4)
        #expect(SecretFingerprint(fingerprint.bytes) == fingerprint && SecretFingerprint([1, 2]) == nil)
        #expect(secret.identity.isSame(as: secret.renamed("other").identity))
        #expect(!secret.identity.isSame(as: secret.bound(to: .rule("r")).identity))
        #expect(!secret.identity.isSame(as: SigningSecret.sample("prod", "another value").identity))
    }

    @Test func noTwoVerdictsLookAlike() {
        let all = SignatureVerdict.allCases
        #expect(Set(all.map(\.glyph)).count == all.count && Set(all.map(\.title)).count == all.count)
        #expect(Set(all.map(\.filterWord)).count == all.count)
        #expect(SignatureVerdict.unjudged.title == "not checked" && SignatureVerdict.unjudged.word == "unjudged")
    }
}
