import TestSupport
import Harness

/// Measured times.
struct Durations {
    private var all: [Duration] = []

    var count: Int { all.count }

    mutating func add(_ duration: Duration) { all.append(duration) }

    mutating func add(_ other: Durations) { all += other.all }

    /// Returns the time that this share of them does not exceed.
    func percentile(_ share: Double) -> Duration {
        guard !all.isEmpty else { return .zero }
        let sorted = all.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var median: Duration { percentile(0.5) }
    var p99: Duration { percentile(0.99) }
    var fastest: Duration { all.min() ?? .zero }
    var largest: Duration { all.max() ?? .zero }
}

extension Duration {
    /// The time in milliseconds, such as `1.25 ms`.
    var text: String {
        let hundredths = Int((seconds * 100_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) ms"
    }
}
