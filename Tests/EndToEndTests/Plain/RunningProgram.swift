import Foundation
import Harness

/// b2watch with pipes for its streams: the test types, and reads what it says.
final class RunningProgram {
    let child: Child
    let output: Output
    let error: Output
    private var input: Int32

    /// - Parameter own: A descriptor for its standard output instead of `output`, to be closed by the caller.
    init(_ arguments: [String], in home: Home, output own: Int32? = nil) throws {
        let (input, output, error) = (PipeEnds(), PipeEnds(), PipeEnds())
        defer { [input.reading, output.writing, error.writing].forEach { close($0) } }
        var environment = home.environment
        environment["TERM"] = nil
        let streams = Child.Streams(
            input: input.reading, output: own ?? output.writing, error: error.writing)
        child = try Child(
            Program.path, arguments, environment: environment, streams: streams)
        self.input = input.writing
        self.output = Output(output.reading)
        self.error = Output(error.reading)
    }

    deinit {
        endInput()
    }

    func type(_ lines: String...) {
        for line in lines {
            let bytes = Array("\(line)\n".utf8)
            _ = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        }
    }

    func endInput() {
        if input >= 0 { close(input) }
        input = -1
    }
}
