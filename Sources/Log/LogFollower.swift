import Files
import Foundation
import Workers

/// Tells when the log has other lines, whoever wrote them, until it is stopped or let go. Nothing runs while nobody writes.
public final class LogFollower: Sendable {
    private let watch: FileWatch
    private let thread = Worker("log follower")

    /// - Parameter tell: Is called on a thread of its own, and must only take note.
    /// - Returns: Nil where the system has no watch left.
    public init?(_ path: String, tell: @escaping @Sendable () -> Void) {
        let file = PathParts(path)
        guard let watch = FileWatch(file.folder, contents: [file.name]) else {
            return nil
        }
        self.watch = watch
        thread.async {
            while let seen = watch.wait() {
                guard seen.isChanged || !seen.moved.isEmpty else { continue }
                tell()
                // However often it is written, what is told of it can be seen.
                usleep(33_000)
            }
        }
    }

    deinit {
        watch.stop()
    }
}

extension LogReader {
    /// Tells when there are other lines, for as long as the follower is kept.
    ///
    /// - Parameter tell: Is called on a thread of its own, and must only take note.
    /// - Returns: Nil where the system has no watch left.
    public func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower? { LogFollower(path, tell: tell) }
}
