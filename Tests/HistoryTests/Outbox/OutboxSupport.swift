import History
import Notifications
import TestSupport

extension History {
    /// Records a delivery, on the thread of the test.
    @discardableResult
    func keepNow(_ delivery: JudgedDelivery) throws -> Int64 {
        let kept = Watched<Int64??>(nil)
        guard record(delivery, completion: { id in kept.change { $0 = .some(id) } }) else { return 0 }
        return try kept.require("a record") { $0 } ?? 0
    }

    /// Declares one action.
    func declare(_ name: String = "rows", kind: String = "csv") throws -> Int64 {
        try outbox.declare([Outbox.Declaration(name: name, kind: kind, summary: "to \(name)")])[name] ?? 0
    }

    /// Walks to the latest row.
    @discardableResult
    func walkAll(
        _ action: Int64, matching predicate: RowPredicate = .verdict([.valid]), limit: Int = 200
    ) throws -> Int {
        var added = 0
        while true {
            let walk = try outbox.walk(
                action, through: current.latestRow, matching: predicate, at: .at(0), limit: limit)
            added += walk.added
            if walk.cursor >= current.latestRow { return added }
        }
    }

    func entries(_ states: Set<EntryState>? = nil) throws -> [OutboxEntry] {
        try reader.outbox(OutboxRequest(states: states, .oldest, before: 0, after: 100_000)).rows.map(\.entry)
    }
}

extension Timestamp {
    /// So many seconds after a moment.
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + seconds * 1_000) }
}
