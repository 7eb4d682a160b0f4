/// What may stand at a place in a filter.
public struct FilterCompletion: Sendable, Hashable {
    /// Something to put there.
    public struct Candidate: Sendable, Hashable {
        /// To replace the range with.
        public let text: String
        /// What it means, for an operator; empty otherwise.
        public let meaning: String
    }

    /// The characters to replace, counted from 0; empty where something is to be put in.
    public let range: Range<Int>
    /// Those that begin with what is there, then those that hold it.
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

    /// The term that ends at a place, if one does; the operator of the parentheses around the place; and whether no term
    /// is before it.
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

    /// Where the value ends that a place is in, or the name of an operator with its sign.
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

    /// Those that begin so first, then those that hold it; in any case.
    private static func ranked(_ candidates: [(String, Candidate)], typed: String) -> [Candidate] {
        let typed = typed.lowercased()
        guard !typed.isEmpty else { return candidates.map(\.1) }
        let folded = candidates.map { ($0.0.lowercased(), $0.1) }
        return folded.filter { $0.0.hasPrefix(typed) }.map(\.1)
            + folded.filter { !$0.0.hasPrefix(typed) && $0.0.contains(typed) }.map(\.1)
    }
}

extension WrittenTerm {
    /// A connective as the word that it is while it is typed.
    fileprivate init(connective range: Range<Int>, in scalars: [Unicode.Scalar]) {
        let text = String(String.UnicodeScalarView(scalars[range]))
        self.init(values: [WrittenValue(range: range, form: .plain([PatternPiece](text)))], valuesRange: range)
    }
}
