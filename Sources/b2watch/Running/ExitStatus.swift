import ArgumentParser

/// What the process says by its exit status; documented in the README.
enum ExitStatus {
    static let failed = ExitCode(1)
    /// The address cannot be had.
    static let noAddress = ExitCode(3)
    /// The history cannot be had.
    static let noHistory = ExitCode(4)
    /// Usage or configuration: `EX_USAGE`, which the argument parser uses too.
    static let usage = ExitCode(64)
}
