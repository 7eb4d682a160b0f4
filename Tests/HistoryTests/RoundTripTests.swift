import Base
import History
import Notifications
import Testing
import TestSupport

/// Deliveries read back as they were recorded.
@Suite struct RoundTripTests {
    private let folder = TemporaryFolder()

    private func utf8(_ delivery: Delivery) -> [[UInt8]] {
        ([delivery.method, delivery.target, delivery.httpVersion, delivery.remoteAddress]
            + delivery.headers.flatMap { [$0.name, $0.value] }).map { Array($0.utf8) }
    }

    @Test(arguments: Kept.allCases)
    func aDeliveryKeepsEveryField(kept: Kept) async throws {
        let history = try kept.open(folder)
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 1_795_452_185_123), remoteAddress: "2001:db8::7", method: "POST",
            target: "/hook?a=1&b=\u{FFFD}\0é", httpVersion: "HTTP/1.0",
            headers: [
                HeaderField("X-A", "1"), HeaderField("x-a", "2"), HeaderField("X-A", "1"),
                HeaderField("Hostile", "\0\u{1b}[2J\u{202e}e\u{301}é\"\\"), HeaderField("", ""),
            ],
            body: (0...255).map { UInt8($0) }, bodyLength: 9_999)
        let judged = JudgedDelivery(
            delivery: delivery, judgement: Judgement(.invalid, secret: "prod"), answer: .invalidSignature, events: [],
            generation: 3)
        #expect(await history.keep(judged))

        let record = try #require(try history.reader.delivery(1))
        #expect(record.id == 1)
        #expect(record.delivery == delivery)
        #expect(utf8(record.delivery) == utf8(delivery))
        #expect(record.delivery.isCut)
        #expect(record.judgement == Judgement(.invalid, secret: "prod"))
        #expect(record.status == 401)
        #expect(record.answer == "Invalid signature")
        #expect(!record.isDuplicate)
        #expect(try history.reader.deliveries(after: 0, limit: 10) == [record])
        #expect(try history.reader.delivery(2) == nil)
    }

    @Test(arguments: Kept.allCases, SignatureVectors.all.cases)
    func everyVectorIsKeptWhole(kept: Kept, vector: SignatureVector) async throws {
        let history = try kept.open(folder)
        let judged = JudgedDelivery.sample(vector.delivery)
        #expect(await history.keep(judged))
        #expect(try history.reader.delivery(1)?.delivery == vector.delivery)
        let rows = try history.allRows
        #expect(rows.count == max(1, vector.events))
        #expect(rows.map(\.objectName.text) == (vector.events == 0 ? [""] : judged.events.map(\.objectName.text)))
    }

    @Test(
        arguments: Kept.allCases,
        [
            (#""plain""#, .string("plain")), (#""é日😀e\u0301""#, .string("é日😀e\u{301}")),
            (#""a\u0000b""#, .string("a\0b")), (#""\u0000""#, .string("\0")), (#""\ud83d""#, .string("\u{FFFD}")),
            (#""\u001b[2J\u202e""#, .string("\u{1b}[2J\u{202e}")), ("10995116277760", .integer(10_995_116_277_760)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)), ("0", .integer(0)),
            ("9223372036854775808", .other(json: "9223372036854775808")), ("1.50", .other(json: "1.50")),
            ("true", .other(json: "true")), (#"[1, "x"]"#, .other(json: #"[1, "x"]"#)),
            (#"{"a": null}"#, .other(json: #"{"a": null}"#)), (#""5""#, .string("5")), (#""1e3""#, .string("1e3")),
            // Absent and null fields are the same in a column.
            ("null", .absent), (nil, .absent),
        ] as [(String?, FieldValue)])
    func aFieldKeepsItsTypeAndValue(kept: Kept, field: (json: String?, value: FieldValue)) async throws {
        let history = try kept.open(folder)
        let names = [
            "eventId", "eventTimestamp", "eventType", "objectName", "objectSize", "objectVersionId", "bucketName",
            "matchedRuleName",
        ]
        let event = names.reduce(SampleEvent()) { $0.with($1, json: field.json) }
        #expect(await history.keep(.sample(.sample([event]))))
        let row = try #require(try history.allRows.first)
        let values = [
            row.eventId, row.eventTimestamp, row.eventType, row.objectName, row.objectSize, row.objectVersionId,
            row.bucketName, row.matchedRuleName,
        ]
        for value in values {
            #expect(value == field.value)
            #expect(Array(value.text.utf8) == Array(field.value.text.utf8))
        }
    }

    @Test(arguments: Kept.allCases)
    func aRowSaysWhichEventOfWhichDeliveryItIs(kept: Kept) async throws {
        let history = try kept.open(folder)
        let batch = Delivery.sample((1...3).map { SampleEvent(id: "\($0)") }, receivedAt: 77)
        #expect(await history.keep(.sample(.sample(body: Array("no json".utf8)), .unverified, answer: .invalidJSON)))
        #expect(await history.keep(.sample(batch, .valid, secret: "prod")))
        #expect(await history.keep(.sample(.sample(method: "GET", target: "/x"), .unjudged, answer: .notFound)))

        // A request that is not verified has no events, so the caller passes none.
        let rows = try history.allRows
        #expect(rows.prefix(4).map(\.deliveryID) == [1, 2, 2, 2])
        #expect(rows.prefix(4).map(\.position) == [nil, 0, 1, 2])
        #expect(rows.prefix(4).map(\.eventCount) == [0, 3, 3, 3])
        #expect(rows.prefix(4).map(\.verdict) == [.unverified, .valid, .valid, .valid])
        #expect(rows.prefix(4).map(\.secret) == [nil, "prod", "prod", "prod"])
        #expect(rows.prefix(4).map(\.status) == [400, 200, 200, 200])
        #expect(rows[1].receivedAt == Timestamp(milliseconds: 77))
        #expect(rows[1].bodyLength == batch.body.count)
        #expect(rows[4].method == "GET")
        #expect(rows[4].target == "/x")
        #expect(rows[4].verdict == .unjudged)
    }
}

// MARK: - Identifiers

@Suite struct IdentifierTests {
    private let folder = TemporaryFolder()

    @Test func idsRiseAndGoOnAfterReopening() async throws {
        var rows: [Int64] = []
        for round in 1...3 {
            let history = try Kept.onFile.open(folder)
            #expect(history.current.latestDelivery == Int64(round - 1) * 2)
            #expect(history.current.latestRow == Int64(round - 1) * 3)
            #expect(await history.keep([.sample(ids: ["a", "b"]), .sample(ids: [])]))
            rows = try history.allRows.map(\.id)
            history.close()
        }
        #expect(rows == Array(1...9))
    }

    @Test func whatWasRecordedIsThereAfterReopening() async throws {
        let first = try Kept.onFile.open(folder)
        let secret = SigningSecret.sample()
        for index in 0..<50 {
            let delivery = Delivery.sample([SampleEvent(id: "event \(index % 40)")], signedWith: secret)
            #expect(await first.keep(.sample(delivery, index % 3 == 0 ? .invalid : .valid, secret: "prod")))
        }
        let rows = try first.allRows
        let records = try first.reader.deliveries(after: 0, limit: 100)
        let tally = first.current.tally
        first.close()

        let second = try Kept.onFile.open(folder)
        #expect(try second.allRows == rows)
        #expect(try second.reader.deliveries(after: 0, limit: 100) == records)
        #expect(second.current.tally == tally)
        #expect(second.current.health == .recording)
        #expect(rows.count { $0.isDuplicate } > 0)
    }
}
