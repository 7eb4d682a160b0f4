public import Log

/// Reads what b2watch itself did and warned of. Called off the screen's thread.
///
/// Who writes to the log in the dashboard's own process tells it with `Dashboard.announceLog()`.
public protocol LogReading: Sendable {
    /// Entries of the log.
    ///
    /// - Throws: Errors whose text is a sentence.
    func entries(_ request: LogRequest) throws -> LogWindow

    /// Tells when there are other lines, whoever wrote them, for as long as the follower is kept.
    ///
    /// - Parameter tell: Is called on another thread, and only takes note.
    /// - Returns: Nil where it cannot be told.
    func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower?
}

extension LogReader: LogReading {}
