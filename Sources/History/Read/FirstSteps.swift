import GRDB
public import Notifications

/// What the record shows of the way from B2 to here.
public struct FirstSteps: Sendable, Hashable {
    /// Whether a request came over the public address.
    public var isReachable: Bool
    /// Whether an event of B2's came: over the public address, from a sender with B2's name.
    public var isCalledByB2: Bool

    /// What is known before anything was looked at.
    public init(isReachable: Bool = false, isCalledByB2: Bool = false) {
        (self.isReachable, self.isCalledByB2) = (isReachable, isCalledByB2)
    }

    /// Whether nothing is left to find out.
    public var areDone: Bool { isReachable && isCalledByB2 }

    /// Adds what a request shows.
    ///
    /// - Parameter events: How many events it held. A request that is no notification has none.
    public mutating func note(_ origin: DeliveryOrigin, events: Int) {
        guard origin.isPublic else { return }
        isReachable = true
        if origin.isNamedB2, events > 0 { isCalledByB2 = true }
    }
}

extension HistoryReader {
    /// What the newest deliveries show of the way from B2 to here.
    ///
    /// - Parameters:
    ///   - id: Only deliveries after this one are looked at.
    ///   - limit: How many are looked at, the newest first.
    public func firstSteps(after id: Int64, limit: Int = 1_000) throws -> FirstSteps {
        try gate.read {
            try database.read { db in
                var steps = FirstSteps()
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT remoteAddress, headers, eventCount FROM delivery WHERE id > ? ORDER BY id DESC LIMIT ?
                        """, arguments: [id, limit])
                while !steps.areDone, let row = try rows.next() {
                    let headers = try HeaderField.fields(fromJSON: row["headers"])
                    steps.note(
                        DeliveryOrigin(remoteAddress: row["remoteAddress"], headers: headers), events: row["eventCount"]
                    )
                }
                return steps
            }
        }
    }
}
