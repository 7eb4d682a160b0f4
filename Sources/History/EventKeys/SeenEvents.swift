import GRDB
import Notifications
import Synchronization

/// Recognizes most new events without reading the record, for followers of the history.
///
/// It is a Bloom filter on the keys of all events: an event that is not in it is new for certain; for the others the
/// record is read. It takes at most two bytes for each event.
public final class SeenEvents: Sendable {
    private struct Filter {
        private static let probes: UInt64 = 4
        private var words: [UInt64]
        private(set) var room: Int

        /// - Parameter count: The number of keys for which it has room. With so many, one new key of 400 seems to be
        ///   known.
        init(for count: Int) {
            room = count
            words = Array(repeating: 0, count: max(1, count / 4))
        }

        /// Adds a key.
        ///
        /// - Returns: Whether the key may have been added before.
        mutating func insert(_ key: Int64) -> Bool {
            room -= 1
            let bits = UInt64(words.count) * 64
            let (first, step) = (UInt64(bitPattern: key) >> 32, UInt64(bitPattern: key) | 1)
            var isMet = true
            for probe in 0..<Self.probes {
                let bit = (first &+ probe &* step) % bits
                let (word, mask) = (Int(bit / 64), UInt64(1) << (bit % 64))
                if words[word] & mask == 0 {
                    isMet = false
                    words[word] |= mask
                }
            }
            return isMet
        }
    }

    private struct State {
        var filter: Filter?
        /// The last row whose key was added.
        var through: Int64 = 0
    }

    private static let smallest = 1 << 16

    private let reader: HistoryReader
    private let state = Mutex(State())

    public init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Returns the deliveries of which every event was seen before. Blocks. Reads all keys at the beginning, and
    /// whenever some recorded rows were left out.
    ///
    /// - Parameter recorded: The recorded deliveries, in their order.
    /// - Throws: SQLite's error.
    public func duplicates(among recorded: [RecordedDelivery]) throws -> Set<Int64> {
        guard let first = recorded.first, let last = recorded.last else { return [] }
        let asked = try state.withLock { state -> [RecordedDelivery] in
            let count = recorded.reduce(0) { $0 + $1.events.count }
            if state.through + 1 != first.rows.lowerBound || state.filter.map({ $0.room < count }) ?? true {
                state.filter = nil
                state.filter = try reader.read { db in try Self.filter(before: first.rows.lowerBound, count, db) }
            }
            defer { state.through = last.rows.upperBound }
            // A delivery is a duplicate only if each of its events is: one new event decides it.
            return recorded.filter { delivery in
                var areMet = !delivery.events.isEmpty
                for event in delivery.events {
                    guard let key = EventKeys.key(of: event.eventId) else {
                        areMet = false
                        continue
                    }
                    if state.filter?.insert(key) == false { areMet = false }
                }
                return areMet
            }
        }
        guard let oldest = asked.first, let newest = asked.last else { return [] }
        return try reader.duplicates(among: oldest.rows.lowerBound...newest.rows.upperBound)
            .intersection(asked.map(\.record.id))
    }

    private static func filter(before row: Int64, _ count: Int, _ db: Database) throws -> Filter {
        var filter = Filter(for: max(smallest, 2 * (Int(row) + count)))
        let entered = try IDStatement("SELECT key FROM eventKey WHERE row < ?", [.integer(row)], db)
        while let key = try entered.next() { _ = filter.insert(key) }
        let recent = try IDStatement(
            """
            SELECT \(EventKeys.key("eventId")) FROM event
            WHERE id > \(EventKeys.mark) AND id < ? AND eventId IS NOT NULL
            """, [.integer(row)], db)
        while let key = try recent.next() { _ = filter.insert(key) }
        return filter
    }
}
