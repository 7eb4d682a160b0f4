import Foundation

/// The sanitizer that the tests are built with, if any: `.ci/sanitize` does so. Everything takes longer under it, and more memory.
public enum Sanitizer {
    private static let isOfThreads = has("__tsan_init")
    private static let isOfAddresses = has("__asan_init")

    /// The factor for time limits.
    public static let slowness = isOfThreads ? 10 : isOfAddresses ? 4 : 1

    /// The factor for limits of memory.
    public static let greed = isOfThreads ? 12 : isOfAddresses ? 4 : 1

    /// The limit of a test that would hang otherwise, in minutes. A test waits for one of the threads that all share, and under a
    /// sanitizer that takes long.
    public static let minutes = slowness == 1 ? 2 : 60

    /// The sanitizer's own settings, which programs under test need too.
    public static let environment = ProcessInfo.processInfo.environment.filter { name, _ in
        ["ASAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"].contains(name)
    }

    private static func has(_ function: String) -> Bool { dlsym(nil, function) != nil }
}
