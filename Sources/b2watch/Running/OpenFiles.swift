import Foundation

/// How many files and connections the process may have open.
enum OpenFiles {
    /// Raises the limit as far as the system lets us: the usual 1,024 is no more than the listener's own limit of
    /// connections.
    static func allowMany() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
