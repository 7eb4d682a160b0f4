import Base
public import History
import Notifications

extension RowPredicate {
    /// Returns whether the condition holds for a row, evaluated as plainly as possible. A value that only the delivery
    /// has never matches.
    public func holds(for row: EventRow) -> Bool { holds(for: row, of: nil) }

    /// Returns whether the condition holds for a row of a delivery.
    public func holds(for row: EventRow, of record: DeliveryRecord?) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.holds(for: row, of: record) }
        case .any(let parts): parts.contains { $0.holds(for: row, of: record) }
        case .not(let part): !part.holds(for: row, of: record)
        case .number(let number, let comparison, let value):
            number.value(of: row).map { comparison.holds($0, value) } ?? false
        case .text(let texts, let pattern):
            texts.contains { text in
                text.value(of: row, record).map { bytes in bytes.withUnsafeBytes { pattern.matches($0) } } ?? false
            }
        case .verdict(let verdicts): verdicts.contains(row.verdict)
        case .duplicate: row.isDuplicate
        case .repeated(let repeated): repeated.mayContain(row.id)
        case .event: row.position != nil
        case .rows(let ids): ids.contains(row.id)
        }
    }
}

extension Comparison {
    /// Returns whether one value compares so with another.
    public func holds(_ one: Int64, _ other: Int64) -> Bool {
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
    fileprivate func value(of row: EventRow, _ record: DeliveryRecord?) -> [UInt8]? {
        switch self {
        case .eventType: Self.bytes(row.eventType)
        case .objectName: Self.bytes(row.objectName)
        case .bucketName: Self.bytes(row.bucketName)
        case .matchedRuleName: Self.bytes(row.matchedRuleName)
        case .eventId: Self.bytes(row.eventId)
        case .objectVersionId: Self.bytes(row.objectVersionId)
        case .secret: row.secret.map { Array($0.utf8) }
        case .node: row.node.map { Array($0.utf8) }
        case .method: Array(row.method.utf8)
        case .target: Array(row.target.utf8)
        case .remoteAddress: record.map { Array($0.delivery.remoteAddress.utf8) }
        case .headers: record.map { Array(HeaderField.json($0.delivery.headers).utf8) }
        case .body: record?.delivery.body
        }
    }

    private static func bytes(_ value: FieldValue) -> [UInt8]? {
        switch value {
        case .absent, .null: nil
        case .string, .integer, .other: Array(value.text.utf8)
        }
    }
}
