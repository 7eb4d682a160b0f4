internal import Notifications

/// How many items were done when: for the limits of a minute and of a day. What is under way counts too.
struct DoneItems: Sendable {
    private struct Batch: Sendable {
        var number: Int64
        var items: Int
        var time: Timestamp
    }

    private static let minute = Duration.seconds(60)
    private static let day = Duration.seconds(86_400)

    /// In the order of their times.
    private var batches: [Batch] = []

    mutating func begin(_ number: Int64, items: Int, at now: Timestamp) {
        batches.removeAll { $0.time + Self.day <= now || $0.time > now }
        batches.append(Batch(number: number, items: items, time: now))
    }

    /// - Parameter spent: How many of its items count.
    mutating func end(_ number: Int64, spent: Int) {
        guard let index = batches.lastIndex(where: { $0.number == number }) else { return }
        batches[index].items = spent
        if spent == 0 { batches.remove(at: index) }
    }

    /// How many more may be done.
    func room(at now: Timestamp, _ manner: ActionManner) -> Int {
        Self.limits(manner).map { max(0, $0.most - count(in: $0.time, at: now)) }.min() ?? .max
    }

    /// When one more may be done; nil where that is now.
    func free(at now: Timestamp, _ manner: ActionManner) -> Timestamp? {
        Self.limits(manner).compactMap { limit in
            var rest = count(in: limit.time, at: now) - limit.most
            guard rest >= 0 else { return nil }
            for batch in batches where batch.time + limit.time > now && batch.time <= now {
                rest -= batch.items
                if rest < 0 { return batch.time + limit.time }
            }
            return now + limit.time
        }.max()
    }

    private func count(in time: Duration, at now: Timestamp) -> Int {
        batches.reduce(0) { $1.time + time > now && $1.time <= now ? $0 + $1.items : $0 }
    }

    private static func limits(_ manner: ActionManner) -> [(most: Int, time: Duration)] {
        var limits: [(Int, Duration)] = []
        if let most = manner.mostPerMinute { limits.append((max(1, most), minute)) }
        if let most = manner.mostPerDay { limits.append((max(1, most), day)) }
        return limits
    }
}
