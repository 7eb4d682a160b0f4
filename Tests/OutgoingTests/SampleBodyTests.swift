import Notifications
import Testing

@testable import Outgoing

/// The bodies and signatures of Backblaze's format, byte for byte.
@Suite struct SampleBodyTests {
    private let photo = SampleObject(
        name: "photos/2026/cat.jpg", size: 10_495_842,
        versionID: "4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t0001_u01767262272345"
    )

    private func event(_ type: String, _ id: String, at time: Int64, _ object: SampleObject?) -> SampleEvent {
        SampleEvent(
            accountID: "e85c6a500333", bucketID: "aea8c5bc362ae55070130333", bucketName: "mySampleBucket", eventID: id,
            timestamp: Timestamp(milliseconds: time), type: EventType(type), ruleName: "dashAllEvents", object: object)
    }

    private func expect(_ events: [SampleEvent], length: Int, signature: String) throws {
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
