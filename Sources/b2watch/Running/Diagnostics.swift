import Base
import Foundation
import Notifications
import Synchronization

/// The messages of b2watch about itself: on standard error, line by line, and in the log.
///
/// While the screen is up only the log receives them, and standard error is the log's file, so that the message of a
/// crash is written there too. Each of the two has its own thread, so that a standard error that nobody reads delays
/// nothing.
final class Diagnostics: Sendable {
    private struct State {
        var log: LogFile?
        /// Whether standard error shows lines.
        var isOnScreen = true
        /// Called when something was written to the log.
        var written: (@Sendable () -> Void)?
        /// Whether the log cannot be written, which is reported once.
        var isLogFailing = false
    }

    /// The source of the lines, such as `listen[4711]`.
    private let source: String
    private let state = Mutex(State())
    private let standardError = LineOutlet("diagnostics") { dropped in
        Array("\(dropped) lines were dropped here: nobody read them\n".utf8)
    } write: { bytes in
        // A failure of standard error cannot be reported anywhere.
        _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
    private let log: Mutex<LineOutlet?> = Mutex(nil)

    /// The prefix of each line on standard error: nothing, or the process if several may append to one file.
    private let prefix: String

    /// - Parameter command: The name of the running command.
    init(_ command: String = "b2watch") {
        source = "\(command)[\(getpid())]"
        var status = stat()
        let isShared =
            fstat(STDERR_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && fcntl(STDERR_FILENO, F_GETFL) & O_APPEND != 0
        prefix = isShared ? "\(source): " : ""
    }

    /// Writes messages to a log too, from now on.
    func keep(in file: LogFile) {
        state.withLock { $0.log = file }
        let outlet = LineOutlet("log") { [source] dropped in
            LogLine(
                time: .now, level: .warning, source: source,
                text: "\(dropped) lines were dropped, because they were written too fast"
            ).bytes
        } write: { [weak self] bytes in
            self?.write(bytes, to: file)
        }
        log.withLock { $0 = outlet }
    }

    /// The log's file; nil without a log.
    var logPath: String? { state.withLock { $0.log?.path } }

    /// Reports something; each line of it is escaped, and becomes a line of the log.
    func say(_ text: String, _ level: LogLevel = .info) {
        if state.withLock({ $0.isOnScreen }) { show(text) }
        for line in text.split(separator: "\n") { note(String(line), level) }
    }

    /// Writes something only to the log.
    func note(_ text: String, _ level: LogLevel = .info) {
        let line = LogLine(time: .now, level: level, source: source, text: text)
        log.withLock { $0?.add(line.bytes) }
    }

    /// Calls the observer after each line that is written to the log; it must only take note and return.
    func observeLog(_ observer: @escaping @Sendable () -> Void) {
        state.withLock { $0.written = observer }
    }

    /// Waits until all messages are written, or five seconds have passed: on a busy machine a thread may have to wait for
    /// its turn.
    func flush() {
        standardError.flush(within: .seconds(5))
        log.withLock(\.self)?.flush(within: .seconds(5))
    }

    /// Replaces standard error with the log's file, or with nothing without a log, until `body` has ended.
    func withScreen<Result>(_ body: () throws -> Result) rethrows -> Result {
        flush()
        let kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        let file = state.withLock { state in
            state.isOnScreen = false
            return state.log
        }
        if let file {
            file.mirror(STDERR_FILENO)
        } else {
            let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
            if nowhere >= 0 {
                dup2(nowhere, STDERR_FILENO)
                close(nowhere)
            }
        }
        defer {
            flush()
            file?.mirror(nil)
            state.withLock { $0.isOnScreen = true }
            if kept >= 0 {
                dup2(kept, STDERR_FILENO)
                close(kept)
            }
        }
        return try body()
    }

    private func show(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        standardError.add(Array(lines.map { "\(prefix)\(SafeText(String($0)).string)\n" }.joined().utf8))
    }

    private func write(_ bytes: [UInt8], to file: LogFile) {
        do {
            try file.append(bytes)
            state.withLock {
                $0.isLogFailing = false
                return $0.written
            }?()
        } catch {
            let isNews = state.withLock { state in
                defer { state.isLogFailing = true }
                return !state.isLogFailing && state.isOnScreen
            }
            if isNews { show("b2watch: \(error)") }
        }
    }
}

extension Diagnostics {
    /// Writes messages to the log from now on.
    ///
    /// - Returns: The reason why the log is unavailable although it should exist.
    func keepLog() -> String? {
        guard let path = ProcessEnvironment.log else { return nil }
        do throws(LogFailure) {
            keep(in: try LogFile(path))
            return nil
        } catch {
            return "nothing is logged: \(error)"
        }
    }
}

// MARK: - Durations

extension Duration {
    /// The duration in milliseconds with one decimal, such as `2.3 ms`.
    var inMilliseconds: String {
        let (seconds, attoseconds) = components
        return String(format: "%.1f ms", Double(seconds) * 1e3 + Double(attoseconds) / 1e15)
    }
}
