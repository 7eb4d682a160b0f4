import Harness
import Foundation
import TestSupport
import Testing

@Suite("The dashboard, whatever the terminal", .blocking)
struct TerminalKindTests {
    @Test("follows its size down to 40x10 and back, and reports below that that it is too small")
    func resized() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(FirstStartTests.start)
        let port = try FirstStartTests.port(session)
        let client = try RawClient(host: "127.0.0.1", port: port)
        for index in 1...30 { _ = try client.answer(to: .event("\(index)", object: "folder/name-\(index).txt")) }
        let large = try session.see("name-30.txt", "SIZE", "10.0 MiB", "? 30", "folder/name-30.txt\n")

        try session.resize(columns: 40, rows: 10)
        let small = try session.see("folder…30.txt", "TIME", "SIGNATURE")
        #expect(small.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.count <= 40 })
        #expect(!small.contains("SIZE"))
        try session.resize(columns: 30, rows: 8)
        try session.see("a message that it is too small") { !$0.contains("SIGNATURE") && $0.contains("40") }
        try session.resize(columns: 80, rows: 24)
        try session.see("the screen as it was") { $0 == large }
        try session.resize(columns: 120, rows: 36)
        try session.see("name-30.txt", "BUCKET")
    }

    @Test("shows hostile names as visible text, and keeps its columns aligned")
    func hostile() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 36)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        let names = [
            "\u{1B}[2J\u{1B}]0;owned\u{7}x", "a\u{202E}gpj.exe", "new\r\nline", "zero\u{200B}width", "\u{9B}31mred",
            "Фото/кошка.jpg", "写真/猫.jpg", "e\u{301}\u{302}\u{303}.txt", "🐈‍⬛.png",
        ]
        for (index, name) in names.enumerated() {
            #expect(try client.answer(to: .event("\(index)", object: name)).status == 200)
        }
        let screen = try session.see("gpj.exe", "кошка.jpg", "写真/猫.jpg", "? 9", "[2J", ".png  ")
        #expect(!screen.unicodeScalars.contains { $0 != "\n" && $0.properties.bidiControlOrZeroWidth })
        // In every row the size, after the name, is in the same column.
        let rows = screen.split(separator: "\n").filter { $0.contains("? unverified") && $0.contains("10.0 MiB") }
        #expect(rows.count == names.count, "\(screen)")
        #expect(Set(rows.map { Self.columns(before: "10.0 MiB", in: $0) }).count == 1, "\(screen)")
    }

    /// Returns the number of columns before a text; capture-pane gives wide characters one character and two columns.
    private static func columns(before text: String, in line: Substring) -> Int? {
        guard let end = line.firstRange(of: text)?.lowerBound else { return nil }
        return line[..<end].unicodeScalars.reduce(0) { sum, scalar in
            if scalar.properties.generalCategory == .nonspacingMark { return sum }
            // The wide characters among the names above.
            let isWide = (0x2E80...0x9FFF).contains(scalar.value) || scalar.value >= 0x1F300 || scalar.value == 0x2B1B
            return sum + (isWide ? 2 : 1)
        }
    }

    @Test("is in plain lines if TERM is dumb", arguments: ["TERM=dumb", "TERM=nonsense", "TERM="])
    func dumb(variable: String) throws {
        let session = try TerminalSession(in: try Home())
        try session.run("\(variable) \(FirstStartTests.start)")
        let screen = try session.see("no screen", "listening on http://127.0.0.1:")
        #expect(try !session.isAlternate)
        let digits = try #require(screen.firstRange(of: "listening on http://127.0.0.1:")).upperBound
        let port = try #require(UInt16(screen[digits...].prefix { $0.isNumber }))
        #expect(try RawClient(host: "127.0.0.1", port: port).answer(to: .event("line")).status == 200)
        try session.see("b2:ObjectCreated:Upload")
        try session.press("C-c")
        try session.run("echo \"status $?\"")
        try session.see("status 0")
    }

    @Test("is in ASCII if the locale is not UTF-8")
    func plainLocale() throws {
        var home = try Home()
        home.environment["LC_ALL"] = "C"
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        #expect(try client.answer(to: .event("1", object: "写真/猫.jpg")).status == 200)
        let screen = try session.see("unverified", ".jpg")
        #expect(screen.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("is without colour if NO_COLOR is set, and otherwise in colour", arguments: [true, false])
    func colour(isForbidden: Bool) throws {
        var home = try Home()
        if isForbidden { home.environment["NO_COLOR"] = "1" }
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        #expect(try client.answer(to: .event("1", signedWith: Secrets.other)).status == 401)
        try session.see("✗ invalid")
        let styles = try session.styledScreen().matches(of: /\u{1B}\[([0-9;]*)m/).flatMap {
            $0.output.1.split(separator: ";")
        }
        let colours = styles.compactMap { Int($0) }.filter {
            (30...38).contains($0) || (40...48).contains($0) || (90...97).contains($0)
        }
        #expect(colours.isEmpty == isForbidden)
        #expect(!styles.isEmpty)
    }
}

extension Unicode.Scalar.Properties {
    /// Returns whether a character changes the appearance of others and is itself invisible.
    fileprivate var bidiControlOrZeroWidth: Bool {
        isBidiControl || generalCategory == .format || generalCategory == .control
    }
}
