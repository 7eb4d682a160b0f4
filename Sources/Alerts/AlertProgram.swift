internal import Programs

/// Runs the program of the user's choice: with an environment of a few variables, nothing to read, and a time limit.
struct AlertProgram {
    /// What became of it.
    struct Outcome: Sendable, Hashable {
        /// What it said, the first lines of it, unescaped.
        var lines: [String] = []
        /// What went wrong, in a sentence.
        var failure: String?
    }

    static let limit = Duration.seconds(10)
    /// Of what it says so much is kept, in bytes.
    static let longestOutput = 8_192

    /// With its arguments.
    let words: [String]
    let environment: [String: String]
    var limit = Self.limit

    /// What it is told of the process that runs it.
    static func environment(of process: [String: String]) -> [String: String] {
        process.filter {
            [
                "PATH", "HOME", "LANG", "LC_ALL", "USER", "TZ", "DISPLAY", "WAYLAND_DISPLAY",
                "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR",
            ].contains($0.key)
        }
    }

    /// Runs it until it has ended, or the time is up. Blocks.
    func run() -> Outcome {
        let program = Program(words, environment: environment, limit: limit, longestOutput: Self.longestOutput)
        let outcome = program.run()
        return Outcome(lines: Self.lines(outcome.output), failure: failure(outcome.end))
    }

    private func failure(_ end: ProgramOutcome.End) -> String? {
        let name = "on-problem: \(words[0])"
        return switch end {
        case .exited(0): nil
        case .exited(let status): "\(name) ended with status \(status)"
        case .signalled(let signal): "\(name) was ended by signal \(signal)"
        case .overdue: "\(name) was ended: it ran for more than \(limit.components.seconds) s"
        case .stopped: "\(name) was ended"
        case .notRun(let problem): "\(name) cannot be run: \(problem)"
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(20).map { String(decoding: $0, as: UTF8.self) }
        return Array(lines)
    }
}
