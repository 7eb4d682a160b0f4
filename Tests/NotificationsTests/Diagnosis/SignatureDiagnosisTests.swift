import TestSupport
import Testing

@testable import Notifications

@Suite(.blocking) struct SignatureDiagnosisTests {
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
            cause?.sentence.hasSuffix("bound to rule:other and the notification contains an event of “dashAllEvents”.")
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
        #expect(found.ruledOut == ["a digest in another header: none contains 16 hex digits or more"])
        let other = try #require(try diagnosis(nil, [HeaderField("ETag", String(repeating: "0", count: 64))]))
        #expect(other.ruledOut == ["a digest of this body in another header"])
    }

    @Test func hintsAreFactsOfTheRequest() throws {
        let headers = [HeaderField("Content-Length", "5"), HeaderField("Content-Encoding", "gzip")]
        let found = try diagnosis(
            "v1=" + String(repeating: "0", count: 40), body: [0x1F, 0x8B, 8], headers,
            holding: [.sample("odd", "short")])
        #expect(
            found?.hints == [
                .notJSON("expected a value at byte 1"), .cutShort(announced: 5, received: 3),
                .compressed("gzip", isStill: true),
                .otherLength(digits: 40, like: "SHA-1"), .unusualSecret("odd"),
            ])
        let test = SampleBody.notification([.test()])
        #expect(try diagnosis("v1=00", body: test)?.hints == [.otherLength(digits: 2, like: nil), .testEvent])
    }

    @Test(arguments: ["0", "1", "-1", "9999"])
    func anEmptyBodyIsExamined(announced: String) throws {
        let found = try diagnosis(
            "v1=" + String(repeating: "0", count: 64), body: [], [HeaderField("Content-Length", announced)])
        #expect(try #require(found).cause == nil)
    }

    @Test func aBodyNotKeptIsNotGuessedAt() throws {
        var delivery = Delivery.sample(body: body, signedWith: secret)
        delivery.body.removeLast()
        let found = try #require(SignatureDiagnosis(delivery, keyring: try Keyring([secret])))
        #expect(found.hints == [.notKept])
        #expect(found.tried == 0 && found.cause == nil && found.ruledOut.isEmpty)
    }

    /// No more is reported as excluded than was tried.
    @Test(arguments: [(5, 60 << 10), (20, 200 << 10)])
    func manySecretsAreBounded(count: Int, size: Int) throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        let secrets = (0..<count).map { SigningSecret.sample("s\($0)", "secret number \($0)") }
        let found = try #require(
            try diagnosis("v1=" + String(repeating: "0", count: 64), body: body, holding: secrets))
        #expect(found.work <= DiagnosisWork.limit + (8 << 20))
        #expect(found.notTried.count == 1)
        #expect(!found.ruledOut.contains { $0.hasPrefix("one of these changes") })
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

    /// Each result has a reason, and a list of what was excluded.
    @Test(
        arguments: [
            ("v1=00", .otherLength(digits: 2, like: nil)), ("v1=", .noDigest("v1")), ("", .noDigest(nil)),
            ("v1=undefined", .placeholder("undefined")), ("[object Object]", .placeholder("[object Object]")),
            ("v2=abc", .otherLength(digits: 3, like: nil)), ("v1=not-a-digest-at-all", .notHex(characters: 19)),
            ("v1=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF", .token),
            ("v1=" + String(repeating: "g", count: 64), .notHex(characters: 64)),
            // The digest that is meant, in its plainest reading.
            ("t=1767262272,v1=" + String(repeating: "0", count: 64), .otherSecret),
            ("v1=" + String(repeating: "0", count: 64) + "x", .moreThanDigest(characters: 1)),
            ("v1=" + String(repeating: "0", count: 65), .otherLength(digits: 65, like: nil)),
            ("v1=" + String(repeating: "MDAw", count: 21) + "MA==", .inBase64),
            ("v1=XyXyXyXyXyXyXyXyXyXyXyXyXyA=", .otherLength(digits: 40, like: "SHA-1")),
        ] as [(String, DiagnosisHint)])
    func whatStandsInPlaceOfADigestIsSaid(header: String, hint: DiagnosisHint) throws {
        let found = try #require(try diagnosis(header, [HeaderField("User-Agent", "B2/EventNotifications")]))
        #expect(found.cause == nil)
        #expect(found.hints.first == hint)
        #expect(!found.ruledOut.isEmpty)
    }

    @Test func aDigestAmidOtherTextIsFound() throws {
        let signature = secret.signature(of: body).dropFirst(3)
        for header in ["{\"v1\":\"\(signature)\"}", "v1=\(signature)x", "<sig>\(signature)</sig>"] {
            #expect(try diagnosis(header)?.cause?.secret == "prod", "\(header)")
        }
    }

    /// JSON laid out again would explain it too.
    @Test func newlinesAreNotTakenForRewrittenJSON() throws {
        let signature = secret.signature(of: body)
        let curl = try diagnosis(signature, body: body.filter { $0 != 0x0A })?.cause
        #expect(curl?.changes == [.body(.newlinesTakenOut)])
        #expect(curl?.advice.contains("--data-binary") == true)
        let lines = Array(body.split(separator: 0x0A).joined(separator: [0x0D, 0x0A])) + [0x0D, 0x0A]
        let converted = try diagnosis(signature, body: lines)?.cause
        #expect(Set(converted?.changes ?? []) == [.body(.linesEndLF), .body(.withoutFinalNewlines)])
        #expect(converted?.sentence.contains("laid out") == false)
    }

    @Test func sortedKeysAloneAreCalledThat() throws {
        let sorted = SigningSecret.sample().signature(
            of: Array("{\n  \"a\": 1,\n  \"b\": [2, {\"c\":3, \"d\":4}]\n}".utf8))
        let cause = try diagnosis(sorted, body: Array("{\n  \"b\": [2, {\"d\":4, \"c\":3}],\n  \"a\": 1\n}".utf8))?
            .cause
        #expect(
            cause?.sentence
                == "The digest received is right under the secret “prod”, for the body with its keys sorted.")
    }

    @Test func twoOfAKindAreCountedAsTwo() throws {
        let digest = DigestMethod.hmacSHA256.digest(key: Array("b2DashTestSecret0123456789abcdEF\n\n".utf8), body: body)
        #expect(
            try diagnosis("v1=" + String(decoding: digest, as: UTF8.self))?.cause?.sentence
                == "The digest received is right under the secret “prod” with two newlines at its end.")
        #expect(
            try diagnosis(secret.signature(of: body + [0x0A, 0x0A]))?.cause?.sentence
                == "The digest received is right under the secret “prod”, for the body with two newlines at its end.")
    }

    @Test func whoMayHaveChangedTheBodyIsNamedWithTheCause() throws {
        let via = [HeaderField("Via", "1.1 x")]
        let body = try diagnosis(secret.signature(of: body), body: body + [0x0A], via)
        #expect(body?.sections.map(\.heading) == ["Why", "What to do", "Seen on the way"])
        // It does not affect the reading of the header.
        let header = try diagnosis(String(secret.signature(of: self.body).dropFirst(3)), via)
        #expect(header?.sections.map(\.heading) == ["Why", "What to do"])
    }

    @Test func anotherSecretIsSuggestedWhereNothingElseIsSeen() throws {
        let signature = SigningSecret.sample("prod", "another").signature(of: body)
        let found = try #require(try diagnosis(signature, [HeaderField("User-Agent", "B2/EventNotifications")]))
        #expect(found.hints == [.otherSecret])
        #expect(found.sections.map(\.heading) == ["What to try", "Ruled out"])
        let cut = try diagnosis(signature, [HeaderField("Content-Length", "9999")])
        #expect(cut?.hints.contains(.otherSecret) == false)
    }

    @Test(
        arguments: [
            "\"KEY\"\n", "'KEY'\r\n", "\"KEY\n\"", "`KEY`\r", "“KEY” ", "\tKEY\u{A0}", "\nKEY'", "‘KEY’\n", "  KEY",
            "\"KEY\r",
        ])
    func twoThingsAroundASecretAreFound(form: String) throws {
        let key = form.replacing("KEY", with: "b2DashTestSecret0123456789abcdEF")
        let digest = DigestMethod.hmacSHA256.digest(key: Array(key.utf8), body: body)
        let cause = try #require(try diagnosis("v1=" + String(decoding: digest, as: UTF8.self))?.cause)
        #expect(cause.changes.count == 2)
        #expect(cause.changes.allSatisfy { if case .secret = $0 { true } else { false } })
    }
}

// MARK: - Digest methods

/// Known answers, from `openssl dgst`.
@Suite struct DigestMethodTests {
    @Test(
        arguments: [
            (.hmacSHA256, "515aae133b435d4000956731f68ae5cf5eb85d4f0dc6a546d2bfcd3595ec1ae1"),
            (.hmacSHA1, "70bbf6819d1037aa94ca7e7f537cbea25fe49283"),
            (.hmacMD5, "5a3cfaf24aa41bb683c6dc14209b7ee5"),
            (.sha256, "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"),
            (.sha1, "02083f4579e08a612425c0c1a17ee47add783b94"),
            (.md5, "841a2d689ad86bd1611447453c22c6fc"),
            (.secretThenBody, "1bae80b75a57754f86b3908413e62372297b9c7d6a25568bcb82675d155d149c"),
            (.bodyThenSecret, "bb80cd8e5bf9424324dfd18030e3aec9dea1a6950e56e5482b36b4f15da85430"),
            (.swapped, "5b999cb32966db0c4abcf19247043df895963469f9a3e0f4075bf014e6a75ee9"),
            (
                .hmacSHA384,
                "9af5e5a8f0a932a9f2d4d4f20b9465aa742b5ad36b921661b00d7ce1dea803702c214535e7ed29f5fcbc495b363c999c"
            ),
            (
                .hmacSHA512,
                "b71e82b42ece244182aae00f5c418d84b5b0ac844874765e658e91b26261b32d"
                    + "f39e9fcbf44424d0e3b53bab192e78a4936224ec940cf953164b70aacdd4c845"
            ),
            (
                .sha512,
                "5510ebbda5ed4da007c55a62fd7075c722ec031f07398ef3e90b9b50e0fe9509"
                    + "85476c474414d2b386e8f08cd505fb506b528006a30abfe9ca0eb0b67b7e760b"
            ),
        ] as [(DigestMethod, String)])
    func isAsOpenSSLMakesIt(method: DigestMethod, digest: String) {
        #expect(
            String(decoding: method.digest(key: Array("key".utf8), body: Array("body".utf8)), as: UTF8.self) == digest)
    }

    @Test func anEmptyKeyIsTaken() {
        let digest = DigestMethod.hmacSHA256.digest(key: [], body: Array("body".utf8))
        #expect(
            String(decoding: digest, as: UTF8.self)
                == "7ec3619ea7f921721b6d8bec83ea2d0c6d557e0b164daf577e62c8cc88ed74ae")
        #expect(DigestMethod.swapped.digest(key: Array("key".utf8), body: []).count == 64)
    }
}

// MARK: - Generated requests

/// It computes for a long time, so it does not run on a thread that other tests share.
@Suite(.blocking) struct GeneratedRequestsTests {
    private static let requests = LongTests.count(60, long: 200)

    /// Requests broken in known ways, a few of them in ways that nobody could find.
    @Test(arguments: [1] as [UInt64])
    func theRightCauseIsNamed(seed: UInt64) throws {
        var breaker = RequestBreaker(seed: seed)
        var findable = 0
        var found = 0
        for number in 0..<Self.requests {
            let request = try breaker.next(number)
            let diagnosis = try #require(
                SignatureDiagnosis(request.delivery, keyring: request.keyring), "\(request.name)")
            let cause = diagnosis.cause
            switch request.expectation {
            case .certain(let changes):
                findable += 1
                if let cause, Set(cause.changes) == Set(changes) {
                    found += 1
                } else {
                    // A cause that is not found is a loss; a wrong cause is a lie.
                    #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                }
            case .hint(let isRight):
                findable += 1
                #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                if diagnosis.hints.contains(where: isRight) { found += 1 }
            case .nothing:
                #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                #expect(!diagnosis.ruledOut.isEmpty)
            }
        }
        #expect(findable * 10 >= Self.requests * 9)
        #expect(found * 100 >= findable * 95, "\(found) of \(findable)")
    }
}
