public import History
import Synchronization
public import Terminal

/// The dashboard: the screens, from the first step to the last.
///
/// It has the screen's thread to itself while `run(on:)` lasts. Everybody else posts to `mailbox`, or tells commits
/// with `announce(_:)`.
public final class Dashboard: Sendable {
    /// Where other threads leave messages.
    public let mailbox = Mailbox<DashboardMessage>()
    let environment: DashboardEnvironment
    private let announced = Mutex<HistoryChange?>(nil)

    /// A dashboard that has not begun.
    public init(_ environment: DashboardEnvironment) {
        self.environment = environment
    }

    /// Tells what has changed in the history. However often it is called, one message waits.
    public func announce(_ change: HistoryChange) {
        let isFirst = announced.withLock { waiting in
            defer { waiting = change }
            return waiting == nil
        }
        if isFirst { mailbox.post(DashboardMessage(.historyMoved)) }
    }

    /// Shows itself on the screen until the user, a signal or the terminal ends it. Blocks.
    public func run(on screen: Screen) -> DashboardEnding {
        var run = DashboardRun(self, on: screen)
        return run.run()
    }

    /// The change that waits, which then waits no more.
    func takeAnnounced() -> HistoryChange? {
        announced.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}
