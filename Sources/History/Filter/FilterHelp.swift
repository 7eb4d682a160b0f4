/// The help for the filter language, made from its operators.
public enum FilterHelp {
    /// A line of the help.
    public struct Entry: Sendable, Hashable {
        /// Such as `size>SIZE`.
        public let syntax: String
        /// A sentence without a full stop.
        public let meaning: String
        /// Something to type.
        public let example: String
    }

    /// The ways to put terms together.
    public static let grammar: [Entry] = [
        Entry(
            syntax: "a b", meaning: "both must match; also a and b, a && b", example: "type:created bucket:photos"),
        Entry(
            syntax: "a or b", meaning: "one must match; also a | b; binds weaker than a b",
            example: "sig:invalid or status:4xx"),
        Entry(
            syntax: "not a", meaning: "must not match; also !a and -a; binds stronger than a b",
            example: "not rule:allEvents"),
        Entry(syntax: "(a b)", meaning: "groups the terms between them", example: "not (sig:valid or dup:yes)"),
        Entry(
            syntax: "a:x,y", meaning: "any of these values; also a:(x or y)", example: "type:deleted,hide"),
        Entry(
            syntax: "word",
            meaning: "a part of type, object, bucket, rule, event id, version id, request target or remote address",
            example: "cat"),
        Entry(
            syntax: "\"a b\"",
            meaning:
                "text with spaces, commas or signs, and the words and, or, not as text; in it \\\" \\\\ \\* \\? are the"
                + " signs themselves, \\u{a0} any character",
            example: "object:\"my cat.jpg\""),
        Entry(
            syntax: "* ?", meaning: "any characters, any one character; the pattern is for the whole text",
            example: "object:*.jpg"),
        Entry(
            syntax: "a:b a=b a!=b",
            meaning:
                "with : lower case ignores case and an upper-case letter makes it exact; = is exactly this text, the whole"
                + " of it; != anything else",
            example: "object=photos/Cat.jpg"),
        Entry(
            syntax: "~/regex/i",
            meaning:
                "a regular expression, behind a colon too; the i ignores case; a text that takes too many steps does not"
                + " match; on the screen and in export only",
            example: "object:~/cat-\\d{4}\\.(jpg|png)$/i"),
        Entry(
            syntax: "WHEN",
            meaning:
                "an age (10s 10m 2h 3d 1w, 90 min, 1h30m), the latest such time of day (02:14), a date (2026-01-01, 01-01,"
                + " monday, 2026-01 for a month), a date and time (2026-01-01T02:14:05, yesterday 02:14), now, today,"
                + " yesterday, tomorrow; behind a date or a time Z or +02:00 where another zone than the one shown is meant",
            example: "after:yesterday 02:14"),
        Entry(
            syntax: "A..B",
            meaning:
                "of a time, a size or a number: from A to B, both included; one of them may be left out; of times of day the"
                + " latest such stretch",
            example: "size:1MB..5MB"),
        Entry(
            syntax: "SIZE",
            meaning:
                "a number and B, kB, MB, GB, TB (1,000 each) or KiB, MiB, GiB, TiB (1,024 each), in any case and also"
                + " without the B or behind a space; compared by > >= < <= : or =",
            example: "size >= 1.5 MiB"),
    ]

    /// The operators.
    public static let operators: [Entry] = FilterOperator.all.map { each in
        let others = each.otherNames.isEmpty ? "" : "; also \(each.otherNames.map { "\($0):" }.joined(separator: ", "))"
        return Entry(syntax: each.syntax, meaning: each.meaning + others, example: each.example)
    }

    /// All of it.
    public static let entries: [Entry] = operators + grammar
}

// MARK: - Completion

/// The texts that may be inserted at a place in a filter.
public struct FilterCompletion: Sendable, Hashable {
    /// Something to put there.
    public struct Candidate: Sendable, Hashable {
        /// To replace the range with.
        public let text: String
        /// The meaning of an operator; empty otherwise.
        public let meaning: String
    }

    /// The characters to replace, counted from 0; empty where something is to be put in.
    public let range: Range<Int>
    /// The candidates that begin with the text there, then those that contain it.
    public let candidates: [Candidate]

    /// The most candidates.
    public static let limit = 100

    /// Completes the word that a place is in or behind.
    ///
    /// - Parameters:
    ///   - cursor: The number of characters before it.
    ///   - seen: The values of a kind that were seen, the likeliest first.
    public init(_ text: String, cursor: Int, seen: (FilterValueKind) -> [String]) {
        let source = FilterSource(text)
        let place = source.scalarOffset(ofCharacter: cursor)
        let (term, outer, isFirst) = Self.term(in: source.scalars, at: place)
        var start = place
        var candidates: [Candidate] = []
        if let operation = term?.operation ?? outer, let value = term?.value {
            if let known = FilterOperator.named(operation.name), let typed = value.text {
                start = value.range.lowerBound
                candidates = Self.values(known, operation.relation, typed: typed, seen: seen)
            }
        } else if let outer {
            candidates =
                FilterOperator.named(outer.name).map { Self.values($0, outer.relation, typed: "", seen: seen) } ?? []
        } else if let value = term?.value, let typed = value.text, !value.isQuoted {
            start = value.range.lowerBound
            candidates = Self.operators(typed: typed) + Self.connectives(typed: typed, isFirst: isFirst)
        } else if term == nil {
            candidates = Self.operators(typed: "")
        }
        let end = term.map { Self.end(of: $0, outer, in: source.scalars, at: place) } ?? place
        range = source.characters(start..<start).lowerBound..<source.characters(end..<end).lowerBound
        self.candidates = Array(candidates.prefix(Self.limit))
    }

    /// Returns the term that ends at a place, if one does; the operator of the parentheses around the place; and
    /// whether no term is before it.
    private static func term(
        in scalars: [Unicode.Scalar], at place: Int
    ) -> (term: WrittenTerm?, outer: WrittenTerm.Operator?, isFirst: Bool) {
        var lexer = FilterLexer(Array(scalars.prefix(place)))
        var last: WrittenTerm?
        // Of each parenthesis that is open.
        var outer: [WrittenTerm.Operator?] = []
        var isFirst = true
        while let word = lexer.next() {
            if let last, !last.value.isMissing { isFirst = false }
            switch word {
            case .open(let open):
                let isOfOperator = last.map { $0.value.isMissing && $0.range.upperBound == open } ?? false
                outer.append(isOfOperator ? last?.operation : outer.last ?? nil)
            case .close: _ = outer.popLast()
            case .term, .and, .or, .not: break
            }
            // The beginning of a term may be a whole connective.
            last =
                switch word {
                case .term(let term): term
                case .and(let range), .or(let range), .not(let range):
                    range.count > 1 ? WrittenTerm(connective: range, in: scalars) : nil
                case .open, .close: nil
                }
            lexer.outer = outer.last.flatMap { $0.flatMap { FilterOperator.named($0.name)?.takes } }
        }
        return (last?.range.upperBound == place ? last : nil, outer.last ?? nil, isFirst)
    }

    /// Returns the end of the value that a place is in, or of the name of an operator with its sign.
    private static func end(
        of term: WrittenTerm, _ outer: WrittenTerm.Operator?, in scalars: [Unicode.Scalar], at place: Int
    ) -> Int {
        let start = term.range.lowerBound
        var lexer = FilterLexer(Array(scalars[start...]))
        lexer.outer = outer.flatMap { FilterOperator.named($0.name)?.takes }
        guard case .term(let whole) = lexer.next() else { return place }
        if term.operation == nil, let operation = whole.operation {
            return max(place, start + operation.relationRange.upperBound)
        }
        let value = whole.values.first { start + $0.range.upperBound >= place } ?? whole.value
        return max(place, start + value.range.upperBound)
    }

    private static func operators(typed: String) -> [Candidate] {
        let candidates = FilterOperator.all.map { each in
            (each.name, Candidate(text: each.start, meaning: each.meaning))
        }
        return ranked(candidates, typed: typed).filter { typed.isEmpty || $0.text.hasPrefix(typed.lowercased()) }
    }

    private static func connectives(typed: String, isFirst: Bool) -> [Candidate] {
        FilterConnective.allCases.filter { $0.rawValue.hasPrefix(typed.lowercased()) && (!isFirst || $0 == .not) }
            .map { Candidate(text: $0.rawValue, meaning: $0.meaning) }
    }

    private static func values(
        _ known: FilterOperator, _ relation: FilterRelation, typed: String, seen: (FilterValueKind) -> [String]
    ) -> [Candidate] {
        var values = known.takes.fixed
        if known.seen == .type, relation == .has { values += TypeNames.words }
        values += known.seen.map(seen) ?? []
        var found: Set<String> = []
        let candidates = values.filter { found.insert($0).inserted }.map { value in
            let text = FilterTerm.quoted(value, escapingWildcards: relation == .has)
            return (value, Candidate(text: text, meaning: ""))
        }
        return ranked(candidates, typed: typed)
    }

    /// Returns the candidates that begin with the text, then those that contain it; in any case.
    private static func ranked(_ candidates: [(String, Candidate)], typed: String) -> [Candidate] {
        let typed = typed.lowercased()
        guard !typed.isEmpty else { return candidates.map(\.1) }
        let folded = candidates.map { ($0.0.lowercased(), $0.1) }
        return folded.filter { $0.0.hasPrefix(typed) }.map(\.1)
            + folded.filter { !$0.0.hasPrefix(typed) && $0.0.contains(typed) }.map(\.1)
    }
}

extension WrittenTerm {
    /// Creates a term of a connective, which is a plain word while it is typed.
    fileprivate init(connective range: Range<Int>, in scalars: [Unicode.Scalar]) {
        let text = String(String.UnicodeScalarView(scalars[range]))
        self.init(values: [WrittenValue(range: range, form: .plain([PatternPiece](text)))], valuesRange: range)
    }
}
