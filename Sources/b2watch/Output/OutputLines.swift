import ArgumentParser
import Base
import Foundation

/// Lines on standard output, or another descriptor, with nothing in them that a terminal would obey.
struct OutputLines: Sendable {
    private let output: ByteOutput
    let diagnostics: Diagnostics

    init(diagnostics: Diagnostics, to descriptor: Int32 = STDOUT_FILENO) {
        self.diagnostics = diagnostics
        output = ByteOutput(descriptor: descriptor)
    }

    /// Writes the lines. A pipe without a reader ends the process, as it ends other programs.
    ///
    /// - Throws: An `ExitCode` if nothing more can be written, after the reason has been printed.
    func write(_ lines: [SafeText]) throws {
        do throws(OutputFailure) {
            try output.write(Array(lines.map { $0.string + "\n" }.joined().utf8))
        } catch  where error.isClosedPipe {
            Signals.end(by: SIGPIPE)
        } catch {
            diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
            diagnostics.flush()
            throw ExitStatus.failed
        }
    }

    /// Writes a text of several lines, each of them escaped.
    func write(text: [UInt8]) throws {
        var lines = SafeText.lines(utf8: text)
        if lines.last?.isEmpty == true { lines.removeLast() }
        try write(lines)
    }
}

/// Cells in columns, each as wide as its widest cell.
struct LineTable {
    private var rows: [[SafeText]]

    init(_ heads: [SafeText]) {
        rows = [heads]
    }

    mutating func add(_ cells: [SafeText]) {
        rows.append(cells)
    }

    var lines: [SafeText] {
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].width : 0 }.max() ?? 0
        }
        return rows.map { cells in
            var line = SafeText.empty
            for (column, cell) in cells.enumerated() {
                line += cell
                // The last column has no spaces after it.
                if column < cells.count - 1 { line += .spaces(widths[column] - cell.width + 2) }
            }
            return line
        }
    }
}

// MARK: - Bytes

/// A descriptor to which bytes are written completely. Blocks until its reader has read them.
///
/// Not a `FileHandle`, which ends the process if it cannot write.
struct ByteOutput: Sendable {
    let descriptor: Int32

    /// - Throws: `OutputFailure` if nothing more can be written.
    func write(_ bytes: [UInt8]) throws(OutputFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if count == 0 || errno != EINTR {
                let number = errno
                throw OutputFailure(
                    reason: String(cString: strerror(number)), isClosedPipe: number == EPIPE,
                    isClosed: number == EPIPE || number == EBADF)
            }
        }
    }
}

/// The reason why an output cannot be written, in the system's words.
struct OutputFailure: Error {
    let reason: String
    /// Whether it is a pipe without a reader.
    let isClosedPipe: Bool
    /// Whether the output is such a pipe, or is not open at all.
    let isClosed: Bool
}

// MARK: - Standard streams

/// The descriptors 0, 1 and 2.
enum StandardStreams {
    /// Opens those that are closed, so that none of our own files gets their number and is overwritten.
    ///
    /// They are opened for reading only, so that writing still fails, as it does on a closed one.
    static func fill() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Opens the lowest free descriptor, which is this one.
            _ = open("/dev/null", O_RDONLY)
        }
    }
}

// MARK: - The terminal

/// The terminal from which the process was started, if any.
///
/// SIGHUP has two meanings: for a service it is a request to reload, and for a process in a terminal it reports that
/// the terminal is gone.
struct ControllingTerminal {
    private let wasThere = Self.isThere

    /// Whether there was a terminal and it is gone.
    var isGone: Bool { wasThere && !Self.isThere }

    private static var isThere: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }
}

// MARK: - Confirmation

/// Asks the person at the terminal before something is done for many.
struct Confirmation {
    /// Whether the answer was given beforehand, by `--yes`.
    let isGiven: Bool

    /// Asks for confirmation of more than one.
    ///
    /// - Parameter question: A question such as `Run sheet for 1,200 events?`.
    /// - Throws: A `ValidationError` if nobody can be asked; `CleanExit` if the person declines.
    func ask(_ count: Int, _ question: String) throws {
        guard count > 1, !isGiven else { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw ConfirmationMissing(question: question)
        }
        let line = "\(SafeText(question)) [y/N] "
        _ = Array(line.utf8).withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        guard ["y", "yes"].contains(answer) else { throw ExitStatus.failed }
    }
}

/// Nobody can be asked.
struct ConfirmationMissing: Error, CustomStringConvertible {
    let question: String

    var description: String { "\(question) There is no terminal to ask at, so nothing was done: add --yes to do it" }
}
