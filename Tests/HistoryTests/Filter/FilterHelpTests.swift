import Foundation
import Notifications
import Testing

@testable import History

@Suite("Help for filters")
struct FilterHelpTests {
    @Test("is the text of docs/filter.md; with B2WATCH_WRITE_DOCS set, it is written there")
    func document() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/filter.md")
        if ProcessInfo.processInfo.environment["B2WATCH_WRITE_DOCS"] != nil {
            try FilterPage.markdown.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == FilterPage.markdown, "run the tests once with B2WATCH_WRITE_DOCS=1")
    }

    @Test("has examples that can be typed", arguments: FilterHelp.entries)
    func examples(entry: FilterHelp.Entry) {
        #expect(filterError(entry.example) == nil)
        #expect(!entry.meaning.isEmpty && !entry.syntax.isEmpty)
    }

    @Test("lists an operator once under each name")
    func names() {
        let names = FilterOperator.all.flatMap { [$0.name] + $0.otherNames }
        #expect(Set(names).count == names.count)
        for each in FilterOperator.all {
            for value in each.takes.fixed { #expect(filterError("\(each.name):\(value)") == nil) }
        }
    }
}

// MARK: - Completion

@Suite("Completion")
struct FilterCompletionTests {
    private func complete(_ marked: String) -> (text: [String], range: Range<Int>) {
        let parts = marked.split(separator: "^", omittingEmptySubsequences: false).map(String.init)
        let completion = FilterCompletion(parts.joined(), cursor: parts[0].count) { kind in
            switch kind {
            case .bucket: ["my-bucket", "Photos", "a b", "odd*\"name"]
            case .type: ["b2:New:Type", "b2:TestEvent"]
            case .secret: ["prod"]
            default: []
            }
        }
        return (completion.candidates.map(\.text), completion.range)
    }

    @Test(
        "offers the words that are valid at the place",
        arguments: [
            ("obj^", ["object:"], 0..<3), ("siz^", ["size>"], 0..<3), ("!(OB^", ["object:"], 2..<4),
            ("cat ev^ dog", ["event:", "event-time:", "event-after:", "event-before:"], 4..<6),
            ("ob^ject:cat", ["object:"], 0..<7),
            ("sig:un^", ["unsupported", "unverified", "unjudged", "unsigned"], 4..<6), ("dup:^", ["yes", "no"], 4..<4),
            ("bucket:ph^", ["Photos"], 7..<9), ("bucket:b^", ["my-bucket", "\"a b\""], 7..<8),
            ("bucket:odd^", ["\"odd\\*\\\"name\""], 7..<10), ("bucket=odd^", ["\"odd*\\\"name\""], 7..<10),
            ("bucket:\"a^", ["\"a b\"", "\"odd\\*\\\"name\""], 7..<9), ("bucket:my^-buck x", ["my-bucket"], 7..<14),
            ("type:b2:N^", ["b2:New:Type"], 5..<9), ("type:Created:Up^load x", ["Created:Upload"], 5..<19),
            ("bucket:my,ph^", ["Photos"], 10..<12), ("bucket:ph^,my", ["Photos"], 7..<9),
            ("sig:valid,mi^", ["missing"], 10..<12),
            ("bucket:(ph^", ["Photos"], 8..<10), ("bucket:(my or ph^)", ["Photos"], 14..<16),
            ("no^", ["node:", "not"], 0..<2),
            ("cat o^", ["object:", "or"], 4..<5), ("cat or^ x", ["or"], 4..<6), ("cat an^", ["and"], 4..<6),
            ("an^", [], 0..<2), ("bucket:my, ph^", ["Photos"], 11..<13),
            ("secret:^ | x", ["prod"], 7..<7), ("xyz^", [], 0..<3), ("nosuch:a^", [], 8..<8), ("~/a^", [], 3..<3),
            ("\u{1F408} e\u{301} \u{1F408}|rul^", ["rule:"], 6..<9),
        ] as [(String, [String], Range<Int>)])
    func offers(text: String, candidates: [String], range: Range<Int>) {
        let found = complete(text)
        #expect(found.text == candidates, "\(text)")
        #expect(found.range == range, "\(text)")
    }

    @Test("offers every operator with its meaning in an empty filter")
    func operators() {
        for text in ["", "cat ", "(", "!", "cat | "] {
            let completion = FilterCompletion(text, cursor: text.count) { _ in [] }
            #expect(completion.candidates.count == FilterOperator.all.count)
            #expect(completion.candidates.allSatisfy { !$0.meaning.isEmpty })
            #expect(completion.range == text.count..<text.count)
        }
    }

    @Test("offers words for types, then the types seen")
    func types() {
        let found = complete("type:^").text
        #expect(found.starts(with: ["created", "deleted", "delete", "hide", "upload"]))
        #expect(found.suffix(2) == ["b2:New:Type", "b2:TestEvent"])
    }

    @Test("makes a complete filter from an operator and its example's value")
    func chosen() {
        #expect(FilterTerm.text(operator: "object", exactly: "a b.jpg") == "object=\"a b.jpg\"")
        #expect(FilterTerm.text(operator: "object", exactly: "~/x/") == "object=\"~/x/\"")
        #expect(FilterTerm.text(operator: "object", exactly: "a,b") == "object=\"a,b\"")
    }
}

/// The text of `docs/filter.md`, made from the table of operators.
private enum FilterPage {
    static let markdown: String = """
        # The filter language

        The dashboard (`f`), the option `--filter` and the setting `when:` of actions use one filter language. A filter is a list of
        terms, all of which must match. This page is made from the table of operators; a test checks that it is.

        ## Operators

        \(table(FilterHelp.operators))

        A value matches a part of the text; after `=`, and with `*` or `?`, it must match the whole text.
        Case is ignored: an ASCII letter equals only ASCII letters, and other letters follow Unicode, one character for one.

        ## Putting terms together

        \(table(FilterHelp.grammar))

        `not` binds strongest, then terms side by side, then `or`: `type:test or type:created not sig:valid` is every test
        event, and every created object whose signature is not valid. A comma between values makes a list; put a value with a
        comma into quotes. `=` also matches the whole list as one text. `body:` and `header:` do not accept lists.

        A filter has at most \(FilterParser.longest) characters, \(FilterParser.mostTerms) terms, and parentheses \(FilterParser.deepest) deep.

        ## Regular expressions

        Literals, `.`, `[a-z]`, `[^a-z]`, `\\d \\w \\s \\D \\W \\S` (of ASCII), `\\n \\r \\t`, `^` and `$` (of the whole text),
        groups `(…)`, `|`, and `* + ? {2} {2,} {2,5}`, at most \(RegexParser.mostRepeats) times. They match anywhere in a
        text, in time linear in its length.

        ## When nothing matches

        While a filter is typed, the line below it names a value that no recorded event has, and shows those that exist. Where
        nothing is listed, the list shows how many events each term alone would match. `export`, `replay` and `actions run`
        print the same on standard error; `export` still ends with status 0, because a search that finds nothing has done its
        work.

        """

    private static func table(_ entries: [FilterHelp.Entry]) -> String {
        let lines = entries.map { "| \(code($0.syntax)) | \(cell($0.meaning)) | \(code($0.example)) |" }
        return (["| write | for | example |", "|---|---|---|"] + lines).joined(separator: "\n")
    }

    private static func code(_ text: String) -> String { "`\(text.replacing("|", with: "\\|"))`" }

    private static func cell(_ text: String) -> String {
        ["\\", "|", "*", "<", ">", "~", "\""].reduce(text) { text, sign in
            sign == "\"" ? text : text.replacing(sign, with: "\\" + sign)
        }
    }
}
