import Base
import Foundation
import Testing
import TestSupport

@testable import Notifications

/// Bodies changed as a whole: the changes that are named, and those that are not.
///
/// The tests compute for a long time, so none runs on a thread that other tests share. The long form tries every kind,
/// the short one every fifth.
@Suite(.blocking) struct BodyDiagnosisTests {
    private static let step = LongTests.areWanted ? 1 : 5
    private let secret = SigningSecret.sample()

    private static let alone =
        BodyBreaker.encodings + BodyBreaker.characters + BodyBreaker.wrappers + BodyBreaker.embeddings
        + BodyBreaker.notations + BodyBreaker.layouts

    private func diagnosis(
        _ arrived: [UInt8], signed: [UInt8], key: [UInt8]? = nil, _ headers: [HeaderField] = [],
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> SignatureDiagnosis {
        let key = key ?? secret.withKey { $0 }
        let digest = String(decoding: DigestMethod.hmacSHA256.digest(key: key, body: signed), as: UTF8.self)
        var delivery = Delivery.sample(body: arrived)
        delivery.headers +=
            [HeaderField(SignatureHeader.name, "v1=\(digest)"), HeaderField("User-Agent", "B2/EventNotifications")]
            + headers
        return try #require(
            SignatureDiagnosis(delivery, keyring: try Keyring([secret]), isCancelled: isCancelled))
    }

    private func steps(_ diagnosis: SignatureDiagnosis) -> [String] {
        diagnosis.cause?.changes.map { if case .body(let step) = $0 { step.name } else { "\($0)" } } ?? []
    }

    @Test func eachKindIsNamedAndTheSecretIsNot() throws {
        var breaker = BodyBreaker(seed: 7)
        var count = 0
        var arrivedOnce: Set<String> = []
        for (number, kind) in Self.alone.enumerated() where number.isMultiple(of: Self.step) {
            // Some kinds need one event, some several.
            for events in [1, 2] {
                let body = breaker.body(events: events)
                guard let arrived = kind.apply(&breaker, body), arrived != body else { continue }
                // A second body with the others, for some.
                if events == 2, arrivedOnce.contains(kind.name), !number.isMultiple(of: 7) { continue }
                arrivedOnce.insert(kind.name)
                count += 1
                let found = try diagnosis(arrived, signed: body)
                let cause = try #require(found.cause, "\(kind.name): \(found.hints)")
                #expect(cause.secret == "prod")
                let steps = steps(found)
                #expect(
                    steps.contains { step in kind.steps.contains { step.hasPrefix($0) } }, "\(kind.name): \(steps)")
                #expect(cause.changes.allSatisfy { if case .body = $0 { true } else { false } }, "\(kind.name)")
                #expect(!cause.advice.isEmpty && !cause.advice.contains("secret"))
            }
        }
        #expect(count > 95 / Self.step)
    }

    @Test func pairsOfKindsAreNamed() throws {
        var breaker = BodyBreaker(seed: 11)
        var count = 0
        var lost: [String] = []
        for number in 0..<(LongTests.areWanted ? Self.alone.count * 3 : 30) {
            // Each kind is first, followed by another one each time.
            let first = Self.alone[number % Self.alone.count]
            let second = Self.alone[(number * 37 + 11) % Self.alone.count]
            let body = breaker.body(events: 1)
            guard let once = first.apply(&breaker, body), once != body, let arrived = second.apply(&breaker, once),
                arrived != once, arrived != body
            else { continue }
            count += 1
            let found = try diagnosis(arrived, signed: body)
            guard let cause = found.cause else {
                lost.append("\(first.name), then \(second.name)")
                #expect(!found.hints.contains(.otherSecret), "\(first.name), then \(second.name)")
                continue
            }
            #expect(cause.changes.allSatisfy { if case .body = $0 { true } else { false } })
        }
        #expect(count > 10)
        #expect(lost.count * 100 <= count * 5, "\(lost)")
    }

    @Test(arguments: LongTests.areWanted ? [1, 2] : [1] as [UInt64])
    func aChangedSecretIsFoundWithAChangedBody(seed: UInt64) throws {
        var breaker = BodyBreaker(seed: seed)
        for name in ["base64", "JSON string", "form payload", "gzip, stored", "UTF-16LE", "Lambda proxy", "compact"] {
            let kind = try #require(Self.alone.first { $0.name == name })
            let body = breaker.body(events: 1)
            let arrived = try #require(kind.apply(&breaker, body))
            let found = try diagnosis(arrived, signed: body, key: secret.withKey { $0 + [0x0A] })
            #expect(found.cause?.changes.first == .secret(.atEnd(.newline)), "\(name)")
        }
    }

    @Test func anotherSecretIsNeverTakenForAChangedBody() throws {
        var breaker = BodyBreaker(seed: 3)
        for kind in Self.alone.enumerated().filter({ $0.offset.isMultiple(of: 3 * Self.step) }).map(\.element) {
            let body = breaker.body(events: 1)
            // What only changes characters may leave the body as B2 lays it out.
            guard !(BodyBreaker.characters + BodyBreaker.layouts).contains(where: { $0.name == kind.name }),
                let arrived = kind.apply(&breaker, body)
            else { continue }
            let found = try diagnosis(arrived, signed: body, key: Array("another".utf8))
            #expect(found.cause == nil, "\(kind.name)")
            // The body must be examined first.
            #expect(!found.hints.contains(.otherSecret), "\(kind.name)")
            #expect(found.hints.last == .changedBody, "\(kind.name)")
        }
    }

    @Test(arguments: BodyBreaker.losses.indices)
    func whatIsLostIsNotBlamedOnTheSecret(index: Int) throws {
        let kind = BodyBreaker.losses[index]
        var breaker = BodyBreaker(seed: 5)
        let body = breaker.body()
        let arrived = try #require(kind.apply(&breaker, body))
        let found = try diagnosis(arrived, signed: body)
        #expect(found.cause == nil)
        #expect(!found.hints.contains(.otherSecret))
        #expect(!found.sections.flatMap(\.paragraphs).contains { $0.contains("copy the rule's secret") })
        #expect(!found.ruledOut.isEmpty)
    }

    @Test func whatIsNoNotificationIsSaidFirst() throws {
        #expect(
            try diagnosis(Array("hello".utf8), signed: []).sections.first?.paragraphs.first
                == "The body is not JSON, so it is not a notification from B2: expected a value at byte 1.")
        #expect(
            try diagnosis(Array("{\"a\":1}".utf8), signed: [1]).sections.first?.paragraphs.first
                == "The body is JSON without “events”, so it is not a notification from B2.")
        #expect(
            try diagnosis(Array("eyJhIjoxLCJiIjoyfQ==".utf8), signed: Array("{\"a\":1,\"b\":2}".utf8)).sections.first?
                .paragraphs.first?.hasPrefix("The body is not JSON") == true)
    }

    @Test func theSecretIsTheLastThingToTry() throws {
        var breaker = BodyBreaker(seed: 9)
        let body = breaker.body()
        let found = try diagnosis(body, signed: body, key: Array("another".utf8))
        #expect(found.hints == [.otherSecret])
        #expect(found.ruledOut.contains { $0.contains("its JSON laid out") })
    }

    // MARK: - Only what was tried

    @Test func rawDeflateIsNotCalledPlain() throws {
        let body = SampleBody.notification([SampleEvent()])
        let packed = try #require(Zlib.compress(body, .raw, level: 6))
        let found = try diagnosis(packed, signed: [1], [HeaderField("Content-Encoding", "deflate")])
        #expect(found.hints.contains(.compressed("deflate", isStill: true)))
        let brotli = try diagnosis([0x1B, 0x9F, 0xFF, 0xC4], signed: [1], [HeaderField("Content-Encoding", "br")])
        #expect(brotli.hints.contains(.unreadable("br")))
        let plain = try diagnosis(body, signed: [1], [HeaderField("Content-Encoding", "gzip")])
        #expect(plain.hints.contains(.compressed("gzip", isStill: false)))
    }

    @Test func layoutsAreRuledOutForJSONAlone() throws {
        let text = try diagnosis(Array("no JSON at all".utf8), signed: [1])
        #expect(!text.ruledOut.joined().contains("its JSON laid out"))
    }

    @Test func aCaseIsRuledOutWhereItWasTried() throws {
        let lower = try SigningSecret(label: "prod", value: "abcdefghijklmnopqrstuvwxyzabcdef")
        var delivery = Delivery.sample(body: [0x7B, 0x7D])
        delivery.headers.append(HeaderField(SignatureHeader.name, "v1=" + String(repeating: "0", count: 64)))
        let found = try #require(SignatureDiagnosis(delivery, keyring: try Keyring([lower])))
        let phrase = try #require(found.ruledOut.first { $0.hasPrefix("the secret") })
        #expect(phrase.contains("in upper case") && !phrase.contains("in lower case"))
    }

    @Test(
        arguments: [
            ":", "-", " ", ".",
        ])
    func aDigestWithSeparatorsIsRead(separator: String) throws {
        let body = SampleBody.notification([SampleEvent()])
        let digits = secret.signature(of: body).dropFirst(3)
        let pairs = stride(from: 0, to: 64, by: 2).map { start in
            String(digits.dropFirst(start).prefix(2))
        }
        for prefix in ["v1=", ""] {
            var delivery = Delivery.sample(body: body)
            delivery.headers.append(
                HeaderField(SignatureHeader.name, prefix + pairs.joined(separator: separator)))
            let found = try #require(SignatureDiagnosis(delivery, keyring: try Keyring([secret])))
            #expect(found.cause?.secret == "prod")
        }
    }

    @Test func aDigestInByteValuesIsRead() throws {
        let body = SampleBody.notification([SampleEvent()])
        let bytes = try #require(Hex.decode(secret.signature(of: body).dropFirst(3)))
        for value in [
            "v1=[\(bytes.map { "\($0)" }.joined(separator: ", "))]",
            "v1=[\(bytes.map { "\(Int8(bitPattern: $0))" }.joined(separator: ", "))]",
            "v1=" + bytes.map { "\\x" + Hex.encode([$0]) }.joined(),
        ] {
            var delivery = Delivery.sample(body: body)
            delivery.headers.append(HeaderField(SignatureHeader.name, value))
            let found = try #require(SignatureDiagnosis(delivery, keyring: try Keyring([secret])))
            #expect(found.cause?.secret == "prod", "\(value)")
        }
    }

    // MARK: - Bounds

    @Test(
        arguments: [
            ("backslashes", [UInt8](repeating: 0x5C, count: 1 << 14)),
            ("quotes", [UInt8](repeating: 0x22, count: 1 << 14)),
            ("newlines", [UInt8](repeating: 0x0A, count: 1 << 14)),
            ("dashes", [UInt8](repeating: 0x2D, count: 1 << 14)),
            ("brackets", [UInt8](repeating: 0x5B, count: 1 << 14)),
            ("base64", [UInt8](repeating: 0x41, count: 1 << 14)),
            ("names", Array(String(repeating: "accountId>", count: 1 << 12).utf8)),
            ("pairs", Array(String(repeating: "a=b&", count: 1 << 14).utf8)),
            ("zeros", [UInt8](repeating: 0, count: 1 << 14)),
            ("escapes", Array(String(repeating: "%7B", count: 1 << 14).utf8)),
        ] as [(String, [UInt8])])
    func hostileBodiesAreBounded(name: String, body: [UInt8]) throws {
        let found = try diagnosis(body, signed: [1])
        #expect(found.cause == nil)
        #expect(found.work <= DiagnosisWork.limit + (64 << 20), "\(name)")
    }

    @Test func whatIsUnpackedIsBounded() throws {
        let bomb = try #require(Zlib.compress([UInt8](repeating: 0, count: 4 << 20), .gzip, level: 9))
        #expect(Zlib.decompress(bomb, .gzip, limit: DiagnosisWork.longest) == nil)
        let found = try diagnosis(bomb, signed: [1])
        #expect(found.cause == nil)
        #expect(found.work <= DiagnosisWork.limit + (64 << 20))
    }

    @Test func aLargeNotificationIsDiagnosedWithinTheLimit() throws {
        let body = SampleBody.notification((0..<180).map { SampleEvent(object: "photos/\($0)") })
        #expect(body.count > 90_000)
        let compact = body.filter { $0 != 0x0A }
        let found = try diagnosis(compact, signed: body)
        #expect(found.cause?.changes == [.body(.newlinesTakenOut)])
        let other = try diagnosis(body, signed: body, key: Array("another".utf8))
        #expect(other.work <= DiagnosisWork.limit + (64 << 20))
        #expect(!other.notTried.isEmpty)
    }

    @Test func itEndsWhenNobodyWaits() throws {
        let body = SampleBody.notification([SampleEvent()])
        let found = try diagnosis(body, signed: [1], isCancelled: { true })
        #expect(found.tried < 10)
        #expect(found.notTried == ["what was left when the diagnosis was given up"])
        #expect(found.ruledOut.isEmpty)
    }

    // MARK: - Parts

    @Test(
        arguments: [
            // Python: gzip.compress, zlib.compress and a raw compressobj of b'{"events": []}' * 4.
            (Zlib.Format.gzip, "H4sIAAAAAAACA6tWSi1LzSspVrJSiI6trSaaBwCy1rHZOAAAAA=="),
            (.zlib, "eJyrVkotS80rKVayUoiOra0mmgcAMQYTjQ=="), (.raw, "q1ZKLUvNKylWslKIjq2tJpoHAA=="),
        ])
    func isDecompressedAsPythonCompresses(format: Zlib.Format, text: String) throws {
        let packed = try #require(Base64.decode(Array(text.utf8)))
        let plain = String(repeating: "{\"events\": []}", count: 4)
        #expect(Zlib.decompress(packed, format, limit: 1024) == Array(plain.utf8))
        #expect(Zlib.decompress(packed, format, limit: 55) == nil)
        #expect(Zlib.decompress(Array(packed.dropLast(9)), format, limit: 1024) == nil)
    }

    @Test func aBodySignedInAnotherFormIsRecognised() throws {
        let body = SampleBody.notification([SampleEvent(object: "é")])
        for format in Zlib.Format.allCases {
            let packed = try #require(Zlib.compress(body, format, level: 6))
            #expect(try diagnosis(body, signed: packed).cause?.sentence.contains("compressed with") == true)
        }
        let forms: [(String, [UInt8])] = [
            ("UTF-16LE", Array("{}".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
            ("encoded as base64", Array("e30=".utf8)), ("as a JSON string", Array("\"{}\"".utf8)),
            ("[object Object]", Array("[object Object]".utf8)), ("undefined", Array("undefined".utf8)),
        ]
        for (phrase, signed) in forms {
            #expect(
                try diagnosis(Array("{}".utf8), signed: signed).cause?.sentence.contains(phrase) == true, "\(phrase)")
        }
    }

    @Test func aSignatureOverMoreThanTheBodyIsRecognised() throws {
        let body = SampleBody.notification([SampleEvent()])
        for (name, prefix) in [
            ("webhook-timestamp", "1767262272."), ("X-Slack-Request-Timestamp", "v0:1767262272:"),
            ("Date", "1767262272"),
        ] {
            let found = try diagnosis(
                body, signed: Array(prefix.utf8) + body, [HeaderField(name, "1767262272")])
            #expect(steps(found) == ["more"], "\(name)")
        }
        let both = [HeaderField("webhook-id", "msg_1"), HeaderField("webhook-timestamp", "1767262272")]
        #expect(steps(try diagnosis(body, signed: Array("msg_1.1767262272.".utf8) + body, both)) == ["more"])
    }

    /// Notations that none of the kinds above has.
    @Test(
        arguments: [
            "a:1:{s:6:\"events\";a:1:{i:0;a:2:{s:9:\"eventType\";s:12:\"b2:TestEvent\";s:7:\"eventId\";s:2:\"ab\";"
                + "s:12:\"eventVersion\";i:1;}}}",
            "eventType=\"b2:TestEvent\" eventId=ab eventVersion=1",
            "<e xmlns:n=\"x\"><n:eventType>b2:TestEvent</n:eventType><n:eventId>ab</n:eventId><n:eventVersion>1"
                + "</n:eventVersion></e>",
            "{ events: [ { eventType: 'b2:TestEvent', eventId: 'ab', eventVersion: 1 } ] }",
            "[events] => Array\n [eventType] => b2:TestEvent\n [eventId] => ab\n [eventVersion] => 1\n",
            "EVENT_TYPE|event_id|event-version\nb2:TestEvent|ab|1\n",
        ])
    func aNotificationIsReadOutOfOtherNotations(text: String) {
        let read = NotificationReader.read(Array(text.utf8)).map {
            String(decoding: $0.written(.compact), as: UTF8.self)
        }
        #expect(read == "{\"events\":[{\"eventId\":\"ab\",\"eventType\":\"b2:TestEvent\",\"eventVersion\":1}]}")
    }

    @Test(
        arguments: [
            ("1.684793309123e12", "1684793309123"), ("1684793309123.0", "1684793309123"), ("1E0", "1"), ("0.0", "0"),
            ("-1.50e1", "-15"), ("1.5", nil), ("17", nil), ("1e99", nil),
        ] as [(String, String?)])
    func wholeNumbersBecomeIntegers(text: String, integer: String?) {
        #expect(Numbers.integer(text) == integer)
    }

    @Test(
        arguments: [
            ("2026-01-01T10:11:12.345Z", 1_767_262_272_345), ("2026-01-01 10:11:12", 1_767_262_272_000),
            ("2026-01-01T12:11:12.345+02:00", 1_767_262_272_345), ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T00:00:00.5Z", 1_709_164_800_500),
        ] as [(String, Int64)])
    func timesBecomeMilliseconds(text: String, time: Int64) {
        #expect(Numbers.milliseconds(text) == time)
    }

    // MARK: - Another delivery's signature

    @Test func theOwnerOfASignatureIsFound() throws {
        let (one, two) = (SampleBody.notification([SampleEvent()]), SampleBody.notification([.test()]))
        var delivery = Delivery.sample(body: one)
        delivery.headers.append(HeaderField(SignatureHeader.name, secret.signature(of: two)))
        let keyring = try Keyring([secret])
        let owner = try #require(SignatureOwner(delivery, keyring: keyring))
        #expect(two.withUnsafeBytes { owner.secret(for: $0) } == "prod")
        #expect(one.withUnsafeBytes { owner.secret(for: $0) } == nil)
        let found = try #require(SignatureDiagnosis(delivery, keyring: keyring)).belonging(to: 17, secret: "prod")
        #expect(found.cause?.sentence.contains("belongs to delivery 17") == true)
        #expect(found.sections.map(\.heading) == ["Why", "What usually does this", "What to do"])
    }
}
