import Notifications
import TestSupport
import Testing

// MARK: - Known answers

/// Signatures from other sources, or computed by hand: sections 2 and 8 of the project's facts.
@Suite struct KnownAnswerTests {
    struct Known: Sendable, CustomStringConvertible {
        let description: String
        let secret: String
        let body: [UInt8]
        let length: Int
        let signature: String
    }

    private static let ours = "b2DashTestSecret0123456789abcdEF"
    private static let upload = "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044"

    private static func version(_ ending: String) -> String { "\(upload)_\(ending)" }

    /// The event in the tests of Backblaze's Java SDK.
    private static let java = SampleBody.notification([
        SampleEvent(
            id: "eventId", object: "objectName.txt",
            version: "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20230521_m235957_c001_v0001044_t0052"
                + "_u01684713597235",
            timestamp: 1_684_793_309_123, rule: "mySampleRule1")
    ])

    /// A notification from B2 of May 2024, before events had ids: `suhlig/spike-b2-events`.
    private static let captured = SampleBody.notification([
        SampleEvent(
            id: nil, object: "one", size: 2,
            version: "4_z458e6d3b3498a56e85fc0b1c_f406122d4e41c2e15_d20240523_m170326_c001_v0001153_t0001"
                + "_u01716483806337",
            timestamp: 1_716_483_806_343, bucket: "suhlig-spike-event-notifications", rule: "on-upload"
        )
        .with("accountId", json: #""5edb485e5cbc""#).with("bucketId", json: #""458e6d3b3498a56e85fc0b1c""#)
    ])

    static let all = [
        Known(
            description: "the Java SDK's body", secret: "3XDfkdQte2OgA78qCtSD17LAzpj6ay9H", body: java, length: 527,
            signature: "v1=8c8e2b5d8192d79cdc3161e6f12c958b13c7e3e6844057a97f653a29641812a9"),
        Known(
            description: "the Java SDK's body, another secret", secret: "rrzaVL6BqYt83s2Q5R2I79AilaxVBJUS", body: java,
            length: 527, signature: "v1=b56e6b9b50851edff22db3c7130793970291af39ccb36ad895487599de91491c"),
        Known(
            description: "a capture", secret: "eqdIy6lTcbDXsGFJnyD5eK83sCQUIrPH", body: captured, length: 495,
            signature: "v1=ed43d3f65391cdeef81783321a5c3408977050e4747085023fd6ca02cdf71543"),
        Known(
            description: "a capture without its newlines", secret: "eqdIy6lTcbDXsGFJnyD5eK83sCQUIrPH",
            body: captured.filter { $0 != UInt8(ascii: "\n") }, length: 480,
            signature: "v1=8ac50cc33d141ea5450a1c3e7c85c2cc98f7ba8b5043ecee56ecb61385d04920"),
        Known(
            description: "an upload", secret: ours,
            body: SampleBody.notification([SampleEvent(version: version("t0001_u01767262272345"))]), length: 589,
            signature: "v1=ec280ca0978c4c481fd988b2f979637f98e2a1e5139d5f290a784735694bfa20"),
        Known(
            description: "a test event", secret: ours,
            body: SampleBody.notification([SampleEvent.test().with("eventTimestamp", json: "1767262300000")]),
            length: 377, signature: "v1=b77a8bfc38c295a7700caed42c6b51ab182d4b6ec8ac2d83c3405ed152f2c537"),
        Known(
            description: "a hide marker", secret: ours,
            body: SampleBody.notification([
                SampleEvent(
                    id: "cef7fc13a38180936ffa2635489088778e059f07a5d1beda53f1719d35577631",
                    type: "b2:HideMarkerCreated:Hide", size: 0, version: version("t0002_u01767262272346"),
                    timestamp: 1_767_262_310_001)
            ]), length: 584, signature: "v1=1234af19426e1afcbab86026671d9ec0300bef57e673de170f7814ce60a8c3d9"),
        Known(
            description: "a lifecycle delete", secret: ours,
            body: SampleBody.notification([
                SampleEvent(
                    id: "449777124b1466a8ed667d0dd4c0620993f59e20fb27b3fa8894e957f8762353",
                    type: "b2:ObjectDeleted:LifecycleRule", version: version("t0001_u01767262272345"),
                    timestamp: 1_767_262_320_002)
            ]), length: 596, signature: "v1=a97cad51ec1b6da7de7c47f25cc2ff714abc22b577a1872358865d999abd70bc"),
        Known(
            description: "a batch of three", secret: ours,
            body: SampleBody.notification([
                SampleEvent(
                    id: "43700797e2f9d4ad38ccf1355df3233453396bfcc8db8e424486e37bae42a9ec",
                    type: "b2:ObjectCreated:MultipartUpload", object: "backups/db 01.tar", size: 5_368_709_120,
                    version: version("t0005_u01767262272347"), timestamp: 1_767_262_330_003),
                SampleEvent(
                    id: "f33422b95e3b98310adedc93655de579f6e311120ea0c27c3e2317b5116d6afb",
                    type: "b2:ObjectCreated:Copy", object: "copies/résumé.pdf", size: 120_333,
                    version: version("t0006_u01767262272348"), timestamp: 1_767_262_330_100),
                SampleEvent(
                    id: "f3e2e400523c506868ca413bc55dc213c38e7084caeb10f6f629d8bf5ee9a160",
                    type: "b2:ObjectDeleted:Delete", object: "tmp/old.bin", size: nil,
                    version: version("t0007_u01767262272349"), timestamp: 1_767_262_330_222),
            ]), length: 1_694, signature: "v1=c6782249327c173ec5396968c86b7bc0d0b6b6b49a7bd49083b9b5e665c5b6e1"),
    ]

    @Test(arguments: all)
    func isSignedAsStated(known: Known) throws {
        let secret = try SigningSecret(label: "known", value: known.secret)
        #expect(known.body.count == known.length)
        #expect(secret.signature(of: known.body) == known.signature)

        let delivery = Delivery.sample(
            headers: [HeaderField(SignatureHeader.name, known.signature)], body: known.body)
        let verifier = SignatureVerifier(try Keyring([secret]))
        let events = Payload(scanning: known.body).events
        #expect(verifier.verify(delivery, events: events) == Judgement(.valid, secret: secret.identity))
    }
}

// MARK: - Vectors

@Suite struct SignatureVectorTests {
    @Test func allVectorsAreThere() {
        #expect(SignatureVectors.all.cases.count == 46)
        #expect(Set(SignatureVectors.all.cases.map(\.name)).count == 46)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func isJudgedAndAnsweredWithTheSecretHeld(vector: SignatureVector) throws {
        let payload = Payload(scanning: vector.body)
        let judgement = SignatureVerifier(try SignatureVectors.all.keyring)
            .verify(vector.delivery, events: payload.events)
        let answer = Answer(to: judgement.verdict, isJSON: payload.isJSON)
        #expect(judgement.verdict.word == vector.signature)
        #expect(answer.status == vector.status)
        #expect(answer.text == vector.answer)
        #expect(judgement.secret?.label == (vector.signature == "valid" ? "vector" : nil))
    }

    @Test(arguments: SignatureVectors.all.cases)
    func isJudgedAndAnsweredWithNoSecretHeld(vector: SignatureVector) {
        let payload = Payload(scanning: vector.body)
        let judgement = SignatureVerifier(Keyring()).verify(vector.delivery, events: payload.events)
        #expect(judgement.verdict.word == vector.signatureWithoutSecret)
        #expect(Answer(to: judgement.verdict, isJSON: payload.isJSON).status == vector.statusWithoutSecret)
        #expect(judgement.secret == nil)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func holdsTheEventsStated(vector: SignatureVector) {
        #expect(Payload(scanning: vector.body).events.count == vector.events)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func theEvidenceSaysTheSameAsTheVerdict(vector: SignatureVector) throws {
        let evidence = SignatureEvidence(vector.delivery, keyring: try SignatureVectors.all.keyring)
        #expect(evidence.judgement.verdict.word == vector.signature)
        #expect(evidence.expectations.map(\.isReceived) == [vector.signature == "valid"])
        #expect(evidence.received.isEmpty == (vector.signature == "missing"))
        #expect(evidence.sentence.hasSuffix("."))
    }
}

// MARK: - Lists of signatures

/// The elements of a signature header that decide.
@Suite struct SignatureListTests {
    static let body = SampleBody.notification([SampleEvent()])
    static let right = SigningSecret.sample().signature(of: body)
    static let wrong = "v1=" + String(repeating: "0", count: 64)

    private func verdict(_ lines: [String], holding secrets: [SigningSecret] = [.sample()]) throws -> SignatureVerdict {
        let delivery = Delivery.sample(headers: lines.map { HeaderField(SignatureHeader.name, $0) }, body: Self.body)
        return SignatureVerifier(try Keyring(secrets)).verify(delivery, events: []).verdict
    }

    @Test(
        arguments: [
            // One matching element makes it valid, whatever the others are.
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
            // Otherwise one v1 element makes it invalid.
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
            // Otherwise one of another version makes it unsupported.
            (["v2=\(right.dropFirst(3))"], .unsupported),
            (["V1=\(right.dropFirst(3))"], .unsupported),
            (["v1 =\(right.dropFirst(3))"], .unsupported),
            (["=\(right.dropFirst(3))"], .unsupported),
            (["="], .unsupported),
            (["nonsense,v2=x"], .unsupported),
            (["nonsense", "v10=x"], .unsupported),
            // Otherwise it is malformed.
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
        func verify(_ name: String) throws -> SignatureVerdict {
            let delivery = Delivery.sample(headers: [HeaderField(name, Self.right)], body: Self.body)
            return SignatureVerifier(try Keyring([.sample()])).verify(delivery, events: []).verdict
        }
        #expect(try verify("X-BZ-EVENT-NOTIFICATION-SIGNATURE") == .valid)
        #expect(try verify("x-bz-event-notification-signature ") == .missing)
        #expect(try verify("x-bz-event-notification-signatures") == .missing)
        #expect(try verify("x_bz_event_notification_signature") == .missing)
        // Bytes that differ only in the bit of the case, and are not letters.
        #expect(try verify("x\u{0D}bz-event-notification-signature") == .missing)
    }

    @Test func anyChangeOfTheBodyMakesItInvalid() throws {
        let verifier = SignatureVerifier(try Keyring([.sample()]))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<200 {
            var body = Self.body
            let index = Int.random(in: 0..<body.count, using: &random)
            body[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let delivery = Delivery.sample(headers: [HeaderField(SignatureHeader.name, Self.right)], body: body)
            #expect(verifier.verify(delivery, events: []) == Judgement(.invalid))
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
            #expect(verifier.verify(delivery, events: []) == Judgement(.valid, secret: secret.identity))
        }
        let stranger = Delivery.sample(body: Self.body, signedWith: .sample("s6", "secret number 6"))
        #expect(verifier.verify(stranger, events: []) == Judgement(.invalid))
    }
}
