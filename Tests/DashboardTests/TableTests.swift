import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("The spreadsheet's table")
struct TableTests {
    @Test("five headers and the row, whole where there is width")
    func wide() {
        var user = User.watching(2, columns: 160, rows: 24)
        user.press(.character("2"))
        #expect(
            user.lines[2].split(separator: "  ").map { $0.trimmingPrefix(while: \.isWhitespace) }.filter { !$0.isEmpty }
                .map(String.init) == SheetRow.headers)
        #expect(
            user.selected?.split(separator: " ").joined(separator: " ")
                == "▌2026-11-24T16:43:01.600Z b2:ObjectCreated:Upload photos/2026/cat-2.jpg 10485760 4_z6b8d_f2")
    }

    @Test("all five columns are there at 80, and the version gives way to types and names")
    func narrow() {
        var user = User.watching(2)
        user.press(.character("2"))
        for header in SheetRow.headers.dropLast() + ["Objec…on ID"] { #expect(user.lines[2].contains(header)) }
        #expect(
            user.selected == "▌2026-11-24T16:43:01.600Z b2:Obj…:Upload photos/…t-2.jpg    10485760 4_z6b8d_f2")
    }

    @Test("a name that lacks only a little is not cut, and a number never in its middle")
    func whatIsCut() {
        var user = User(columns: 80, holding: [.prod])
        user.arrive([Make.row(1, name: "batch/file-00.txt", size: .integer(10_737_418_240))])
        user.press(.character("2"))
        #expect(user.selected?.contains(" batch/file-00.txt 10737418240 ") == true)
        user.resize(60, 15)
        #expect(user.selected?.hasSuffix(" 1073…8240") == false)
        #expect(user.selected?.hasSuffix("…") == true)
    }

    @Test("T gives the timestamps as B2 sent them")
    func epoch() {
        var user = User.watching(2, columns: 160)
        user.press(.character("2"), .character("T"))
        #expect(user.selected?.hasPrefix("▌1795538581600 ") == true)
        #expect(user.lines[1].hasSuffix("epoch ms   FOLLOW"))
        user.press(.character("T"))
        #expect(user.selected?.hasPrefix("▌2026-11-24T16:43:01.600Z") == true)
    }

    @Test("an absent size is empty, 0 is 0")
    func sizes() {
        var user = User(columns: 120)
        user.arrive([Make.row(1, size: .absent), Make.row(2, size: .integer(0))])
        user.press(.character("2"))
        #expect(user.lines[3].split(separator: " ").count == 4)
        #expect(user.lines[4].contains(" 0  4_z"))
    }

    @Test("a delivery without an event says that it is not in the sheet")
    func withoutEvent() {
        var user = User()
        user.arrive([Make.request(1)])
        user.press(.character("2"))
        #expect(user.selected == "▌GET /favicon.ico → 405  (not in the sheet)")
    }

    @Test("columns scroll where they do not fit")
    func scrolls() {
        var user = User.watching(2, columns: 60)
        user.press(.character("2"))
        #expect(user.lines[2].hasPrefix(" Event Timestamp"))
        #expect(user.lines[2].hasSuffix("→"))
        user.press(.right, .right)
        #expect(user.lines[2].hasPrefix("←Object Name"))
        #expect(user.lines[2].contains("Object Version ID"))
        user.press(.left, .left, .left)
        #expect(user.lines[2].hasPrefix(" Event Timestamp"))
    }

    @Test("both views share the selection")
    func selection() {
        var user = User.watching(9)
        user.press(.up, .up, .character("2"))
        #expect(user.selected?.contains("16:43:06.600Z") == true)
        user.press(.up, .character("1"))
        #expect(user.selected?.contains("16:43:06 ") == true)
    }

    @Test("without a row it says so")
    func empty() {
        var user = User()
        user.press(.character("2"))
        #expect(user.screen.contains("No row yet."))
    }
}
