import Notifications
import Testing

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
