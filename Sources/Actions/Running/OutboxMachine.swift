internal import Base
internal import History
internal import Notifications

/// Decides on the next step for the entries of an action's outbox, and on the state of finished ones. A pure state
/// machine: times are arguments, and its owner reads, sends and writes.
struct OutboxMachine: Sendable {
    /// The waiting entries of the outbox.
    struct Waiting: Sendable {
        /// The first of the waiting entries, in the order in which they were made. If the order is kept, entries that
        /// are not due yet are included.
        var entries: [OutboxEntry]
        /// The time when the next of the other failed entries is due.
        var nextDue: Timestamp?
    }

    /// The next step.
    enum Step: Equatable {
        /// Sends these entries as a batch.
        case send([Int64])
        /// Finds out what became of a batch.
        case recover(Unsettled)
        /// Nothing to do before this time, unless something happens.
        case sleep(until: Timestamp)
        /// Nothing to do until something happens.
        case rest
    }

    /// A batch with an unknown outcome.
    struct Unsettled: Equatable, Sendable {
        var batch: Int64
        var entries: [Int64]
        /// The time of the next question.
        var due: Timestamp
        /// The number of questions without success.
        var failures = 0
    }

    /// An action that will not work until a person changes something. One entry is tried now and then.
    struct Standstill: Sendable {
        /// The reason, and a remedy.
        var reason: String
        let since: Timestamp
        /// When the next entry is tried.
        var next: Timestamp
        /// Whether it is only suspected, because several events were refused one after the other.
        let isSuspected: Bool
        /// The number of entries tried without success.
        var probes = 0
        /// The number of separate attempts of each entry.
        var tried: [Int64: Int] = [:]
        /// The batch that tries it now.
        var probe: Int64?

        /// Entries that were tried already: others are tried before them.
        var resting: Set<Int64> {
            Set(tried.lazy.filter { [turns = isSuspected ? 1 : OutboxMachine.turns] in $0.value >= turns }.map(\.key))
        }
    }

    /// The number of different events, failing or refused one after the other, after which the action itself is
    /// suspected.
    private static let suspicion = 3
    private static let doubt = 10
    /// The number of attempts of one entry while the action is on hold, before others are tried.
    private static let turns = 3
    /// The largest number of entries that are remembered as tried before the machine begins again with the first.
    private static let mostResting = 200
    /// The longest that an action waits because its events fail one after the other.
    private static let longestDoubt = Duration.seconds(60)

    var manner: ActionManner
    var isPaused = false
    /// The batches whose outcome must be found out before anything else is done.
    private(set) var unsettled: [Unsettled] = []
    /// The batch that is being asked for.
    private var asking: Unsettled?
    private(set) var standstill: Standstill?
    /// The number of failures since the action last worked.
    private var failures = 0
    private var heldUntil: Timestamp?
    private var reason: String?
    private var lastStart: Timestamp?
    private var limits = DoneItems()
    /// The running batches. The success of those begun before the action failed proves nothing.
    private var running: Set<Int64> = []
    private var stale: Set<Int64> = []
    /// The first entries of the batches that failed, or were refused, one after the other.
    private var failing: Set<Int64> = []
    private var refused: Set<Int64> = []
    /// The entries of a batch that was refused as a whole, each with the size of its next batch. Splitting finds the
    /// refused entry, so that the others can be done.
    private var parts: [Int64: Int] = [:]
    /// Entries whose failure delayed the whole action, each with the number of batches of others that were done since. A
    /// service that takes others' events and never this one is told apart from a service that takes nothing.
    private var delaying: [Int64: Int] = [:]
    /// The number of these batches that shows that the event is the cause.
    private static let proofs = 2
    private static let mostDelaying = 50
    /// Entries that kept the action on hold until another entry was done: the entries themselves are the cause.
    private var suspects: Set<Int64> = []

    init(_ manner: ActionManner) {
        self.manner = manner
    }

    /// Returns the earliest time when something may be begun; nil if that is now.
    func earliestStart(at now: Timestamp) -> Timestamp? {
        var holds: [Timestamp] = []
        if let heldUntil { holds.append(heldUntil) }
        if let first = unsettled.map(\.due).min() {
            holds.append(first)
        } else {
            if let standstill { holds.append(standstill.next) }
            // A clock that was set back delays nothing.
            if let lastStart, lastStart <= now { holds.append(lastStart + manner.pace) }
            if let free = limits.free(at: now, manner) { holds.append(free.time) }
        }
        return holds.filter { $0 > now }.max()
    }

    /// Returns the reason why the action is delayed, except for its pace; nil if it is not.
    func hold(at now: Timestamp) -> ActionHold? {
        if let standstill {
            return ActionHold(
                .onHold, until: standstill.next, reason: standstill.reason, since: standstill.since)
        }
        let retry = asking == nil ? unsettled.map(\.due).min() : nil
        if let end = [heldUntil, retry].compactMap(\.self).max(), end > now {
            return ActionHold(.failing, until: end, reason: reason)
        }
        return limits.free(at: now, manner).flatMap { free in
            free.time > now ? ActionHold(.limit, until: free.time, reason: free.limit.sentence) : nil
        }
    }

    /// Returns the next step.
    func next(_ waiting: Waiting, at now: Timestamp) -> Step {
        guard !isPaused, asking == nil else { return .rest }
        if let first = unsettled.min(by: { $0.due < $1.due }) {
            let time = max(first.due, heldUntil ?? first.due)
            return time <= now ? .recover(first) : .sleep(until: time)
        }
        guard standstill?.probe == nil else { return .rest }
        let due = turn(
            manner.keepsOrder
                ? Array(waiting.entries.prefix { $0.isDue(at: now) }) : waiting.entries.filter { $0.isDue(at: now) })
        guard let first = due.first else {
            let known = manner.keepsOrder ? waiting.entries.prefix(1) : waiting.entries[...]
            let next = (known.map(\.due) + [waiting.nextDue]).compactMap(\.self).filter { $0 > now }.min()
            return next.map { .sleep(until: max($0, earliestStart(at: now) ?? $0)) } ?? .rest
        }
        if let start = earliestStart(at: now) { return .sleep(until: start) }
        let largest = largest(from: first, at: now)
        let together = due.prefix { (parts[$0.id] == nil) == (parts[first.id] == nil) }
        let batch = together.prefix(largest)
        // Entries that have failed have already waited.
        let mayGrow = batch.count < largest && batch.count == due.count
        if mayGrow, standstill == nil, manner.gathering > .zero, !batch.contains(where: { $0.attempts > 0 }) {
            let oldest = batch.map(\.changedAt).min() ?? first.changedAt
            let time = min(oldest, now) + manner.gathering
            if time > now { return .sleep(until: time) }
        }
        return .send(batch.map(\.id))
    }

    /// Returns the entries without those that have had their turn while the action is on hold, if there are others.
    private func turn(_ due: [OutboxEntry]) -> [OutboxEntry] {
        guard !manner.keepsOrder else { return due }
        let resting = standstill?.resting ?? []
        // After a delay others go first: if one of them is done, the delay was for the event and not for the action.
        let others = due.filter { !resting.contains($0.id) && !isSuspected($0.id) }
        return others.isEmpty ? due : others
    }

    /// Whether an entry has delayed the whole action, and it is not known yet whether it is the entry's own problem.
    private func isSuspected(_ entry: Int64) -> Bool { delaying[entry].map { $0 < Self.proofs } ?? false }

    /// The number of entries that `next` needs to know.
    var wanted: Int {
        max(1, manner.largestBatch) + (standstill?.resting.count ?? 0) + (manner.keepsOrder ? 0 : delaying.count)
    }

    /// Returns the most entries of a batch that begins with this one.
    private func largest(from first: OutboxEntry, at now: Timestamp) -> Int {
        // A request for one delivery contains all its events in any case.
        let whole = standstill == nil || manner.isByDelivery ? manner.largestBatch : 1
        return max(1, min(whole, parts[first.id] ?? whole, limits.room(at: now, manner)))
    }

    /// Notes that the outcome of a batch is being asked for.
    mutating func ask(_ batch: Unsettled) {
        unsettled.removeAll { $0.batch == batch.batch }
        asking = batch
    }

    /// Notes that a batch is begun.
    mutating func begin(_ batch: Int64, items: Int, at now: Timestamp) {
        lastStart = now
        running.insert(batch)
        standstill?.probe = batch
        if DoneItems.reach(manner) != nil { limits.begin(batch, items: items, at: now) }
    }

    /// Adds earlier items to the limits of a minute and of a day, and changes nothing else.
    ///
    /// - Parameter times: Their times in ascending order.
    mutating func remember(_ times: [Timestamp]) {
        limits = DoneItems(times)
    }

    /// Records the batches that an earlier process began without recording their outcome.
    mutating func find(_ running: [OutboxEntry], at now: Timestamp) {
        for (batch, entries) in Dictionary(grouping: running, by: { $0.batch ?? 0 }).sorted(by: { $0.key < $1.key }) {
            unsettled.append(Unsettled(batch: batch, entries: entries.map(\.id).sorted(), due: now))
        }
    }

    /// Ends all delays by failures, because a person has changed something.
    mutating func tryAgain(at now: Timestamp) {
        heldUntil = nil
        failures = 0
        failing = []
        refused = []
        suspects = []
        delaying = [:]
        standstill?.next = now
        standstill?.tried = [:]
        for index in unsettled.indices { unsettled[index].due = min(unsettled[index].due, now) }
    }

    /// The outcome of the entries of a batch.
    struct Result: Sendable {
        var settlements: [Outbox.Settlement] = []
        /// The news to report.
        var news: [ActionNews] = []
    }

    /// Ends a batch.
    ///
    /// - Parameters:
    ///   - entries: Their state before the batch.
    ///   - outcomes: One for each entry.
    ///   - isRecovery: Whether only the outcome of the batch was asked for.
    mutating func end(
        _ batch: Int64, _ entries: [OutboxEntry], _ outcomes: [ActionOutcome], isRecovery: Bool = false,
        at now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> Result {
        var ending = Ending(batch: batch, entries: entries, isRecovery: isRecovery, time: now)
        // One random number for all, so that entries that failed together are retried together.
        ending.draw = BackOff.draw(using: &generator)
        ending.isProbe = !isRecovery && standstill?.probe == batch
        ending.unknown = Unsettled(batch: batch, entries: [], due: now)
        if isRecovery {
            ending.unknown.failures = asking?.failures ?? 0
            asking = nil
        } else {
            running.remove(batch)
            if ending.isProbe { standstill?.probe = nil }
            learn(from: outcomes, of: ending)
        }
        let isSplit = !isRecovery && splits(entries, outcomes)
        for (index, entry) in entries.enumerated() {
            let outcome =
                index < outcomes.count ? outcomes[index] : .uncertain("the action did not report its outcome")
            if isSplit, case .dead(let reason) = outcome {
                // The halves are tried: one of them will succeed.
                ending.add(Outbox.Settlement(entry.id, .failed, due: now, reason: reason))
            } else {
                settle(entry, outcome, &ending)
            }
        }
        conclude(&ending)
        return Result(settlements: ending.settlements, news: ending.news(standstill))
    }
}

// MARK: - The end of a batch

extension OutboxMachine {
    /// The facts about a batch that has ended.
    private struct Ending {
        let batch: Int64
        let entries: [OutboxEntry]
        let isRecovery: Bool
        let time: Timestamp
        var draw = 0.0
        /// Whether the batch tested if an action on hold works again.
        var isProbe = false
        var settlements: [Outbox.Settlement] = []
        var tally = ActionTally()
        var unknown = Unsettled(batch: 0, entries: [], due: Timestamp(milliseconds: 0))
        /// The time that the whole action waits.
        var wait: Duration?
        /// The reason for the hold, the requested time to wait, and whether a problem of the action is only suspected.
        var hold: (reason: String, after: Duration?, isSuspected: Bool)?
        var hasWorked = false
        /// The number of entries that count against the limits.
        var spent = 0

        init(batch: Int64, entries: [OutboxEntry], isRecovery: Bool, time: Timestamp) {
            (self.batch, self.entries, self.isRecovery, self.time) = (batch, entries, isRecovery, time)
        }

        /// Whether nothing failed, and the entries may be sent again at once.
        var isPutOff: Bool { settlements.allSatisfy { $0.state == .failed && $0.due == time } }

        mutating func add(_ settlement: Outbox.Settlement) { settlements.append(settlement) }

        func news(_ standstill: Standstill?) -> [ActionNews] {
            tally.news(
                hasWorked: hasWorked && standstill == nil, hold: hold == nil ? nil : standstill?.reason,
                isWhole: wait != nil || !unknown.entries.isEmpty)
        }
    }

    /// Updates the counts of failures in a row.
    private mutating func learn(from outcomes: [ActionOutcome], of ending: Ending) {
        guard let first = ending.entries.first else { return }
        if outcomes.contains(.done) {
            (failing, refused) = ([], [])
            let own = Set(ending.entries.map(\.id))
            for entry in delaying.keys where !own.contains(entry) { delaying[entry, default: 0] += 1 }
            return
        }
        guard outcomes.count == ending.entries.count else { return }
        if outcomes.allSatisfy(\.isRetry) { failing.insert(first.id) }
        if outcomes.allSatisfy(\.isDead), ending.entries.count == 1 || manner.isByDelivery,
            !suspects.contains(first.id)
        {
            refused.insert(first.id)
        }
    }

    /// Returns whether a batch was refused as a whole, and marks it to be sent again in two halves: a problem of one
    /// event is not a reason to give up the others.
    private mutating func splits(_ entries: [OutboxEntry], _ outcomes: [ActionOutcome]) -> Bool {
        guard entries.count > 1, !manner.isByDelivery, outcomes.count == entries.count, outcomes[0].isDead,
            outcomes.allSatisfy({ $0 == outcomes[0] })
        else { return false }
        for entry in entries { parts[entry.id] = (entries.count + 1) / 2 }
        return true
    }

    private mutating func settle(_ entry: OutboxEntry, _ outcome: ActionOutcome, _ ending: inout Ending) {
        let now = ending.time
        var settlement = Outbox.Settlement(entry.id, .done)
        switch outcome {
        case .done:
            ending.hasWorked = true
            ending.spent += 1
        case .dead(let reason):
            let isWaiting =
                standstill.map { $0.isSuspected && ending.isProbe && !manner.keepsOrder }
                ?? (!ending.isRecovery && refused.count >= Self.suspicion && !suspects.contains(entry.id))
            (settlement.state, settlement.reason) = (isWaiting ? .queued : .dead, reason)
            if isWaiting { ending.hold = (Self.suspected(reason), nil, true) }
        case .hold(let reason, let after) where ending.isRecovery:
            ending.hold = (reason, after, false)
            ending.unknown.entries.append(entry.id)
            ending.unknown.due = max(
                ending.unknown.due, now + Probing.delay(after: ending.unknown.failures + 1, atLeast: after))
            ending.tally.failed(reason)
            return
        case .hold(let reason, let after):
            if suspects.contains(entry.id), standstill == nil {
                (settlement.state, settlement.reason) = (.dead, "refused, while others were done: \(reason)")
                break
            }
            ending.hold = ending.hold ?? (reason, after, false)
            (settlement.state, settlement.reason) = (.queued, reason)
        case .uncertain(let reason):
            ending.spent += 1
            (settlement.state, settlement.reason) = (.uncertain, reason)
        case .again(let reason):
            // Nothing has failed, so there is nothing to report.
            ending.add(Outbox.Settlement(entry.id, .failed, due: now, reason: reason))
            return
        case .retry(let reason, let after, _) where ending.isRecovery, .unknown(let reason, let after):
            let failures = ending.unknown.failures + 1
            guard entry.canWait(at: now, for: manner.patience, tried: failures) else {
                ending.spent += 1
                settlement.state = .uncertain
                settlement.reason = "it could not be found out what became of it: \(reason)"
                break
            }
            self.reason = reason
            ending.unknown.entries.append(entry.id)
            ending.unknown.due = max(
                ending.unknown.due, now + BackOff.delay(after: failures, ending.draw, atLeast: after))
            ending.tally.failed(reason)
            return
        case .retry(let reason, let after, let scope):
            let attempts = entry.attempts + 1
            guard entry.canWait(at: now, for: manner.patience, tried: attempts) else {
                settlement.state = .dead
                settlement.reason = "given up after \(manner.patience.inWords): \(reason)"
                break
            }
            (settlement.state, settlement.reason) = (.failed, reason)
            let isOwn = !manner.keepsOrder && delaying[entry.id].map { $0 >= Self.proofs } ?? false
            let scope = isOwn ? ActionOutcome.Scope.item : scope
            if scope == .action, !manner.keepsOrder, delaying[entry.id] == nil {
                if delaying.count >= Self.mostDelaying { delaying = [:] }
                delaying[entry.id] = 0
            }
            var delay = BackOff.delay(after: attempts, ending.draw, atLeast: after)
            if scope == .action || failing.count >= Self.doubt {
                delay = BackOff.delay(after: failures + 1, ending.draw, atLeast: after)
                // If many events fail one after the other, the events themselves may be the cause, so others are tried
                // soon.
                if scope == .item { delay = max(min(delay, Self.longestDoubt), after ?? .zero) }
                ending.wait = max(ending.wait ?? .zero, delay)
                self.reason = reason
            }
            settlement.due = now + delay
        }
        parts[entry.id] = nil
        if settlement.state != .failed { delaying[entry.id] = nil }
        if settlement.state != .failed, settlement.state != .queued { suspects.remove(entry.id) }
        ending.tally.count(settlement)
        ending.add(settlement)
    }

    private static func suspected(_ reason: String) -> String {
        "\(suspicion) events were refused one after the other, so it seems to be the action: \(reason)"
    }

    /// Decides on the meaning of a batch's end for the action.
    private mutating func conclude(_ ending: inout Ending) {
        let now = ending.time
        if let hold = ending.hold {
            putOnHold(hold, ending)
        } else if ending.isProbe, ending.hasWorked {
            goOn(after: ending)
        } else if ending.isProbe {
            if ending.settlements.contains(where: { $0.state == .dead }), standstill?.isSuspected == false {
                // It was refused for another reason, so the cause of the hold is gone.
                standstill = nil
            } else if !ending.isPutOff {
                probed(ending, after: ending.wait)
            }
        } else if ending.hasWorked, ending.isRecovery {
            standstill?.next = now
        }
        if let wait = ending.wait {
            failures += 1
            heldUntil = max(heldUntil ?? now, now + wait)
            stale = running
        } else if ending.hasWorked, !stale.contains(ending.batch) {
            failures = 0
            heldUntil = nil
        }
        stale.remove(ending.batch)
        if !ending.unknown.entries.isEmpty {
            ending.unknown.failures += 1
            unsettled.append(ending.unknown)
            ending.spent += ending.unknown.entries.count
        }
        if ending.isRecovery {
            limits.correct(ending.batch, asked: ending.entries.count, spent: ending.spent, at: now)
        } else {
            limits.end(ending.batch, spent: ending.spent)
        }
    }

    /// Puts the action on hold, or keeps it there.
    private mutating func putOnHold(
        _ hold: (reason: String, after: Duration?, isSuspected: Bool), _ ending: Ending
    ) {
        let isNew = standstill == nil
        if isNew {
            standstill = Standstill(
                reason: hold.reason, since: ending.time, next: ending.time, isSuspected: hold.isSuspected)
            stale = running
        } else if standstill?.isSuspected == false {
            standstill?.reason = hold.reason
        }
        // Batches that ran at the same time as the failed one prove nothing more.
        if isNew || ending.isProbe { probed(ending, after: hold.after) }
    }

    /// Counts an attempt without success of an action on hold.
    private mutating func probed(_ ending: Ending, after: Duration?) {
        guard var standstill else { return }
        standstill.probes += 1
        if !ending.isRecovery, ending.entries.count == 1 || manner.isByDelivery {
            let resting = standstill.resting
            // When all entries were tried, it begins with the first again.
            if resting.count >= Self.mostResting || ending.entries.contains(where: { resting.contains($0.id) }) {
                standstill.tried = [:]
            }
            for entry in ending.entries { standstill.tried[entry.id, default: 0] += 1 }
        }
        var delay = Probing.delay(after: standstill.probes, atLeast: after)
        if standstill.isSuspected { delay = max(min(delay, Self.longestDoubt), after ?? .zero) }
        standstill.next = ending.time + delay
        self.standstill = standstill
    }

    /// Ends the hold after an entry was done: the action works again. Entries tried without success are themselves the
    /// cause of their refusal.
    private mutating func goOn(after ending: Ending) {
        suspects = Set(standstill.map { Array($0.tried.keys) } ?? []).subtracting(ending.entries.map(\.id))
        standstill = nil
        (failing, refused) = ([], [])
    }
}

extension ActionOutcome {
    fileprivate var isDead: Bool { if case .dead = self { true } else { false } }
    fileprivate var isRetry: Bool { if case .retry = self { true } else { false } }
}

extension OutboxEntry {
    /// The least number of attempts of an entry, however old it is: an entry that has waited for its turn for days is
    /// not given up after one brief failure.
    private static let leastAttempts = 3

    fileprivate func isDue(at now: Timestamp) -> Bool {
        guard state == .failed, let due else { return true }
        return due <= now
    }

    /// Returns whether it may be retried after a failure.
    fileprivate func canWait(at now: Timestamp, for patience: Duration, tried attempts: Int) -> Bool {
        attempts < Self.leastAttempts || now < since + patience
    }
}
