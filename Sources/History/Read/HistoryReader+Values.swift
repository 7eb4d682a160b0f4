import GRDB
import Notifications

/// A value of the newest rows, and how many of them have it.
public struct ValueCount: Sendable, Hashable {
    public let value: String
    public let count: Int

    /// A value that so many rows have.
    public init(_ value: String, count: Int) {
        self.value = value
        self.count = count
    }
}

extension HistoryReader {
    /// How many of the newest rows `values(of:limit:)` looks at.
    public static let rowsWithValues = 5_000

    /// Returns the values of a text of the newest rows, the most frequent first, to complete what somebody types. Texts that
    /// are nearly never the same twice (of a delivery as it arrived) have none.
    public func values(of text: RowText, limit: Int) throws -> [ValueCount] {
        let column: String
        switch text {
        case .eventType: column = "eventType"
        case .objectName: column = "objectName"
        case .bucketName: column = "bucketName"
        case .matchedRuleName: column = "matchedRuleName"
        case .eventId: column = "eventId"
        case .objectVersionId: column = "objectVersionId"
        case .secret: return try secretsSeen(limit: limit)
        case .method, .target, .remoteAddress, .headers, .body: return []
        }
        return try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT value, count(*) FROM (SELECT id, \(column) AS value FROM event ORDER BY id DESC LIMIT ?)
                    WHERE typeof(value) = 'text' GROUP BY value ORDER BY count(*) DESC, max(id) DESC LIMIT ?
                    """, arguments: [Self.rowsWithValues, limit]
            ).map { ValueCount($0[0], count: $0[1]) }
        }
    }

    private func secretsSeen(limit: Int) throws -> [ValueCount] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT label, sum(deliveries) FROM tally JOIN secret ON secret.id = tally.secret WHERE deliveries > 0
                    GROUP BY label ORDER BY sum(deliveries) DESC, label LIMIT ?
                    """, arguments: [limit]
            ).map { ValueCount($0[0], count: $0[1]) }
        }
    }
}
