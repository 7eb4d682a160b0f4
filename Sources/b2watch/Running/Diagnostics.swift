import Foundation
import Log
import Notifications
import SafeText
import Synchronization

/// What b2watch has to say of itself: on standard error, line by line, and in the log.
///
/// While the screen is up nothing but the log takes it, and standard error is the log's file: what a crash says goes
/// there too. Each of the two has a thread of its own, so that a standard error which nobody reads holds up nothing.
final class Diagnostics: Sendable {
    private struct State {
        var log: LogFile?
        /// Whether standard error shows lines.
        var isOnScreen = true
        /// Is told when something was written to the log.
        var written: (@Sendable () -> Void)?
        /// Whether the log takes nothing, which is said once.
        var isLogFailing = false
    }

    /// Such as `listen[4711]`.
    private let source: String
    private let state = Mutex(State())
    private let standardError = LineOutlet("diagnostics") { dropped in
        Array("\(dropped) lines were dropped here: nobody read them\n".utf8)
    } write: { bytes in
        // A standard error that takes nothing leaves nobody to tell.
        _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
    private let log: Mutex<LineOutlet?> = Mutex(nil)

    /// What each line on standard error begins with: nothing, or the process where several may append to one file.
    private let prefix: String

    /// - Parameter command: The one that runs.
    init(_ command: String = "b2watch") {
        source = "\(command)[\(getpid())]"
        var status = stat()
        let isShared =
            fstat(STDERR_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && fcntl(STDERR_FILENO, F_GETFL) & O_APPEND != 0
        prefix = isShared ? "\(source): " : ""
    }

    /// Keeps what is said in a log too, from now on.
    func keep(in file: LogFile) {
        state.withLock { $0.log = file }
        let outlet = LineOutlet("log") { [source] dropped in
            LogLine(
                time: .now, level: .warning, source: source, text: "\(dropped) lines were dropped: they came too fast"
            ).bytes
        } write: { [weak self] bytes in
            self?.write(bytes, to: file)
        }
        log.withLock { $0 = outlet }
    }

    /// The log's file; nil where nothing is kept.
    var logPath: String? { state.withLock { $0.log?.path } }

    /// Says something; each line of it is escaped, and a line of the log.
    func say(_ text: String, _ level: LogLevel = .info) {
        if state.withLock({ $0.isOnScreen }) { show(text) }
        for line in text.split(separator: "\n") { note(String(line), level) }
    }

    /// Keeps something in the log, and says nothing.
    func note(_ text: String, _ level: LogLevel = .info) {
        let line = LogLine(time: .now, level: level, source: source, text: text)
        log.withLock { $0?.add(line.bytes) }
    }

    /// Calls the observer behind each line that is written to the log; it must only take note and return.
    func observeLog(_ observer: @escaping @Sendable () -> Void) {
        state.withLock { $0.written = observer }
    }

    /// Waits until what was said is written, for a second at most.
    func flush() {
        standardError.flush(within: .seconds(1))
        log.withLock(\.self)?.flush(within: .seconds(1))
    }

    /// Makes standard error the log's file, or nothing where there is no log, until `body` has ended.
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

extension Timestamp {
    /// The wall clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

extension Diagnostics {
    /// Keeps what is said in the log from now on.
    ///
    /// - Returns: Why there is no log, where there should be one.
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
    /// In milliseconds with one decimal, such as `2.3 ms`.
    var inMilliseconds: String {
        let (seconds, attoseconds) = components
        return String(format: "%.1f ms", Double(seconds) * 1e3 + Double(attoseconds) / 1e15)
    }
}
