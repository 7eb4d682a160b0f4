import History

/// How an operator and its value are joined.
enum FilterRelation: String, Sendable, CaseIterable {
    case has = ":"
    case equal = "="
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case greater = ">"

    /// What it asks of a number.
    var comparison: Comparison {
        switch self {
        case .has, .equal, .notEqual: .equal
        case .less: .less
        case .atMost: .atMost
        case .atLeast: .atLeast
        case .greater: .greater
        }
    }
}

/// A value as it was written; one item of a list, where there are several.
struct WrittenValue: Sendable {
    enum Form: Sendable {
        case plain([PatternPiece])
        /// The scalars of the expression between its slashes.
        case regular(Range<Int>, ignoresCase: Bool)
    }

    /// Of the whole filter, with quotes and slashes.
    var range: Range<Int>
    var form: Form
    var isQuoted = false

    /// The text, with wildcards as they are written; nil for a regular expression.
    var text: String? {
        guard case .plain(let pieces) = form else { return nil }
        return pieces.text
    }

    var isMissing: Bool {
        guard case .plain(let pieces) = form else { return false }
        return pieces.isEmpty && !isQuoted
    }
}

/// A term as it was written: an operator with one value or a list of them, or a value alone.
struct WrittenTerm: Sendable {
    struct Operator: Sendable {
        var name: String
        var range: Range<Int>
        var relation: FilterRelation
        var relationRange: Range<Int>
    }

    var operation: Operator?
    /// At least one; without an operator exactly one.
    var values: [WrittenValue]
    /// The place of all values in the filter.
    var valuesRange: Range<Int>
    /// What is wrong with how it is written.
    var fault: FilterFault?

    var range: Range<Int> { (operation?.range.lowerBound ?? valuesRange.lowerBound)..<valuesRange.upperBound }

    /// The last value: the one that a cursor at the term's end is in.
    var value: WrittenValue { values.last ?? WrittenValue(range: valuesRange, form: .plain([])) }
}

/// A word of the filter language, with its place.
enum FilterWord: Sendable {
    case open(Int)
    case close(Int)
    case and(Range<Int>)
    case or(Range<Int>)
    case not(Range<Int>)
    case term(WrittenTerm)

    var range: Range<Int> {
        switch self {
        case .open(let place), .close(let place): place..<place + 1
        case .and(let range), .or(let range), .not(let range): range
        case .term(let term): term.range
        }
    }
}

/// The words that put terms together. In quotes they are text.
enum FilterConnective: String, CaseIterable {
    case and, or, not

    /// The connective that a bare word is, in any case.
    init?(word: String) {
        if word == "&&" {
            self = .and
        } else {
            self.init(rawValue: word.lowercased())
        }
    }

    var meaning: String {
        switch self {
        case .and: "both must match, as without it"
        case .or: "one must match"
        case .not: "what follows must not match"
        }
    }

    func word(_ range: Range<Int>) -> FilterWord {
        switch self {
        case .and: .and(range)
        case .or: .or(range)
        case .not: .not(range)
        }
    }
}
