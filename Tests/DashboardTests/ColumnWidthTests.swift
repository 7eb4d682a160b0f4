import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("The widths of the list's columns")
struct ColumnWidthTests {
    private func user(_ columns: Int, _ rows: EventRow...) -> User {
        var user = User(columns: columns, rows: 24)
        user.arrive(rows)
        return user
    }

    @Test("no verdict is ever cut", arguments: [40, 50, 64, 80, 100, 120, 159, 160, 300])
    func verdicts(columns: Int) {
        var user = User(columns: columns, rows: 36)
        user.arrive(SignatureVerdict.counted.enumerated().map { Make.row(Int64($0 + 1), verdict: $1) })
        for verdict in SignatureVerdict.counted {
            #expect(user.screen.contains("  \(verdict.glyph) \(verdict.word)"))
        }
    }

    @Test("every known type and an unknown one are whole at 80 columns, or not there")
    func types() {
        for type in EventType.known.map(\.name) + ["b2:ObjectFrozen:ByLegalHold"] {
            for columns in [50, 64, 80, 120] {
                let user = user(columns, Make.row(1, type: type))
                let isThere = user.lines[2].contains("TYPE")
                #expect(isThere || columns < 80)
                #expect(user.selected?.contains("  \(EventType(type).shortName)") == isThere)
            }
        }
    }

    @Test("other columns leave before a type is cut")
    func typeBeforeSize() {
        let user = user(72, Make.row(1, type: "b2:ObjectFrozen:ByLegalHold", verdict: .unsupported))
        #expect(user.lines[2].split(separator: " ") == ["TIME", "UTC", "SIGNATURE", "TYPE", "OBJECT"])
        #expect(user.hasRow("b2:ObjectFrozen:ByLegalHold", selected: true))
    }

    @Test("bucket and rule are whole where OBJECT has room")
    func bucketAndRule() {
        let user = user(120, Make.row(1, name: "a.jpg", bucket: "b2watch-sample-bucket", rule: "b2watchSampleRule"))
        #expect(user.selected?.hasSuffix("  b2watch-sample-bucket  b2watchSampleRule") == true)
    }

    @Test("they leave before OBJECT is cramped, and keep both ends where they are cut")
    func cramped() {
        let long = "photos/2026/november/the long way down.jpg"
        let row = Make.row(1, name: long, bucket: "my-very-long-bucket-name-eu", rule: "thumbnails-and-previews")
        #expect(!user(90, row).lines[2].contains("RULE"))
        #expect(user(100, row).selected?.contains("my-very…-name-eu") == true)
        #expect(user(160, row).screen.contains(long))
    }

    @Test("a type that no one could have thought of is cut, and leaves room for the object")
    func hugeType() {
        let user = user(120, Make.row(1, type: String(repeating: "x", count: 5_000)))
        #expect(user.hasRow("xx…xx", selected: true))
        #expect(user.hasRow("photos/2026/cat-1.jpg", selected: true))
    }

    @Test("a delivery without an event says so over all the columns it does not need")
    func note() {
        let user = user(100, Make.row(1), Make.request(2, target: "/" + String(repeating: "long/", count: 10) + "x"))
        #expect(user.selected?.hasSuffix("long/x, answered 405") == true)
        #expect(user.selected?.contains("…") == false)
    }

    @Test("the columns do not jump while a line is scrolled")
    func calm() {
        var user = User(columns: 100, rows: 24)
        user.arrive((1...30).map { Make.row($0, type: $0 == 10 ? "b2:ObjectFrozen:ByLegalHold" : "b2:TestEvent") })
        let titles = user.lines[2]
        for _ in 0..<29 {
            user.press(.up)
            #expect(user.lines[2] == titles)
        }
    }

    @Test("the table's columns follow its rows too")
    func table() {
        var user = user(120, Make.row(1, name: "a.jpg", type: "b2:HideMarkerCreated:LifecycleRule"))
        user.press(.character("2"))
        #expect(user.hasRow("  b2:HideMarkerCreated:LifecycleRule  a.jpg ", selected: true))
    }
}
