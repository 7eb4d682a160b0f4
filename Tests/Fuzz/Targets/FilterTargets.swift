import Base
import Foundation
import Notifications

@testable import History

extension FuzzTarget {
    /// 2026-03-29T12:00:00Z, on a day on which clocks change.
    private static let context = FilterContext(now: Timestamp(milliseconds: 1_774_785_600_000)) { moment in
        moment.milliseconds < 1_774_746_000_000 ? 3_600 : 7_200
    }

    /// Texts that patterns are matched with.
    private static let texts = [
        "", "photos/2026/Cat.jpg", "b2:ObjectCreated:Upload", "ÄÖÜ ﬀ İı K\u{212A} 名前", #"[["Host","x:80"]]"#,
    ].map { Array($0.utf8) }

    /// A filter as it is typed, and the filters that b2watch writes for a value.
    static let filter = FuzzTarget(
        "filter", longest: 160,
        seeds: FilterOperator.all.map { seed(0, text: $0.example) } + [
            seed(4, text: "type:(created or test) not sig:valid"), seed(9, text: "object:~/cat-\\d{4}\\.(jpg|png)$/i"),
            seed(2, text: "-(a | b) !c d,e \"x \\\" \\u{a0}*\" object=\"a,b\", c"),
            seed(3, text: "size >= 1.5 MiB size:1MB..5MB"),
            seed(1, text: "time:02:10..02:20 after:yesterday 02:14 event-time:2026-02-29T02:30+02:00 on:monday"),
            seed(6, text: "~/[^a-c\\d]{2,5}(x|y*)+?$/ bucket:a*b?c* header:\"content-type: application/json\""),
            seed(0x40, text: "a \"b\"\\*?~/,()|:=<>!-\u{202E}\u{0}"), seed(0x80, text: "or"),
            seed(0x40, text: "é\u{301}-x"),
        ],
        words: FilterOperator.all.map { "\($0.name):" } + [
            " or ", " and ", "not ", "||", "&&", "(", ")", "..", "\"", "\\u{", "~/", "/i", "{2,5}", "[^", "1h30m",
            "yesterday",
            "2026-01", "T02:30", "+02:00", "4xx", "MiB", ">=", "!=", "*", "?", ",",
        ]
    ) { input in
        var parts = Parts(input)
        let choice = Int(parts.byte())
        let text = String(decoding: parts.rest, as: UTF8.self)
        switch choice >> 6 {
        case 1, 2: try checkWritten(text)
        default:
            try checkTyped(text)
            let completion = FilterCompletion(text, cursor: choice & 63) { _ in
                ["photos", "a b", "Or", "x,y", "\"", "200"]
            }
            let range = completion.range
            try hold(range.lowerBound >= 0 && range.upperBound <= text.count, "a completion at \(range)")
        }
    }

    /// Checks a filter that a person has typed.
    private static func checkTyped(_ text: String) throws {
        let filter: Filter
        do throws(FilterError) {
            filter = try Filter(text, in: context)
        } catch {
            try hold(error.range.lowerBound >= 0 && error.range.upperBound <= text.count, "an error at \(error.range)")
            return try hold(!error.sentence.isEmpty, "an error in words")
        }
        try checkPatterns(filter.predicate)
        // Parentheses may give a term its operator. A part that is negated is one without them.
        guard !text.unicodeScalars.contains("("), !text.unicodeScalars.contains(")") else { return }
        for part in filter.parts {
            try hold(try read(part.text).predicate == part.predicate, "“\(part.text)” alone means something else")
        }
    }

    /// Reads a filter that must be one.
    private static func read(_ text: String) throws(Broken) -> Filter {
        do throws(FilterError) {
            return try Filter(text, in: context)
        } catch {
            throw Broken(description: "“\(text)” is not a filter: \(error)")
        }
    }

    private static func checkPatterns(_ predicate: RowPredicate) throws {
        switch predicate {
        case .all(let parts), .any(let parts): for part in parts { try checkPatterns(part) }
        case .not(let part): try checkPatterns(part)
        case .text(let columns, let pattern):
            try hold(!columns.isEmpty, "a text of no column")
            for text in texts {
                let matches = text.withUnsafeBytes(pattern.matches)
                if let literals = pattern.literals {
                    let isOne = literals.contains { Array($0.utf8) == text }
                    try hold(matches == isOne, "only a literal matches: \(pattern.source)")
                }
            }
        case .number, .verdict, .duplicate, .repeated, .event, .rows: break
        }
    }

    /// Checks that a filter that b2watch writes for a value finds that value.
    private static func checkWritten(_ value: String) throws {
        let written = FilterTerm.text(operator: "object", exactly: value)
        guard !value.isEmpty, written.unicodeScalars.count <= FilterParser.longest else { return }
        let filter = try read(written)
        try hold(
            finds(filter.predicate, Array(value.utf8)), "“\(written)” does not find the value that it is written for")
        try hold(filter.parts.count == 1, "“\(written)” is \(filter.parts.count) terms")
    }

    private static func finds(_ predicate: RowPredicate, _ value: [UInt8]) -> Bool {
        switch predicate {
        case .all(let parts): parts.allSatisfy { finds($0, value) }
        case .any(let parts): parts.contains { finds($0, value) }
        case .text(let columns, let pattern): columns.contains(.objectName) && value.withUnsafeBytes(pattern.matches)
        case .not, .number, .verdict, .duplicate, .repeated, .event, .rows: false
        }
    }
}
