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
    private let changeObserver = Mutex<(@Sendable (HistoryChange) -> Void)?>(nil)
    private let hasLogMoved = Atomic<Bool>(false)

    /// A dashboard that has not begun.
    public init(_ environment: DashboardEnvironment) {
        self.environment = environment
    }

    /// Tells what has changed in the history. However often it is called, one message waits.
    public func announce(_ change: HistoryChange) {
        changeObserver.withLock(\.self)?(change)
        let isFirst = announced.withLock { waiting in
            defer { waiting = change }
            return waiting == nil
        }
        if isFirst { mailbox.post(DashboardMessage(.historyMoved)) }
    }

    /// Calls the observer on each change that is announced, on the thread that announces it; it must only take note and
    /// return.
    public func observeChanges(_ observer: @escaping @Sendable (HistoryChange) -> Void) {
        changeObserver.withLock { $0 = observer }
    }

    /// Tells that something was written to the log. However often it is called, one message waits.
    public func announceLog() {
        if !hasLogMoved.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(DashboardMessage(.logMoved)) }
    }

    /// Shows itself on the screen until the user, a signal or the terminal ends it. Blocks.
    public func run(on screen: Screen) -> DashboardEnding {
        var run = DashboardRun(self, on: screen)
        return run.run()
    }

    /// Speaks by lines until the user, a signal, the end of the input or of the output ends it. Blocks.
    public func run(on terminal: LineTerminal) -> DashboardEnding {
        var run = PlainRun(self, on: terminal)
        return run.run()
    }

    /// From here on another message tells what is written to the log.
    func takeLogMove() {
        hasLogMoved.store(false, ordering: .releasing)
    }

    /// The change that waits, which then waits no more.
    func takeAnnounced() -> HistoryChange? {
        announced.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}
