import Notifications

/// Makes a predicate of a filter's words.
struct FilterParser {
    /// The longest filter, in characters; the deepest nesting of parentheses; the most terms.
    static let longest = 4_096
    static let deepest = 50
    static let mostTerms = 200

    private var lexer: FilterLexer
    private var word: FilterWord?
    /// The end of the last word that was read.
    private var end = 0
    private let context: FilterContext
    private var depth = 0
    private var terms = 0
    /// The operator before the parenthesis that is open, as in `type:(created or test)`.
    private var outer: WrittenTerm.Operator? {
        didSet { lexer.outer = outer.flatMap { FilterOperator.named($0.name)?.takes } }
    }

    init(_ source: FilterSource, in context: FilterContext) {
        lexer = FilterLexer(source.scalars)
        self.context = context
        word = lexer.next()
    }

    /// The meaning of a stretch of the filter.
    struct Meaning {
        var predicate: RowPredicate
        /// The terms that it consists of; what is negated as a whole is one.
        var parts: [Filter.Part]
    }

    /// Reads all of the filter.
    mutating func parse() throws(FilterFault) -> Meaning {
        if word == nil { return Meaning(predicate: .everything, parts: []) }
        let meaning = try alternatives()
        if case .close(let place) = word {
            throw FilterFault(place..<place + 1, "no parenthesis is open here")
        }
        return meaning
    }

    private mutating func advance() {
        end = word?.range.upperBound ?? end
        word = lexer.next()
    }

    private mutating func alternatives() throws(FilterFault) -> Meaning {
        var all = [try sequence()]
        while case .or = word {
            advance()
            all.append(try sequence())
        }
        guard all.count > 1 else { return all[0] }
        return Meaning(predicate: .any(all.map(\.predicate)), parts: all.flatMap(\.parts))
    }

    private mutating func sequence() throws(FilterFault) -> Meaning {
        var all = [try factor()]
        while true {
            switch word {
            case .and:
                advance()
                all.append(try factor())
            case .open, .not, .term: all.append(try factor())
            case .close, .or, nil:
                guard all.count > 1 else { return all[0] }
                return Meaning(
                    predicate: .all(all.flatMap(\.predicate.conjunction)), parts: all.flatMap(\.parts))
            }
        }
    }

    private mutating func factor() throws(FilterFault) -> Meaning {
        let start = word?.range.lowerBound ?? end
        var isNegated = false
        while case .not = word {
            isNegated.toggle()
            advance()
        }
        var meaning: Meaning
        switch word {
        case .term(let term):
            advance()
            meaning = try self.meaning(of: term)
        case .open(let place):
            advance()
            meaning = try group(from: place, inside: outer)
        case .and(let range), .or(let range): throw missingTerm(range)
        case .close(let place): throw missingTerm(place..<place + 1)
        case .not, nil: throw missingTerm(lexer.scalars.count..<lexer.scalars.count)
        }
        guard isNegated else { return meaning }
        meaning.predicate = .not(meaning.predicate)
        meaning.parts = [
            Filter.Part(
                text: text(start..<end), predicate: meaning.predicate, excluded: meaning.parts.flatMap(\.values))
        ]
        return meaning
    }

    private func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(lexer.scalars[range])) }

    private func missingTerm(_ range: Range<Int>) -> FilterFault {
        FilterFault(range, "a term is expected here, such as object:cat.jpg")
    }

    /// Reads up to the parenthesis that closes. Behind it, values belong to the operator given.
    private mutating func group(
        from place: Int, inside operation: WrittenTerm.Operator?
    ) throws(FilterFault) -> Meaning {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw FilterFault(place..<place + 1, "parentheses are nested too deep, \(Self.deepest) at most")
        }
        let meaning = try alternatives()
        guard case .close = word else { throw FilterFault(place..<place + 1, "this parenthesis is not closed") }
        outer = operation
        advance()
        return meaning
    }

    private mutating func meaning(of term: WrittenTerm) throws(FilterFault) -> Meaning {
        terms += term.values.count
        guard terms <= Self.mostTerms else {
            throw FilterFault(term.range, "a filter has \(Self.mostTerms) terms at most")
        }
        guard let written = term.operation ?? outer else {
            if let fault = term.fault { throw fault }
            let predicate = try FilterOperator.freeText(argument(term.value, .has))
            return Meaning(predicate: predicate, parts: [Filter.Part(text: text(term.range), predicate: predicate)])
        }
        guard let operation = FilterOperator.named(written.name) else {
            throw FilterFault(written.range, FilterOperator.unknown(written.name))
        }
        guard operation.takes.relations.contains(written.relation) else {
            throw FilterFault(written.relationRange, operation.takes.expectedRelations(after: operation.name))
        }
        if case .open(let place) = word, term.value.isMissing, place == term.range.upperBound {
            return try group(of: written, from: place)
        }
        if let fault = term.fault { throw fault }
        for value in term.values where value.isMissing {
            throw FilterFault(value.range, operation.takes.expected)
        }
        if term.values.count > 1, written.relation.isComparison {
            throw FilterFault(
                term.values[1].range,
                "one value is expected after \(written.relation.rawValue); a list is for :, = and !=")
        }
        var items = try term.values.map { value throws(FilterFault) in
            FilterValueUse.Item(
                text: value.text ?? text(value.range),
                predicate: try operation.predicate(argument(value, written.relation)))
        }
        let value = operation.seen.map { FilterValueUse(kind: $0, items: items) }
        if let whole = whole(of: term, operation, written.relation) {
            items.append(
                FilterValueUse.Item(
                    text: whole.text ?? "", predicate: try operation.predicate(argument(whole, written.relation))))
        }
        let isOther = written.relation == .notEqual
        let any = RowPredicate.anyOf(items.map(\.predicate))
        let predicate = isOther ? .not(any) : any
        let isOuter = term.operation == nil
        let part = Filter.Part(
            text: isOuter
                ? text(written.range.lowerBound..<written.relationRange.upperBound) + text(term.range)
                : text(term.range),
            predicate: predicate, value: isOther ? nil : value, excluded: isOther ? value.map { [$0] } ?? [] : [])
        return Meaning(predicate: predicate, parts: [part])
    }

    private func argument(_ value: WrittenValue, _ relation: FilterRelation) -> FilterArgument {
        FilterArgument(value: value, relation: relation, scalars: lexer.scalars, context: context)
    }

    /// Returns all of a list after `=` as one text: a comma may be a part of the name that is meant.
    private func whole(
        of term: WrittenTerm, _ operation: FilterOperator, _ relation: FilterRelation
    ) -> WrittenValue? {
        guard term.values.count > 1, relation != .has, operation.takes.mayHoldCommas,
            term.values.allSatisfy({ !$0.isQuoted && $0.text != nil })
        else { return nil }
        return WrittenValue(range: term.valuesRange, form: .plain([PatternPiece](text(term.valuesRange))))
    }

    /// Reads the values in the parentheses that follow an operator.
    private mutating func group(of operation: WrittenTerm.Operator, from place: Int) throws(FilterFault) -> Meaning {
        let before = outer
        outer = operation
        advance()
        return try group(from: place, inside: before)
    }
}

extension FilterRelation {
    var isComparison: Bool { self != .has && self != .equal && self != .notEqual }
}

extension RowPredicate {
    /// Returns the rows for which one of some predicates matches; conditions on verdicts become one.
    fileprivate static func anyOf(_ parts: [RowPredicate]) -> RowPredicate {
        if parts.count == 1 { return parts[0] }
        var verdicts: Set<SignatureVerdict> = []
        for part in parts {
            guard case .verdict(let some) = part else { return .any(parts) }
            verdicts.formUnion(some)
        }
        return .verdict(verdicts)
    }
}
