import Notifications
import TestSupport
import Testing

@Suite struct PayloadTests {
    private func events(_ json: String) throws -> [NotificationEvent] {
        let payload = Payload(scanning: Array(json.utf8))
        try #require(payload.isJSON)
        return payload.events
    }

    @Test func readsEveryField() throws {
        let body = SampleBody.notification([SampleEvent()])
        let event = try #require(Payload(scanning: body).events.first)
        #expect(event.accountId == .string("e85c6a500333"))
        #expect(event.bucketId == .string("aea8c5bc362ae55070130333"))
        #expect(event.bucketName == .string("mySampleBucket"))
        #expect(event.eventId == .string("8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa"))
        #expect(event.eventTimestamp == .integer(1_767_262_272_345))
        #expect(event.eventType == .string("b2:ObjectCreated:Upload"))
        #expect(event.eventVersion == .integer(1))
        #expect(event.matchedRuleName == .string("dashAllEvents"))
        #expect(event.objectName == .string("photos/2026/cat.jpg"))
        #expect(event.objectSize == .integer(10_495_842))
        #expect(event.objectVersionId == .string("4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c"))
    }

    @Test func countsAllEventsAndReadsTheFirstThousand() throws {
        let many = Payload(
            scanning: Array("{\"events\":[\(Array(repeating: "0", count: 500_000).joined(separator: ","))]}".utf8))
        #expect(many.eventCount == 500_000)
        #expect(many.events.count == 1_000)
        #expect(Payload(scanning: Array("{\"events\":[0,0]}".utf8)).eventCount == 2)
        #expect(Payload(scanning: Array("{\"events\":[0],\"events\":[]}".utf8)).eventCount == 0)
        // Parts that are not read are still checked.
        let broken = Payload(scanning: Array("{\"events\":[\(String(repeating: "0,", count: 2_000))x]}".utf8))
        #expect(!broken.isJSON)
    }

    @Test func readsFiftyEventsInOrderEachWithItsPlaceInTheBody() {
        let samples = (1...50).map { SampleEvent(id: "event \($0)", size: Int64($0) << 40) }
        let body = SampleBody.notification(samples)
        let events = Payload(scanning: body).events
        #expect(events.map(\.eventId) == (1...50).map { .string("event \($0)") })
        #expect(events.map(\.objectSize) == (1...50).map { .integer(Int64($0) << 40) })
        for event in events {
            let alone = Array("{\"events\":[".utf8) + body[event.range] + Array("]}".utf8)
            #expect(Payload(scanning: alone).events.first?.eventId == event.eventId)
            #expect(body[event.range].first == UInt8(ascii: "{"))
            #expect(body[event.range].last == UInt8(ascii: "}"))
        }
    }

    @Test(arguments: [
        "1", "null", #""events""#, "[]", #"[{"events":[{}]}]"#, "{}", #"{"Events":[{}]}"#, #"{"events":{}}"#,
        #"{"events":null}"#, #"{"events":1}"#, #"{"events":"[{}]"}"#, #"{"events":[]}"#, #"{"events":[ ]}"#,
        #"{"other":{"events":[{}]}}"#, #"{"events ":[{}]}"#,
    ])
    func jsonWithoutEventsHoldsNone(json: String) throws {
        #expect(try events(json).isEmpty)
    }

    @Test(arguments: [
        #"{"\u0065vents":[{"eventId":"x"}]}"#, #"{"eve\u006Ets":[{"event\u0049d":"x"}]}"#,
        #"{"events":[{"eventId":"\u0078"}]}"#,
    ])
    func namesMayBeEscaped(json: String) throws {
        #expect(try events(json).map(\.eventId) == [.string("x")])
    }

    @Test func theLastMemberOfANameWins() throws {
        #expect(try events(#"{"events":[{"eventId":"a"}],"events":[{"eventId":"b"},{}]}"#).count == 2)
        #expect(try events(#"{"events":[{"eventId":"a"}],"events":[]}"#).isEmpty)
        #expect(try events(#"{"events":[{"eventId":"a"}],"events":null}"#).isEmpty)
        #expect(try events(#"{"events":null,"\u0065vents":[{"eventId":"a"}]}"#).count == 1)
        let event = try #require(
            try events(#"{"events":[{"eventId":"a","objectSize":1,"\u0065ventId":"b","objectSize":null}]}"#).first)
        #expect(event.eventId == .string("b"))
        #expect(event.objectSize == .null)
    }

    @Test func anElementThatIsNoObjectIsAnEventWithoutFields() throws {
        let json = #"{"events":[1, "x" ,null,[{"eventId":"a"}],{"eventId":"b"},{}]}"#
        let found = try events(json)
        #expect(found.map(\.eventId) == [.absent, .absent, .absent, .absent, .string("b"), .absent])
        let bytes = Array(json.utf8)
        #expect(
            found.map { String(decoding: bytes[$0.range], as: UTF8.self) }
                == ["1", #""x""#, "null", #"[{"eventId":"a"}]"#, #"{"eventId":"b"}"#, "{}"])
    }

    @Test(
        arguments: [
            ("null", .null), ("0", .integer(0)), ("-0", .integer(0)), ("-7", .integer(-7)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .other(json: "9223372036854775808")), ("1.0", .other(json: "1.0")),
            ("1e3", .other(json: "1e3")), ("true", .other(json: "true")), ("false", .other(json: "false")),
            ("[1, 2]", .other(json: "[1, 2]")), (#"{"a":1}"#, .other(json: #"{"a":1}"#)), (#""""#, .string("")),
            (#""10995116277760""#, .string("10995116277760")), (#""\u0000""#, .string("\0")),
            (#""\ud83d""#, .string("\u{FFFD}")), (#""\ud83d\udc08\u200d""#, .string("🐈\u{200D}")),
            (#""\udc08\ud83d\udc08""#, .string("\u{FFFD}🐈")), (#""é\n\"\\\/""#, .string("é\n\"\\/")),
            (#""a\u00e9b\tc""#, .string("aéb\tc")),
        ] as [(String, FieldValue)])
    func aFieldMayHaveAnyType(json: String, value: FieldValue) throws {
        let event = try #require(try events(#"{"events":[{"objectSize": \#(json) ,"unknown":{}}]}"#).first)
        #expect(event.objectSize == value)
        #expect(event.objectName == .absent)
    }

    @Test func fieldsWithinFieldsAreNotTheEvents() throws {
        let json = #"{"events":[{"eventId":"a","extra":{"eventId":"b","objectName":["eventId"]}}]}"#
        #expect(try events(json).map(\.eventId) == [.string("a")])
        #expect(try events(json).map(\.objectName) == [.absent])
    }

    @Test func aBodyThatBreaksOffHoldsNoEvents() {
        let body = SampleBody.notification([SampleEvent(), SampleEvent()])
        #expect(Payload(scanning: Array(body.dropLast())).events.isEmpty)
        #expect(Payload(scanning: []).events.isEmpty)
    }
}

// MARK: - Event types

@Suite struct EventTypeTests {
    @Test func namesAndShortNamesAreUnique() {
        #expect(EventType.known.count == 11)
        #expect(Set(EventType.known.map(\.name)).count == EventType.known.count)
        #expect(Set(EventType.known.map(\.short)).count == EventType.known.count)
    }

    @Test func aKnownTypeHasAShortName() {
        for (name, short) in EventType.known {
            #expect(EventType(name).shortName == short)
            #expect(short.utf8.count < name.utf8.count)
        }
        #expect(EventType("b2:ObjectCreated:Upload").shortName == "Created:Upload")
    }

    @Test(arguments: ["", "b2:ObjectCreated:Teleport", "B2:TESTEVENT", "b2:ObjectCreated:*", "Created:Upload"])
    func anUnknownTypeIsShownWhole(name: String) {
        #expect(EventType(name).shortName == name)
    }
}

// MARK: - Field values

@Suite struct FieldValueTests {
    @Test(
        arguments: [
            (.absent, ""), (.null, ""), (.string(""), ""), (.string("a"), "a"), (.integer(0), "0"),
            (.integer(-5), "-5"), (.other(json: "[1]"), "[1]"),
        ] as [(FieldValue, String)])
    func isText(value: FieldValue, text: String) {
        #expect(value.text == text)
        #expect(value.isEmpty == text.isEmpty)
    }

    @Test func givesItsStringAndItsInteger() {
        #expect(FieldValue.string("a").string == "a")
        #expect(FieldValue.integer(5).integer == 5)
        #expect(FieldValue.integer(5).string == nil)
        #expect(FieldValue.string("5").integer == nil)
        #expect(FieldValue.other(json: "5.0").integer == nil)
        #expect(FieldValue.null.string == nil)
    }
}
