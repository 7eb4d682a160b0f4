import Base
import History
import Receiving
import Settings

/// The bounds of a process that receives, as `limits` in the configuration sets them.
struct ReceivingLimits: Sendable, Hashable {
    var listener = ListenerLimits()
    var times = ListenerTimes()
    var bounds: HistoryBounds
    /// The number of requests of one address, not valid, that are recorded at once, and in each second.
    var addressBurst = 10_000
    var addressRate = 100

    init(_ bounds: HistoryBounds) {
        self.bounds = bounds
    }

    /// Sets those that the configuration names. Values that are not valid set nothing.
    mutating func apply(_ settings: [Configuration.LimitSetting]) {
        for setting in settings {
            guard let limit = Limit.named(setting.name.value), let number = limit.number(setting.value.value) else {
                continue
            }
            limit.set(&self, number)
        }
    }

    /// Returns the problems of `limits` in a configuration.
    static func problems(in settings: [Configuration.LimitSetting]) -> [ConfigurationProblem] {
        settings.compactMap { setting in
            let name = setting.name.value
            guard let limit = Limit.named(name) else {
                let names = Limit.all.map(\.name)
                let question = Suggestion.question(for: name, among: names)
                let others = question.isEmpty ? " (limits: \(names.joined(separator: ", ")))" : ""
                return ConfigurationProblem("“\(name)” is not a limit\(question)\(others)", at: setting.name.position)
            }
            guard limit.number(setting.value.value) == nil else { return nil }
            return ConfigurationProblem(
                "“\(name)” is “\(setting.value.value)”; expected is \(limit.form)", at: setting.value.position)
        }
    }
}

// MARK: - Limits

extension ReceivingLimits {
    /// A limit: its name, its range, its default, and its meaning.
    struct Limit: Sendable {
        /// The unit of its value.
        enum Unit: Sendable {
            case number, bytes, seconds
        }

        let name: String
        let unit: Unit
        /// The allowed values, in its unit.
        let range: ClosedRange<Int>
        /// What the limit bounds, and what happens above it.
        let meaning: String
        let set: @Sendable (inout ReceivingLimits, Int) -> Void
        let get: @Sendable (ReceivingLimits) -> Int

        static func named(_ name: String) -> Limit? { all.first { $0.name == name } }

        /// Reads a value; nil outside the range.
        func number(_ text: String) -> Int? {
            let number: Int? =
                switch unit {
                case .number: text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
                case .bytes: ByteCount.count(text).map { Int(clamping: $0) }
                case .seconds:
                    TimeUnits.duration(text, in: "smh", numbers: 0...100_000).map { Int($0.components.seconds) }
                }
            return number.flatMap { range.contains($0) ? $0 : nil }
        }

        /// Returns a value in words.
        func text(_ number: Int) -> String {
            switch unit {
            case .number: return String(number)
            case .seconds:
                if number >= 3_600, number % 3_600 == 0 { return "\(number / 3_600)h" }
                return number >= 300 && number % 60 == 0 ? "\(number / 60)m" : "\(number)s"
            case .bytes:
                for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] where number >= 1 << shift {
                    if number & (1 << shift - 1) == 0 { return "\(number >> shift)\(unit)" }
                }
                return String(number)
            }
        }

        /// The default value.
        var fallback: String { text(get(ReceivingLimits(.file))) }

        /// The expected form, such as `a time from 1s to 1h, such as 60s`.
        var form: String {
            let what =
                switch unit {
                case .number: "a number"
                case .bytes: "a number of bytes"
                case .seconds: "a time"
                }
            return "\(what) from \(text(range.lowerBound)) to \(text(range.upperBound)), such as \(fallback)"
        }

        /// All limits, in the order of `docs/configuration.md`.
        static let all: [Limit] = ofConnections + ofRecord

        private static let ofConnections: [Limit] = [
            Limit(
                name: "connections", unit: .number, range: 1...65_536,
                meaning:
                    "connections at a time; for a further one the address with the most gives one up, or it is answered 503",
                set: { $0.listener.connections = $1 }, get: { $0.listener.connections }),
            Limit(
                name: "requests", unit: .number, range: 1...65_536,
                meaning:
                    "requests that have begun and are not answered, of all connections; a further one is answered 503",
                set: { $0.listener.requests = $1 }, get: { $0.listener.requests }),
            Limit(
                name: "header-bytes", unit: .bytes, range: 1 << 10...1 << 20,
                meaning:
                    "the request target and all header fields; one of them may have half of it; more is answered 431",
                set: {
                    $0.listener.headers = $1
                    $0.listener.headerField = $1 / 2
                }, get: { $0.listener.headers }),
            Limit(
                name: "header-count", unit: .number, range: 10...10_000,
                meaning: "header fields of a request; more are answered 431",
                set: { $0.listener.headerFields = $1 }, get: { $0.listener.headerFields }),
            Limit(
                name: "body-memory", unit: .bytes, range: 0...64 << 30,
                meaning:
                    "bodies that are being received, without the first 128 KiB of each; a request that needs more is"
                    + " answered 503",
                set: { $0.listener.bodies = $1 }, get: { $0.listener.bodies }),
            Limit(
                name: "head-time", unit: .seconds, range: 1...3_600,
                meaning:
                    "from connecting, or from the first byte of a request, to the end of its head; then it is answered 408",
                set: { $0.times.head = .seconds($1) }, get: { Int($0.times.head.components.seconds) }),
            Limit(
                name: "request-time", unit: .seconds, range: 1...3_600,
                meaning: "from the first byte of a request to its last; then it is answered 408",
                set: { $0.times.request = .seconds($1) }, get: { Int($0.times.request.components.seconds) }),
            Limit(
                name: "idle-time", unit: .seconds, range: 1...3_600,
                meaning: "from an answer to the next request; then the connection is closed",
                set: { $0.times.idle = .seconds($1) }, get: { Int($0.times.idle.components.seconds) }),
        ]

        private static let ofRecord: [Limit] = [
            Limit(
                name: "queue", unit: .number, range: 2...1_000_000,
                meaning:
                    "requests that wait to be written; a further one is answered 503. Those that are not valid may take half of it",
                set: { $0.bounds.queue.requests = $1 }, get: { $0.bounds.queue.requests }),
            Limit(
                name: "queue-bytes", unit: .bytes, range: 1 << 20...16 << 30,
                meaning: "the same, in bytes",
                set: { $0.bounds.queue.bytes = $1 }, get: { $0.bounds.queue.bytes }),
            Limit(
                name: "write-time", unit: .seconds, range: 1...3_600,
                meaning:
                    "how long a request waits to be written; then it is answered 503. B2 waits three seconds for an"
                    + " answer",
                set: { $0.bounds.writeTime = .seconds($1) }, get: { Int($0.bounds.writeTime.components.seconds) }),
            Limit(
                name: "not-valid", unit: .number, range: 100...1_000_000_000,
                meaning:
                    "requests that are not valid and stay in the record: half of them for those that look like B2's; the"
                    + " oldest are removed",
                set: {
                    $0.bounds.notifications.requests = $1 / 2
                    $0.bounds.others.requests = $1 / 2
                }, get: { 2 * $0.bounds.others.requests }),
            Limit(
                name: "not-valid-bytes", unit: .bytes, range: 1 << 20...1 << 40,
                meaning: "the same, in bytes",
                set: {
                    $0.bounds.notifications.bytes = $1 / 2
                    $0.bounds.others.bytes = $1 / 2
                }, get: { 2 * $0.bounds.others.bytes }),
            Limit(
                name: "removed-events", unit: .number, range: 0...1_000_000_000,
                meaning: "removed events that are remembered, so that one that arrives again is a duplicate",
                set: { $0.bounds.tombstones = $1 }, get: { $0.bounds.tombstones }),
            Limit(
                name: "address-burst", unit: .number, range: 1...1_000_000_000,
                meaning:
                    "requests of one address that are not valid and are recorded at once; more are answered 429 and counted",
                set: { $0.addressBurst = $1 }, get: { $0.addressBurst }),
            Limit(
                name: "address-rate", unit: .number, range: 0...1_000_000_000,
                meaning: "of these, requests that may follow in each second",
                set: { $0.addressRate = $1 }, get: { $0.addressRate }),
        ]
    }
}
