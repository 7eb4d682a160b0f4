import History
import Synchronization
import Workers

/// Does what a query needs, step by step, on threads of its own; sleeps while there is nothing to do.
final class BrowseEngine: Sendable {
    /// What is listed.
    struct Listing: Sendable {
        var query = BrowseQuery()
        var generation = 0
        var latest: Int64 = 0
        /// One of them, but for a plain query, which needs nothing.
        var scanned: ScannedList?
        var sorted: SortedList?
        var failure: String?

        var progress: BrowseProgress {
            let (done, total) = scanned?.extent ?? sorted?.extent ?? (Int(latest), Int(latest))
            return BrowseProgress(
                generation: generation, matched: scanned?.found.rows.count ?? sorted?.ids.count ?? Int(latest),
                scanned: done, total: total, failure: failure)
        }

        /// How often what is in view was replaced, which the progress does not tell.
        var replacements: Int { scanned?.replacements ?? sorted?.replacements ?? 0 }

        mutating func follow(_ change: HistoryChange) {
            latest = max(latest, change.latestRow)
            scanned?.follow(change)
            sorted?.follow(change)
            failure = nil
        }

        mutating func next(_ now: ContinuousClock.Instant) -> BrowseStep {
            failure == nil ? scanned?.next(now) ?? sorted?.next(now) ?? .rest : .rest
        }

        mutating func finish(
            _ ids: [Int64], in range: ClosedRange<Int64>, _ time: Duration, now: ContinuousClock.Instant
        ) {
            scanned?.finish(ids, in: range, time, now: now)
            sorted?.finish(ids, in: range, time, now: now)
        }
    }

    private struct State {
        var listing = Listing()
        /// Whether it is worked on, by which worker, and how to cut its waits short.
        var isRunning = false
        var worker = 0
        var pause = Pause()
        /// What each worker has to do: a query that was given up may take some moments to end.
        var loads = [0, 0]
        /// Which query it is: an answer to another one is late.
        var number = 0
        var reported: (progress: BrowseProgress, replacements: Int, at: ContinuousClock.Instant)?
    }

    private let reader: HistoryReader
    private let report: @Sendable (BrowseProgress) -> Void
    private let state = Mutex(State())
    /// The query's number, for the steps that are under way.
    private let current = Atomic(0)
    /// Two, for SQLite does not let itself be interrupted while it sorts: the next query does not wait for that.
    private let workers = [Worker("browser"), Worker("other browser")]

    init(_ reader: HistoryReader, report: @escaping @Sendable (BrowseProgress) -> Void) {
        self.reader = reader
        self.report = report
    }

    func show(_ query: BrowseQuery, generation: Int, _ change: HistoryChange) {
        var listing = Listing(query: query, generation: generation, latest: change.latestRow)
        if query.order == .arrival {
            if !query.isPlain {
                listing.scanned = ScannedList(query.predicate, change, delaysWriter: reader.delaysWriter)
            }
        } else {
            listing.sorted = SortedList(query, change)
        }
        let replaced = state.withLock { state in
            let replaced = state.listing
            replace(&state, by: listing)
            if !query.isPlain { begin(&state) }
            return replaced
        }
        // What was found before is let go outside the lock.
        withExtendedLifetime(replaced) {}
        if query.isPlain { report(listing.progress) }
    }

    func follow(_ change: HistoryChange) {
        state.withLock { state in
            state.listing.follow(change)
            if !state.listing.query.isPlain { begin(&state) }
        }
    }

    /// Gives up what is under way; nothing is looked for any more.
    func end() {
        state.withLock { replace(&$0, by: Listing()) }
    }

    /// Reads what is listed, without delay.
    func with<Value: Sendable>(_ body: (borrowing Listing) throws -> Value) rethrows -> Value {
        try state.withLock { try body($0.listing) }
    }

    private func replace(_ state: inout State, by listing: Listing) {
        state.number += 1
        state.listing = listing
        state.reported = nil
        current.store(state.number, ordering: .relaxed)
        // Whoever works on what was there before ends by himself, and tells nothing.
        state.pause.end()
        state.pause = Pause()
        state.isRunning = false
        state.worker = state.loads[0] <= state.loads[1] ? 0 : 1
    }

    private func begin(_ state: inout State) {
        guard !state.isRunning else { return }
        state.isRunning = true
        let (number, worker, pause) = (state.number, state.worker, state.pause)
        state.loads[worker] += 1
        workers[worker].async { [self] in
            run(number, pause)
            self.state.withLock { $0.loads[worker] -= 1 }
        }
    }

    private func run(_ number: Int, _ pause: Pause) {
        while true {
            let step: BrowseStep? = state.withLock { state in
                guard state.number == number else { return nil }
                let step = state.listing.next(.now)
                // Whoever changes something from here on begins anew.
                if step == .rest { state.isRunning = false }
                return step
            }
            guard let step else { return }
            switch step {
            case .rest:
                tell(number, isLast: true)
                return
            case .pause(let moment):
                tell(number, isLast: true)
                pause.wait(until: moment)
            case .look(let predicate, let range):
                // Stretches are read newest first; within one, the disk is read forwards.
                perform(number, range) {
                    try reader.ids(matching: predicate, in: range, newestFirst: false, isCancelled: $0)
                }
            case .findRepeated:
                perform(number) {
                    try reader.repeatedEvents(isCancelled: $0)
                } finish: { listing, repeated, _, _ in
                    listing.scanned?.learn(repeated)
                }
            case .sort(let query, let range):
                perform(number, range) {
                    try reader.ids(matching: query.predicate, in: range, by: query.order, isCancelled: $0)
                }
            }
        }
    }

    private func perform(
        _ number: Int, _ range: ClosedRange<Int64>, _ read: (_ isCancelled: () -> Bool) throws -> [Int64]
    ) {
        perform(number, read) { listing, ids, time, now in listing.finish(ids, in: range, time, now: now) }
    }

    private func perform<Value>(
        _ number: Int, _ read: (_ isCancelled: () -> Bool) throws -> Value,
        finish: (inout Listing, Value, _ time: Duration, _ now: ContinuousClock.Instant) -> Void
    ) {
        let start = ContinuousClock.now
        let result = Result<Value, any Error> { try read { current.load(ordering: .relaxed) != number } }
        let end = ContinuousClock.now
        state.withLock { state in
            guard state.number == number else { return }
            switch result {
            case .success(let value): finish(&state.listing, value, end - start, end)
            case .failure(is ReadCancelled): break
            case .failure(let error): state.listing.failure = "the history cannot be searched: \(error)"
            }
        }
        tell(number, isLast: false)
    }

    /// Reports how far the query has come: at once at first, then thirty times a second, and at last.
    private func tell(_ number: Int, isLast: Bool) {
        let news: BrowseProgress? = state.withLock { state in
            guard state.number == number, !state.listing.query.isPlain else { return nil }
            let progress = state.listing.progress
            let now = ContinuousClock.now
            if let reported = state.reported {
                let isNews = reported.progress != progress || reported.replacements != state.listing.replacements
                guard isNews, isLast || now - reported.at >= .pace else { return nil }
            }
            state.reported = (progress, state.listing.replacements, now)
            return progress
        }
        if let news { report(news) }
    }
}
