public import Log
public import Notifications

/// Reads what b2watch itself did and warned of. Called off the screen's thread.
///
/// Who writes to the log in the dashboard's own process tells it with `Dashboard.announceLog()`.
public protocol LogReading: Sendable {
    /// Entries of the log.
    ///
    /// - Throws: Errors whose text is a sentence.
    func entries(_ request: LogRequest) throws -> LogWindow

    /// Returns the dated entry nearest to a stretch of time: the first in it, or the nearer of those on both sides; nil where
    /// no entry has a date.
    ///
    /// - Throws: Errors whose text is a sentence.
    func place(nearestTo stretch: Range<Timestamp>) throws -> LogPlace?

    /// Tells when there are other lines, whoever wrote them, for as long as the follower is kept.
    ///
    /// - Parameter tell: Is called on another thread, and only takes note.
    /// - Returns: Nil where it cannot be told.
    func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower?
}

extension LogReader: LogReading {}
