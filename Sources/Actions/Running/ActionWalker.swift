internal import History
internal import Notifications
internal import SafeText
internal import Workers

/// Looks at what has come for each action, in slices between the deliveries', on a thread of its own that yields the
/// processor to whatever answers.
final class ActionWalker: Sendable {
    /// An action and the rows it is done for.
    struct Path: Sendable {
        var work: ActionWork
        var predicate: RowPredicate
    }

    private struct State: Sendable {
        var latestRow: Int64
        var paths: [Path] = []
        /// Grows whenever others take the place of the paths.
        var turn = 0
        /// Grows whenever there is something to look at.
        var news = 1
        var isStopping = false
    }

    /// The least time from one look to the next: with many deliveries a second, each action writes once for several.
    private static let pace = Duration.milliseconds(25)

    private let place: ActionPlace
    private let state: Monitor<State>
    private let worker = Worker("actions", isBackground: true)

    init(from latestRow: Int64, in place: ActionPlace) {
        self.place = place
        state = Monitor(State(latestRow: latestRow))
    }

    /// The history has changed. Only takes note.
    func observe(_ change: HistoryChange) {
        state.change { state in
            // What was restored from the file may be shorter.
            state.latestRow = change.latestRow
            state.news += 1
        }
    }

    /// These are the actions from now on.
    func follow(_ paths: [Path]) {
        state.change { state in
            state.paths = paths
            state.turn += 1
            state.news += 1
        }
    }

    func begin() {
        worker.async { [self] in
            var seen = 0
            var isFailing = false
            var begun = ContinuousClock.now - Self.pace
            while let now = next(after: seen, isFailing: isFailing, notBefore: begun + Self.pace) {
                seen = now.news
                begun = .now
                now.paths.forEach { $0.work.historyChanged() }
                do {
                    try walk(now)
                    // What seemed to fail may be written after all.
                    if isFailing { now.paths.forEach { $0.work.wake() } }
                    isFailing = false
                } catch {
                    if !isFailing, !state.withLock({ $0.isStopping }) {
                        place.say("actions wait: the history cannot be read or written: \(SafeText("\(error)"))")
                    }
                    isFailing = true
                }
            }
        }
    }

    func stop() {
        state.change { $0.isStopping = true }
    }

    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        worker.wait(atMost: max(.zero, deadline - .now))
    }

    /// Waits for news; where something has failed, for some seconds at most.
    private func next(
        after seen: Int, isFailing: Bool, notBefore moment: ContinuousClock.Instant
    ) -> State? {
        _ = state.wait(until: isFailing ? .now + place.patience : nil) { state in
            state.isStopping || state.news > seen ? true : nil
        }
        _ = state.wait(until: moment) { $0.isStopping ? true : nil }
        return state.withLock { $0.isStopping ? nil : $0 }
    }

    /// Each action takes a slice in its turn, until all have looked at everything, or there are other paths: what is
    /// behind the slices that are taken is looked at by those.
    private func walk(_ now: State) throws {
        var rest = now.paths
        let last = now.latestRow
        var added: Set<String> = []
        defer { now.paths.filter { added.contains($0.work.name) }.forEach { $0.work.wake() } }
        while !rest.isEmpty {
            for path in rest {
                guard state.withLock({ !$0.isStopping && $0.turn == now.turn }) else { return }
                let walk = try place.store.walk(
                    path.work.id, through: last, matching: path.predicate, at: place.now())
                if walk.added > 0, added.insert(path.work.name).inserted || walk.cursor < last {
                    // Its lanes begin while the rest of a backlog is looked at.
                    path.work.wake()
                }
                if walk.cursor >= last { rest.removeAll { $0.work.name == path.work.name } }
            }
        }
    }
}
