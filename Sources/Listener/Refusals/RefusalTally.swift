/// Counts refusals, so that the log gets one line per address, reason and minute, and memory stays bounded.
///
/// The first refusal of its kind is told at once; what follows is told when the minute is over. No clock of its own:
/// whoever holds it calls `turn()` when a minute has passed since the tally was last empty or turned.
struct RefusalTally {
    struct Kind: Hashable {
        let address: String
        let reason: Refusal
    }

    /// The kinds that are told apart; refusals of further ones are told by their reason alone.
    private let capacity: Int
    /// What was refused since it was last told. Zero: told, and nothing since.
    private var counts: [Kind: Int] = [:]
    private var others: [Refusal: Int] = [:]

    init(capacity: Int = 256) {
        self.capacity = capacity
    }

    /// Whether a minute runs at whose end something may have to be told.
    var isEmpty: Bool { counts.isEmpty && others.isEmpty }

    /// Counts one refusal.
    ///
    /// - Returns: The line to log now, if this is the first of its kind.
    mutating func count(_ reason: Refusal, from address: String) -> String? {
        let kind = Kind(address: address, reason: reason)
        if let count = counts[kind] {
            counts[kind] = count + 1
            return nil
        }
        guard counts.count < capacity else {
            others[reason, default: 0] += 1
            return nil
        }
        counts[kind] = 0
        return "\(address): request refused: \(reason)"
    }

    /// Ends the minute.
    ///
    /// - Returns: The lines to log, in order of address and reason.
    mutating func turn() -> [String] {
        let told = counts.filter { $0.value > 0 }
        let lines = told.map { kind, count in
            "\(kind.address): \(Self.requests(count)) refused in the last minute: \(kind.reason)"
        }
        let rest = others.map { reason, count in
            "other addresses: \(Self.requests(count)) refused in the last minute: \(reason)"
        }
        // Who kept on is known for another minute; the rest begin anew.
        counts = told.mapValues { _ in 0 }
        others = [:]
        return lines.sorted() + rest.sorted()
    }

    private static func requests(_ count: Int) -> String {
        count == 1 ? "1 more request" : "\(count) more requests"
    }
}
