import Foundation

/// Tests that repeat something often have a short form, which is what `swift test` runs, and a long one.
public enum LongTests {
    /// Whether `B2WATCH_LONG_TESTS` is set to 1.
    public static let areWanted = ProcessInfo.processInfo.environment["B2WATCH_LONG_TESTS"] == "1"

    /// How often something is repeated.
    public static func count(_ short: Int, long: Int) -> Int { areWanted ? long : short }
}
