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

/// A value as it was written.
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

/// A term as it was written: an operator with a value, or a value alone.
struct WrittenTerm: Sendable {
    struct Operator: Sendable {
        var name: String
        var range: Range<Int>
        var relation: FilterRelation
        var relationRange: Range<Int>
    }

    var operation: Operator?
    var value: WrittenValue
    /// What is wrong with how it is written.
    var fault: FilterFault?

    var range: Range<Int> { (operation?.range.lowerBound ?? value.range.lowerBound)..<value.range.upperBound }
}

/// A word of the filter language.
enum FilterWord: Sendable {
    case open(Int)
    case close(Int)
    case or(Range<Int>)
    case not(Int)
    case term(WrittenTerm)
}
