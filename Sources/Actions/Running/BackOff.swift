internal import Base
internal import Notifications

/// The delay after failures: exponentially longer, from 1 second to 15 minutes at most, of which a random part is used
/// (full jitter), so that callers that failed together do not retry together.
///
/// Source: Exponential Backoff And Jitter (AWS Architecture Blog, 2015).
enum BackOff {
    static let longest = Duration.seconds(900)
    /// The longest wait that a service may ask for.
    static let longestAsked = Duration.seconds(86_400)

    /// Returns a random fraction from 0 to 1.
    static func draw(using generator: inout some RandomNumberGenerator) -> Double {
        Double.random(in: 0...1, using: &generator)
    }

    /// - Parameters:
    ///   - failures: The number of failures, from 1.
    ///   - draw: The random fraction.
    ///   - asked: The requested time (Retry-After).
    static func delay(after failures: Int, _ draw: Double, atLeast asked: Duration?) -> Duration {
        let bound = min(longest, .seconds(1 << min(max(0, failures - 1), 10)))
        let wait = Duration.milliseconds(Int(bound / .milliseconds(1) * draw))
        return max(wait, min(asked ?? .zero, longestAsked))
    }
}

/// The delay before an action on hold tries the next entry: from 15 seconds to 15 minutes, doubled each time.
enum Probing {
    static let shortest = Duration.seconds(15)

    /// - Parameters:
    ///   - probes: The number of entries tried without success, from 1.
    ///   - asked: The requested time (Retry-After).
    static func delay(after probes: Int, atLeast asked: Duration?) -> Duration {
        let pause = min(BackOff.longest, shortest * (1 << min(max(0, probes - 1), 10)))
        return max(pause, min(asked ?? .zero, BackOff.longestAsked))
    }
}

extension Timestamp {
    static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + Int64((duration / .milliseconds(1)).rounded(.up)))
    }

    static func - (one: Timestamp, other: Timestamp) -> Duration {
        .milliseconds(one.milliseconds - other.milliseconds)
    }
}

extension Duration {
    /// The duration, such as `3 d`, `2 h` or `90 s`.
    var inWords: String {
        let seconds = components.seconds
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60)] as [(String, Int64)]
        where seconds >= length && seconds % length == 0 {
            return "\(seconds / length) \(unit)"
        }
        return "\(seconds) s"
    }

    /// The duration, rounded to whole seconds, minutes, hours or days, such as `23 h`.
    var about: String {
        let seconds = max(0, components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\((seconds + 30) / 60) min"
        case ..<172_800: "\((seconds + 1_800) / 3_600) h"
        default: "\((seconds + 43_200) / 86_400) days"
        }
    }
}

// MARK: - Limits of a minute and of a day

/// The times of finished items, to which the limits of a minute and of a day apply. Running items count too.
struct DoneItems: Sendable {
    private struct Batch: Sendable {
        /// The batch; nil for earlier items.
        var number: Int64?
        var items: Int
        var time: Timestamp
    }

    private static let minute = Duration.seconds(60)
    private static let day = Duration.seconds(86_400)

    /// The batches in the order of their times.
    private var batches: [Batch] = []

    /// - Parameter times: The times of earlier items, in ascending order.
    init(_ times: [Timestamp] = []) {
        batches = times.map { Batch(number: nil, items: 1, time: $0) }
    }

    /// Returns the period, and the number of the newest items, that must be read for the limits of a manner. Nil
    /// without a limit.
    static func reach(_ manner: ActionManner) -> (time: Duration, most: Int)? {
        let limits = limits(manner)
        guard let time = limits.map(\.time).max(), let most = limits.map(\.most).max() else { return nil }
        return (time, most)
    }

    mutating func begin(_ number: Int64, items: Int, at now: Timestamp) {
        batches.removeAll { $0.time + Self.day <= now || $0.time > now }
        batches.append(Batch(number: number, items: items, time: now))
    }

    /// - Parameter spent: The number of items that count.
    mutating func end(_ number: Int64, spent: Int) {
        guard let index = batches.lastIndex(where: { $0.number == number }) else { return }
        batches[index].items = spent
        if spent == 0 { batches.remove(at: index) }
    }

    /// Corrects the count of a batch's items after their outcome was found out; they counted until now if this process
    /// has begun them.
    ///
    /// - Parameter spent: The number of items that count.
    mutating func correct(_ number: Int64, asked: Int, spent: Int, at now: Timestamp) {
        if let index = batches.lastIndex(where: { $0.number == number }) {
            batches[index].items += spent - asked
            if batches[index].items <= 0 { batches.remove(at: index) }
        } else if spent > 0 {
            batches.append(Batch(number: number, items: spent, time: now))
        }
    }

    /// Returns the number of further items allowed.
    func room(at now: Timestamp, _ manner: ActionManner) -> Int {
        Self.limits(manner).map { max(0, $0.most - count(in: $0.time, at: now)) }.min() ?? .max
    }

    /// Returns the time when one more item is allowed, and the limit that is reached; nil if it is allowed now.
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
    /// The most items in a period.
    struct Limit: Sendable, Hashable {
        var most: Int
        var time: Duration
        /// The setting of this limit.
        var setting: String

        var sentence: String { "it has done all that “\(setting): \(most)” allows" }
    }
}
