import Notifications
import Synchronization

/// Tells what has changed in the history, on the writer's thread: observers must only take note and return.
final class ChangeFeed: Sendable {
    private struct State {
        var change: HistoryChange
        var observers: [@Sendable (HistoryEvent) -> Void] = []
        var followers: [@Sendable ([RecordedDelivery]) -> Void] = []
        /// Why nothing can be recorded as long as this process runs.
        var damage: String?

        /// The health after a commit.
        var healthAfterCommit: HistoryHealth { damage.map(HistoryHealth.failing) ?? .recording }
    }

    private let state: Mutex<State>

    init(_ change: HistoryChange) {
        state = Mutex(State(change: change))
    }

    var current: HistoryChange { state.withLock { $0.change } }

    func observe(_ observer: @escaping @Sendable (HistoryEvent) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    func committed(_ insertion: Insertion) {
        state.withLock { state in
            state.change.latestRow = insertion.latestRow
            state.change.latestDelivery = insertion.latestDelivery
            insertion.counts.apply(to: &state.change.tally)
            state.change.health = state.healthAfterCommit
        }
        tell { .changed($0) }
        if insertion.isStale { tell { _ in .stale } }
    }

    /// Calls the follower with what each transaction has recorded.
    func follow(_ follower: @escaping @Sendable ([RecordedDelivery]) -> Void) {
        state.withLock { $0.followers.append(follower) }
    }

    /// Whether anybody follows what is recorded.
    var isFollowed: Bool { state.withLock { !$0.followers.isEmpty } }

    /// Hands on what was just recorded.
    func recorded(_ deliveries: [RecordedDelivery]) {
        for follower in state.withLock({ $0.followers }) { follower(deliveries) }
    }

    /// Answer times are written, up to that of this delivery.
    func answered(_ delivery: Int64) {
        let isNew = state.withLock { state in
            defer { state.change.latestAnswered = max(delivery, state.change.latestAnswered) }
            return delivery > state.change.latestAnswered
        }
        if isNew { tell { .changed($0) } }
    }

    /// Secrets were tried, and verdicts may have changed.
    func rejudged(_ counts: TallyChange) {
        guard !counts.isEmpty else { return }
        state.withLock { state in
            counts.apply(to: &state.change.tally)
            state.change.revision += 1
        }
        tell { .changed($0) }
    }

    /// What was recorded before reads differently.
    ///
    /// - Parameter tally: What is recorded, as the file says.
    func reread(_ tally: Tally) {
        state.withLock { state in
            state.change.tally = tally
            state.change.revision += 1
        }
        tell { .changed($0) }
    }

    /// The outbox has changed.
    func outboxChanged(to revision: Int64) {
        state.withLock { $0.change.outbox = max($0.change.outbox, revision) }
        tell { .changed($0) }
    }

    func fail(_ reason: String) {
        let isNew = state.withLock { state in
            let reason = state.damage ?? reason
            defer { state.change.health = .failing(reason) }
            return state.change.health != .failing(reason)
        }
        if isNew { tell { .changed($0) } }
    }

    /// Nothing can be recorded any more as long as this process runs. May be called from any thread.
    func fail(forGood reason: String) {
        state.withLock { $0.damage = reason }
        fail(reason)
    }

    var isFailing: Bool { state.withLock { $0.change.health != .recording } }

    /// Deliveries are recorded again.
    ///
    /// - Parameter change: What is recorded, as the file says.
    func recovered(_ change: HistoryChange) {
        state.withLock { state in
            let last = state.change
            state.change = change
            state.change.revision = last.revision + 1
            state.change.latestAnswered = last.latestAnswered
            state.change.health = state.healthAfterCommit
        }
        tell { .changed($0) }
    }

    func refuse(_ reason: String) {
        tell { _ in .refused(reason) }
    }

    /// Reports what a person should know. May be called from any thread.
    func warn(_ sentence: String) {
        tell { _ in .warning(sentence) }
    }

    private func tell(_ event: (HistoryChange) -> HistoryEvent) {
        let (change, observers) = state.withLock { ($0.change, $0.observers) }
        let event = event(change)
        for observer in observers { observer(event) }
    }
}
