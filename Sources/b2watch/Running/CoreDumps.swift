import Foundation

/// The picture of its memory that a process leaves when it crashes.
enum CoreDumps {
    /// Leaves none: it would hold the signing secrets.
    static func forbid() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
