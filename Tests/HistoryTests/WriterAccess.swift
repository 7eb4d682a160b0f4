import GRDB
@testable import History

/// The writer's own settings of SQLite.
func settings(of history: History) throws -> (synchronous: Int?, journal: String?) {
    try history.writer.write { db in
        (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
    }
}

/// Lets the history grow to so many pages, as a full disk would.
func limitPages(of history: History, to count: Int) throws {
    try history.writer.write { db in _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(count)") }
}

extension History {
    /// How many exchanges of the outbox are kept.
    var exchangeCount: Int {
        get throws { try writer.write { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM exchange") ?? 0 } }
    }
}

extension History {
    /// Moves the log into the file as far as it goes, as checkpoints do by themselves.
    func settle() {
        checkpoints?.now()
    }
}
