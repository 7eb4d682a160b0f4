/// Why the dashboard ended.
public enum DashboardEnding: Sendable, Hashable {
    /// The user asked for it.
    case quit
    /// The terminal is gone.
    case hangUp
    /// The process was asked to end.
    case terminated
    /// The output is there and takes no more, for the system's reason of this number: a full disk.
    case outputFailed(Int32)
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
