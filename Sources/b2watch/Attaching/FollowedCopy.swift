import Base
import Dashboard
import History
import SharedHistory
import Synchronization
import Terminal

/// This machine's copy of a shared history, continued for a dashboard that has no listener.
final class FollowedCopy: Sendable {
    private struct State {
        var dashboard: Dashboard?
        /// The reason why PostgreSQL is away.
        var away: String?
        /// What lasts otherwise.
        var lasting: String?

        var warning: String? {
            let all = [away.map { "the shared history is away: \($0)" }, lasting].compactMap(\.self)
            return all.isEmpty ? nil : all.joined(separator: "; ")
        }
    }

    private let history: History
    private let shared: SharedHistory
    private let state = Mutex(State())

    /// Begins to continue the copy. Returns nil if another process of this machine does.
    ///
    /// - Parameter note: Receives sentences for the log; from any thread, and must not block.
    /// - Throws: `SharedUnusable`, or `HistoryError`.
    init?(_ place: SharedPlace, note: @escaping @Sendable (String) -> Void) throws {
        do {
            history = try History(.file(place.copy), for: .copying)
        } catch HistoryError.inUse {
            return nil
        }
        do {
            shared = try place.share(history, receives: false)
        } catch {
            history.close()
            throw error
        }
        history.observe { [weak self] event in self?.apply(event, note) }
        do {
            try place.start(shared, filling: .seconds(1), say: note)
        } catch {
            close()
            throw error
        }
        if let warning = place.address.warning { note(warning) }
    }

    /// Shows a dashboard what it should know of the shared history.
    func open(_ dashboard: Dashboard) {
        let warning = state.withLock { state in
            state.dashboard = dashboard
            return state.warning
        }
        if let warning { dashboard.mailbox.post(.warning(warning)) }
    }

    /// Ends the work, and closes the copy.
    func close() {
        shared.stop()
        history.close()
    }

    private func apply(_ event: HistoryEvent, _ note: (String) -> Void) {
        let (warning, dashboard, news): (String?, Dashboard?, String?) = state.withLock { state in
            let before = state.warning
            var news: String?
            switch event {
            case .changed(let change):
                if case .failing(let reason) = change.health { state.away = reason } else { state.away = nil }
            case .lasting(let new, let all): (state.lasting, news) = (all, new)
            case .refused(let reason), .warning(let reason), .note(let reason): news = reason
            case .stale: break
            }
            return (state.warning, state.warning == before ? nil : state.dashboard, news)
        }
        if let news { note(news) }
        dashboard?.mailbox.post(.warning(warning))
    }
}
