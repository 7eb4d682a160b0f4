import Browsing
import Synchronization

/// How far the list's query has come, as last told: however often that is, one message waits in the mailbox.
final class LatestProgress: Sendable {
    private let waiting = Mutex<BrowseProgress?>(nil)

    /// Takes note. Says whether nothing was waiting.
    func put(_ progress: BrowseProgress) -> Bool {
        waiting.withLock { waiting in
            defer { waiting = progress }
            return waiting == nil
        }
    }

    /// What waits, which then waits no more.
    func take() -> BrowseProgress? {
        waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}
