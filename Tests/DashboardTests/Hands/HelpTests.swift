import Base
import Terminal
import Testing

@testable import Dashboard

@Suite("The help")
struct HelpTests {
    @Test("begins with one screen of what matters in the tab, and has the rest behind a key")
    func brief() {
        for (columns, rows) in [(60, 15), (80, 24), (120, 36), (200, 50)] {
            for view in MainView.allCases {
                var user = User.watching(50, columns: columns, rows: rows)
                user.press(.character(Character("\(view.rawValue)")), .character("?"))
                #expect(user.model.help?.title == "Help", "all of it is in view at \(columns)x\(rows)")
                #expect(user.lines.contains { $0.contains(view.title) && $0.contains(":") })
                let foot = user.lines.firstIndex { $0.contains("? lists every key and the filter language.") }
                #expect(foot != nil && foot != rows - 1)
                #expect(user.selected != nil)
                user.press(.character("?"))
                #expect(user.model.help?.title.contains(" of ") == true)
                user.press(.character("?"))
                #expect(user.model.help?.title == "Help")
                user.press(.character("/"))
                user.type("zoom-in")
                #expect(user.screen.contains("less time, around the selected bar"))
            }
        }
    }

    @Test("names a command without a key, at every width", arguments: [60, 80, 120])
    func keyless(columns: Int) {
        var user = User.watching(5, columns: columns, rows: 24)
        user.press(.character("?"), .character("/"))
        user.type("read config.yaml")
        #expect(user.screen.contains(":reload"))
    }

    @Test("explains the symbols that the tab draws")
    func symbols() {
        var user = User.watching(50)
        user.press(.character("?"))
        for symbol in ["✓ valid", "✗ invalid", "– missing", "? unverified", "* marked", "◆ selected", "dup "] {
            #expect(user.screen.contains(symbol))
        }
        user.press(.escape, .character("4"), .character("?"))
        for symbol in ["○ action queued or running", "✗ action dead"] { #expect(user.screen.contains(symbol)) }
    }

    @Test("the first screen's bindings run, too")
    func runFromBrief() {
        var user = User.watching(50)
        user.press(.character("?"), .down, .enter)
        #expect(user.model.help == nil)
        #expect(user.model.detail.isFocused)
    }

    @Test("is searched, and runs what is selected where one came from")
    func search() {
        var user = User.watching(50)
        user.press(.character("?"), .character("/"))
        user.type("next problem")
        #expect(user.hasRow("to the next problem", selected: true))
        user.press(.enter)
        #expect(user.model.place.nearest == .help)
        user.press(.enter)
        #expect(user.model.help == nil)
        #expect(user.screen.contains("No other problem among the rows listed."))
    }

    @Test("runs an entry that is searched, selected and then run")
    func run() {
        var user = User.watching(50)
        user.press(.character("?"), .character("/"))
        user.type("next tab of the pane")
        user.press(.enter, .enter)
        #expect(user.model.detail.tab == .headers)
    }

    @Test("says why an entry does nothing now, or where it works")
    func obstacles() {
        var user = User.watching(50)
        user.press(.character("?"), .character("/"))
        user.type("closer zoom-in")
        #expect(user.screen.contains("Nothing in the help matches."))
        user.press(.escape, .character("/"))
        user.type("zoom-in")
        user.press(.enter, .enter)
        #expect(user.model.view == .pulse)
        user.press(.character("?"), .character("/"))
        user.type("answer-yes")
        user.press(.enter, .enter)
        #expect(user.screen.contains("“answer-yes” works only while a question is open."))
    }

    @Test("gives all entries back with Esc, and closes with another")
    func leave() {
        var user = User.watching(50)
        user.press(.character("?"), .character("/"))
        user.type("problem")
        user.press(.enter, .escape)
        #expect(user.model.place.nearest == .help)
        #expect(user.screen.contains("1 Events"))
        user.press(.escape)
        #expect(user.model.help == nil)
    }

    @Test("tells what a filter can say, first of all to who writes one")
    func filter() {
        var user = User.watching(50)
        user.press(.character("f"))
        user.type("sig:")
        user.press(.function(1))
        #expect(user.lines[2].contains("The filter language"))
        user.press(.escape)
        #expect(user.model.place.nearest == .filter)
        #expect(user.screen.contains("sig:"))
    }

    @Test("is scrolled by the wheel, selected by a click, and run by two")
    func mouse() {
        var user = User.watching(50)
        user.press(.character("?"), .character("/"))
        user.type("spreadsheet")
        user.press(.enter)
        guard let point = user.place(of: "the spreadsheet's rows") else {
            Issue.record("not found")
            return
        }
        user.doubleClick(point.column, point.row)
        #expect(user.model.view == .table)
        #expect(user.model.help == nil)
        user.press(.character("?"), .character("?"))
        let before = user.lines[8]
        user.wheel(.wheelDown, 20, 8)
        #expect(user.lines[5].dropFirst() == before.dropFirst())
    }

    @Test("fits", arguments: [(80, 24), (60, 15), (120, 36), (40, 10)])
    func sizes(columns: Int, rows: Int) {
        var user = User.watching(50, columns: columns, rows: rows)
        user.press(.character("?"))
        #expect(user.selected != nil)
        for _ in 0..<60 {
            #expect(user.lines.count == rows)
            user.press(.down)
        }
    }
}
