import Harness
import TestSupport
import Testing

@Suite("A line of listen", .blocking)
struct LineTests {
    @Test("tells time, verdict, type, bucket, object, size and status")
    func line() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        _ = try client.answer(to: .event("one", signedWith: Secrets.held))
        _ = try client.answer(to: .event("one", signedWith: Secrets.held))
        let lines = try #require(listener.output).lines(2)
        let words = lines[0].split(separator: " ")
        #expect(
            words.dropFirst() == [
                "valid", "b2:ObjectCreated:Upload", "mySampleBucket", "photos/2026/cat.jpg", "10495842", "200",
            ])
        #expect(words.first?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(lines[1].hasSuffix("  duplicate"))
    }

    @Test("shows what is hostile in a name as visible text", arguments: ["text", "json"])
    func hostile(format: String) throws {
        let listener = try RunningListener(in: try Home(), "--format", format)
        let object = "a\u{1B}[2J\u{7}\r\n\u{9B}31m\u{202E}gpj\u{200B}.\u{7F}x"
        #expect(try listener.answer(to: .event("hostile", object: object)).status == 200)
        let line = try #require(try listener.output?.lines(1).first)
        let bad = line.unicodeScalars.filter {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        }
        #expect(bad.isEmpty)
        #expect(line.contains("gpj"))
        if format == "json" { #expect(try DeliveryLine(line).events.count == 1) }
    }
}
