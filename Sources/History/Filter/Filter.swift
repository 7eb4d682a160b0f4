public import Base
import Notifications

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
        /// The values of such operators that it excludes.
        public let excluded: [FilterValueUse]

        init(
            text: String, predicate: RowPredicate, value: FilterValueUse? = nil, excluded: [FilterValueUse] = []
        ) {
            self.text = text
            self.predicate = predicate
            self.value = value
            self.excluded = excluded
        }

        /// The values that it names, to ask for them or to exclude them.
        public var values: [FilterValueUse] { (value.map { [$0] } ?? []) + excluded }
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
}

extension RowPredicate {
    /// The predicates that must all match.
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
            // Lists of known values do not contain such values.
            case .not, .verdict, .duplicate, .repeated, .event, .rows: return true
            }
        }
    }

    /// The kind of the values.
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

/// A fault in a filter, and its place.
public struct FilterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The characters it is about, counted from 0; empty at a place where something is missing.
    public let range: Range<Int>
    /// The text that was expected there, in a sentence without the place.
    public let sentence: String

    /// Creates an error.
    public init(at range: Range<Int>, _ sentence: String) {
        self.range = range
        self.sentence = sentence
    }

    public var description: String { "column \(range.lowerBound + 1): \(sentence)" }
}

/// The context in which a filter is read, besides its text.
public struct FilterContext: Sendable {
    /// The moment from which times such as `10m` count back.
    public var now: Timestamp
    /// The offset of the zone that is shown at a moment, in seconds east of UTC.
    public var secondsFromUTC: @Sendable (Timestamp) -> Int
    /// Whether `~/…/` may be used: on the screen and in `export`.
    public var allowsRegularExpressions: Bool

    /// Creates a context.
    public init(
        now: Timestamp, secondsFromUTC: @escaping @Sendable (Timestamp) -> Int = { _ in 0 },
        allowsRegularExpressions: Bool = true
    ) {
        self.now = now
        self.secondsFromUTC = secondsFromUTC
        self.allowsRegularExpressions = allowsRegularExpressions
    }
}

// MARK: - Writing terms

/// Terms written for a value, so that choosing a thing can set a filter.
public enum FilterTerm {
    /// Returns a term for exactly this value, such as `object="a b.jpg"`.
    ///
    /// - Parameter name: The name of an operator that takes texts.
    public static func text(operator name: String, exactly value: String) -> String {
        "\(name)=\(quoted(value, escapingWildcards: false))"
    }

    /// Returns terms for what arrived from one moment to before another.
    public static func arrived(from start: Timestamp, before end: Timestamp) -> String {
        "after:\(start.rfc3339) before:\(end.rfc3339)"
    }

    /// Returns a value in the form that may follow an operator: in quotes if necessary, on one line and without
    /// invisible characters.
    static func quoted(_ value: String, escapingWildcards: Bool) -> String {
        var result = String.UnicodeScalarView()
        var needsQuotes = value.isEmpty || value.unicodeScalars.first == "~"
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.append(scalar)
                needsQuotes = true
            case "*" where escapingWildcards, "?" where escapingWildcards:
                result.append("\\")
                result.append(scalar)
                needsQuotes = true
            case _ where isInvisible(scalar):
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
                needsQuotes = true
            default:
                result.append(scalar)
                needsQuotes = needsQuotes || FilterLexer.endsWord(scalar) || scalar == ","
            }
        }
        return needsQuotes ? "\"\(String(result))\"" : String(result)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}
