import Browsing
import History
import TestSupport
import Testing

@Suite("Any text")
struct FilterFuzzTests {
    private static let pieces =
        FilterOperator.all.map { "\($0.name):" } + FilterOperator.all.map(\.example)
        + [
            "(", ")", "|", "!", "\"", "\\", "*", "?", "~/", "/", "i", " ", "  ", "size", ">", "<=", "=", "!=", ":",
            "b2:", "x",
            "cat", "10MB", "02:14", "2026-01-01T", "99999999999999999999", "é", "e\u{301}", "\u{301}", "🐈", "\0",
            "\r\n",
            "\u{A0}", "\\u{", "}", "a{2}", "[", "-", ".", ",", "..", "or", "AND ", "not ", " && ", "type:(", "02:10..",
            "1 MB",
            "yesterday ", "11-28 ", "mon ", " ago",
        ]

    @Test("is read or refused, with an error that points into it, and can be completed anywhere")
    func fuzz() {
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<4_000 {
            let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                Self.pieces.randomElement(using: &generator) ?? ""
            }.joined()
            if let error = filterError(text) {
                #expect(error.range.lowerBound >= 0 && error.range.upperBound <= text.count, "\(text)")
                #expect(!error.sentence.isEmpty)
            }
            let cursor = Int.random(in: 0...text.count, using: &generator)
            let completion = FilterCompletion(text, cursor: cursor) { _ in ["a b", "c\"d"] }
            #expect(completion.range.lowerBound <= cursor && completion.range.upperBound <= text.count, "\(text)")
        }
    }

    @Test("can be the value of a term, which finds that text only")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 13)
        let scalars = Array("aA-,. \"\\*?|()!~/:=<>u{}2é\u{301}\u{0}\n\t\u{A0}\u{202E}\u{2028}🐈".unicodeScalars)
        for _ in 0..<4_000 {
            let count = Int.random(in: 0...8, using: &generator)
            let value = String(
                String.UnicodeScalarView((0..<count).map { _ in scalars.randomElement(using: &generator) ?? "a" }))
            for name in ["object", "bucket", "type"] {
                let text = FilterTerm.text(operator: name, exactly: value)
                #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
                let filter = try Filter("\(text) | (\(text))", in: FilterSample.context)
                guard case .any(let parts) = filter.predicate, case .text(_, let pattern) = parts.first else {
                    Issue.record("\(text) is no term")
                    continue
                }
                #expect(pattern.literals.map { $0.map { Array($0.utf8) } } == [Array(value.utf8)], "\(text)")
            }
            var sample = FilterSample()
            sample.texts[.objectName] = "x\(value)y"
            #expect(try sample.passes(FilterTerm.text(containing: value)), "\(FilterTerm.text(containing: value))")
            sample.texts = [.objectName: "z"]
            #expect(try sample.passes("!\(FilterTerm.text(containing: value + "#"))"))
        }
    }
}
