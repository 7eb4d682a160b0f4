import ArgumentParser

/// How many a second, a minute or an hour: `5`, `0.5/s`, `60/m`.
struct ReplayRate: ExpressibleByArgument, Sendable {
    let perSecond: Double

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        let units = ["s": 1.0, "m": 60, "h": 3_600]
        guard let number = Double(parts[0]), let unit = parts.count == 1 ? 1 : units[String(parts[1])],
            parts.count <= 2, (0.001...10_000).contains(number), number / unit >= 0.000_1
        else { return nil }
        perSecond = number / unit
    }

    /// From one to the next.
    var pace: Duration { .seconds(1 / perSecond) }
}
