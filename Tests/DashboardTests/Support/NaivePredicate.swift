import Base
import History
import Notifications

extension RowPredicate {
    /// Whether it holds for a row, as plainly as it can be said. What a row does not tell is never there.
    func holds(for row: EventRow) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.holds(for: row) }
        case .any(let parts): parts.contains { $0.holds(for: row) }
        case .not(let part): !part.holds(for: row)
        case .number(let number, let comparison, let value):
            number.value(of: row).map { comparison.holds($0, value) } ?? false
        case .text(let texts, let pattern):
            texts.contains { text in
                guard var value = text.value(of: row) else { return false }
                return value.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
            }
        case .verdict(let verdicts): verdicts.contains(row.verdict)
        case .duplicate: row.isDuplicate
        case .event: row.position != nil
        case .repeated(let repeated): repeated.mayContain(row.id)
        case .rows(let ids): ids.contains(row.id)
        }
    }
}

extension Comparison {
    fileprivate func holds(_ one: Int64, _ other: Int64) -> Bool {
        switch self {
        case .less: one < other
        case .atMost: one <= other
        case .equal: one == other
        case .atLeast: one >= other
        case .greater: one > other
        }
    }
}

extension RowNumber {
    fileprivate func value(of row: EventRow) -> Int64? {
        switch self {
        case .row: row.id
        case .delivery: row.deliveryID
        case .receivedAt: row.receivedAt.milliseconds
        case .eventTimestamp: row.eventTimestamp.integer
        case .objectSize: row.objectSize.integer
        case .status: Int64(row.status)
        case .bodyLength: Int64(row.bodyLength)
        }
    }
}

extension RowText {
    fileprivate func value(of row: EventRow) -> String? {
        let field: FieldValue
        switch self {
        case .eventType: field = row.eventType
        case .objectName: field = row.objectName
        case .bucketName: field = row.bucketName
        case .matchedRuleName: field = row.matchedRuleName
        case .eventId: field = row.eventId
        case .objectVersionId: field = row.objectVersionId
        case .secret: return row.secret
        case .method: return row.method
        case .target: return row.target
        case .remoteAddress, .headers, .body: return nil
        }
        if case .string(let text) = field { return text }
        return nil
    }
}

extension RowOrder {
    /// The rows, which are in the order of arrival, in this order; ties stand as they arrived.
    func sorted(_ rows: [EventRow]) -> [EventRow] {
        guard case .by(let column, let isDescending) = self else { return rows }
        return rows.sorted { one, other in
            guard let first = column.key(of: one) else { return false }
            guard let second = column.key(of: other) else { return true }
            if first == second { return one.id < other.id }
            return isDescending ? first > second : first < second
        }
    }
}

extension SortColumn {
    /// What a row is sorted by: a number, or a text.
    fileprivate struct Value: Comparable {
        var number: Int64 = 0
        var text = ""

        static func < (one: Value, other: Value) -> Bool { (one.number, one.text) < (other.number, other.text) }
    }

    fileprivate func key(of row: EventRow) -> Value? {
        switch self {
        case .received: Value(number: row.receivedAt.milliseconds)
        case .signature: Value(text: row.verdict.word)
        case .type: row.position.map { _ in Value(text: row.eventType.text) }
        case .object: row.position.map { _ in Value(text: row.objectName.text) }
        case .size: row.objectSize.integer.map { Value(number: $0) }
        case .bucket: row.position.map { _ in Value(text: row.bucketName.text) }
        case .rule: row.position.map { _ in Value(text: row.matchedRuleName.text) }
        case .eventTime: row.eventTimestamp.integer.map { Value(number: $0) }
        case .status: Value(number: Int64(row.status))
        }
    }
}
