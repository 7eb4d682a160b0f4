public import Notifications

/// A condition on rows of the event list: what a filter comes down to. The history makes SQL of it.
///
/// A field that a row does not have matches nothing, so that `not` of it is true.
public indirect enum RowPredicate: Sendable, Hashable {
    /// Where all hold; with none, every row.
    case all([RowPredicate])
    /// Where one holds at least; with none, no row.
    case any([RowPredicate])
    case not(RowPredicate)
    /// Where a number stands so to another one.
    case number(RowNumber, Comparison, Int64)
    /// Where a text, or one of several, matches.
    case text([RowText], TextPattern)
    /// Where the delivery is so judged now.
    case verdict(Set<SignatureVerdict>)
    /// Where an earlier delivery of equal or higher trust holds the same event.
    case duplicate
    /// Where the event came before, or is behind those of which that is known.
    case repeated(RepeatedEvents)
    /// Where there is a readable event.
    case event
    /// The rows with these ids.
    case rows(Set<Int64>)

    /// Every row.
    public static let everything = RowPredicate.all([])
}

/// How a number stands to another one.
public enum Comparison: String, Sendable, Hashable {
    case less = "<"
    case atMost = "<="
    case equal = "="
    case atLeast = ">="
    case greater = ">"
}

/// The numbers of a row.
public enum RowNumber: Sendable, Hashable, CaseIterable {
    case row, delivery
    /// In milliseconds since 1970.
    case receivedAt, eventTimestamp
    /// In bytes.
    case objectSize
    /// HTTP status as sent.
    case status
    /// Of the body, in bytes.
    case bodyLength
}

/// The texts of a row.
public enum RowText: Sendable, Hashable, CaseIterable {
    case eventType, objectName, bucketName, matchedRuleName, eventId, objectVersionId
    /// The label of the secret whose digest was received.
    case secret
    case method, target, remoteAddress
    /// All header fields, as their JSON.
    case headers
    /// The body, as received.
    case body
}

/// A pattern, with what tells whether a text matches it. Two are equal if their sources are.
public struct TextPattern: Sendable, Hashable {
    /// The pattern as it was written, with what else tells it from others.
    public let source: String
    /// Where only certain texts match, byte for byte, all of them: an index may find them.
    public let literals: [String]?
    /// Whether UTF-8 matches. Called once a row, so it must be fast and must not allocate.
    public let matches: @Sendable (UnsafeRawBufferPointer) -> Bool

    /// A pattern.
    public init(
        _ source: String, literals: [String]? = nil, matches: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) {
        self.source = source
        self.literals = literals
        self.matches = matches
    }

    public static func == (one: TextPattern, other: TextPattern) -> Bool { one.source == other.source }

    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension RowPredicate {
    /// Whether rows may enter or leave when verdicts change.
    public var readsVerdicts: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.readsVerdicts)
        case .not(let part): part.readsVerdicts
        case .verdict, .duplicate: true
        case .text(let columns, _): columns.contains(.secret)
        case .number, .event, .rows, .repeated: false
        }
    }

    /// Whether rows are asked whether they are duplicates, which takes long for each.
    public var asksForDuplicates: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.asksForDuplicates)
        case .not(let part): part.asksForDuplicates
        case .duplicate: true
        case .number, .text, .verdict, .event, .rows, .repeated: false
        }
    }

    /// The same rows, where it is asked only of those that may be duplicates.
    public func among(_ repeated: RepeatedEvents) -> RowPredicate {
        switch self {
        case .all(let parts): .all(parts.map { $0.among(repeated) })
        case .any(let parts): .any(parts.map { $0.among(repeated) })
        case .not(let part): .not(part.among(repeated))
        case .duplicate: .all([.repeated(repeated), .duplicate])
        case .number, .text, .verdict, .event, .rows, .repeated: self
        }
    }
}
