import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// A new user examines thirty events, one of which is wrongly signed.
@Suite("Examining problems in a terminal", .blocking)
struct StrangerTests {
    /// A dashboard with the events.
    private static func session() throws -> TerminalSession {
        let home = try Home()
        let session = try TerminalSession(in: home, columns: 120, rows: 40)
        try session.run("\(FirstStartTests.start) --secret-file prod=\(try home.secretFile(Secrets.value))")
        try session.see("Nothing has arrived yet.")
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        for number in 1...30 {
            let object = number == 17 ? "photos/broken.jpg" : "photos/cat-\(number).jpg"
            var request = WireRequest.event("event \(number)", object: object, signedWith: Secrets.held)
            if number == 17 { request.body.append(UInt8(ascii: "\n")) }
            _ = try client.answer(to: request)
        }
        try session.see("✓ 29", "✗ 1", "photos/cat-30.jpg")
        return session
    }

    @Test("! finds the wrong signature, the Signature tab explains it, and y c copies it as curl")
    func why() throws {
        let session = try Self.session()
        try session.press("!")
        try session.see("problems only", "1 of 30", "photos/broken.jpg")
        try session.press("Left")
        try session.see("[Signature]", "✗ invalid", "Why", "the newline at its end", "What to do")
        try session.press("y")
        try session.see("c curl command")
        try session.press("c")
        try session.see("Sent to the terminal")
        let curl = try session.clipboard(holding: "curl ")
        #expect(curl.contains("photos/broken.jpg") && curl.contains(SignatureHeader.name))
        #expect(!curl.contains(Secrets.value))

        try session.press("!")
        try session.see("where all are listed") { $0.contains("photos/cat-18.jpg") && !$0.contains("problems only") }
        try session.press("G")
        try session.see("where the newest is selected") { Self.selected($0).contains("photos/cat-30.jpg") }
        try session.press("e")
        try session.see("where the problem is selected") { Self.selected($0).contains("photos/broken.jpg") }
    }

    @Test("f finds an object, \\ shows everything again, / searches, m and M return to marked rows")
    func find() throws {
        let session = try Self.session()
        try session.press("f")
        try session.type("object:photos/cat-7.jpg")
        try session.see("where one is listed") { Self.selected($0).contains("photos/cat-7.jpg") }
        try session.press("Enter")
        // The tabs leave space for the beginning of the filter.
        try session.see("filter object:photos/cat-7.jpg", "1 of 30 events")
        try session.press("\\")
        try session.see("filter off", "photos/cat-30.jpg")
        try session.press("/")
        try session.type("cat-12")
        try session.see("where it is found") { Self.selected($0).contains("photos/cat-12.jpg") }
        try session.press("Enter", "m", "G", "M")
        try session.see("where the marked one alone is listed") {
            $0.contains("   marked only   1 of 30 events   * 1 marked   ")
                && Self.selected($0).contains("photos/cat-12.jpg")
        }
        try session.press("M", "f", "C-u")
        try session.type("size>big")
        try session.see("a size is expected here")
        try session.press("Escape")
        try session.see("where the filter is as it was") {
            $0.contains("filter off object:photos/cat-7.jpg   30 events   * 1 marked   1 match   FOLLOW")
                && !$0.contains("is expected here")
        }
    }

    @Test("3, 7 and 6 show the same as requests, as charts and as lines of the log")
    func views() throws {
        let session = try Self.session()
        try session.press("3")
        try session.see("[3 Deliveries]", "ANSWER", "ms", "127.0.0.1", "photos/cat-30.jpg")
        try session.press("7")
        try session.see("[7 Pulse]", "30 deliveries", "✓ 29 valid", "✗ 1 invalid", "BY BUCKET", "mySampleBucket")
        try session.press("6")
        try session.see("[6 Log]", "listens at http://127.0.0.1:")
        try session.press("1")
        try session.see("[1 Events]", "photos/cat-30.jpg")
    }

    /// Returns the line of the selected row.
    private static func selected(_ screen: String) -> String {
        screen.split(separator: "\n").first { $0.hasPrefix("▌") }.map(String.init) ?? ""
    }
}
