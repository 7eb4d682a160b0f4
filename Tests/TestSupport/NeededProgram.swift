import Foundation

/// A program that a test runs, by its name.
public struct NeededProgram: Sendable {
    /// The folders in which programs are searched: the `PATH` of the tests. Programs of tests get the same one.
    public static let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

    /// The program's path.
    public let path: String

    /// Finds a program in the folders of `PATH`.
    ///
    /// - Throws: `MissingProgram`, so that a test fails at once and names what it needs.
    public init(_ name: String) throws(MissingProgram) {
        let paths = name.contains("/") ? [name] : Self.folders.split(separator: ":").map { "\($0)/\(name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { throw MissingProgram(name: name) }
        self.path = path
    }
}

/// A test needs a program that is not installed.
public struct MissingProgram: Error, CustomStringConvertible {
    public let name: String

    public var description: String {
        "this test runs “\(name)”, which is in no folder of PATH: the README's test command installs what tests need"
    }
}
