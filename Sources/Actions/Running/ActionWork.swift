internal import Base
internal import History
internal import Notifications

/// The work of one action: its lanes, each with its own thread, and their shared state.
///
/// It exists until the end, so that an action that is removed from the configuration and added again continues where it
/// was.
final class ActionWork: Sendable {
    let name: String
    /// Its id in the outbox.
    let id: Int64
    private let place: ActionPlace
    let state: Monitor<ActionWorkState>
    private let lanes: Lanes

    init(_ name: String, id: Int64, _ declaration: ActionDeclaration, isPaused: Bool, in place: ActionPlace) {
        self.name = name
        self.id = id
        self.place = place
        state = Monitor(ActionWorkState(name: name, declaration, isPaused: isPaused))
        lanes = Lanes(name)
    }

    /// Begins the lanes that the declaration asks for.
    func begin() {
        let count = state.change { state in
            state.hasBegun = true
            return state.current?.declaration.manner.lanes ?? 0
        }
        lanes.begin(count) { [self] lane in while step(lane) {} }
    }

    /// Replaces the declaration once the current work has ended; nil removes it.
    func replace(by declaration: ActionDeclaration?) {
        let (unused, hasBegun) = state.change { state in
            state.replace(by: declaration, at: place.now())
            return (state.dequeueUnused(), state.hasBegun)
        }
        unused.forEach { $0.close() }
        if hasBegun { begin() }
    }

    /// Wakes the lanes, because there is something to do.
    func wake() {
        state.change { $0.mustLook = true }
    }

    /// Notes that the history has changed: lanes that could not read or write it may try again.
    func historyChanged() {
        let isWaiting = state.withLock { $0.waitsForHistory }
        if isWaiting { state.change { $0.waitsForHistory = false } }
    }

    func setPaused(_ isPaused: Bool) {
        state.change { state in
            state.machine.isPaused = isPaused
            state.mustLook = true
        }
    }

    /// Retries failed entries at once, because a person asked for it.
    func tryAgain() {
        state.change { state in
            state.machine.tryAgain(at: place.now())
            state.mustLook = true
        }
    }

    /// Lends the current action, which is not closed during the call. Nil without an action.
    func withDeclaration<Result>(_ body: (ActionDeclaration) throws -> Result) rethrows -> Result? {
        guard let current = state.withLock({ $0.borrow() }) else { return nil }
        defer { giveBack(current) }
        return try body(current.declaration)
    }

    private func giveBack(_ current: ActionWorkState.Current) {
        let unused = state.change { state in
            state.giveBack(current)
            return state.dequeueUnused()
        }
        unused.forEach { $0.close() }
    }

    /// Begins nothing more, and ends the current work if the action can do that.
    func stop() {
        let used = state.change { state in
            state.isStopping = true
            return state.unclosed
        }
        used.forEach { $0.stop() }
    }

    /// Waits until the current work has ended.
    ///
    /// - Returns: False if it has not ended by then.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        guard lanes.wait(until: deadline) else { return false }
        // If this fails, the next process asks the action for the outcome.
        try? takeBackUnsent()
        let (unused, rest) = state.change { state in
            state.replace(by: nil, at: place.now())
            return (state.dequeueUnused(), state.lines.rest())
        }
        unused.forEach { $0.close() }
        rest.forEach(place.say)
        return true
    }
}

/// The threads of an action.
private final class Lanes: Sendable {
    private let name: String
    private let workers: Monitor<[Worker]>

    init(_ name: String) {
        self.name = name
        workers = Monitor([])
    }

    /// Begins the missing lanes; running ones continue.
    func begin(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        workers.withLock { workers in
            while workers.count < count {
                let lane = workers.count
                let worker = Worker("action \(name)")
                workers.append(worker)
                worker.async { body(lane) }
            }
        }
    }

    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        workers.withLock { $0 }.allSatisfy { $0.wait(atMost: max(.zero, deadline - .now)) }
    }
}

/// The parts that the works of all actions share.
struct ActionPlace: Sendable {
    var store: any ActionStore
    var now: @Sendable () -> Timestamp
    /// The function that converts a time to the clock for waiting; nil for a time that `wake` will announce.
    var instant: @Sendable (Timestamp) -> ContinuousClock.Instant?
    /// The time to wait for a change of a history that cannot be read or written.
    var patience = Duration.seconds(5)
    var say: @Sendable (String) -> Void
    var note: @Sendable (String, LogLevel) -> Void
}

// MARK: - A lane

/// The work of a lane, on its own thread: it waits, decides with the others on the next step, does it, and writes the
/// outcome.
extension ActionWork {
    /// A batch to send, or to find the outcome of.
    private struct Batch {
        var current: ActionWorkState.Current
        var number: Int64
        var entries: [OutboxEntry]
        var items: [ActionItem]
        /// Entries whose event can no longer be read.
        var lost: [OutboxEntry]
        var isRecovery: Bool
    }

    /// The most bytes in the bodies of a batch, before its last one.
    private static let mostBytes = 16 << 20
    /// The longest that a limit delays an action without a report.
    private static let longestLimit = Duration.seconds(300)

    private enum Turn {
        case end
        case again
        case choose(ActionWorkState.Current)
    }

    /// Waits for the next step and does it.
    ///
    /// - Returns: False at the end.
    private func step(_ lane: Int) -> Bool {
        let deadline = state.withLock { $0.deadline(of: lane, at: place.now()) }
        let instant = deadline.flatMap { $0 > place.now() ? place.instant($0) : nil }
        let turn: Turn? = state.wait(until: instant) { state in
            if state.isStopping { return .end }
            let time = state.deadline(of: lane, at: place.now())
            if let time, time <= place.now(), let current = state.borrow() {
                state.isChoosing = true
                state.mustLook = false
                state.wakeAt = nil
                return .choose(current)
            }
            return time == deadline ? nil : .again
        }
        switch turn {
        case .end: return false
        case .again, nil: return true
        case .choose(let current):
            defer { giveBack(current) }
            do {
                let batch = try choose(current)
                state.change { $0.hasToldFailure = false }
                if let batch { run(batch) }
                return true
            } catch {
                failed(error)
                return waitForHistory()
            }
        }
    }

    /// Decides on the next step while other lanes wait.
    private func choose(_ current: ActionWorkState.Current) throws -> Batch? {
        defer { state.change { $0.isChoosing = false } }
        try takeBackUnsent()
        try findUnsettled()
        try rememberSpent(current)
        let waiting = try waiting(current.declaration.manner)
        let now = place.now()
        let step = state.withLock { $0.machine.next(waiting, at: now) }
        var order: ActionHold?
        if case .sleep(let time) = step, let first = waiting.entries.first, first.state == .failed,
            current.declaration.manner.keepsOrder
        {
            order = ActionHold(.order, until: time, reason: first.reason)
        }
        try recordHold(order, at: now)
        switch step {
        case .rest:
            // When the queue is empty, the next time the limit is reached is news again.
            if waiting.entries.isEmpty { state.withLock { $0.hasToldLimit = false } }
            return nil
        case .sleep(let time):
            state.change { $0.wakeAt = time }
            return nil
        case .recover(let unsettled):
            let running = try place.store.running(id).filter { unsettled.entries.contains($0.id) }
            let (entries, items, lost) = try read(running, current.declaration, isRecovery: true)
            state.withLock { $0.machine.ask(unsettled) }
            return Batch(
                current: current, number: unsettled.batch, entries: entries, items: items, lost: lost,
                isRecovery: true)
        case .send(let ids):
            let chosen = Set(ids)
            var (entries, items, lost) = try read(
                waiting.entries.filter { chosen.contains($0.id) }, current.declaration)
            let number = state.change { Int64.random(in: 1...Int64(Int32.max), using: &$0.generator) }
            state.change { $0.unsent = number }
            let begun = Set(
                try place.store.begin((entries + lost).map(\.id), batch: number, at: now))
            items = items.filter { begun.contains($0.entry) }
            entries = entries.filter { begun.contains($0.id) }
            lost = lost.filter { begun.contains($0.id) }
            state.change { state in
                state.unsent = nil
                state.mustLook = true
                if !items.isEmpty { state.machine.begin(number, items: items.count, at: now) }
            }
            return Batch(
                current: current, number: number, entries: entries, items: items, lost: lost, isRecovery: false)
        }
    }

    /// Writes into the outbox why nothing is begun, which screens show; leaves out momentary delays.
    ///
    /// - Parameter order: The hold by an entry that has failed and delays those after it.
    private func recordHold(_ order: ActionHold? = nil, at now: Timestamp) throws {
        let (held, told) = state.withLock { ($0.machine.hold(at: now), $0.toldHold) }
        let longest = [held, order].compactMap(\.self).max { $0.until < $1.until }
        let hold = (held?.kind == .onHold ? held : longest).flatMap {
            $0.kind == .onHold || $0.until > now + .seconds(1) ? $0 : nil
        }
        if let hold, hold.kind == .limit { try reportLimit(hold, at: now) }
        guard hold != told else { return }
        // A delay that is over needs no report.
        if hold != nil || (told.map { $0.kind == .onHold || $0.until > now } ?? false) {
            try place.store.hold(id, hold)
        }
        state.withLock { $0.toldHold = hold }
    }

    /// Reports that the daily limit is reached and the number of entries that wait, once while any do.
    private func reportLimit(_ hold: ActionHold, at now: Timestamp) throws {
        guard hold.until - now > Self.longestLimit, !state.withLock({ $0.hasToldLimit }),
            let status = try place.store.actions().first(where: { $0.id == id }), status.waiting > 0
        else { return }
        state.withLock { $0.hasToldLimit = true }
        let events = status.waiting == 1 ? "1 event waits" : "\(status.waiting) events wait"
        place.say(
            "action \(name): \(events), because \(hold.reason ?? "its limit is reached"); the next is done in"
                + " \((hold.until - now).about). b2watch actions skip \(name) drops them")
    }

    /// Takes back entries that were not sent. A write may fail after its commit; entries marked as running by such a
    /// write were not sent, so their outcome is known.
    private func takeBackUnsent() throws {
        guard let batch = state.withLock({ $0.unsent }) else { return }
        try place.store.takeBack(id, batch: batch, at: place.now())
        state.change { $0.unsent = nil }
    }

    /// Finds the batches that an earlier process has begun without seeing their end.
    private func findUnsettled() throws {
        guard !state.withLock({ $0.hasFound }) else { return }
        let running = try place.store.running(id)
        state.change { state in
            state.hasFound = true
            state.machine.find(running, at: place.now())
        }
    }

    /// Restores the items that already count against the limits of a minute and of a day: of an earlier process, or of
    /// a declaration with other limits. Nothing is running when a declaration is first used, so the outbox knows all of
    /// them.
    private func rememberSpent(_ current: ActionWorkState.Current) throws {
        guard state.withLock({ $0.remembered != current.number }) else { return }
        let now = place.now()
        let times = try DoneItems.reach(current.declaration.manner).map { reach in
            try place.store.spent(id, after: now + reach.time * -1, through: now, limit: reach.most)
        }
        state.change { state in
            state.remembered = current.number
            state.machine.remember(times ?? [])
        }
    }

    private func waiting(_ manner: ActionManner) throws -> OutboxMachine.Waiting {
        let limit = state.withLock { $0.machine.wanted }
        guard manner.keepsOrder else {
            return OutboxMachine.Waiting(
                entries: try place.store.due(id, at: place.now(), limit: limit),
                nextDue: try place.store.nextDue(id))
        }
        let request = OutboxRequest(
            action: name, states: [.queued, .failed], .oldest, before: 0, after: limit - 1)
        return OutboxMachine.Waiting(entries: try place.store.entries(request))
    }

    /// Reads the events of entries: fewer if they are large, and only entries that belong together. Entries that were
    /// sent together are asked for together.
    private func read(
        _ entries: [OutboxEntry], _ declaration: ActionDeclaration, isRecovery: Bool = false
    ) throws -> (entries: [OutboxEntry], items: [ActionItem], lost: [OutboxEntry]) {
        let source = ActionItems(store: place.store)
        var found = try source.items(
            entries.map { ($0.id, $0.row) },
            notes: Dictionary(entries.filter { $0.note != nil }.map { ($0.id, $0) }) { one, _ in one },
            bytes: isRecovery ? .max : Self.mostBytes,
            isByDelivery: declaration.manner.isByDelivery && !isRecovery,
            fitting: { isRecovery ? $0.count : declaration.action.fitting($0) })
        let attempts = Dictionary(entries.map { ($0.id, $0.attempts) }) { one, _ in one }
        for index in found.items.indices {
            found.items[index].attempt = (attempts[found.items[index].entry] ?? 0) + (isRecovery ? 0 : 1)
        }
        let byEntry = Dictionary(found.items.map { ($0.entry, $0) }) { one, _ in one }
        let looked = entries.prefix(found.looked)
        return (
            looked.filter { byEntry[$0.id] != nil }, looked.compactMap { byEntry[$0.id] },
            looked.filter { byEntry[$0.id] == nil }
        )
    }

    private func run(_ batch: Batch) {
        let action = batch.current.declaration.action
        var report = ActionReport([])
        if !batch.items.isEmpty {
            report =
                batch.isRecovery
                ? action.recover(batch.items, batch: batch.number) : action.perform(batch.items, batch: batch.number)
        }
        let now = place.now()
        let entries = batch.entries + batch.lost
        var outcomes = Array(report.outcomes.prefix(batch.entries.count))
        while outcomes.count < batch.entries.count {
            outcomes.append(.uncertain("the action did not report its outcome"))
        }
        let reason = "its event is no longer in the history"
        outcomes += batch.lost.map { _ in batch.isRecovery ? .uncertain(reason) : .dead(reason) }
        let (result, told) = state.change { state in
            let result = state.machine.end(
                batch.number, entries, outcomes, isRecovery: batch.isRecovery, at: now, using: &state.generator)
            return (result, state.lines.report(result.news, at: now))
        }
        let lines = told.map(\.line)
        let other = state.withLock { $0.onFailure }
        let reports = other.map { other in told.compactMap { self.report($0, result, batch, to: other.id, at: now) } }
        write(result.settlements, report.exchange, reports ?? [], at: now)
        if reports?.isEmpty == false { other?.wake() }
        // While this lock is held, no lane decides anything.
        try? recordHold(at: now)
        lines.forEach(place.say)
        if let warning = report.warning { place.say("action \(name): \(SafeText(warning))") }
        wake()
    }

    /// Returns the failure to report to the action that `on-failure` names; nil if there is nothing to report.
    private func report(
        _ told: ActionLines.Line, _ result: OutboxMachine.Result, _ batch: Batch, to other: Int64, at now: Timestamp
    ) -> Outbox.FailureReport? {
        let (kind, state, reason): (ActionTrouble.Kind, EntryState, String)
        switch told.news {
        case .gone(.dead, _, let text): (kind, state, reason) = (.dead, .dead, text)
        case .gone(.uncertain, _, let text): (kind, state, reason) = (.uncertain, .uncertain, text)
        case .onHold(let text): (kind, state, reason) = (.onHold, .queued, text)
        default: return nil
        }
        guard let id = result.settlements.first(where: { $0.state == state })?.entry,
            let entry = (batch.entries + batch.lost).first(where: { $0.id == id })
        else { return nil }
        let row = batch.items.first { $0.entry == id }?.row
        let note = FailureNote(
            action: name, kind: kind, count: told.count, reason: reason, entry: id, object: row?.objectName.text ?? "",
            bucket: row?.bucketName.text ?? "")
        var generator = SystemRandomNumberGenerator()
        return Outbox.FailureReport(action: other, row: entry.row, note: note.body(at: now, using: &generator))
    }

    /// Writes the outcomes of entries, with as many attempts as needed: finished work must not be repeated. If the
    /// process ends before that, the next one asks the action.
    private func write(
        _ settlements: [Outbox.Settlement], _ exchange: OutboxExchange?, _ reports: [Outbox.FailureReport],
        at now: Timestamp
    ) {
        guard !settlements.isEmpty else { return }
        while true {
            do {
                return try place.store.settle(settlements, exchange: exchange, reports: reports, at: now)
            } catch {
                failed(error)
                guard waitForHistory() else { return }
            }
        }
    }

    /// Notes that the history cannot be read or written.
    private func failed(_ error: any Error) {
        let isNew = state.change { state in
            defer {
                state.waitsForHistory = true
                state.mustLook = true
                state.hasToldFailure = true
            }
            return !state.hasToldFailure && !state.isStopping
        }
        if isNew { place.say("action \(name) waits: the history cannot be read or written: \(SafeText("\(error)"))") }
    }

    /// Waits until the history changes, or for some seconds.
    ///
    /// - Returns: False if everything ends.
    private func waitForHistory() -> Bool {
        _ = state.wait(until: .now + place.patience) { !$0.waitsForHistory || $0.isStopping ? () : nil }
        return state.change { state in
            state.waitsForHistory = false
            return !state.isStopping
        }
    }
}

// MARK: - State

/// The state that the lanes of an action share.
struct ActionWorkState: Sendable {
    /// A declaration in use, now or before.
    struct Current: Sendable {
        /// A number that is higher for each later declaration.
        var number: Int
        var declaration: ActionDeclaration
    }

    var machine: OutboxMachine
    var lines: ActionLines
    private(set) var current: Current?
    /// Replaced declarations that are not closed yet.
    private var retired: [Current] = []
    /// The number of users of each declaration, by its number.
    private var users: [Int: Int] = [:]
    private var latestNumber = 0

    var hasBegun = false
    var isStopping = false
    /// Whether there may be something to do now.
    var mustLook = true
    /// The latest time at which a lane must look for work.
    var wakeAt: Timestamp?
    /// Whether a lane is deciding what to do: one at a time.
    var isChoosing = false
    /// Whether a lane waits until the history can be read and written.
    var waitsForHistory = false
    /// Whether the failure was reported.
    var hasToldFailure = false
    /// The reason why nothing is begun, as recorded in the outbox.
    var toldHold: ActionHold?
    /// The work of the action that `on-failure` names.
    var onFailure: ActionWork?
    /// Whether it was reported that the limit is reached.
    var hasToldLimit = false
    /// The batch that could not be begun. If its write succeeded after all, it is marked as running.
    var unsent: Int64?
    /// Whether the batches of an earlier process were found.
    var hasFound = false
    /// The number of the declaration for whose limits the earlier items were restored.
    var remembered: Int?
    var generator = SystemRandomNumberGenerator()

    init(name: String, _ declaration: ActionDeclaration, isPaused: Bool) {
        machine = OutboxMachine(declaration.manner)
        machine.isPaused = isPaused
        lines = ActionLines(name: name)
        current = Current(number: 0, declaration: declaration)
    }

    mutating func replace(by declaration: ActionDeclaration?, at now: Timestamp) {
        if let current { retired.append(current) }
        latestNumber += 1
        current = declaration.map { Current(number: latestNumber, declaration: $0) }
        mustLook = true
        guard let declaration else { return }
        machine.manner = declaration.manner
        // The cause of a failure may be gone now.
        machine.tryAgain(at: now)
    }

    /// Lends the current declaration; `giveBack` ends the use.
    mutating func borrow() -> Current? {
        guard let current else { return nil }
        users[current.number, default: 0] += 1
        return current
    }

    mutating func giveBack(_ used: Current) {
        users[used.number, default: 1] -= 1
        if users[used.number] == 0 { users[used.number] = nil }
    }

    /// The actions that may be running, including replaced ones.
    var unclosed: [any Action] { (retired + [current].compactMap(\.self)).map(\.declaration.action) }

    /// Removes and returns the actions that are no longer used, to be closed.
    mutating func dequeueUnused() -> [any Action] {
        let unused = retired.filter { users[$0.number] == nil }
        retired.removeAll { users[$0.number] == nil }
        return unused.map(\.declaration.action)
    }

    /// Returns the time when a lane must decide on the next step; nil if it waits for an event.
    func deadline(of lane: Int, at now: Timestamp) -> Timestamp? {
        guard let current, lane < current.declaration.manner.lanes, !isChoosing, !machine.isPaused, !waitsForHistory,
            // Work begun under another declaration ends first.
            users.keys.allSatisfy({ $0 == current.number }),
            let time = mustLook ? now : wakeAt
        else { return nil }
        return max(time, machine.earliestStart(at: now) ?? time)
    }
}
