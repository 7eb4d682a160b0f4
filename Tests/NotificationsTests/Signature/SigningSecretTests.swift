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

    /// All the ways in which Swift prints a value.
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

    /// Whether a text gives away the secret: four of its characters in a row, as text or as their codes.
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
