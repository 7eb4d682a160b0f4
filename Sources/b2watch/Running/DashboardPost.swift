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
        let dashboard = state.withLock { state in
            if state.dashboard == nil { state.waiting = report }
            return state.dashboard
        }
        guard let dashboard else { return }
        if let failure = report.failure { dashboard.mailbox.post(.warning(failure)) }
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
