import Base
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("The event list")
struct EventsTests {
    @Test("a row at 120 columns")
    func row() {
        let user = User.watching(2, columns: 120, rows: 36)
        #expect(
            user.lines[2]
                == "  TIME UTC  SIGNATURE  TYPE            OBJECT                                                 SIZE"
                + "  BUCKET     RULE")
        #expect(
            user.lines[3]
                == "  16:43:01  ✓ valid    Created:Upload  photos/2026/cat-1.jpg                              10.0 MiB"
                + "  my-bucket  allEvents")
        #expect(user.lines[4].hasPrefix("▌ 16:43:02  ✓ valid"))
    }

    @Test("a flood is one line with a count, whatever its first request was")
    func flood() {
        var user = User(columns: 120, rows: 36)
        var (junk, event) = (
            Make.request(1, target: "/x", verdict: .missing, status: 429), Make.row(2, verdict: .invalid)
        )
        junk.flood = Flood(address: "203.0.113.7", requests: 12_345)
        event.flood = Flood(address: "2001:db8:1:2::/64\u{1B}[2J", requests: 1)
        user.arrive([junk, event])
        #expect(user.lines[3].contains("flood from 203.0.113.7: 12,345 more requests counted, not kept"))
        #expect(user.lines[4].contains("flood from 2001:db8:1:2::/64"))
        #expect(user.lines[4].contains(": 1 more request counted, not kept") && !user.lines[4].contains("\u{1B}"))
    }

    @Test(
        "columns leave in order: RULE, BUCKET, SIZE, TYPE",
        arguments: [
            (120, "TIME UTC SIGNATURE TYPE OBJECT SIZE BUCKET RULE"),
            (95, "TIME UTC SIGNATURE TYPE OBJECT SIZE BUCKET RULE"),
            (94, "TIME UTC SIGNATURE TYPE OBJECT SIZE BUCKET"), (84, "TIME UTC SIGNATURE TYPE OBJECT SIZE BUCKET"),
            (83, "TIME UTC SIGNATURE TYPE OBJECT SIZE"), (63, "TIME UTC SIGNATURE TYPE OBJECT SIZE"),
            (62, "TIME UTC SIGNATURE TYPE OBJECT"), (53, "TIME UTC SIGNATURE TYPE OBJECT"),
            (52, "TIME UTC SIGNATURE OBJECT"),
            (40, "TIME UTC SIGNATURE OBJECT"),
        ])
    func columnsLeave(columns: Int, titles: String) {
        var user = User(columns: columns)
        user.arrive((1...2).map { Make.row($0, name: "photos/2026/november/cat-\($0).jpg") })
        #expect(user.lines[2].split(separator: " ").joined(separator: " ") == titles)
    }

    @Test("a long name loses its middle and keeps its ending")
    func longName() {
        var user = User(columns: 80, rows: 24)
        user.arrive([Make.row(1, name: "backups/2026/november/database/full-dump-of-everything.tar.gz")])
        #expect(user.hasRow("backups/", selected: true))
        #expect(user.hasRow(".gz ", selected: true))
        #expect(user.hasRow("…", selected: true))
    }

    @Test("every verdict has its glyph and word")
    func verdicts() {
        var user = User()
        user.arrive(SignatureVerdict.counted.enumerated().map { Make.row(Int64($0 + 1), verdict: $1) })
        for verdict in SignatureVerdict.counted {
            #expect(user.screen.contains("  \(verdict.glyph) \(verdict.word)"))
        }
    }

    @Test("a rule stands where the local date changes")
    func dateRule() {
        var user = User(clock: WallClock { _ in 3_600 })
        // 22:59:59 and 23:00:00 UTC are two days an hour further east.
        let midnight: Int64 = (6 * 3_600 + 17 * 60) * 1_000
        user.arrive([Make.row(1, at: midnight - 1_000), Make.row(2, at: midnight)])
        #expect(user.lines[3].hasPrefix("  23:59:59"))
        #expect(user.lines[4].hasPrefix("── Wed 25 November 2026 ──"))
        #expect(user.lines[5].hasPrefix("▌ 11-25 00:00"))
        user.press(.character("u"))
        #expect(!user.screen.contains("November"))
        #expect(user.lines[2].contains("TIME UTC") && user.marks.hasSuffix("FOLLOW"))
        #expect(user.lines[3].hasPrefix("  22:59:59"))
    }

    @Test("a delivery without an event says what it is")
    func withoutEvents() {
        var user = User()
        user.arrive([
            Make.request(1), Make.request(2, verdict: .valid, status: 200, bodyLength: 14),
            Make.request(3, verdict: .unverified, status: 400, bodyLength: 1),
        ])
        #expect(user.screen.contains("· not checked  GET /favicon.ico, answered 405"))
        #expect(user.screen.contains("✓ valid        no events: 14 bytes\n"))
        #expect(user.screen.contains("no events: 1 byte, answered 400"))
    }

    @Test("sizes that are 0, null, absent or no number")
    func sizes() {
        var user = User(columns: 70)
        user.arrive([
            Make.row(1, size: .integer(0)), Make.row(2, size: .null), Make.row(3, size: .absent),
            Make.row(4, size: .string("big")),
        ])
        #expect(user.lines[3].hasSuffix(" 0 B"))
        #expect(user.lines[4].hasSuffix("cat-2.jpg"))
        #expect(user.lines[5].hasSuffix("cat-3.jpg"))
        #expect(user.lines[6].hasSuffix(" big"))
    }

    @Test("a duplicate is marked in words")
    func duplicate() {
        var user = User()
        user.arrive([Make.row(1, name: "a.jpg"), Make.row(2, name: "a.jpg", isDuplicate: true)])
        #expect(!user.lines[3].contains("dup"))
        #expect(user.lines[4].contains("dup a.jpg"))
    }

    @Test("hostile names are inert and keep the columns aligned")
    func hostile() {
        var user = User(columns: 120, rows: 36)
        let names = ["\u{1b}]52;c;ZXZpbA==\u{7}x", "a\u{202e}gpj.exe", "日本語の名前.jpg", "e\u{301}\u{301}.txt", "\u{0}"]
        user.arrive(names.enumerated().map { Make.row(Int64($0 + 1), name: $1) })
        for scalar in user.screen.unicodeScalars where scalar != "\n" {
            #expect(!SafeText.mustEscape(scalar))
        }
        #expect(user.screen.contains("\\x1b]52"))
        #expect(user.screen.contains("a\\u{202e}gpj.exe"))
        let surface = user.surface
        for row in 3..<8 { #expect(surface[row, 97].text == "B", "the unit of SIZE in row \(row)") }
    }

    @Test("a name of a mebibyte costs a frame no more than its ends")
    func hugeName() {
        var user = User(columns: 120, rows: 36)
        let name = "head" + String(repeating: "\u{301}x", count: 500_000) + ".tail"
        user.arrive((1...15).map { Make.row($0, name: name) })
        let took = ContinuousClock().measure { _ = user.surface }
        #expect(took < Duration.seconds(1) * Sanitizer.slowness, "a frame took \(took)")
        #expect(user.hasRow(".tail ", selected: true))
    }

    @Test("the selected row is one bar of one colour, its verdict bold")
    func selectionBar() {
        let surface = User.watching(3).surface
        #expect(surface[5, 0].text == "▌")
        for column in 1..<80 {
            let isVerdict = (12..<21).contains(column)
            #expect(surface[5, column].style == Style(.plain, bold: isVerdict, reversed: true), "column \(column)")
        }
        #expect(!surface[4, 10].style.isReversed)
    }

    @Test("the list moves by keys of vim and others")
    func moving() {
        var user = User.watching(100)
        #expect(user.hasRow("16:44:40", selected: true))
        user.press(.character("k"), .up)
        #expect(user.hasRow("16:44:38", selected: true))
        user.press(.character("g"))
        #expect(user.hasRow("16:43:01", selected: true))
        user.press(.character("j"), .down, .pageDown)
        #expect(user.hasRow("cat-", selected: true))
        user.press(.home)
        #expect(user.lines[3].hasPrefix("▌ 16:43:01"))
        user.press(.control("d"), .control("u"))
        #expect(user.lines[3].hasPrefix("▌ 16:43:01"))
        user.press(.end)
        #expect(user.hasRow("16:44:40", selected: true))
        #expect(user.marks.hasSuffix("FOLLOW"))
    }
}
