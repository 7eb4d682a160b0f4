import Base
import History
import Notifications

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
