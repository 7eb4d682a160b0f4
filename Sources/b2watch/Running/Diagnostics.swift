import Foundation
import Notifications
import SafeText
import Synchronization
import Workers

/// What b2watch has to say of itself, line by line on standard error: while the screen is up that is the log file.
///
/// Lines are written on a thread of their own, in order, so that a standard error which nobody reads holds up nothing.
final class Diagnostics: Sendable {
    private let isTimed = Mutex(false)
    private let thread = Worker("diagnostics")

    /// Says something; each line of it is escaped.
    func say(_ text: String) {
        let time = isTimed.withLock { $0 } ? "\(Timestamp.now.rfc3339) " : ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let bytes = Array(lines.map { "\(time)\(SafeText(String($0)).string)\n" }.joined().utf8)
        thread.async {
            // A standard error that takes nothing leaves nobody to tell.
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    /// Waits until what was said is written, for a second at most.
    func flush() {
        thread.wait(atMost: .seconds(1))
    }

    /// Sends standard error to a file, 0600, and back when `body` has ended. What a crash says goes there too.
    ///
    /// - Parameter path: A file that cannot be had, or none, sends it nowhere.
    func redirected<Result>(to path: String?, _ body: () throws -> Result) rethrows -> Result {
        flush()
        let kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        var log = path.map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) } ?? -1
        if log < 0 { log = open("/dev/null", O_WRONLY | O_CLOEXEC) }
        if log >= 0 {
            dup2(log, STDERR_FILENO)
            close(log)
        }
        isTimed.withLock { $0 = true }
        defer {
            flush()
            isTimed.withLock { $0 = false }
            if kept >= 0 {
                dup2(kept, STDERR_FILENO)
                close(kept)
            }
        }
        return try body()
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
