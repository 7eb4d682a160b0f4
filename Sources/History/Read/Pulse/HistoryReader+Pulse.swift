import GRDB
import Notifications

extension HistoryReader {
    /// Counts a stretch of time. Reads all that was not counted yet: some tenths of a second for a million deliveries.
    ///
    /// - Parameters:
    ///   - newest: The newest delivery that is counted; nil for the newest there is.
    ///   - previous: What was counted before; where it is of the same stretch, only what has come since is added. To be
    ///     left out once verdicts have changed.
    ///   - partial: Is given the deliveries before their events are counted.
    ///   - isCancelled: Asked now and then whether to give up.
    /// - Returns: Nil where it was given up.
    public func pulse(
        _ request: PulseRequest, through newest: Int64? = nil, adding previous: Pulse? = nil,
        partial: (Pulse) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> Pulse? {
        try read { db in
            let newest = newest ?? .max
            let earliest = try Self.received(db, through: newest, "ORDER BY delivery LIMIT 1")
            let latest = try Self.received(db, through: newest, "ORDER BY delivery DESC LIMIT 1")
            let end = request.end ?? latest ?? Timestamp(milliseconds: 0)
            var pulse = Pulse(request, endingAt: end)
            if let previous, previous.isComplete, previous.request == request, previous.start == pulse.start {
                pulse = previous
            }
            (pulse.earliest, pulse.latest) = (earliest, latest)
            let query = PulseQuery(database: db, isCancelled: isCancelled)
            do {
                let isNew = !pulse.isComplete
                let found = try query.countDeliveries(through: newest, in: &pulse)
                if isNew { partial(pulse) }
                if let found { try query.countEvents(of: found, in: &pulse) }
                pulse.isComplete = true
                return pulse
            } catch is PulseQuery.Cancelled {
                return nil
            }
        }
    }

    private static func received(_ db: Database, through newest: Int64, _ order: String) throws -> Timestamp? {
        let sql = "SELECT receivedAt FROM outcome WHERE delivery <= ? \(order)"
        return try Int64.fetchOne(db, sql: sql, arguments: [newest]).map { Timestamp(milliseconds: $0) }
    }
}
