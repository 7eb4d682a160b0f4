import Foundation

/// Tests with many repetitions have a short form, which `swift test` runs, and a long one.
public enum LongTests {
    /// Whether `B2WATCH_LONG_TESTS` is set to 1.
    public static let areWanted = ProcessInfo.processInfo.environment["B2WATCH_LONG_TESTS"] == "1"

    /// Returns the number of repetitions.
    public static func count(_ short: Int, long: Int) -> Int { areWanted ? long : short }
}
