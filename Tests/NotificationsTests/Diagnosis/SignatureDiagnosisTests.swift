@testable import Notifications
import TestSupport
import Testing

@Suite struct SignatureDiagnosisTests {
    private let body = SampleBody.notification([SampleEvent()])
    private let secret = SigningSecret.sample()

    private func diagnosis(
        _ signature: String?, body: [UInt8]? = nil, _ headers: [HeaderField] = [],
        holding secrets: [SigningSecret]? = nil
    ) throws -> SignatureDiagnosis? {
        var delivery = Delivery.sample(body: body ?? self.body)
        delivery.headers += headers
        if let signature { delivery.headers.append(HeaderField(SignatureHeader.name, signature)) }
        return SignatureDiagnosis(delivery, keyring: try Keyring(secrets ?? [secret]))
    }

    @Test func whatIsRightOrCannotBeJudgedNeedsNone() throws {
        #expect(try diagnosis(secret.signature(of: body)) == nil)
        #expect(try diagnosis("v1=00", holding: []) == nil)
    }

    @Test func theCauseIsSaidInASentenceWithWhatToDo() throws {
        let cause = try #require(try diagnosis(secret.signature(of: body), body: body + [0x0A])?.cause)
        #expect(
            cause.sentence
                == "The digest received is right under the secret “prod”, for the body without the newline at its end.")
        #expect(cause.advice.hasPrefix("Sign and send the same bytes"))
        #expect(cause.secret == "prod")
    }

    @Test func aPairIsSaidInOneSentence() throws {
        let digest = DigestMethod.hmacSHA256.digest(key: Array("b2DashTestSecret0123456789abcdEF\n".utf8), body: body)
        let cause = try diagnosis("sha256=" + String(decoding: digest, as: UTF8.self))?.cause
        #expect(
            cause?.sentence
                == "The digest received is right under the secret “prod” with a newline at its end, with “v1=” for"
                + " “sha256=”.")
    }

    @Test func aSecretLeftEmptyIsNotCalledByTheNameOfOneHeld() throws {
        let digest = DigestMethod.hmacSHA256.digest(key: [], body: body)
        let cause = try diagnosis("v1=" + String(decoding: digest, as: UTF8.self))?.cause
        #expect(cause?.sentence == "The digest received is right under an empty secret.")
        #expect(cause?.secret == nil)
    }

    @Test func aSecretBoundElsewhereIsToldWithWhatElseIsWrong() throws {
        let bound = secret.bound(to: .rule("other"))
        let cause = try diagnosis(String(secret.signature(of: body).dropFirst(3)), holding: [bound])?.cause
        #expect(
            cause?.changes == [.header(HeaderReading(steps: [.bare])), .binding(.rule("other"))])
        #expect(
            cause?.sentence.hasSuffix("bound to rule:other and the notification holds an event of “dashAllEvents”.")
                == true)
    }

    @Test func noSentenceHoldsASecret() throws {
        for variant in SecretVariant.allCases {
            guard let key = variant.applied(to: Array("b2DashTestSecret0123456789abcdEF".utf8)) else { continue }
            let digest = DigestMethod.hmacSHA256.digest(key: key, body: body)
            let found = try diagnosis("v1=" + String(decoding: digest, as: UTF8.self))
            #expect(found?.cause?.changes == [.secret(variant)])
            #expect(!"\(found as Any)".contains("TestSecret"))
        }
    }

    @Test(arguments: [8, 15])
    func aFewRightDigitsAreAHintOnly(count: Int) throws {
        let found = try diagnosis(String(secret.signature(of: body).prefix(3 + count)))
        #expect(found?.cause == nil)
        #expect(found?.hints == [.startsRight(digits: count, secret: "prod")])
    }

    @Test func withoutAHeaderWhatWasSeenIsTold() throws {
        let found = try #require(try diagnosis(nil, [HeaderField("Via", "1.1 x"), HeaderField("via", "1.1 y")]))
        #expect(found.cause == nil)
        #expect(found.hints == [.proxy(["Via"])])
        #expect(found.ruledOut.isEmpty)
    }

    @Test func hintsAreFactsOfTheRequest() throws {
        let headers = [HeaderField("Content-Length", "5"), HeaderField("Content-Encoding", "gzip")]
        let found = try diagnosis(
            "v1=" + String(repeating: "0", count: 40), body: [0x1F, 0x8B, 8], headers,
            holding: [.sample("odd", "short")])
        #expect(
            found?.hints == [
                .cutShort(announced: 5, received: 3), .compressed("gzip", isStill: true),
                .otherLength(digits: 40, like: "SHA-1"), .unusualSecret("odd"),
            ])
        let test = SampleBody.notification([.test()])
        #expect(try diagnosis("v1=00", body: test)?.hints == [.testEvent])
    }

    @Test func aBodyNotKeptIsNotGuessedAt() throws {
        var delivery = Delivery.sample(body: body, signedWith: secret)
        delivery.body.removeLast()
        let found = try #require(SignatureDiagnosis(delivery, keyring: try Keyring([secret])))
        #expect(found.hints == [.notKept])
        #expect(found.tried == 0 && found.cause == nil && found.ruledOut.isEmpty)
    }

    @Test func aLargeBodyTriesTheCheapVariantsOnly() throws {
        let large = Array("[\"\(String(repeating: "x", count: DiagnosisSearch.maximumPairedBody))\"]".utf8)
        let found = try #require(try diagnosis("v1=" + String(repeating: "0", count: 64), body: large))
        #expect(found.tried < 50)
        #expect(found.ruledOut.last == "not tried, as the body is large: pairs of these, and its JSON rewritten")
        #expect(try diagnosis(secret.signature(of: large), body: large + [0x0A])?.cause != nil)
    }

    /// And no more is said to be ruled out than was.
    @Test(
        arguments: [
            (5, 60 << 10, "some pairs of these, not all"),
            (20, 200 << 10, "some of what goes wrong, not all: the body is large for so many secrets"),
        ])
    func manySecretsAreBounded(count: Int, size: Int, last: String) throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        let secrets = (0..<count).map { SigningSecret.sample("s\($0)", "secret number \($0)") }
        let found = try #require(
            try diagnosis("v1=" + String(repeating: "0", count: 64), body: body, holding: secrets))
        // The body left empty costs next to nothing.
        #expect(found.tried <= DiagnosisSearch.maximumHashed / size + 30 * count)
        #expect(found.ruledOut.last == last)
    }

    @Test func theLargestBodyThatIsRewrittenIsBoundedToo() throws {
        let events = (0..<450).map { SampleEvent(object: "é/\($0)") }
        let body = SampleBody.notification(events)
        #expect((200_000..<DiagnosisSearch.maximumPairedBody).contains(body.count))
        let found = try #require(try diagnosis("v1=" + String(repeating: "0", count: 64), body: body))
        #expect(found.cause == nil)
        #expect(found.tried < 1000)
    }

    @Test func hostileHeadersAreReadInBounds() throws {
        let nested = String(repeating: "%25", count: 300)
        for text in [
            nested, String(repeating: "a,", count: 5000), String(repeating: "\"", count: 1000), "v1=v1=", "=", "",
        ] {
            #expect(try diagnosis(text)?.cause == nil)
        }
        let twice = try diagnosis("v1=" + secret.signature(of: body))
        #expect(twice?.cause?.changes == [.header(HeaderReading(steps: [.prefix("v1=v1=")]))])
    }

    @Test func deepJSONIsLeftAlone() throws {
        let deep = Array((String(repeating: "[", count: 400) + String(repeating: "]", count: 400)).utf8)
        #expect(JSONTree(deep) == nil)
        #expect(try diagnosis("v1=" + String(repeating: "0", count: 64), body: deep)?.cause == nil)
    }
}
