import Browsing
import History
import Notifications

/// A request on its way over its rows, piece by piece.
struct ActWalk: Sendable {
    /// The most rows of a piece.
    static let piece = Outbox.most
    let request: ActRequest
    private(set) var count = ActCount()
    private(set) var report = ActReport()
    /// The last row gone through, or how many of those chosen.
    private var cursor: Int64 = 0
    private var lastDelivery: Int64?
    private let chosen: [Int64]?

    init(_ request: ActRequest) {
        self.request = request
        switch request.rows {
        case .current(let row): chosen = [row.id]
        case .chosen(let ids): chosen = ids.sorted()
        case .all: chosen = nil
        }
    }

    /// Goes through the next piece.
    ///
    /// - Parameter goesOn: Is asked within the piece where each row of it takes its time, told how many were gone through
    ///   so far. Where it says no, the walk is at its end, however much is left.
    /// - Returns: Whether there is more to go through.
    mutating func step(
        _ reader: HistoryReader, _ control: any ActionControl, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        let (rows, isLast) = try next(reader)
        guard !rows.isEmpty else { return !isLast }
        guard !request.isCount, case .replay(let url) = request.deed else {
            if request.isCount { try count(rows, reader) } else { try act(rows, reader, control) }
            report.passed += rows.count
            return !isLast
        }
        return try !replay(rows, to: url, control, while: goesOn) || !isLast
    }

    /// The first rows, as many as there are up to a limit.
    static func first(_ limit: Int, of rows: ActedRows, _ reader: HistoryReader) throws -> [Int64] {
        switch rows {
        case .current(let row): return [row.id]
        case .chosen(let ids): return Array(ids.sorted().prefix(limit))
        case .all(_, let latest, _, _):
            var found: [Int64] = []
            var cursor: Int64 = 0
            while cursor < latest, found.count < limit {
                let stretch = try reader.rows(
                    matching: rows.query.predicate, after: cursor, through: latest, limit: limit - found.count)
                found += stretch.rows.map(\.id)
                cursor = stretch.through
            }
            return found
        }
    }

    private mutating func next(_ reader: HistoryReader) throws -> (rows: [EventRow], isLast: Bool) {
        if let chosen {
            let start = Int(cursor)
            let end = min(chosen.count, start + Self.piece)
            cursor = Int64(end)
            return (try reader.rows(ids: Array(chosen[start..<end])), end == chosen.count)
        }
        guard case .all(_, let latest, _, _) = request.rows else { return ([], true) }
        let stretch = try reader.rows(
            matching: request.rows.query.predicate, after: cursor, through: latest, limit: Self.piece)
        cursor = stretch.through
        return (stretch.rows, cursor >= latest)
    }

    private mutating func count(_ rows: [EventRow], _ reader: HistoryReader) throws {
        count.events += rows.count { $0.position != nil }
        count.notValid += rows.count { $0.position != nil && $0.verdict != .valid }
        for row in rows where row.deliveryID != lastDelivery {
            lastDelivery = row.deliveryID
            count.deliveries += 1
        }
        guard let action = request.deed.action else { return }
        for entry in try entries(of: action, rows, reader) { count.states[entry.state, default: 0] += 1 }
    }

    private mutating func act(_ rows: [EventRow], _ reader: HistoryReader, _ control: any ActionControl) throws {
        switch request.deed {
        case .run(let action):
            report.addition += try control.runAction(action, rows: rows.map(\.id))
        case .retry(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeRetried).map(\.id)
            if !ids.isEmpty { report.changed += try control.retryEntries(ids) }
        case .skip(let action):
            let ids = try entries(of: action, rows, reader).filter(\.state.canBeSkipped).map(\.id)
            if !ids.isEmpty { report.changed += try control.skipEntries(ids) }
        case .replay: break
        }
    }

    /// - Returns: Whether all of them were sent.
    private mutating func replay(
        _ rows: [EventRow], to url: String?, _ control: any ActionControl, while goesOn: (Int) -> Bool
    ) throws -> Bool {
        var ids: [Int64] = []
        for row in rows where row.deliveryID != lastDelivery {
            lastDelivery = row.deliveryID
            ids.append(row.deliveryID)
        }
        guard !ids.isEmpty else { return true }
        let before = report.passed
        let count = try control.replay(ids, to: url) { goesOn(before + $0.total) }
        report.replay.add(count)
        report.passed += count.total
        return count.total == ids.count
    }

    /// The action's entries of these rows; those without any cost nothing.
    private func entries(of action: String, _ rows: [EventRow], _ reader: HistoryReader) throws -> [OutboxEntry] {
        // A duplicate's entries are the original's.
        var seen: Set<Int64> = []
        return try rows.filter { $0.actions != nil }
            .flatMap { try reader.outboxEntries(ofRow: $0.id) }
            .filter { $0.action == action && seen.insert($0.id).inserted }
    }
}

extension ActRequest.Deed {
    /// The action it is about.
    var action: String? {
        switch self {
        case .run(let action), .retry(let action), .skip(let action): action
        case .replay: nil
        }
    }
}
