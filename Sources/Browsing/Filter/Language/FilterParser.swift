import History

/// Makes a predicate of a filter's words.
struct FilterParser {
    /// The longest filter, in characters; the deepest nesting of parentheses; the most terms.
    static let longest = 4_096
    static let deepest = 50
    static let mostTerms = 200

    private var lexer: FilterLexer
    private var word: FilterWord?
    private let context: FilterContext
    private var depth = 0
    private var terms = 0

    init(_ source: FilterSource, in context: FilterContext) {
        lexer = FilterLexer(source.scalars)
        self.context = context
        word = lexer.next()
    }

    /// The rows, and whether alternatives stand at the top, so that it needs parentheses beside other terms.
    mutating func parse() throws(FilterFault) -> (predicate: RowPredicate, isAlternative: Bool) {
        if word == nil { return (.everything, false) }
        let (predicate, isAlternative) = try alternatives()
        if case .close(let place) = word {
            throw FilterFault(place..<place + 1, "no parenthesis is open here")
        }
        return (predicate, isAlternative)
    }

    private mutating func alternatives() throws(FilterFault) -> (RowPredicate, Bool) {
        var parts = [try sequence()]
        while case .or = word {
            word = lexer.next()
            parts.append(try sequence())
        }
        return (parts.count == 1 ? parts[0] : .any(parts), parts.count > 1)
    }

    private mutating func sequence() throws(FilterFault) -> RowPredicate {
        var parts = [try factor()]
        while true {
            switch word {
            case .open, .not, .term: parts.append(try factor())
            case .close, .or, nil: return parts.count == 1 ? parts[0] : .all(parts.flatMap(\.conjunction))
            }
        }
    }

    private mutating func factor() throws(FilterFault) -> RowPredicate {
        var isNegated = false
        while case .not = word {
            isNegated.toggle()
            word = lexer.next()
        }
        let part: RowPredicate
        switch word {
        case .term(let term):
            word = lexer.next()
            part = try predicate(of: term)
        case .open(let place):
            word = lexer.next()
            part = try group(from: place)
        case .close(let place): throw missingTerm(place..<place + 1)
        case .or(let range): throw missingTerm(range)
        case .not, nil: throw missingTerm(lexer.scalars.count..<lexer.scalars.count)
        }
        return isNegated ? .not(part) : part
    }

    private func missingTerm(_ range: Range<Int>) -> FilterFault {
        FilterFault(range, "a term is expected here, such as object:cat.jpg")
    }

    private mutating func group(from place: Int) throws(FilterFault) -> RowPredicate {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw FilterFault(place..<place + 1, "parentheses are nested too deep, \(Self.deepest) at most")
        }
        let (part, _) = try alternatives()
        guard case .close = word else { throw FilterFault(place..<place + 1, "this parenthesis is not closed") }
        word = lexer.next()
        return part
    }

    private mutating func predicate(of term: WrittenTerm) throws(FilterFault) -> RowPredicate {
        terms += 1
        guard terms <= Self.mostTerms else {
            throw FilterFault(term.range, "a filter has \(Self.mostTerms) terms at most")
        }
        guard let written = term.operation else {
            if let fault = term.fault { throw fault }
            return try FilterOperator.freeText(
                FilterArgument(value: term.value, relation: .has, scalars: lexer.scalars, context: context))
        }
        guard let operation = FilterOperator.named(written.name) else {
            throw FilterFault(written.range, FilterOperator.unknown(written.name))
        }
        guard operation.takes.relations.contains(written.relation) else {
            throw FilterFault(written.relationRange, operation.takes.expectedRelations(after: operation.name))
        }
        if let fault = term.fault { throw fault }
        guard !term.value.isMissing else { throw FilterFault(term.value.range, operation.takes.expected) }
        let argument = FilterArgument(
            value: term.value, relation: written.relation, scalars: lexer.scalars, context: context)
        let predicate = try operation.predicate(argument)
        return written.relation == .notEqual ? .not(predicate) : predicate
    }
}
