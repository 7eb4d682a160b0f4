import GRDB

/// The requests of one address that followed each other faster than its rate: the first is in the record, the others are
/// only counted.
public struct Flood: Sendable, Hashable {
    /// The address, or the network whose addresses count together.
    public var address: String
    /// The number of requests after the first.
    public var requests: Int

    public init(address: String, requests: Int) {
        (self.address, self.requests) = (address, requests)
    }
}

/// The table of floods: a row for each delivery that is the first request of one.
enum FloodTable {
    static let migration = """
        CREATE TABLE flood (
            delivery INTEGER PRIMARY KEY,
            address TEXT NOT NULL,
            requests INTEGER NOT NULL
        );
        ALTER TABLE retention ADD COLUMN flooded INTEGER NOT NULL DEFAULT 0;
        """

    /// The address and the number of the flood that a row of `event` began; NULL for others.
    static let columns = [
        "(SELECT address FROM flood WHERE flood.delivery = event.delivery)",
        "(SELECT requests FROM flood WHERE flood.delivery = event.delivery)",
    ]

    /// Writes the counts of floods, by the delivery that began each. Those of deliveries that were removed add to the sum
    /// alone.
    ///
    /// - Parameter more: The number of requests since the last counts.
    static func write(_ floods: [Int64: Flood], more: Int, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO flood SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM outcome WHERE delivery = ?1)
                ON CONFLICT (delivery) DO UPDATE SET requests = ?3
                """)
        for (delivery, flood) in floods {
            try statement.execute(arguments: [delivery, flood.address, flood.requests])
        }
        try db.cachedStatement(sql: "UPDATE retention SET flooded = flooded + ?").execute(arguments: [more])
    }
}

extension History {
    /// Writes the counts of floods, by the delivery that began each. Blocks, but not for the disk.
    ///
    /// - Parameter more: The number of requests since the last counts.
    public func count(_ floods: [Int64: Flood], more: Int) {
        guard more > 0 || !floods.isEmpty else { return }
        let written: Void? = try? writer.write(isDurable: false) { db in
            try FloodTable.write(floods, more: more, db)
        }
        if written != nil { changes.flooded(more) }
    }
}
