import Notifications

/// A predicate as a condition in SQL, on rows of `event` and of what is joined to it.
///
/// Every part of it is 0 or 1 and never NULL, so that `NOT` of what a row does not have is true. What is cheap to ask
/// stands before what is not, and before what needs another table.
struct PredicateSQL {
    /// What the condition's parameters are, in their order.
    enum Binding {
        case integer(Int64)
        case pattern(TextPattern)
        case rows(Set<Int64>)
        case repeated(RepeatedEvents)
    }

    /// What is read besides `event`: the narrow rows of what we made of a delivery, and the wide ones of what was received.
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

    /// What stands behind `FROM`. `CROSS` keeps the tables in this order: rows come in the order of their ids, and
    /// are dropped by what `event` alone tells before anything else of them is read.
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
        /// How long it takes, in comparisons of a number, roughly.
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
        // These hold whatever came, and SQLite would compare a text with a number too.
        if [.eventTimestamp, .objectSize].contains(number) { sql = "(typeof(\(column)) = 'integer' AND \(sql))" }
        return Term(sql: sql, bindings: [.integer(value)], tables: tables, cost: cost)
    }

    private static func term(_ verdicts: Set<SignatureVerdict>) -> Term {
        // What is recorded as valid reads as valid or removed, by its secret.
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
        let (column, tables, cost): (String, Tables, Int) =
            switch text {
            case .eventType: ("event.eventType", [], 5)
            case .objectName: ("event.objectName", [], 6)
            case .bucketName: ("event.bucketName", [], 5)
            case .matchedRuleName: ("event.matchedRuleName", [], 5)
            case .eventId: ("event.eventId", [], 6)
            case .objectVersionId: ("event.objectVersionId", [], 6)
            case .secret: (SecretTable.label, .outcome, 15)
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
