import Dashboard
import History
import Intake
import Synchronization
import Terminal

/// Carries what happens to the dashboard of this process, if there is one, and to those that are attached to it; what
/// happens before there is one waits for it.
final class DashboardPost: Sendable {
    private struct State {
        var dashboard: Dashboard?
        var waiting: RejudgeReport?
        /// What stands on the screens: why judging again has stopped.
        var warning: String?
        var health = HistoryHealth.recording
        var others: [@Sendable (ListenerNews) -> Void] = []
        /// Whether the last report told of something to do.
        var hadRest = false
    }

    private let state = Mutex(State())

    func open(_ dashboard: Dashboard) {
        let waiting = state.withLock { state in
            state.dashboard = dashboard
            return state.waiting
        }
        guard let waiting else { return }
        if waiting.total > 0 || waiting.remaining > 0 {
            dashboard.mailbox.post(.rejudged(RejudgeSummary(waiting)))
        }
        if let failure = waiting.failure { dashboard.mailbox.post(.warning(failure)) }
    }

    /// The health that is shown.
    var health: HistoryHealth { state.withLock { $0.health } }

    /// The warning that stands.
    var warning: String? { state.withLock { $0.warning } }

    /// Calls somebody else on all that the dashboard is told besides the history's changes; he must only take note and
    /// return.
    func passOn(_ other: @escaping @Sendable (ListenerNews) -> Void) {
        state.withLock { $0.others.append(other) }
    }

    func tell(_ news: ListenerNews) {
        let (dashboard, others) = state.withLock { ($0.dashboard, $0.others) }
        if let message = DashboardMessage(news) { dashboard?.mailbox.post(message) }
        others.forEach { $0(news) }
    }

    func rejudged(_ report: RejudgeReport) {
        let (isOther, hadRest) = state.withLock { state in
            if state.dashboard == nil { state.waiting = report }
            defer {
                state.warning = report.failure
                state.hadRest = report.remaining > 0
            }
            return (state.warning != report.failure, state.hadRest)
        }
        // What goes on has not stopped: the warning goes.
        if isOther { tell(.warning(report.failure)) }
        guard report.total > 0 || report.remaining > 0 || hadRest else { return }
        tell(.rejudged(RejudgeSummary(report)))
    }

    func observe(_ event: HistoryEvent) {
        switch event {
        case .changed(let change):
            let (dashboard, isOther) = state.withLock { state in
                defer { state.health = change.health }
                return (state.dashboard, state.health != change.health)
            }
            dashboard?.announce(change)
            if isOther { tell(.health(change.health)) }
        case .refused(let reason), .warning(let reason): tell(.notice(reason))
        case .stale: break
        }
    }
}

extension RejudgeSummary {
    fileprivate init(_ report: RejudgeReport) {
        let stage: Stage =
            if report.failure != nil {
                .failed
            } else if report.isCancelled {
                .cancelled
            } else {
                report.isComplete ? .finished : .running
            }
        self.init(deliveries: report.deliveries, remaining: report.remaining, stage: stage)
    }
}
