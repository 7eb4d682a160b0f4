internal import History
internal import Notifications

/// Decides what is to be done of what an action's outbox holds, and what becomes of what was done. A pure state machine:
/// it knows no time but what it is told, and the shell around it reads, sends and writes.
struct OutboxMachine: Sendable {
    /// What waits in the outbox.
    struct Waiting: Sendable {
        /// Those that wait, in the order in which they were made: the first of them. Where the order is kept those that
        /// are not due yet are among them.
        var entries: [OutboxEntry]
        /// When the next failed one is due of those that are not among them.
        var nextDue: Timestamp?
    }

    /// What to do now.
    enum Step: Equatable {
        /// Sends these entries as a batch.
        case send([Int64])
        /// Finds out what became of a batch.
        case recover(Unsettled)
        /// There is nothing to do before then, unless something comes.
        case sleep(until: Timestamp)
        /// There is nothing to do unless something comes.
        case rest
    }

    /// A batch of which nobody knows what became of it.
    struct Unsettled: Equatable, Sendable {
        var batch: Int64
        var entries: [Int64]
        /// When to ask.
        var due: Timestamp
        /// How many times it was asked in vain.
        var failures = 0
    }

    var manner: ActionManner
    var isPaused = false
    /// Batches to find out about, before anything else is done.
    private(set) var unsettled: [Unsettled] = []
    /// The one of them that is asked after now.
    private var asking: Unsettled?
    /// Since when nothing of this action works.
    private var failures = 0
    private var heldUntil: Timestamp?
    private var lastStart: Timestamp?
    private var limits = DoneItems()

    init(_ manner: ActionManner) {
        self.manner = manner
    }

    /// When something may be begun at the earliest; nil where that is now.
    func hold(at now: Timestamp) -> Timestamp? {
        var holds: [Timestamp] = []
        if let heldUntil { holds.append(heldUntil) }
        if let first = unsettled.map(\.due).min() {
            holds.append(first)
        } else {
            // A clock that was set back holds up nothing.
            if let lastStart, lastStart <= now { holds.append(lastStart + manner.pace) }
            if let free = limits.free(at: now, manner) { holds.append(free) }
        }
        return holds.filter { $0 > now }.max()
    }

    /// What holds the action up for now, but for its pace; nil where nothing does.
    func held(at now: Timestamp) -> ActionHold? {
        let retry = asking == nil ? unsettled.map(\.due).min() : nil
        if let end = [heldUntil, retry].compactMap(\.self).max(), end > now { return .failing(until: end) }
        return limits.free(at: now, manner).flatMap { $0 > now ? .spent(until: $0) : nil }
    }

    /// What to do now.
    func next(_ waiting: Waiting, at now: Timestamp) -> Step {
        guard !isPaused, asking == nil else { return .rest }
        if let first = unsettled.min(by: { $0.due < $1.due }) {
            let time = max(first.due, heldUntil ?? first.due)
            return time <= now ? .recover(first) : .sleep(until: time)
        }
        let due =
            manner.keepsOrder
            ? Array(waiting.entries.prefix { $0.isDue(at: now) }) : waiting.entries.filter { $0.isDue(at: now) }
        guard let first = due.first else {
            let known = manner.keepsOrder ? waiting.entries.prefix(1) : waiting.entries[...]
            let next = (known.map(\.due) + [waiting.nextDue]).compactMap(\.self).filter { $0 > now }.min()
            return next.map { .sleep(until: max($0, hold(at: now) ?? $0)) } ?? .rest
        }
        if let hold = hold(at: now) { return .sleep(until: hold) }
        let largest = max(1, min(manner.largestBatch, limits.room(at: now, manner)))
        let batch = due.prefix(largest)
        // What has failed has waited already.
        let mayGrow = batch.count < largest
        if mayGrow, manner.gathering > .zero, !batch.contains(where: { $0.attempts > 0 }) {
            let oldest = batch.map(\.changedAt).min() ?? first.changedAt
            let time = min(oldest, now) + manner.gathering
            if time > now { return .sleep(until: time) }
        }
        return .send(batch.map(\.id))
    }

    /// It is asked what became of a batch.
    mutating func ask(_ batch: Unsettled) {
        unsettled.removeAll { $0.batch == batch.batch }
        asking = batch
    }

    /// A batch is begun.
    mutating func begin(_ batch: Int64, items: Int, at now: Timestamp) {
        lastStart = now
        if DoneItems.reach(manner) != nil { limits.begin(batch, items: items, at: now) }
    }

    /// Takes note of what was done before, and of nothing else, for the limits of a minute and of a day.
    ///
    /// - Parameter times: In their order.
    mutating func remember(_ times: [Timestamp]) {
        limits = DoneItems(times)
    }

    /// Takes note of batches that a process has begun and not seen the end of.
    mutating func find(_ running: [OutboxEntry], at now: Timestamp) {
        for (batch, entries) in Dictionary(grouping: running, by: { $0.batch ?? 0 }).sorted(by: { $0.key < $1.key }) {
            unsettled.append(Unsettled(batch: batch, entries: entries.map(\.id).sorted(), due: now))
        }
    }

    /// Tries at once what was held up by failures: a person has changed something.
    mutating func tryAgain(at now: Timestamp) {
        heldUntil = nil
        failures = 0
        for index in unsettled.indices { unsettled[index].due = min(unsettled[index].due, now) }
    }

    /// What becomes of the entries of a batch.
    struct Result: Sendable {
        var settlements: [Outbox.Settlement] = []
        /// What there is to tell.
        var news: [ActionNews] = []
    }

    /// A batch has ended.
    ///
    /// - Parameters:
    ///   - entries: As they stood before it.
    ///   - outcomes: One for each.
    ///   - isRecovery: Whether it was only asked what became of it.
    mutating func end(
        _ batch: Int64, _ entries: [OutboxEntry], _ outcomes: [ActionOutcome], isRecovery: Bool = false,
        at now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> Result {
        // One draw for all, so that what failed together is tried together.
        let draw = BackOff.draw(using: &generator)
        var result = Result()
        var unknown = Unsettled(batch: batch, entries: [], due: now)
        if isRecovery {
            unknown.failures = asking?.failures ?? 0
            asking = nil
        }
        var wait: Duration?
        var hasWorked = false
        var spent = 0
        var tally = ActionTally()
        for (index, entry) in entries.enumerated() {
            var settlement = Outbox.Settlement(entry.id, .done)
            switch index < outcomes.count ? outcomes[index] : .uncertain("the action did not say what became of it") {
            case .done:
                hasWorked = true
                spent += 1
            case .dead(let reason):
                settlement.state = .dead
                settlement.reason = reason
            case .uncertain(let reason):
                spent += 1
                settlement.state = .uncertain
                settlement.reason = reason
            case .again(let reason):
                settlement.state = .failed
                settlement.due = now
                settlement.reason = reason
                // Nothing has failed, so nothing is told.
                result.settlements.append(settlement)
                continue
            case .retry(let reason, let after, _) where isRecovery, .unknown(let reason, let after):
                guard entry.canWait(at: now, for: manner.patience, tried: unknown.failures + 1) else {
                    spent += 1
                    settlement.state = .uncertain
                    settlement.reason = "it could not be found out what became of it: \(reason)"
                    break
                }
                unknown.entries.append(entry.id)
                unknown.due = max(unknown.due, now + BackOff.delay(after: unknown.failures + 1, draw, atLeast: after))
                tally.failed(reason)
                continue
            case .retry(let reason, let after, let scope):
                let attempts = entry.attempts + 1
                guard entry.canWait(at: now, for: manner.patience, tried: attempts) else {
                    settlement.state = .dead
                    settlement.reason = "given up after \(manner.patience.inWords): \(reason)"
                    break
                }
                settlement.state = .failed
                settlement.reason = reason
                var delay = BackOff.delay(after: attempts, draw, atLeast: after)
                if scope == .action {
                    delay = BackOff.delay(after: failures + 1, draw, atLeast: after)
                    wait = max(wait ?? .zero, delay)
                }
                settlement.due = now + delay
            }
            tally.count(settlement)
            result.settlements.append(settlement)
        }
        if let wait {
            failures += 1
            heldUntil = max(heldUntil ?? now, now + wait)
        } else if hasWorked {
            failures = 0
            heldUntil = nil
        }
        if !unknown.entries.isEmpty {
            unknown.failures += 1
            unsettled.append(unknown)
            spent += unknown.entries.count
        }
        if isRecovery {
            limits.correct(batch, asked: entries.count, spent: spent, at: now)
        } else {
            limits.end(batch, spent: spent)
        }
        result.news = tally.news(hasWorked: hasWorked)
        return result
    }
}

extension OutboxEntry {
    /// How many times an entry is tried at least, however old it is: one that has waited for its turn for days is not given
    /// up for the first hiccup.
    private static let leastAttempts = 3

    fileprivate func isDue(at now: Timestamp) -> Bool {
        guard state == .failed, let due else { return true }
        return due <= now
    }

    /// Whether it may be tried again after a failure.
    fileprivate func canWait(at now: Timestamp, for patience: Duration, tried attempts: Int) -> Bool {
        attempts < Self.leastAttempts || now < since + patience
    }
}
