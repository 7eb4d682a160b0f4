import GRDB
import Notifications

extension HistoryReader {
    /// What a text of the newest rows was, the most frequent first, to complete what somebody types. Texts that are
    /// nearly never the same twice (of a delivery as it came) have none.
    public func values(of text: RowText, limit: Int) throws -> [String] {
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
            try String.fetchAll(
                db,
                sql: """
                    SELECT value FROM (SELECT id, \(column) AS value FROM event ORDER BY id DESC LIMIT 5000)
                    WHERE typeof(value) = 'text' GROUP BY value ORDER BY count(*) DESC, max(id) DESC LIMIT ?
                    """, arguments: [limit])
        }
    }

    private func secretsSeen(limit: Int) throws -> [String] {
        try read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT label FROM tally JOIN secret ON secret.id = tally.secret WHERE deliveries > 0
                    GROUP BY label ORDER BY sum(deliveries) DESC, label LIMIT ?
                    """, arguments: [limit])
        }
    }
}
