import Base
import Notifications
import Testing

@testable import Sending
import struct TestSupport.SeededGenerator

/// The bodies and signatures of Backblaze's format, byte for byte.
@Suite struct SampleBodyTests {
    private let photo = SampleObject(
        name: "photos/2026/cat.jpg", size: 10_495_842,
        versionID: "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t0001_u01767262272345"
    )

    private func event(_ type: String, _ id: String, at time: Int64, _ object: SampleObject?) -> EventSample {
        EventSample(
            accountID: "e85c6a500333", bucketID: "aea8c5bc362ae55070130333", bucketName: "mySampleBucket", eventID: id,
            timestamp: Timestamp(milliseconds: time), type: EventType(type), ruleName: "dashAllEvents", object: object)
    }

    private func expect(_ events: [EventSample], length: Int, signature: String) throws {
        let secret = try SigningSecret(label: "test", value: "b2DashTestSecret0123456789abcdEF")
        let body = SampleNotification(events: events).body
        #expect(body.count == length)
        #expect(secret.signature(of: body) == "v1=\(signature)")
    }

    @Test func upload() throws {
        try expect(
            [
                event(
                    "b2:ObjectCreated:Upload", "8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa",
                    at: 1_767_262_272_345, photo)
            ], length: 589, signature: "ec280ca0978c4c481fd988b2f979637f98e2a1e5139d5f290a784735694bfa20")
    }

    @Test func testEvent() throws {
        try expect(
            [
                event(
                    "b2:TestEvent", "ac0f09c0f8bf5e7a4b063d863255f16d8ce9abe600e288d934cf313bcbff63eb",
                    at: 1_767_262_300_000, nil)
            ], length: 377, signature: "b77a8bfc38c295a7700caed42c6b51ab182d4b6ec8ac2d83c3405ed152f2c537")
    }

    @Test func hideMarker() throws {
        let version =
            "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t0002_u01767262272346"
        try expect(
            [
                event(
                    "b2:HideMarkerCreated:Hide", "cef7fc13a38180936ffa2635489088778e059f07a5d1beda53f1719d35577631",
                    at: 1_767_262_310_001, SampleObject(name: photo.name, size: 0, versionID: version))
            ], length: 584, signature: "1234af19426e1afcbab86026671d9ec0300bef57e673de170f7814ce60a8c3d9")
    }

    @Test func lifecycleDelete() throws {
        try expect(
            [
                event(
                    "b2:ObjectDeleted:LifecycleRule",
                    "449777124b1466a8ed667d0dd4c0620993f59e20fb27b3fa8894e957f8762353",
                    at: 1_767_262_320_002, photo)
            ], length: 596, signature: "a97cad51ec1b6da7de7c47f25cc2ff714abc22b577a1872358865d999abd70bc")
    }

    @Test func batchOfThree() throws {
        let start = "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t000"
        try expect(
            [
                event(
                    "b2:ObjectCreated:MultipartUpload",
                    "43700797e2f9d4ad38ccf1355df3233453396bfcc8db8e424486e37bae42a9ec", at: 1_767_262_330_003,
                    SampleObject(name: "backups/db 01.tar", size: 5_368_709_120, versionID: start + "5_u01767262272347")
                ),
                event(
                    "b2:ObjectCreated:Copy", "f33422b95e3b98310adedc93655de579f6e311120ea0c27c3e2317b5116d6afb",
                    at: 1_767_262_330_100,
                    SampleObject(name: "copies/résumé.pdf", size: 120_333, versionID: start + "6_u01767262272348")),
                event(
                    "b2:ObjectDeleted:Delete", "f3e2e400523c506868ca413bc55dc213c38e7084caeb10f6f629d8bf5ee9a160",
                    at: 1_767_262_330_222,
                    SampleObject(name: "tmp/old.bin", size: nil, versionID: start + "7_u01767262272349")),
            ], length: 1_694, signature: "c6782249327c173ec5396968c86b7bc0d0b6b6b49a7bd49083b9b5e665c5b6e1")
    }

    @Test func noEvents() {
        #expect(String(decoding: SampleNotification(events: []).body, as: UTF8.self) == "{\n  \"events\": []\n}")
    }

    @Test func escapesWhatItMust() throws {
        let name = "a\"b\\c\n\r\t\u{0}\u{1F}\u{7F}/é😀\u{202E}"
        let body = SampleNotification(
            events: [event("b2:X:Y", "id", at: 1, SampleObject(name: name, size: 1, versionID: "v"))]
        ).body
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains("\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\u{7F}/é😀\u{202E}\""))
    }
}

// MARK: - Orders

@Suite struct SampleOrderTests {
    private let now = Timestamp(milliseconds: 1_767_262_272_345)

    private func make(batch: Int = 1, _ change: (inout SampleOrder) -> Void = { _ in }) -> SampleNotification {
        var order = SampleOrder()
        change(&order)
        var generator = SeededGenerator(seed: 1)
        return SampleNotification(Array(repeating: order, count: batch), at: now, using: &generator)
    }

    @Test func makesWhatIsOrdered() throws {
        let notification = make {
            $0.objectName = "a/b.txt"
            $0.objectSize = 7
            $0.bucketName = "bucket"
            $0.ruleName = "rule"
        }
        let event = try #require(notification.events.first)
        #expect(notification.events.count == 1)
        #expect(event.timestamp == now)
        #expect(event.bucketName == "bucket")
        #expect(event.ruleName == "rule")
        #expect(event.eventID.utf8.count == 64)
        #expect(event.eventID.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        let object = try #require(event.object)
        #expect(object.name == "a/b.txt")
        #expect(object.size == 7)
        #expect(object.versionID.hasPrefix("4_z\(EventSample.sampleBucketID)_f1"))
        #expect(object.versionID.hasSuffix("_d20260101_m101112_c001_v0001044_t0001_u01767262272345"))
        #expect(object.versionID.utf8.count == 99)
    }

    @Test func isTheSameForTheSameNumbers() {
        #expect(make(batch: 3) == make(batch: 3))
    }

    @Test func givesEachEventItsOwnID() {
        let events = make(batch: 50).events
        #expect(Set(events.map(\.eventID)).count == 50)
        #expect(Set(events.compactMap(\.object?.versionID)).count == 50)
        #expect(events.last?.timestamp == Timestamp(milliseconds: now.milliseconds + 49))
    }

    @Test(
        arguments: [
            ("b2:ObjectCreated:Upload", 9), ("b2:ObjectDeleted:Delete", 9), ("b2:HideMarkerCreated:Hide", 0),
            ("b2:MultipartUploadCreated:LiveRead", nil), ("b2:Something:New", 9),
        ] as [(String, Int64?)])
    func givesTheSizeOfItsType(_ type: String, _ size: Int64?) throws {
        let event = try #require(
            make {
                $0.type = EventType(type); $0.objectSize = 9
            }.events.first)
        #expect(try #require(event.object).size == size)
    }

    @Test func givesTestEventsNoObject() throws {
        #expect(try #require(make { $0.type = EventType("b2:TestEvent") }.events.first).object == nil)
    }

    @Test(arguments: [
        ("upload", "b2:ObjectCreated:Upload"), ("MultiPart", "b2:ObjectCreated:MultipartUpload"),
        ("copy", "b2:ObjectCreated:Copy"), ("replica", "b2:ObjectCreated:Replica"),
        ("delete", "b2:ObjectDeleted:Delete"), ("lifecycle", "b2:ObjectDeleted:LifecycleRule"),
        ("HIDE", "b2:HideMarkerCreated:Hide"), ("liveread", "b2:MultipartUploadCreated:LiveRead"),
        ("test", "b2:TestEvent"), ("b2:testevent", "b2:TestEvent"), ("created:upload", "b2:ObjectCreated:Upload"),
        ("HideMarker:Hide", "b2:HideMarkerCreated:Hide"), ("b2:New", "b2:New"), ("some:thing", "some:thing"),
    ])
    func readsTypes(_ text: String, _ name: String) throws {
        #expect(try SampleType.parse(text).name == name)
    }

    @Test func hasAWordForEachKnownType() {
        #expect(SampleType.words.map(\.type.name) == EventType.known.map(\.name))
    }

    @Test(arguments: ["", "uploads", "b2"])
    func listsTheTypes(_ text: String) throws {
        let error = #expect(throws: SampleTypeError.self) { try SampleType.parse(text) }
        #expect(error?.description.contains("upload, multipart, copy, replica") == true)
    }
}

// MARK: - Series

@Suite("A series of samples")
struct SampleSeriesTests {
    private func orders(_ series: SampleSeries, notifications: Int) -> [[SampleOrder]] {
        var generator = SeededGenerator(seed: 7)
        return (0..<notifications).map { series.orders(of: $0, using: &generator) }
    }

    @Test("without options consists of the usual sample")
    func usual() {
        #expect(orders(SampleSeries(), notifications: 2) == [[SampleOrder()], [SampleOrder()]])
    }

    @Test("takes values in turn, and a notification has one bucket and one rule")
    func turns() {
        var series = SampleSeries()
        series.types = [EventType("b2:ObjectCreated:Upload"), EventType("b2:ObjectDeleted:Delete")]
        series.names = ["a-{n}.txt", "b"]
        series.sizes = [5...5, 7...7]
        series.buckets = ["one", "two"]
        series.rules = ["r"]
        series.batch = 3
        let made = orders(series, notifications: 2)
        #expect(made.flatMap(\.self).map(\.objectName) == ["a-1.txt", "b", "a-3.txt", "b", "a-5.txt", "b"])
        #expect(made.flatMap(\.self).map(\.objectSize) == [5, 7, 5, 7, 5, 7])
        #expect(made[0].map(\.type.name)[0...1] == ["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete"])
        #expect(made.map { Set($0.map(\.bucketName)) } == [["one"], ["two"]])
        #expect(made.allSatisfy { $0.allSatisfy { $0.ruleName == "r" } })
    }

    @Test("has sizes within the given range")
    func ranges() {
        var series = SampleSeries()
        series.sizes = [10...20]
        let sizes = orders(series, notifications: 200).flatMap(\.self).map(\.objectSize)
        #expect(sizes.allSatisfy { (10...20).contains($0) } && Set(sizes).count > 5)
    }

    @Test("varies everything that is not given if it is mixed")
    func mixed() {
        var series = SampleSeries()
        series.isMixed = true
        series.buckets = ["mine"]
        let made = orders(series, notifications: 300).flatMap(\.self)
        #expect(Set(made.map(\.type.name)).count > 5)
        #expect(Set(made.map(\.objectName)).count > 200)
        #expect(Set(made.map(\.objectSize)).count > 100)
        #expect(Set(made.map(\.ruleName)).count == 3)
        #expect(Set(made.map(\.bucketName)) == ["mine"])
        #expect(!made.contains { $0.type.name == "b2:TestEvent" })
    }
}

// MARK: - Signatures

@Suite struct SampleSignatureTests {
    private let body = Array("{}".utf8)

    private func value(_ signature: SampleSignature) -> String? {
        var generator = SeededGenerator(seed: 1)
        return signature.value(for: body, using: &generator)
    }

    @Test func signs() throws {
        let secret = try SigningSecret(label: "a", value: "secret")
        #expect(value(.signed(secret)) == secret.signature(of: body))
        #expect(value(.none) == nil)
    }

    @Test func isWrongByOneBit() throws {
        let secret = try SigningSecret(label: "a", value: "secret")
        let right = Array(secret.signature(of: body))
        let wrong = Array(try #require(value(.wrong(secret))))
        #expect(wrong.count == right.count)
        #expect(wrong.dropLast() == right.dropLast())
        #expect((wrong.last?.hexDigitValue ?? 0) ^ (right.last?.hexDigitValue ?? 0) == 1)
    }

    @Test func isWrongWithoutASecret() throws {
        let wrong = try #require(value(.wrong(nil)))
        #expect(wrong.hasPrefix("v1="))
        #expect(wrong.utf8.count == 67)
    }
}
