public import History

/// A filter as it was written, and the rows that it means.
public struct Filter: Sendable, Hashable {
    /// A term of a filter, with what it means alone.
    public struct Part: Sendable, Hashable {
        /// The term as it was written.
        public let text: String
        /// The rows that match it.
        public let predicate: RowPredicate
        /// The value that it asks for, of an operator whose values are known; nil for any other term.
        public let value: FilterValueUse?

        init(text: String, predicate: RowPredicate, value: FilterValueUse? = nil) {
            self.text = text
            self.predicate = predicate
            self.value = value
        }
    }

    /// As written.
    public let text: String
    /// The rows that match.
    public let predicate: RowPredicate
    /// The terms it consists of, in their order; what is negated as a whole is one.
    public let parts: [Part]

    /// Matches every row.
    public static let everything = Filter(text: "", predicate: .everything, parts: [])

    private init(text: String, predicate: RowPredicate, parts: [Part]) {
        self.text = text
        self.predicate = predicate
        self.parts = parts
    }

    /// Reads a filter.
    ///
    /// - Parameters:
    ///   - text: In the filter language (docs/filter.md), at most 4,096 characters; an empty one matches every row.
    ///   - context: What times and patterns are read by.
    /// - Throws: `FilterError`.
    public init(_ text: String, in context: FilterContext) throws(FilterError) {
        guard text.unicodeScalars.count <= FilterParser.longest else {
            let count = text.count
            throw FilterError(
                at: min(count, FilterParser.longest)..<count, "a filter has \(FilterParser.longest) characters at most")
        }
        let source = FilterSource(text)
        do {
            var parser = FilterParser(source, in: context)
            let meaning = try parser.parse()
            self.init(text: text, predicate: meaning.predicate, parts: meaning.parts)
        } catch {
            throw source.error(error)
        }
    }

    /// Whether it matches every row.
    public var isEverything: Bool { predicate == .everything }
}

extension RowPredicate {
    /// What must all hold.
    var conjunction: [RowPredicate] {
        guard case .all(let parts) = self else { return [self] }
        return parts
    }
}

/// The values that a term asks for, of an operator whose values are known: so that one which no event has can be named.
public struct FilterValueUse: Sendable, Hashable {
    /// A value.
    public struct Item: Sendable, Hashable {
        /// As it was written.
        public let text: String
        /// The rows that have it.
        public let predicate: RowPredicate

        /// Returns whether rows with a value, as lists show it, match.
        public func isMatched(by shown: String) -> Bool {
            Self.matches(predicate, shown)
        }

        private static func matches(_ predicate: RowPredicate, _ shown: String) -> Bool {
            switch predicate {
            case .text(let texts, let pattern):
                let value = texts.contains(.eventType) ? TypeNames.full(ofShown: shown) : shown
                return Array(value.utf8).withUnsafeBytes(pattern.matches)
            case .number(_, let comparison, let wanted):
                return Int64(shown).map { comparison.holds($0, wanted) } ?? false
            case .all(let parts): return parts.allSatisfy { matches($0, shown) }
            case .any(let parts): return parts.contains { matches($0, shown) }
            // Such values are none that are known.
            case .not, .verdict, .duplicate, .repeated, .event, .rows: return true
            }
        }
    }

    /// What they are values of.
    public let kind: FilterValueKind
    /// At least one.
    public let items: [Item]
}

extension Comparison {
    fileprivate func holds(_ value: Int64, _ wanted: Int64) -> Bool {
        switch self {
        case .less: value < wanted
        case .atMost: value <= wanted
        case .equal: value == wanted
        case .atLeast: value >= wanted
        case .greater: value > wanted
        }
    }
}
