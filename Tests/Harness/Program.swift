import Foundation
import TestSupport

/// The program under test.
package enum Program {
    /// The path: `$B2WATCH_BINARY`, otherwise the program next to the tests.
    package static let path: String = {
        if let path = ProcessInfo.processInfo.environment["B2WATCH_BINARY"], !path.isEmpty { return path }
        guard let own = realpath("/proc/self/exe", nil) else { fatalError("/proc/self/exe does not say where we are") }
        defer { free(own) }
        let folder = (String(cString: own) as NSString).deletingLastPathComponent
        return "\(folder)/b2watch"
    }()

    /// The result of a program that was run to its end.
    package struct Outcome {
        package let ending: Child.Ending
        package let output: String
        package let error: String
    }

    /// Runs b2watch to its end.
    package static func run(_ arguments: String..., in home: Home) throws -> Outcome {
        try run(path, arguments, environment: home.environment)
    }

    /// Runs a program, by its path or its name in `PATH`, to its end.
    package static func run(_ path: String, _ arguments: [String], environment: [String: String]) throws -> Outcome {
        let (output, error) = (PipeEnds(), PipeEnds())
        let child: Child
        do {
            defer { [output, error].forEach { close($0.writing) } }
            child = try Child(
                path, arguments, environment: environment,
                streams: .init(output: output.writing, error: error.writing))
        }
        let (said, complained) = (Output(output.reading), Output(error.reading))
        guard let ending = child.end() else {
            child.signal(SIGKILL)
            throw WaitedInVain(for: "the end of \(path) \(arguments)", seeing: said.text + complained.text)
        }
        return Outcome(ending: ending, output: try said.whole(), error: try complained.whole())
    }
}
