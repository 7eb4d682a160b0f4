/// Why the dashboard ended.
public enum DashboardEnding: Sendable, Hashable {
    /// The user asked for it.
    case quit
    /// The terminal is gone.
    case hangUp
    /// The process was asked to end.
    case terminated
}

/// A signal that the executable caught and hands on.
public enum DashboardSignal: Sendable, Hashable {
    /// SIGINT: the same as Ctrl-C.
    case interrupt
    /// SIGTERM.
    case terminate
    /// SIGHUP.
    case hangUp
}
