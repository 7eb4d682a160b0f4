/// How much an entry of the log matters.
public enum LogLevel: String, Sendable, Hashable, CaseIterable {
    /// Something was done.
    case info
    /// Somebody should know of it.
    case warning
    /// Something does not work.
    case error
}
