import ArgumentParser

/// How many a second: `5`, `0.5/s`.
struct ReplayRate: ExpressibleByArgument, Sendable {
    let perSecond: Double

    init?(argument: String) {
        let number = argument.hasSuffix("/s") ? String(argument.dropLast(2)) : argument
        guard let perSecond = Double(number), (0.001...10_000).contains(perSecond) else { return nil }
        self.perSecond = perSecond
    }

    /// From one to the next.
    var pace: Duration { .seconds(1 / perSecond) }
}
