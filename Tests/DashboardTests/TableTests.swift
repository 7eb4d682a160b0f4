import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("The spreadsheet's table")
struct TableTests {
    private static func view(_ preferences: ViewPreferences) -> ViewState {
        var state = ViewState()
        state.preferences = preferences
        return state
    }

    @Test("five headers and the row, whole where there is width")
    func wide() {
        var user = User.watching(2, columns: 160, rows: 24)
        user.press(.character("2"))
        #expect(
            user.lines[2].split(separator: "  ").map { $0.trimmingPrefix(while: \.isWhitespace) }.filter { !$0.isEmpty }
                .map(String.init) == SheetRow.headers)
        #expect(
            user.selected?.split(separator: " ").joined(separator: " ")
                == "▌ 2026-11-24T16:43:01.600Z b2:ObjectCreated:Upload photos/2026/cat-2.jpg 10485760 4_z6b8d_f2")
    }

    @Test("all five columns are there at 80, each under its whole heading or its short one")
    func narrow() {
        var user = User.watching(2)
        user.press(.character("2"))
        for header in SheetRow.headers.prefix(3) + [" Size", " Version ID"] { #expect(user.lines[2].contains(header)) }
        #expect(!user.lines[2].contains("…"))
        #expect(
            user.selected == "▌ 2026-11-24T16:43:01.600Z b2:Obje…:Upload photos/…t-2.jpg 10485760 4_z6b8d_f2")
    }

    @Test("a name that lacks little is whole at 80 columns, where other columns have room to spare")
    func nameFits() {
        var user = User(columns: 80, rows: 24)
        user.arrive([Make.row(1, name: "photos/2026/17.jp")])
        user.press(.character("2"))
        #expect(user.hasRow(" photos/2026/17.jp ", selected: true), "\(user.selected ?? "")")
    }

    @Test("no heading is ever cut, whatever the width, the columns and the order")
    func headings() {
        let all = TableScreen.columns.choosable
        for columns in [40, 41, 59, 60, 79, 80, 81, 99, 100, 101, 119, 120, 137, 160, 200] {
            for names in [[], all.map(\.name), all.reversed().map(\.name)] {
                for sort in [nil, .eventTime, .type, .object, .size] as [SortColumn?] {
                    var preferences = ViewPreferences()
                    (preferences.tableColumns, preferences.sortColumn) = (names, sort?.rawValue)
                    var user = User(columns: columns, rows: 24, viewState: Self.view(preferences))
                    user.arrive([Make.row(1, name: String(repeating: "photos/2026/", count: 8) + "cat.jpg")])
                    user.press(.character("2"))
                    for _ in 0..<(columns % 20 == 0 ? 12 : 1) {
                        let places = user.model.table.arrange(user.model, columns: columns).places
                        #expect(!places.isEmpty)
                        for place in places {
                            let heading = place.column.heading(in: place.width)
                            #expect(heading.width <= place.width, "\(heading) at \(columns)")
                            #expect(user.lines[user.tabLines + 1].contains(heading.string))
                        }
                        user.press(.right)
                    }
                }
            }
        }
    }

    @Test("the object's name stays where it is while other columns scroll", arguments: [60, 80, 120, 200])
    func nameStays(columns: Int) {
        var preferences = ViewPreferences()
        preferences.tableColumns = TableScreen.columns.choosable.map(\.name)
        for preferences in [ViewPreferences(), preferences] {
            var user = User(columns: columns, rows: 24, viewState: Self.view(preferences))
            user.arrive([Make.row(1)])
            user.press(.character("2"))
            let choice = user.model.events.sheetTable.columns
            func name() -> Columns.Place? {
                user.model.table.arrange(user.model, columns: columns).places.first {
                    choice[$0.index].name == "object-name"
                }
            }
            let first = name()
            var seen: Set<Int> = []
            for _ in choice {
                #expect(name() == first)
                #expect(user.lines[user.tabLines + 1].contains("Object Name"))
                seen.formUnion(user.model.table.arrange(user.model, columns: columns).places.map(\.index))
                user.press(.right)
            }
            #expect(seen.count == choice.count, "every column comes into view")
            #expect(user.lines[user.tabLines + 1].contains("←"))
            for _ in choice { user.press(.left) }
            #expect(!user.lines[user.tabLines + 1].contains("←"))
        }
    }

    @Test("Enter shows every cell of the row in full, whichever tab was read last")
    func enter() {
        var user = User.watching(1)
        let name = String(repeating: "a-long-folder/", count: 9) + "the-end.jpg"
        let version = "4_z" + String(repeating: "0123456789", count: 8) + "-the-end"
        var row = Make.row(2, name: name)
        row.objectVersionId = .string(version)
        user.bodies[2] = Array(
            """
            {"events":[{"eventType":"b2:ObjectCreated:Upload","objectName":"\(name)","objectVersionId":"\(version)"}]}
            """.utf8)
        user.arrive([row])
        user.press(.tab, .right, .right, .tab, .character("2"))
        #expect(!user.screen.contains("-the-end"))
        user.press(.enter)
        let text = user.lines.map { $0.drop { $0 == " " } }.joined()
        for value in [name, version, "b2:ObjectCreated:Upload"] { #expect(text.contains(value)) }
        user.press(.escape)
        #expect(user.model.place.nearest == .table)
    }

    @Test("a name that lacks only a little is not cut, and a number never")
    func whatIsCut() {
        var user = User(columns: 80, holding: [.prod])
        user.arrive([Make.row(1, name: "batch/file-0.txt", size: .integer(10_737_418_240))])
        user.press(.character("2"))
        #expect(user.hasRow(" batch/file-0.txt 10737418240 4_z6b8d_f1", selected: true))
        #expect(user.lines[2].hasSuffix(" Version ID"), "no other column leaves for it")
        user.resize(60, 15)
        #expect(user.hasRow("batch/", selected: true))
        #expect(user.selected?.contains("1073") == false)
        user.press(.right, .right)
        #expect(user.hasRow(" 10737418240 ", selected: true))
    }

    @Test("T gives the timestamps as B2 sent them")
    func epoch() {
        var user = User.watching(2, columns: 160)
        user.press(.character("2"), .character("U"))
        #expect(user.selected?.hasPrefix("▌ 1795538581600 ") == true)
        #expect(user.marks.hasSuffix("2 events   epoch ms   FOLLOW"))
        user.press(.character("U"))
        #expect(user.selected?.hasPrefix("▌ 2026-11-24T16:43:01.600Z") == true)
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
        #expect(user.selected == "▌ GET /favicon.ico, answered 405  (not in the sheet)")
    }

    @Test("both views share the selection")
    func selection() {
        var user = User.watching(9)
        user.press(.up, .up, .character("2"))
        #expect(user.hasRow("16:43:06.600Z", selected: true))
        user.press(.up, .character("1"))
        #expect(user.hasRow("16:43:06 ", selected: true))
    }

    @Test("without a row it says so")
    func empty() {
        var user = User()
        user.press(.character("2"))
        #expect(user.screen.contains("No row yet."))
    }
}
