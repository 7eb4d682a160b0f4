public import History

/// A filter as it was written, and what it comes down to.
public struct Filter: Sendable, Hashable {
    /// As written.
    public let text: String
    /// The rows it lets through.
    public let predicate: RowPredicate
    /// Whether it must stand in parentheses beside other terms.
    private let isAlternative: Bool

    /// Lets every row through.
    public static let everything = Filter(text: "", predicate: .everything)

    private init(text: String, predicate: RowPredicate, isAlternative: Bool = false) {
        self.text = text
        self.predicate = predicate
        self.isAlternative = isAlternative
    }

    /// Reads a filter.
    ///
    /// - Parameters:
    ///   - text: In the filter language (docs/filter.md), at most 4,096 characters; with nothing in it, every row is let
    ///     through.
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
            let (predicate, isAlternative) = try parser.parse()
            self.init(text: text, predicate: predicate, isAlternative: isAlternative)
        } catch {
            throw source.error(error)
        }
    }

    /// Whether it lets every row through.
    public var isEverything: Bool { predicate == .everything }

    /// Lets through what both let through. Its text reads as the same filter, unless it has become longer, deeper or of
    /// more terms than one may be.
    public func and(_ other: Filter) -> Filter {
        if isEverything { return other }
        if other.isEverything { return self }
        return Filter(
            text: "\(textBesideOthers) \(other.textBesideOthers)",
            predicate: .all(predicate.conjunction + other.predicate.conjunction))
    }

    /// In parentheses where another term beside it would change what it means: `a|b`, or `>5` behind `size`.
    private var textBesideOthers: String {
        let first = text.unicodeScalars.first { !FilterLexer.isBlank($0) }
        return isAlternative || first.map { "<>=!".unicodeScalars.contains($0) } ?? false ? "(\(text))" : text
    }
}

extension RowPredicate {
    /// What must all hold.
    var conjunction: [RowPredicate] {
        guard case .all(let parts) = self else { return [self] }
        return parts
    }
}
