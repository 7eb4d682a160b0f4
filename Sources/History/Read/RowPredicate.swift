import GRDBSQLite
public import Notifications

/// A condition on rows of the event list, made from a filter. The history translates it to SQL.
///
/// A field that a row does not have matches nothing, so that `not` of it is true.
public indirect enum RowPredicate: Sendable, Hashable {
    /// True if all conditions are true; without conditions, for every row.
    case all([RowPredicate])
    /// True if at least one condition is true; without conditions, for no row.
    case any([RowPredicate])
    case not(RowPredicate)
    /// True if a number compares like this with another one.
    case number(RowNumber, Comparison, Int64)
    /// True if a text, or one of several, matches.
    case text([RowText], TextPattern)
    /// True if the delivery now has one of these verdicts.
    case verdict(Set<SignatureVerdict>)
    /// True if an earlier delivery of equal or higher trust contains the same event.
    case duplicate
    /// True if the event arrived before, or the row is after those for which this is known.
    case repeated(RepeatedEvents)
    /// True if there is a readable event.
    case event
    /// The rows with these ids.
    case rows(Set<Int64>)

    /// Every row.
    public static let everything = RowPredicate.all([])

    /// The rows of requests that were received: not those of reconciled events.
    static let received = RowPredicate.not(.verdict([.reconciled]))
}

/// A comparison of two numbers.
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
    /// The name of the process that received it, in a history that several share.
    case node
    /// All header fields, as their JSON.
    case headers
    /// The body, as received.
    case body
}

/// A pattern, with the function that matches texts. Two patterns are equal if their sources are.
public struct TextPattern: Sendable, Hashable {
    /// The pattern as it was written, with everything that distinguishes it from others.
    public let source: String
    /// The exact texts, byte for byte, if only these match: an index may find them.
    public let literals: [String]?
    /// Whether UTF-8 matches. Called once a row, so it must be fast and must not allocate.
    public let matches: @Sendable (UnsafeRawBufferPointer) -> Bool

    /// Creates a pattern.
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

    /// Returns the same condition, evaluated only for rows that may be duplicates.
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

// MARK: - Order

/// The order of rows in a list.
public enum RowOrder: Sendable, Hashable {
    /// As they arrived, the oldest first.
    case arrival
    /// By a column, then by arrival. Rows without a value are last.
    case by(SortColumn, isDescending: Bool)
}

/// A column by which rows can be sorted.
public enum SortColumn: String, Sendable, Hashable, CaseIterable {
    case received, signature, type, object, size, bucket, rule, eventTime, status
}

// MARK: - SQL

/// A predicate as a condition in SQL, on rows of `event` and of the tables joined to it.
///
/// Every part of it is 0 or 1 and never NULL, so that `NOT` of a missing field is true. Cheap conditions precede
/// expensive ones, and those that need another table.
struct PredicateSQL {
    /// A parameter of the condition; parameters are in the order of the condition.
    enum Binding {
        case integer(Int64)
        case pattern(TextPattern)
        case rows(Set<Int64>)
        case repeated(RepeatedEvents)
    }

    /// The tables read besides `event`: the narrow rows of verdicts and answers, and the wide ones of received data.
    struct Tables: OptionSet {
        let rawValue: Int
        static let outcome = Tables(rawValue: 1)
        static let delivery = Tables(rawValue: 2)
    }

    let condition: String
    let bindings: [Binding]
    let tables: Tables

    init(_ predicate: RowPredicate) {
        let term = Self.term(predicate)
        (condition, bindings, tables) = (term.sql, term.bindings, term.tables)
    }

    /// Returns the text after `FROM`. `CROSS` keeps the tables in this order: rows are read in the order of their ids,
    /// and conditions on `event` exclude them before other tables are read.
    static func source(_ tables: Tables) -> String {
        var source = "event"
        if tables.contains(.outcome) { source += " CROSS JOIN outcome ON outcome.delivery = event.delivery" }
        if tables.contains(.delivery) { source += " CROSS JOIN delivery ON delivery.id = event.delivery" }
        return source
    }

    private struct Term {
        var sql: String
        var bindings: [Binding] = []
        var tables: Tables = []
        /// The approximate time that it takes, as a number of comparisons of numbers.
        var cost: Int
    }

    private static func term(_ predicate: RowPredicate) -> Term {
        switch predicate {
        case .all(let parts): joined(parts.map(term), by: "AND", without: "1")
        case .any(let parts): joined(parts.map(term), by: "OR", without: "0")
        case .not(.not(let part)): term(part)
        case .not(let part): negated(term(part))
        case .number(let number, let comparison, let value): term(number, comparison, value)
        case .text(let columns, let pattern):
            joined(columns.map { term($0, pattern) }, by: "OR", without: "0")
        case .verdict(let verdicts): term(verdicts)
        case .duplicate: Term(sql: RowQuery.isDuplicate, tables: .outcome, cost: 100)
        case .repeated(let rows):
            Term(sql: "\(RowFunction.isRepeated.name)(?, event.id)", bindings: [.repeated(rows)], cost: 3)
        case .event: Term(sql: "(event.position IS NOT NULL)", cost: 1)
        case .rows(let ids): term(ids)
        }
    }

    private static func negated(_ term: Term) -> Term {
        var term = term
        term.sql = "(NOT \(term.sql))"
        return term
    }

    /// Joins by halves, for SQLite limits how deep a condition may be.
    private static func joined(_ terms: [Term], by word: String, without: String) -> Term {
        func halves(_ terms: ArraySlice<Term>) -> String {
            guard terms.count > 1 else { return terms.first?.sql ?? without }
            let middle = terms.startIndex + terms.count / 2
            return "(\(halves(terms[..<middle])) \(word) \(halves(terms[middle...])))"
        }
        // SQLite evaluates in this order and stops at the first that decides.
        let sorted = terms.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }
            .map(\.element)
        return Term(
            sql: halves(sorted[...]), bindings: sorted.flatMap(\.bindings),
            tables: sorted.reduce(into: []) { $0.formUnion($1.tables) },
            cost: sorted.reduce(0) { min(1_000_000, $0 + $1.cost) })
    }

    private static func term(_ number: RowNumber, _ comparison: Comparison, _ value: Int64) -> Term {
        let (column, tables, cost): (String, Tables, Int) =
            switch number {
            case .row: ("event.id", [], 0)
            case .delivery: ("event.delivery", [], 1)
            case .receivedAt: ("outcome.receivedAt", .outcome, 10)
            case .status: ("outcome.status", .outcome, 10)
            case .eventTimestamp: ("event.eventTimestamp", [], 2)
            case .objectSize: ("event.objectSize", [], 2)
            case .bodyLength: ("delivery.bodyLength", .delivery, 50)
            }
        var sql = "(\(column) \(comparison.rawValue) ?)"
        // These columns have values of any type, as received, and SQLite would compare a text with a number too.
        if [.eventTimestamp, .objectSize].contains(number) { sql = "(typeof(\(column)) = 'integer' AND \(sql))" }
        return Term(sql: sql, bindings: [.integer(value)], tables: tables, cost: cost)
    }

    private static func term(_ verdicts: Set<SignatureVerdict>) -> Term {
        // A verdict recorded as valid reads as valid or removed, depending on its secret.
        let recorded = verdicts.subtracting([.valid, .removed]).map { String($0.rawValue) }.sorted()
        var choices = recorded.isEmpty ? [] : ["outcome.verdict IN (\(recorded.joined(separator: ", ")))"]
        let isValid = "outcome.verdict = \(SignatureVerdict.valid.rawValue)"
        switch (verdicts.contains(.valid), verdicts.contains(.removed)) {
        case (true, true): choices.append(isValid)
        case (true, false): choices.append("\(isValid) AND NOT \(SecretTable.isByLeaked())")
        case (false, true): choices.append("\(isValid) AND \(SecretTable.isByLeaked())")
        case (false, false): break
        }
        return Term(
            sql: choices.isEmpty ? "0" : "(\(choices.joined(separator: " OR ")))", tables: .outcome, cost: 10)
    }

    private static func term(_ text: RowText, _ pattern: TextPattern) -> Term {
        if text == .secret {
            // The few labels are matched, and not those of a million rows.
            let matching = "SELECT id FROM secret WHERE \(RowFunction.matchesField.name)(?, label)"
            return Term(
                sql: "ifnull(outcome.secret IN (\(matching)), 0)", bindings: [.pattern(pattern)], tables: .outcome,
                cost: 15)
        }
        if text == .node {
            // The few names are matched.
            let matching = "SELECT id FROM node WHERE \(RowFunction.matchesField.name)(?, name)"
            return Term(
                sql: "EXISTS (SELECT 1 FROM origin WHERE delivery = event.delivery AND node IN (\(matching)))",
                bindings: [.pattern(pattern)], cost: 15)
        }
        let (column, tables, cost): (String, Tables, Int) =
            switch text {
            case .eventType: ("event.eventType", [], 5)
            case .objectName: ("event.objectName", [], 6)
            case .bucketName: ("event.bucketName", [], 5)
            case .matchedRuleName: ("event.matchedRuleName", [], 5)
            case .eventId: ("event.eventId", [], 6)
            case .objectVersionId: ("event.objectVersionId", [], 6)
            case .secret: (SecretTable.label, .outcome, 15)
            case .node: (CopySchema.node, [], 15)
            case .method: ("delivery.method", .delivery, 50)
            case .target: ("delivery.target", .delivery, 50)
            case .remoteAddress: ("delivery.remoteAddress", .delivery, 50)
            case .headers: ("delivery.headers", .delivery, 60)
            case .body: ("delivery.body", .delivery, 70)
            }
        let function = text == .body ? RowFunction.matchesBytes : RowFunction.matchesField
        return Term(
            sql: "\(function.name)(?, \(column))", bindings: [.pattern(pattern)], tables: tables, cost: cost)
    }

    private static func term(_ ids: Set<Int64>) -> Term {
        // Few are looked up by SQLite, one by one; many are asked for, row by row.
        if ids.count <= 500 {
            return Term(sql: "event.id IN (\(ids.sorted().map(String.init).joined(separator: ", ")))", cost: 0)
        }
        return Term(
            sql: """
                (event.id BETWEEN \(ids.min() ?? 0) AND \(ids.max() ?? 0)
                    AND \(RowFunction.isAmong.name)(?, event.id))
                """, bindings: [.rows(ids)], cost: 3)
    }
}

/// An order of rows in SQL.
struct OrderSQL {
    /// The terms after `ORDER BY`.
    let terms: String
    let tables: PredicateSQL.Tables

    init(_ order: RowOrder) {
        guard case .by(let column, let isDescending) = order else {
            (terms, tables) = ("event.id", [])
            return
        }
        let (key, tables) = Self.key(column)
        terms = "\(key) \(isDescending ? "DESC" : "ASC") NULLS LAST, event.id"
        self.tables = tables
    }

    /// Returns the sort key of a column, and its table. A number received as any other type counts as missing.
    private static func key(_ column: SortColumn) -> (String, PredicateSQL.Tables) {
        switch column {
        case .received: ("outcome.receivedAt", .outcome)
        case .signature: ("nullif(\(SecretTable.verdict()), \(SignatureVerdict.unjudged.rawValue))", .outcome)
        case .status: ("outcome.status", .outcome)
        case .type: ("event.eventType", [])
        case .object: ("event.objectName", [])
        case .bucket: ("event.bucketName", [])
        case .rule: ("event.matchedRuleName", [])
        case .size: ("iif(typeof(event.objectSize) = 'integer', event.objectSize, NULL)", [])
        case .eventTime: ("iif(typeof(event.eventTimestamp) = 'integer', event.eventTimestamp, NULL)", [])
        }
    }
}

// MARK: - Functions of conditions

/// The functions that conditions on rows call. They use SQLite's own interface: GRDB's would allocate memory for every
/// row.
///
/// The first argument is bound as a pointer (`sqlite3_bind_pointer`) to the value to look for.
enum RowFunction: CaseIterable {
    /// Whether a pattern matches the text of a field: see `FieldValue`.
    case matchesField
    /// Whether a pattern matches bytes as they are.
    case matchesBytes
    /// Whether a row is one of a set.
    case isAmong
    /// Whether a row's event arrived before.
    case isRepeated

    var name: String {
        switch self {
        case .matchesField: "b2_matches"
        case .matchesBytes: "b2_matches_bytes"
        case .isAmong: "b2_among"
        case .isRepeated: "b2_repeated"
        }
    }

    /// Makes the functions known to a connection.
    static func install(on connection: OpaquePointer?) {
        for function in allCases {
            sqlite3_create_function_v2(
                connection, function.name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil, function.implementation, nil,
                nil,
                nil)
        }
    }

    private var implementation: @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void {
        switch self {
        case .matchesField:
            { context, _, arguments in
                guard let arguments else { return }
                let isMatch = Sought<TextPattern>.with(arguments[0]) { RowFunction.fieldMatches($0, arguments[1]) }
                sqlite3_result_int(context, isMatch ? 1 : 0)
            }
        case .matchesBytes:
            { context, _, arguments in
                guard let arguments else { return }
                let isMatch = Sought<TextPattern>.with(arguments[0]) { RowFunction.bytesMatch($0, arguments[1]) }
                sqlite3_result_int(context, isMatch ? 1 : 0)
            }
        case .isAmong:
            { context, _, arguments in
                guard let arguments else { return }
                let id = sqlite3_value_int64(arguments[1])
                sqlite3_result_int(context, Sought<Set<Int64>>.with(arguments[0]) { $0.contains(id) } ? 1 : 0)
            }
        case .isRepeated:
            { context, _, arguments in
                guard let arguments else { return }
                let id = sqlite3_value_int64(arguments[1])
                sqlite3_result_int(context, Sought<RepeatedEvents>.with(arguments[0]) { $0.mayContain(id) } ? 1 : 0)
            }
        }
    }

    private static func fieldMatches(_ pattern: TextPattern, _ value: OpaquePointer?) -> Bool {
        switch sqlite3_value_type(value) {
        case SQLITE_NULL: return false
        // Requested as a blob, a text is returned unchanged, and not copied to add a zero at its end.
        case SQLITE_TEXT: return bytesMatch(pattern, value)
        case SQLITE_BLOB:
            // JSON, and rare.
            let text = bytes(value) { FieldValue(json: Array($0)).text }
            var utf8 = text
            return utf8.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
        default:
            guard let text = sqlite3_value_text(value) else { return false }
            return pattern.matches(UnsafeRawBufferPointer(start: text, count: Int(sqlite3_value_bytes(value))))
        }
    }

    private static func bytesMatch(_ pattern: TextPattern, _ value: OpaquePointer?) -> Bool {
        guard sqlite3_value_type(value) != SQLITE_NULL else { return false }
        return bytes(value, pattern.matches)
    }

    private static func bytes<Value>(_ value: OpaquePointer?, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let start = sqlite3_value_blob(value)
        return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value))))
    }
}

/// The value to look for, on its way through SQLite to one of our functions.
private final class Sought<Value> {
    private let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    /// SQLite hands a pointer only to who knows this name of its kind, and keeps the name.
    private static var kind: UnsafePointer<CChar> {
        let name: StaticString = "b2watch"
        return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    static func bind(_ value: Value, to statement: OpaquePointer?, at index: Int32) -> Int32 {
        sqlite3_bind_pointer(statement, index, Unmanaged.passRetained(Sought(value)).toOpaque(), kind) { pointer in
            if let pointer { Unmanaged<AnyObject>.fromOpaque(pointer).release() }
        }
    }

    static func with(_ argument: OpaquePointer?, _ body: (Value) -> Bool) -> Bool {
        guard let pointer = sqlite3_value_pointer(argument, kind) else { return false }
        return Unmanaged<Sought<Value>>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0.value) }
    }
}

extension PredicateSQL.Binding {
    /// Binds the value to a parameter; parameters are counted from 1.
    ///
    /// - Returns: SQLite's result code.
    func bind(to statement: OpaquePointer?, at index: Int32) -> Int32 {
        switch self {
        case .integer(let value): sqlite3_bind_int64(statement, index, value)
        case .pattern(let pattern): Sought.bind(pattern, to: statement, at: index)
        case .rows(let ids): Sought.bind(ids, to: statement, at: index)
        case .repeated(let rows): Sought.bind(rows, to: statement, at: index)
        }
    }
}
