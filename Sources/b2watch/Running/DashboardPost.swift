import Dashboard
import History
import Intake
import Synchronization
import Terminal

/// Carries what happens to the dashboard; what happens before there is one waits for it.
final class DashboardPost: Sendable {
    private struct State {
        var dashboard: Dashboard?
        var waiting: RejudgeReport?
        /// Whether the last report told of a failure, which then stands on the screen.
        var hasFailed = false
    }

    private let state = Mutex(State())

    func open(_ dashboard: Dashboard) {
        let waiting = state.withLock { state in
            state.dashboard = dashboard
            return state.waiting
        }
        if let waiting { rejudged(waiting) }
    }

    func rejudged(_ report: RejudgeReport) {
        let (dashboard, hadFailed) = state.withLock { state in
            defer { state.hasFailed = report.failure != nil }
            if state.dashboard == nil { state.waiting = report }
            return (state.dashboard, state.hasFailed)
        }
        guard let dashboard else { return }
        // What goes on has not stopped: the warning goes.
        if report.failure != nil || hadFailed { dashboard.mailbox.post(.warning(report.failure)) }
        guard report.total > 0 else { return }
        dashboard.mailbox.post(
            .rejudged(RejudgeSummary(deliveries: report.deliveries, isFinished: report.isComplete)))
    }

    func observe(_ event: HistoryEvent) {
        guard let dashboard = state.withLock({ $0.dashboard }) else { return }
        switch event {
        case .changed(let change): dashboard.announce(change)
        case .refused(let reason): dashboard.mailbox.post(.notice(reason))
        case .stale: break
        }
    }
}
