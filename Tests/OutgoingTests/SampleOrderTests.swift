import Notifications
import struct TestSupport.SeededGenerator
import Testing

@testable import Outgoing

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
        #expect(object.versionID.hasPrefix("4_z\(SampleEvent.sampleBucketID)_f1"))
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
