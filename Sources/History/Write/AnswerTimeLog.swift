import GRDB
import Synchronization

/// Writes how long answers took, behind them: all that has come together by the time the writer is at leisure.
final class AnswerTimeLog: Sendable {
    private struct Entry {
        let delivery: Int64
        let microseconds: Int64
    }

    private let writer: HistoryWriter
    private let changes: ChangeFeed
    private let waiting = Mutex<[Entry]>([])

    init(_ writer: HistoryWriter, _ changes: ChangeFeed) {
        self.writer = writer
        self.changes = changes
    }

    func note(_ delivery: Int64, _ time: Duration) {
        let entry = Entry(delivery: delivery, microseconds: Int64(time / .microseconds(1)))
        let isFirst = waiting.withLock { waiting in
            waiting.append(entry)
            return waiting.count == 1
        }
        guard isFirst else { return }
        writer.perform(
            isDurable: false, { [self] db in try Self.write(take(), to: db) },
            completion: { [self] result in
                switch result {
                case .success(let last): changes.answered(last)
                // Times are worth no second attempt.
                case .failure: _ = take()
                }
            })
    }

    private func take() -> [Entry] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// - Returns: The newest delivery of them.
    private static func write(_ entries: [Entry], to db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "UPDATE outcome SET answerTime = ? WHERE delivery = ?")
        for entry in entries { try statement.execute(arguments: [entry.microseconds, entry.delivery]) }
        return entries.map(\.delivery).max() ?? 0
    }
}
