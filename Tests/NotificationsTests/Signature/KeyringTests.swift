import Notifications
import TestSupport
import Testing

@Suite struct KeyringTests {
    private let one = SigningSecret.sample("one", "first value")
    private let two = SigningSecret.sample("two", "second value")

    @Test func holdsSecretsInOrder() throws {
        var keyring = try Keyring([one])
        try keyring.add(two)
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
        #expect(keyring["two"]?.hasSameValue(as: two) == true)
        #expect(keyring["three"] == nil)
        try keyring.remove("one")
        #expect(keyring.secrets.map(\.label) == ["two"])
        try keyring.remove("two")
        #expect(keyring.isEmpty)
    }

    @Test func aLabelIsUnique() throws {
        #expect(throws: KeyringError.labelTaken("one")) { try Keyring([one, .sample("one", "other")]) }
        var keyring = try Keyring([one, two])
        #expect(throws: KeyringError.labelTaken("one")) { try keyring.add(one) }
        #expect(throws: KeyringError.labelTaken("one")) { try keyring.replace("two", with: one) }
        #expect(throws: KeyringError.notHeld("three")) { try keyring.replace("three", with: one) }
        #expect(throws: KeyringError.notHeld("three")) { try keyring.remove("three") }
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
    }

    @Test func replacesInItsPlace() throws {
        var keyring = try Keyring([one, two])
        try keyring.replace("one", with: .sample("three", "third value"))
        #expect(keyring.secrets.map(\.label) == ["three", "two"])
        try keyring.replace("two", with: two.bound(to: .bucket("b")))
        #expect(keyring["two"]?.binding == .bucket("b"))
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

/// What a delivery's evidence says where the current secrets are not those that gave its verdict.
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
