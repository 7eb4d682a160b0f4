public import Log

/// Reads what b2watch itself did and warned of. Called off the screen's thread.
///
/// Who writes to the log in the dashboard's own process tells it with `Dashboard.announceLog()`.
public protocol LogReading: Sendable {
    /// Entries of the log.
    ///
    /// - Throws: Errors whose text is a sentence.
    func entries(_ request: LogRequest) throws -> LogWindow
}

extension LogReader: LogReading {}
