import Base
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("Reading a body")
struct FoldingTests {
    /// The pane on the full screen with the Body tab of a delivery.
    static func reading(_ body: String, columns: Int = 60, rows: Int = 24) -> User {
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.bodies[1] = Array(body.utf8)
        user.arrive([Make.row(1)])
        user.press(.enter, .right, .right)
        return user
    }

    private let nested = #"{"a":{"b":[1,2,3],"c":{"d":null}},"e":[],"f":"x"}"#

    private func lines(_ user: User) -> [String] {
        user.lines.dropFirst(3).prefix { !$0.isEmpty }.map { String($0.dropFirst()) }
    }

    @Test("z folds what opens at the cursor, says how much is in it, and unfolds it again")
    func toggles() {
        var user = Self.reading(nested)
        let all = lines(user)
        #expect(all.count == 14)
        user.press(.down, .down, .character("z"))
        #expect(
            lines(user) == [
                "  1 {", "  2   \"a\": {", "  3     \"b\": […], 3 elements", "  8     \"c\": {",
                "  9       \"d\": null",
                " 10     }", " 11   },", " 12   \"e\": [],", " 13   \"f\": \"x\"", " 14 }",
            ])
        user.press(.character("z"))
        #expect(lines(user) == all)
    }

    @Test("- folds what holds the cursor, and what is around it when pressed again; + unfolds")
    func foldsOutwards() {
        var user = Self.reading(nested)
        for _ in 0..<4 { user.press(.down) }
        user.press(.character("-"))
        #expect(lines(user)[2] == "  3     \"b\": […], 3 elements")
        #expect(user.lines[5].hasPrefix("▌"))
        user.press(.character("-"))
        #expect(lines(user)[1] == "  2   \"a\": {…}, 2 fields")
        user.press(.character("-"))
        #expect(lines(user) == ["  1 {…} 3 fields"])
        user.press(.character("-"))
        #expect(lines(user) == ["  1 {…} 3 fields"])
        user.press(.character("+"), .down, .character("+"))
        #expect(lines(user)[2] == "  3     \"b\": […], 3 elements")
        user.press(.character("Z"), .character("Z"))
        #expect(lines(user).count == 14)
    }

    @Test("a container of one says so in the singular, and an empty one has nothing to fold")
    func counts() {
        var user = Self.reading(#"{"a":{"b":1},"c":{}}"#)
        user.press(.down, .character("z"))
        #expect(lines(user) == [" 1 {", " 2   \"a\": {…}, 1 field", " 5   \"c\": {}", " 6 }"])
    }

    @Test("where nothing can be folded, the keys say so")
    func nothingToFold() {
        var user = Self.reading("1")
        user.press(.character("z"))
        #expect(user.screen.contains("Only objects and arrays of a pretty body can be folded."))
        user.press(.left, .character("Z"))
        #expect(user.screen.contains("Only objects and arrays of a pretty body can be folded."))
    }

    @Test("folds and the cursor outlive a change of the width and of the numbers")
    func outlives() {
        var user = Self.reading(#"{"a":[1,2],"b":""# + String(repeating: "x", count: 100) + #"","c":1}"#)
        // The long line takes three at this width, and two at the other.
        user.press(.down, .character("z"), .down, .down, .down, .down)
        #expect(user.lines.contains { $0 == "▌ 7   \"c\": 1" })
        user.resize(100, 24)
        #expect(user.lines.contains { $0 == "▌ 7   \"c\": 1" })
        #expect(user.screen.contains("\"a\": […], 2 elements"))
        user.press(.character("#"))
        #expect(user.lines.contains { $0 == "▌   \"c\": 1" })
        #expect(user.screen.contains("\"a\": […], 2 elements"))
    }

    @Test("long lines run on to the right once w is pressed, with signs where there is more")
    func sideways() {
        var user = Self.reading(#"{"a":"0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}"#)
        user.press(.character(">"))
        #expect(user.screen.contains("Long lines wrap here: w turns that off."))
        user.press(.character("w"))
        #expect(
            user.lines[3...5] == ["▌ 1 {", "  2   \"a\": \"0123456789abcdefghijklmnopqrstuvwxyz0123456789A›", "  3 }"])
        user.press(.character(">"))
        #expect(user.lines[4].hasPrefix("  2 ‹"))
        user.press(.character(">"))
        #expect(user.lines[4].hasSuffix("XYZ\""))
        user.press(.character(">"))
        #expect(user.lines[4].hasSuffix("XYZ\""))
        user.press(.character("<"), .character("<"))
        #expect(user.lines[4].hasSuffix("9A›"))
        user.press(.character("w"))
        #expect(user.lines[5].hasSuffix("XYZ\""))
    }

    @Test("of several events the row's is marked, and with many the others are folded")
    func events() throws {
        let body = String(decoding: SampleBody.notification((0..<5).map { _ in SampleEvent() }), as: UTF8.self)
        var user = User(columns: 80, rows: 24, holding: [.prod])
        var row = Make.row(1)
        (row.position, row.eventCount) = (2, 5)
        user.bodies[1] = Array(body.utf8)
        user.arrive([row])
        user.press(.enter, .right, .right)
        #expect(user.lines[2].contains("event 3 of 5"))
        let first = try #require(user.lines.firstIndex { $0.contains("▸") })
        #expect(user.lines[first].hasSuffix("▸     {"))
        #expect(user.lines[first].hasPrefix("▌"))
        #expect(user.lines[first - 1].hasSuffix("{…}, 11 fields"))
        #expect(user.lines.filter { $0.contains("{…}") }.count == 4)
        user.press(.character("Z"))
        #expect(user.lines.filter { $0.contains("{…}") }.count == 5)
        user.press(.character("Z"))
        #expect(!user.screen.contains("{…}"))
    }

    @Test("a body that is no JSON marks the line and the byte, and says what was expected")
    func badLine() {
        let user = Self.reading("{\n  \"a\": 1\n  \"b\": 2\n}", columns: 80)
        #expect(user.lines[3] == "  Not JSON: expected a comma or } at byte 14 (line 3, byte 3 of it).")
        #expect(user.lines[4...7] == ["  1   {", "  2     \"a\": 1", "  3 ▸   \"b\": 2", "  4   }"])
        let surface = user.surface
        #expect(surface[6, 8].style.isUnderlined)
        #expect(!surface[6, 9].style.isUnderlined)
        let ended = Self.reading("{\"a\": 1", columns: 104)
        #expect(ended.lines[4] == "  1 ▸ {\"a\": 1◂")
    }

    @Test("a mebibyte folds and unfolds at once")
    func mebibyte() {
        let element = #"{"name":"value","list":[1,2,3]},"#
        var user = Self.reading("[" + String(repeating: element, count: 32_000) + "0]")
        let all = user.model.detail.folding.count
        let took = ContinuousClock().measure {
            for _ in 0..<10 {
                user.press(.character("Z"))
                _ = user.surface
            }
        }
        #expect(user.model.detail.folding.count == all)
        user.press(.character("Z"))
        #expect(user.model.detail.folding.count == 32_003)
        #expect(took < Duration.seconds(20) * Sanitizer.slowness, "10 times took \(took)")
    }

    @Test("names of header fields stay where the values are moved sideways")
    func stayingNames() {
        var user = User(columns: 60, rows: 24, holding: [.prod])
        user.headers[1] = [
            HeaderField("Host", "example.com"), HeaderField("X-Long", "0123456789" + String(repeating: "-", count: 90)),
        ]
        user.arrive([Make.row(1)])
        user.press(.enter, .right, .character("w"), .character(">"), .character(">"), .character(">"))
        #expect(user.lines[3].hasPrefix("▌ Host:"))
        #expect(user.lines[4].hasPrefix("  X-Long: ‹---"))
    }

    @Test("a body that is no text is shown in hex at once, and as text when asked for")
    func binary() {
        var user = User(columns: 80, rows: 24, holding: [.prod])
        user.bodies[1] = [0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]
        user.arrive([Make.row(1)])
        user.press(.enter, .right, .right)
        #expect(user.screen.contains("00000000  89 50 4e 47 00 01 02 03"))
        user.press(.character("v"), .character("v"))
        #expect(user.screen.contains("\\x89PNG"))
    }

    @Test("names stand in a column with their values beside them")
    func headers() {
        var user = User(columns: 60, rows: 24, holding: [.prod])
        user.headers[1] = [
            HeaderField("Host", "h"), HeaderField("Content-Type", "application/json"),
            HeaderField("X-Long", String(repeating: "0123456789", count: 6)),
            HeaderField("X-Bz-Event-Notification-Signature", "v1=ab"), HeaderField("host", "again"),
        ]
        user.arrive([Make.row(1)])
        user.press(.enter, .right)
        #expect(
            user.lines[3...9] == [
                "▌ Host:         h", "  Content-Type: application/json",
                "  X-Long:       0123456789012345678901234567890123456789012",
                "                34567890123456789", "  X-Bz-Event-Notification-Signature:",
                "                v1=ab", "  host:         again",
            ])
    }
}
