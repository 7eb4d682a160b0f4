import History
import Log
import Workers

/// Reports when deliveries can no longer be recorded, and when they can again: in a line, and to those who show it.
final class HealthReporter: Sendable {
    private struct State {
        var health = SteadyHealth()
        var isWaiting = false
        var follower: (@Sendable (HistoryHealth) -> Void)?
    }

    private let state = Monitor(State())
    private let say: @Sendable (String, LogLevel) -> Void
    private let thread = Worker("health")

    /// - Parameter say: Writes a line; from any thread, and must not block.
    init(_ say: @escaping @Sendable (String, LogLevel) -> Void) {
        self.say = say
    }

    /// Passes the events of a history on to somebody who shows them, with the health as it is reported. The follower is
    /// called from any thread and must only take note.
    func observe(_ history: History, _ follower: @escaping @Sendable (HistoryEvent) -> Void) {
        state.change { state in
            state.follower = { [weak history] health in
                guard var change = history?.current else { return }
                change.health = health
                follower(.changed(change))
            }
        }
        history.observe { [self] event in follower(steady(event)) }
    }

    /// The history's state with the health as it is reported.
    func steady(_ change: HistoryChange) -> HistoryChange {
        var change = change
        change.health = state.withLock { $0.health.shown }
        return change
    }

    private func steady(_ event: HistoryEvent) -> HistoryEvent {
        guard case .changed(let change) = event else { return event }
        let (report, waits) = state.change { state in
            let report = state.health.see(change.health, at: .now)
            let waits = state.health.due != nil && !state.isWaiting
            if waits { state.isWaiting = true }
            return (report, waits)
        }
        if let report { tell(report) }
        if waits { thread.async { [weak self] in self?.wait() } }
        return .changed(steady(change))
    }

    /// Waits until a recovery has lasted, or is over.
    private func wait() {
        while true {
            let due = state.withLock { state in
                if state.health.due == nil { state.isWaiting = false }
                return state.health.due
            }
            guard let due else { return }
            state.wait(until: due) { $0.health.due != due ? () : nil }
            let (report, follower) = state.change { ($0.health.recover(at: .now), $0.follower) }
            guard let report else { continue }
            tell(report)
            follower?(.recording)
        }
    }

    private func tell(_ report: SteadyHealth.Report) {
        switch report {
        case .failing(let reason): say("NOT RECORDING, answering 503: \(reason)", .error)
        case .recovered(let failures, let time):
            let seconds = max(1, Int((time / .seconds(1)).rounded()))
            say(
                failures == 1 ? "recording again" : "recording again, after \(failures) failures in \(seconds) s", .info
            )
        }
    }
}
