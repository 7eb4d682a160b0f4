import Foundation
import TestSupport

/// A running `b2watch listen`.
package final class RunningListener: Sendable {
    /// Kept, so that the folder exists as long as the listener runs.
    package let home: Home
    package let child: Child
    package let url: String
    package let port: UInt16
    package let host: String
    /// Standard error.
    package let error: Output
    /// Standard output; nil if the test reads it itself.
    package let output: Output?

    /// Starts the listener and waits until it listens.
    ///
    /// - Parameters:
    ///   - wrapper: A shell command that runs before it, such as `ulimit -f 100`.
    ///   - isAlone: Whether the wrapper and the program have file systems of their own, so that it may mount some.
    ///   - output: A descriptor for its standard output, to be closed by the caller, instead of `output`.
    package init(
        in home: Home, _ arguments: String..., listen: String = "127.0.0.1:0", command: [String] = ["listen"],
        wrapper: String? = nil, isAlone: Bool = false, output own: Int32? = nil
    ) throws {
        self.home = home
        let (output, error) = (PipeEnds(), PipeEnds())
        defer { [output, error].forEach { close($0.writing) } }
        let words = command + ["--listen", listen] + arguments
        let streams = Child.Streams(output: own ?? output.writing, error: error.writing)
        if let wrapper {
            let shell = ["-c", "\(wrapper); exec \"$0\" \"$@\"", Program.path] + words
            child = try Child(
                isAlone ? "unshare" : "/bin/sh", isAlone ? ["-rm", "/bin/sh"] + shell : shell,
                environment: home.environment, streams: streams)
        } else {
            child = try Child(Program.path, words, environment: home.environment, streams: streams)
        }
        self.error = Output(error.reading)
        if own == nil {
            self.output = Output(output.reading)
        } else {
            close(output.reading)
            self.output = nil
        }
        let line = try self.error.line(with: "listening on http")
        guard let start = line.range(of: "http"), let authority = line.range(of: "://"), line.hasSuffix("/"),
            let colon = line.lastIndex(of: ":"), let port = UInt16(line[colon...].dropFirst().dropLast())
        else {
            throw WaitedInVain(for: "a line with the URL", seeing: String(line))
        }
        url = String(line[start.lowerBound...])
        self.port = port
        host = line[authority.upperBound..<colon].trimmingCharacters(in: ["[", "]"])
    }

    /// Returns a connection to it.
    package func connect() throws -> RawClient { try RawClient(host: host, port: port) }

    /// Sends a request on a connection of its own.
    package func answer(to request: WireRequest) throws -> WireAnswer { try connect().answer(to: request) }

    /// Waits for the first JSON lines of its output, and returns them.
    package func deliveries(_ count: Int) throws -> [DeliveryLine] {
        guard let output else { return [] }
        return try output.lines(count).map { try DeliveryLine($0) }
    }

    /// Asks the listener to end, and waits until it has.
    ///
    /// - Throws: `EndedOtherwise` if it ends in another way than expected.
    package func stop(_ signal: Int32 = SIGTERM, expecting expected: Child.Ending = .exited(0)) throws {
        child.signal(signal)
        guard let ending = child.end() else { throw WaitedInVain(for: "the end", seeing: error.text) }
        guard ending == expected else { throw EndedOtherwise(ending: ending, error: try error.whole()) }
    }

    package struct EndedOtherwise: Error {
        package let ending: Child.Ending
        /// Standard error.
        package let error: String
    }
}
