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

    /// An action that will not work until somebody changes something. One entry is tried now and then.
    struct Standstill: Sendable {
        /// Why, and what to do about it.
        var reason: String
        let since: Timestamp
        /// When the next entry is tried.
        var next: Timestamp
        /// Whether it is only suspected, because several events were refused one after the other.
        let isSuspected: Bool
        /// How many entries were tried without success.
        var probes = 0
        /// How many times each entry was tried by itself.
        var tried: [Int64: Int] = [:]
        /// The batch that tries it now.
        var probe: Int64?

        /// Entries that have had their turn: others are tried before them.
        var resting: Set<Int64> {
            Set(tried.lazy.filter { [turns = isSuspected ? 1 : OutboxMachine.turns] in $0.value >= turns }.map(\.key))
        }
    }

    /// With how many different events that are refused one after the other the action itself is thought to be the reason,
    /// and with how many that fail and are tried again.
    private static let suspicion = 3
    private static let doubt = 10
    /// How many times one entry is tried while the action is on hold, before others have their turn.
    private static let turns = 3
    /// How many entries have had their turn at most, before it begins with the first again.
    private static let mostResting = 200
    /// The longest that an action waits because its events fail one after the other.
    private static let longestDoubt = Duration.seconds(60)

    var manner: ActionManner
    var isPaused = false
    /// Batches to find out about, before anything else is done.
    private(set) var unsettled: [Unsettled] = []
    /// The one of them that is asked after now.
    private var asking: Unsettled?
    private(set) var standstill: Standstill?
    /// Since when nothing of this action works, and why.
    private var failures = 0
    private var heldUntil: Timestamp?
    private var reason: String?
    private var lastStart: Timestamp?
    private var limits = DoneItems()
    /// The batches under way, and those of them that were begun before the action failed: that they work says nothing.
    private var running: Set<Int64> = []
    private var stale: Set<Int64> = []
    /// The first entries of the batches that failed one after the other, and that were refused.
    private var failing: Set<Int64> = []
    private var refused: Set<Int64> = []
    /// Entries of a batch that was refused as a whole, with how many of them go together next: so the one that is
    /// refused is found, and the others are done.
    private var parts: [Int64: Int] = [:]
    /// Entries for which the action was on hold, until another one was done: they are refused themselves.
    private var suspects: Set<Int64> = []

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
            if let standstill { holds.append(standstill.next) }
            // A clock that was set back holds up nothing.
            if let lastStart, lastStart <= now { holds.append(lastStart + manner.pace) }
            if let free = limits.free(at: now, manner) { holds.append(free.time) }
        }
        return holds.filter { $0 > now }.max()
    }

    /// What holds the action up for now, but for its pace; nil where nothing does.
    func held(at now: Timestamp) -> ActionHold? {
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

    /// What to do now.
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
            return next.map { .sleep(until: max($0, hold(at: now) ?? $0)) } ?? .rest
        }
        if let hold = hold(at: now) { return .sleep(until: hold) }
        let largest = largest(from: first, at: now)
        let together = due.prefix { (parts[$0.id] == nil) == (parts[first.id] == nil) }
        let batch = together.prefix(largest)
        // What has failed has waited already.
        let mayGrow = batch.count < largest && batch.count == due.count
        if mayGrow, standstill == nil, manner.gathering > .zero, !batch.contains(where: { $0.attempts > 0 }) {
            let oldest = batch.map(\.changedAt).min() ?? first.changedAt
            let time = min(oldest, now) + manner.gathering
            if time > now { return .sleep(until: time) }
        }
        return .send(batch.map(\.id))
    }

    /// Without the entries that have had their turn while the action is on hold, where there are others.
    private func turn(_ due: [OutboxEntry]) -> [OutboxEntry] {
        guard let resting = standstill?.resting, !resting.isEmpty, !manner.keepsOrder else { return due }
        let others = due.filter { !resting.contains($0.id) }
        return others.isEmpty ? due : others
    }

    /// How many entries must be known for `next`.
    var wanted: Int {
        max(1, manner.largestBatch) + (standstill?.resting.count ?? 0)
    }

    /// How many entries a batch has at most that begins with this one.
    private func largest(from first: OutboxEntry, at now: Timestamp) -> Int {
        // Of a delivery all goes in one request anyway.
        let whole = standstill == nil || manner.isByDelivery ? manner.largestBatch : 1
        return max(1, min(whole, parts[first.id] ?? whole, limits.room(at: now, manner)))
    }

    /// It is asked what became of a batch.
    mutating func ask(_ batch: Unsettled) {
        unsettled.removeAll { $0.batch == batch.batch }
        asking = batch
    }

    /// A batch is begun.
    mutating func begin(_ batch: Int64, items: Int, at now: Timestamp) {
        lastStart = now
        running.insert(batch)
        standstill?.probe = batch
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
        failing = []
        refused = []
        suspects = []
        standstill?.next = now
        standstill?.tried = [:]
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
        var ending = Ending(batch: batch, entries: entries, isRecovery: isRecovery, time: now)
        // One draw for all, so that what failed together is tried together.
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
                index < outcomes.count ? outcomes[index] : .uncertain("the action did not say what became of it")
            if isSplit, case .dead(let reason) = outcome {
                // The halves are tried: one of them will be done.
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
    /// What is gathered of a batch that has ended.
    private struct Ending {
        let batch: Int64
        let entries: [OutboxEntry]
        let isRecovery: Bool
        let time: Timestamp
        var draw = 0.0
        /// Whether it was to find out whether an action on hold works again.
        var isProbe = false
        var settlements: [Outbox.Settlement] = []
        var tally = ActionTally()
        var unknown = Unsettled(batch: 0, entries: [], due: Timestamp(milliseconds: 0))
        /// How long the whole action waits.
        var wait: Duration?
        /// Why it goes on hold, how long it was asked to wait, and whether the action is only suspected.
        var hold: (reason: String, after: Duration?, isSuspected: Bool)?
        var hasWorked = false
        /// How many entries count against the limits.
        var spent = 0

        init(batch: Int64, entries: [OutboxEntry], isRecovery: Bool, time: Timestamp) {
            (self.batch, self.entries, self.isRecovery, self.time) = (batch, entries, isRecovery, time)
        }

        /// Whether nothing has failed, and it may go at once.
        var isPutOff: Bool { settlements.allSatisfy { $0.state == .failed && $0.due == time } }

        mutating func add(_ settlement: Outbox.Settlement) { settlements.append(settlement) }

        func news(_ standstill: Standstill?) -> [ActionNews] {
            tally.news(
                hasWorked: hasWorked && standstill == nil, hold: hold == nil ? nil : standstill?.reason,
                isWhole: wait != nil || !unknown.entries.isEmpty)
        }
    }

    /// Takes note of what failed one after the other.
    private mutating func learn(from outcomes: [ActionOutcome], of ending: Ending) {
        guard let first = ending.entries.first else { return }
        if outcomes.contains(.done) {
            (failing, refused) = ([], [])
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

    /// Whether a batch was refused as a whole, and goes again in two halves: what is wrong with one of its events is no
    /// reason to give up the others.
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
            // Nothing has failed, so nothing is told.
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
            var delay = BackOff.delay(after: attempts, ending.draw, atLeast: after)
            if scope == .action || failing.count >= Self.doubt {
                delay = BackOff.delay(after: failures + 1, ending.draw, atLeast: after)
                // Where many fail one after the other it may be for their own sake: the others have their turn soon.
                if scope == .item { delay = max(min(delay, Self.longestDoubt), after ?? .zero) }
                ending.wait = max(ending.wait ?? .zero, delay)
                self.reason = reason
            }
            settlement.due = now + delay
        }
        parts[entry.id] = nil
        if settlement.state != .failed, settlement.state != .queued { suspects.remove(entry.id) }
        ending.tally.count(settlement)
        ending.add(settlement)
    }

    private static func suspected(_ reason: String) -> String {
        "\(suspicion) events were refused one after the other, so it seems to be the action: \(reason)"
    }

    /// Decides what the end of a batch means for the action.
    private mutating func conclude(_ ending: inout Ending) {
        let now = ending.time
        if let hold = ending.hold {
            standStill(hold, ending)
        } else if ending.isProbe, ending.hasWorked {
            goOn(after: ending)
        } else if ending.isProbe {
            if ending.settlements.contains(where: { $0.state == .dead }), standstill?.isSuspected == false {
                // It was refused for another reason: the one for which the action was on hold is gone.
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

    /// The action goes on hold, or stays there.
    private mutating func standStill(
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
        // What was under way with the batch that failed says nothing more.
        if isNew || ending.isProbe { probed(ending, after: hold.after) }
    }

    /// An entry was tried without success.
    private mutating func probed(_ ending: Ending, after: Duration?) {
        guard var standstill else { return }
        standstill.probes += 1
        if !ending.isRecovery, ending.entries.count == 1 || manner.isByDelivery {
            let resting = standstill.resting
            // Where all have had their turn it begins with the first again.
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

    /// An entry that was tried is done: the action works again. Those that were tried without success are refused for
    /// what they are.
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
