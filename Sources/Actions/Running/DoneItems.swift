internal import Notifications

/// How many items were done when: for the limits of a minute and of a day. What is under way counts too.
struct DoneItems: Sendable {
    private struct Batch: Sendable {
        /// Nil for what was done before.
        var number: Int64?
        var items: Int
        var time: Timestamp
    }

    private static let minute = Duration.seconds(60)
    private static let day = Duration.seconds(86_400)

    /// In the order of their times.
    private var batches: [Batch] = []

    /// - Parameter times: Of what was done before, in their order.
    init(_ times: [Timestamp] = []) {
        batches = times.map { Batch(number: nil, items: 1, time: $0) }
    }

    /// How far back one must look for the limits of a manner, and at how many items at most: the newest. Nil where there
    /// is no limit.
    static func reach(_ manner: ActionManner) -> (time: Duration, most: Int)? {
        let limits = limits(manner)
        guard let time = limits.map(\.time).max(), let most = limits.map(\.most).max() else { return nil }
        return (time, most)
    }

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

    /// Some items of a batch were asked after, which counted until now if this process has begun them.
    ///
    /// - Parameter spent: How many of them count.
    mutating func correct(_ number: Int64, asked: Int, spent: Int, at now: Timestamp) {
        if let index = batches.lastIndex(where: { $0.number == number }) {
            batches[index].items += spent - asked
            if batches[index].items <= 0 { batches.remove(at: index) }
        } else if spent > 0 {
            batches.append(Batch(number: number, items: spent, time: now))
        }
    }

    /// How many more may be done.
    func room(at now: Timestamp, _ manner: ActionManner) -> Int {
        Self.limits(manner).map { max(0, $0.most - count(in: $0.time, at: now)) }.min() ?? .max
    }

    /// When one more may be done, and the limit that is reached; nil where that is now.
    func free(at now: Timestamp, _ manner: ActionManner) -> (time: Timestamp, limit: Limit)? {
        Self.limits(manner).compactMap { limit -> (time: Timestamp, limit: Limit)? in
            var rest = count(in: limit.time, at: now) - limit.most
            guard rest >= 0 else { return nil }
            for batch in batches where batch.time + limit.time > now && batch.time <= now {
                rest -= batch.items
                if rest < 0 { return (batch.time + limit.time, limit) }
            }
            return (now + limit.time, limit)
        }.max { $0.time < $1.time }
    }

    private func count(in time: Duration, at now: Timestamp) -> Int {
        batches.reduce(0) { $1.time + time > now && $1.time <= now ? $0 + $1.items : $0 }
    }

    private static func limits(_ manner: ActionManner) -> [Limit] {
        var limits: [Limit] = []
        if let most = manner.mostPerMinute {
            limits.append(Limit(most: max(1, most), time: minute, setting: "most-per-minute"))
        }
        if let most = manner.mostPerDay {
            limits.append(Limit(most: max(1, most), time: day, setting: "most-per-day"))
        }
        return limits
    }
}

extension DoneItems {
    /// How many items may be done in a time.
    struct Limit: Sendable, Hashable {
        var most: Int
        var time: Duration
        /// The setting that says so.
        var setting: String

        var sentence: String { "it has done all that “\(setting): \(most)” allows" }
    }
}
