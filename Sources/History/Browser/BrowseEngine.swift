import Base
import Synchronization

/// Does what a query needs, step by step, on threads of its own; sleeps while there is nothing to do.
final class BrowseEngine: Sendable {
    /// The rows that are listed, and how far the query has got.
    struct Listing: Sendable {
        var query = BrowseQuery()
        var generation = 0
        var latest: Int64 = 0
        /// One of the two; nil for a plain query, which needs neither.
        var scanned: ScannedList?
        var sorted: SortedList?
        var failure: String?

        var progress: BrowseProgress {
            let (done, total) = scanned?.extent ?? sorted?.extent ?? (Int(latest), Int(latest))
            return BrowseProgress(
                generation: generation, matched: scanned?.found.rows.count ?? sorted?.ids.count ?? Int(latest),
                scanned: done, total: total, failure: failure)
        }

        /// The number of times that the visible rows were replaced, which the progress does not contain.
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
        /// The load of each worker: a cancelled query may take some moments to end.
        var loads = [0, 0]
        /// The number of the query: an answer to another one is late.
        var number = 0
        var reported: (progress: BrowseProgress, replacements: Int, at: ContinuousClock.Instant)?
    }

    private let reader: HistoryReader
    private let report: @Sendable (BrowseProgress) -> Void
    private let state = Mutex(State())
    /// The query's number; a step under way ends when it changes.
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
        // A worker that still runs the query before ends by itself, and reports nothing.
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
                // Any change from here on begins a new run.
                if step == .rest { state.isRunning = false }
                return step
            }
            guard let step else { return }
            switch step {
            case .rest:
                report(number, isLast: true)
                return
            case .pause(let moment):
                report(number, isLast: true)
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
        report(number, isLast: false)
    }

    /// Reports the progress of the query: at once at first, then thirty times a second, and at the end.
    private func report(_ number: Int, isLast: Bool) {
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

// MARK: - Steps

/// The next step of a browser's worker.
enum BrowseStep: Hashable {
    /// Look which rows of these ids match.
    case look(RowPredicate, ClosedRange<Int64>)
    /// Find out among which rows duplicates are to be looked for.
    case findRepeated
    /// Find and sort those of these ids.
    case sort(BrowseQuery, ClosedRange<Int64>)
    /// Wait, though there is something to do: it was done a moment ago.
    case pause(until: ContinuousClock.Instant)
    /// Nothing, until the history changes.
    case rest
}

/// The number of rows that a step looks at; it follows the time that steps take.
struct StepSize: Sendable {
    private(set) var rows: Int64 = 1_000
    private let least: Int64
    private let times: ClosedRange<Duration>

    /// - Parameter delaysWriter: Whether deliveries wait for a step. Where none does, steps are longer: a disk is fast in long
    ///   stretches only.
    init(delaysWriter: Bool) {
        least = delaysWriter ? 64 : 4_096
        times = delaysWriter ? .milliseconds(5)...(.milliseconds(20)) : .milliseconds(80)...(.milliseconds(250))
    }

    /// Takes note of the time that a step of this many rows took.
    mutating func note(_ time: Duration, rows count: Int64) {
        if time < times.lowerBound, count == rows { rows = min(rows * 2, 1 << 17) }
        if time > times.upperBound { rows = max(rows / 2, min(rows, least)) }
    }
}

/// A stretch of a list, in its order.
struct IDWindow: Hashable {
    var ids: [Int64] = []
    var hasOlder = false
    var hasNewer = false
}

extension Duration {
    /// Between two looks at what has arrived, and between two reports: thirty a second.
    static let pace = Duration.milliseconds(33)
}

/// A wait for a moment that can be cut short.
final class Pause: Sendable {
    private let isOver = Monitor(false)

    /// Blocks until then, or until `end` was called since the last wait.
    func wait(until moment: ContinuousClock.Instant) {
        isOver.wait(until: moment) { isOver in
            defer { isOver = false }
            return isOver ? () : nil
        }
    }

    /// Ends the wait there is, or the next one.
    func end() {
        isOver.change { $0 = true }
    }
}
