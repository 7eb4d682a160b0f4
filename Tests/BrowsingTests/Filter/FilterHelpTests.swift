import Browsing
import Foundation
import Notifications
import Testing

@Suite("Help for filters")
struct FilterHelpTests {
    @Test("is what docs/filter.md says; with B2WATCH_WRITE_DOCS set, it is written there")
    func document() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/filter.md")
        if ProcessInfo.processInfo.environment["B2WATCH_WRITE_DOCS"] != nil {
            try FilterHelp.markdown.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == FilterHelp.markdown, "run the tests once with B2WATCH_WRITE_DOCS=1")
    }

    @Test("gives examples that can be typed", arguments: FilterHelp.entries)
    func examples(entry: FilterHelp.Entry) {
        #expect(filterError(entry.example) == nil)
        #expect(!entry.meaning.isEmpty && !entry.syntax.isEmpty)
    }

    @Test("has an operator once under each name")
    func names() {
        let names = FilterOperator.all.flatMap { [$0.name] + $0.otherNames }
        #expect(Set(names).count == names.count)
        for each in FilterOperator.all {
            for value in each.takes.fixed { #expect(filterError("\(each.name):\(value)") == nil) }
        }
    }
}
