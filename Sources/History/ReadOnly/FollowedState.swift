import GRDB
import Notifications

/// What a history that another process writes holds, read again and again: tells what the writer's own change feed would.
struct FollowedState: Sendable, Equatable {
    private(set) var change = HistoryChange()
    private var generation: Int64?
    /// Whether there was something to be judged again.
    private var isStale = false

    /// Reads what is there now.
    ///
    /// - Returns: Whether anything changed.
    mutating func read(_ db: Database) throws -> Bool {
        let before = self
        var new = try HistoryChange.read(db)
        new.revision = change.revision
        new.latestAnswered = max(change.latestAnswered, try Self.latestAnswered(new.latestDelivery, db))
        let generation = try Int64.fetchOne(db, sql: HeldKeyring.generationSQL)
        isStale = try Self.isStale(db)
        // Verdicts are written a few at a time: what is read while some are behind, or were at the last look, differs.
        let isOther = before.generation != nil && before.generation != generation
        if isOther || (before.isStale && (new != before.change || !isStale)) { new.revision += 1 }
        self.generation = generation
        change = new
        return self != before
    }

    /// The newest delivery whose answer's time is recorded, of the newest thousand.
    private static func latestAnswered(_ latest: Int64, _ db: Database) throws -> Int64 {
        let sql = """
            SELECT delivery FROM outcome WHERE delivery > ? AND answerTime IS NOT NULL ORDER BY delivery DESC LIMIT 1
            """
        return try Int64.fetchOne(db, sql: sql, arguments: [latest - 1_000]) ?? 0
    }

    private static func isStale(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM toJudge)") ?? false
    }
}
