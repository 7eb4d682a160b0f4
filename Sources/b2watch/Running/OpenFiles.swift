import Foundation

/// How many files and connections the process may have open.
enum OpenFiles {
    /// What the rest of b2watch opens while it runs: the history and its readers, programs and requests of actions, attached
    /// dashboards, exports. A quarter of what is free, within these bounds.
    private static let reserve = 40...160

    /// Raises the limit as far as the system lets us: the usual 1,024 is no more than the listener's own limit of
    /// connections.
    static func allowMany() {
        guard var limit else { return }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 65_536))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many connections fit into the limit, beside what is open now and what the rest needs.
    ///
    /// - Parameter usual: As many as there are to be where the limit is high enough.
    static func connections(of usual: Int) -> (count: Int, limit: Int) {
        guard let limit else { return (usual, .max) }
        let all = Int(clamping: limit.rlim_cur)
        let free = max(0, all - open)
        let kept = min(max(free / 4, reserve.lowerBound), reserve.upperBound)
        // An eighth more are open for a moment, to be answered that they are too many.
        return (max(4, min(usual, (free - kept) * 8 / 9)), all)
    }

    private static var limit: rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
    }

    private static var open: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 64
    }
}
