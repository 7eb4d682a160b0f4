public import Base
public import History
internal import Notifications
internal import Settings
internal import Synchronization

/// Runs the actions: finds the events for each action, does the work, and records the outcomes.
///
/// It reads the history as a dashboard does, and never delays the listener. All calls may be made on any thread. They
/// block while the history is read or written; those that ask an action block until the action answers.
public final class ActionRunner: Sendable {
    private struct State: Sendable {
        var works: [String: ActionWork] = [:]
        /// The declared actions, in the order of the configuration.
        var names: [String] = []
        var hasBegun = false
        var isStopped = false
    }

    private let place: ActionPlace
    private let walker: ActionWalker
    private let state = Mutex(State())
    /// The lock for loading actions: one load at a time.
    private let loading = Mutex(())

    /// - Parameters:
    ///   - surroundings: The environment in which actions are made.
    ///   - say: Receives sentences for the user, on any thread, and must not block.
    ///   - note: Receives notes for the log only.
    public convenience init(
        history: History, surroundings: ActionSurroundings, say: @escaping @Sendable (String) -> Void,
        note: @escaping @Sendable (String, LogLevel) -> Void
    ) {
        let now = surroundings.now
        self.init(
            RecordedActions(history), from: history.current.latestRow, now: now, say: say, note: note,
            instant: { .now + ($0 - now()) })
        history.observe { [walker] event in
            if case .changed(let change) = event { walker.observe(change) }
        }
    }

    /// - Parameters:
    ///   - latestRow: The newest row.
    ///   - instant: Converts a time to the system's clock for waiting; returns nil if another event wakes the thread.
    init(
        _ store: any ActionStore, from latestRow: Int64, now: @escaping @Sendable () -> Timestamp,
        say: @escaping @Sendable (String) -> Void, note: @escaping @Sendable (String, LogLevel) -> Void,
        instant: @escaping @Sendable (Timestamp) -> ContinuousClock.Instant?
    ) {
        place = ActionPlace(store: store, now: now, instant: instant, say: say, note: note)
        walker = ActionWalker(from: latestRow, in: place)
    }

    /// Notes that the history has changed. Does not block.
    func observe(_ change: HistoryChange) { walker.observe(change) }

    /// Applies the actions of the configuration: at the start, and whenever it is read again. New ones begin; existing
    /// ones continue with the new settings once their current work has ended; removed ones end, and their entries stay.
    ///
    /// - Throws: The history's error if it cannot be written. Nothing has changed then.
    public func load(_ declarations: [ActionDeclaration]) throws {
        try loading.withLock { _ in
            let ids = try place.store.declare(
                declarations.map {
                    Outbox.Declaration(name: $0.name, kind: $0.kind, summary: $0.action.summary)
                })
            let paused = Set(try place.store.actions().filter(\.isPaused).map(\.name))
            var paths: [ActionWalker.Path] = []
            for declaration in declarations {
                guard let id = ids[declaration.name] else { continue }
                let known = state.withLock { $0.works[declaration.name] }
                let work =
                    known
                    ?? ActionWork(
                        declaration.name, id: id, declaration, isPaused: paused.contains(declaration.name), in: place)
                known?.replace(by: declaration)
                state.withLock { $0.works[declaration.name] = work }
                if known == nil {
                    place.note(
                        "action \(declaration.name) (\(declaration.kind)) is set up"
                            + (paused.contains(declaration.name) ? ", and paused" : ""), .info)
                }
                paths.append(ActionWalker.Path(work: work, predicate: declaration.filter.predicate))
            }
            let (gone, hasBegun) = state.withLock { state in
                let names = declarations.map(\.name)
                defer { state.names = names }
                return (state.names.filter { !names.contains($0) }.compactMap { state.works[$0] }, state.hasBegun)
            }
            let works = state.withLock { $0.works }
            for declaration in declarations {
                let other = declaration.onFailure.flatMap { works[$0] }
                works[declaration.name]?.state.change { $0.onFailure = other }
            }
            for work in gone {
                work.state.change { $0.onFailure = nil }
                work.replace(by: nil)
                place.note("action \(work.name) is no longer in the configuration; its entries are kept", .info)
            }
            walker.follow(paths)
            if hasBegun { paths.forEach { $0.work.begin() } }
        }
    }

    /// Begins the work, once.
    public func begin() {
        loading.withLock { _ in
            let works: [ActionWork] = state.withLock { state in
                guard !state.hasBegun, !state.isStopped else { return [] }
                state.hasBegun = true
                walker.begin()
                return state.names.compactMap { state.works[$0] }
            }
            works.forEach { $0.begin() }
        }
    }

    /// Ends the work: begins nothing more, and waits for the current work.
    ///
    /// - Returns: False if some work has not ended within the limit; the next start finds out its outcome.
    @discardableResult
    public func stop(within limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        let (works, isRunning) = state.withLock { state in
            defer { state.isStopped = true }
            return (Array(state.works.values), state.hasBegun && !state.isStopped)
        }
        works.forEach { $0.stop() }
        guard isRunning else { return true }
        walker.stop()
        let late = works.filter { !$0.wait(until: deadline) }.map(\.name).sorted()
        if !late.isEmpty {
            place.note(
                "not waited for: action \(late.joined(separator: ", ")); what became of it is found out later",
                .warning)
        }
        return walker.wait(until: deadline) && late.isEmpty
    }

    /// Returns the names of the declared actions, in the order of the configuration.
    private var names: [String] { state.withLock { $0.names } }

    /// The works of all actions that are or were declared since the start.
    var works: [ActionWork] { state.withLock { Array($0.works.values) } }

    /// Returns the work of a declared action.
    private func work(_ name: String) throws(UnknownAction) -> ActionWork {
        let (work, names) = state.withLock { ($0.names.contains(name) ? $0.works[name] : nil, $0.names) }
        if let work { return work }
        throw UnknownAction(name, among: names)
    }

    /// Returns the work of an action, declared or not.
    private func anyWork(_ name: String) -> ActionWork? { state.withLock { $0.works[name] } }
}

// MARK: - Control

/// The requests of people: on the screen, through the control socket, by commands.
extension ActionRunner {
    /// Returns all actions that are declared or have entries.
    public func statuses() throws -> [ActionStatus] { try place.store.actions() }

    /// Returns the names of the declared actions, in the order of the configuration.
    public func actionNames() -> [String] { names }

    /// Pauses or resumes an action; entries are still made while it is paused.
    public func setPaused(_ name: String, _ isPaused: Bool) throws {
        try place.store.setPaused(try id(name), isPaused)
        anyWork(name)?.setPaused(isPaused)
        place.note("action \(name) is \(isPaused ? "paused" : "resumed")", .info)
    }

    /// Returns the reason why an action that runs here is delayed; nil if it is not.
    public func hold(of name: String) -> ActionHold? {
        anyWork(name)?.state.withLock { $0.machine.hold(at: place.now()) }
    }

    /// Runs an action for rows of the event list, whatever its filter; `Outbox.most` at most.
    public func runAction(_ name: String, rows: [Int64]) throws -> Outbox.Addition {
        let work = try work(name)
        try Self.check(rows.count, "rows")
        let addition = try place.store.add(work.id, rows: rows, at: place.now())
        if addition.again > 0 { work.tryAgain() } else { work.wake() }
        return addition
    }

    /// Records an event for each of these versions, unless there is one, and runs an action for them, whatever its filter;
    /// `Outbox.most` at most.
    ///
    /// - Parameter seen: The events of the versions are known up to this row.
    public func reconcile(_ name: String, _ versions: [ReconciledVersion], seen: Int64) throws -> Outbox.Addition {
        let work = try work(name)
        try Self.check(versions.count, "versions")
        let addition = try place.store.reconcile(work.id, versions, seen: seen, at: place.now())
        if addition.again > 0 { work.tryAgain() } else { work.wake() }
        return addition
    }

    /// Retries entries at once; `Outbox.most` at most.
    ///
    /// - Returns: The number of entries. Entries that are done, or queued anyway, are not counted.
    public func retryEntries(_ entries: [Int64]) throws -> Int {
        try Self.check(entries.count, "entries")
        let count = try place.store.retry(entries, at: place.now())
        for name in try actions(of: entries) { anyWork(name)?.tryAgain() }
        return count
    }

    /// Retries all entries of an action in these states.
    public func retryAll(_ name: String, in states: Set<EntryState>) throws -> Int {
        let count = try place.store.retryAll(try id(name), in: states, at: place.now())
        anyWork(name)?.tryAgain()
        return count
    }

    /// Decides that entries are not to be done; `Outbox.most` at most.
    public func skipEntries(_ entries: [Int64]) throws -> Int {
        try Self.check(entries.count, "entries")
        let count = try place.store.skip(entries, at: place.now())
        // The first entry in the queue may be another one now.
        for name in try actions(of: entries) { anyWork(name)?.wake() }
        return count
    }

    /// Decides that all entries of an action in these states are not to be done.
    ///
    /// - Returns: The number of entries. Running entries are left alone.
    public func skipAll(_ name: String, in states: Set<EntryState>) throws -> Int {
        let count = try place.store.skipAll(try id(name), in: states, at: place.now())
        anyWork(name)?.wake()
        return count
    }

    /// Returns the request that an action would send for rows, as readable text with its secrets masked. Sends nothing.
    public func previewAction(_ name: String, rows: [Int64]) throws -> [UInt8] {
        let work = try work(name)
        try Self.check(rows.count, "rows")
        let items = try ActionItems(store: place.store).items(rows.map { (0, $0) }, bytes: 16 << 20).items
            .filter { $0.row.position != nil }
        guard !items.isEmpty else { throw ActionError("choose an event to show the request for") }
        guard let text = try work.withDeclaration({ try $0.action.preview(items) }) else {
            throw UnknownAction(name, among: names)
        }
        return text
    }

    /// Tests whether an action would work, with a sample event that is marked as a test.
    ///
    /// - Returns: A sentence.
    public func testAction(_ name: String) throws -> String {
        let work = try work(name)
        var generator = SystemRandomNumberGenerator()
        let item = ActionItems.sample(at: place.now(), using: &generator)
        guard let sentence = try work.withDeclaration({ try $0.action.test(item) }) else {
            throw UnknownAction(name, among: names)
        }
        return sentence
    }

    /// Returns the rows, and their number, that an action would have queued if their verdicts at that time had been
    /// those of today.
    public func missedRows(_ name: String, in reach: MissedReach = .all) throws -> MissedRows {
        let work = try work(name)
        guard let predicate = work.withDeclaration({ $0.filter.predicate }) else {
            throw UnknownAction(name, among: names)
        }
        return try place.store.missed(work.id, matching: predicate, in: reach)
    }

    /// Returns the id of an action that is declared or has entries.
    private func id(_ name: String) throws -> Int64 {
        if let work = anyWork(name) { return work.id }
        let statuses = try statuses()
        guard let status = statuses.first(where: { $0.name == name }) else {
            throw UnknownAction(name, among: statuses.map(\.name))
        }
        return status.id
    }

    /// Returns the actions of entries: of the first ones only, because a person chooses entries of one action or of a
    /// few.
    private func actions(of entries: [Int64]) throws -> Set<String> {
        guard entries.count <= 50 else { return Set(names) }
        return Set(try entries.compactMap { try place.store.entry($0)?.action })
    }

    private static func check(_ count: Int, _ what: String) throws(ActionError) {
        guard count <= Outbox.most else {
            throw ActionError("\(count) \(what) are too many at once: \(Outbox.most) at most")
        }
    }
}

// MARK: - Errors

/// The reason why a request about an action fails, in a sentence.
public struct ActionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// An action that the configuration does not have.
public struct UnknownAction: Error, Sendable, Hashable, CustomStringConvertible {
    private let name: String
    private let names: [String]

    /// - Parameter names: The names of the existing actions.
    public init(_ name: String, among names: [String]) {
        self.name = name
        self.names = names
    }

    public var description: String {
        guard !names.isEmpty else {
            return "the action “\(SafeText(name))” does not exist: the configuration declares none"
        }
        return "the action “\(SafeText(name))” does not exist; there are \(names.joined(separator: ", "))"
            + Suggestion.question(for: name, among: names)
    }
}

// MARK: - Walking the rows

/// Reads new rows for each action, in slices between those of the deliveries, on its own thread that yields the
/// processor to the threads that answer.
final class ActionWalker: Sendable {
    /// An action and the rows that it runs for.
    struct Path: Sendable {
        var work: ActionWork
        var predicate: RowPredicate
    }

    private struct State: Sendable {
        var latestRow: Int64
        var paths: [Path] = []
        /// A number that grows whenever the paths are replaced.
        var turn = 0
        /// A number that grows whenever there is something to look at.
        var news = 1
        /// Whether the thread waits for news.
        var isResting = false
        var isStopping = false
    }

    /// The shortest time between two reads. With many deliveries a second, each action then writes once for several.
    private static let pace = Duration.milliseconds(25)

    private let place: ActionPlace
    private let state: Monitor<State>
    private let worker = Worker("actions", isBackground: true)

    init(from latestRow: Int64, in place: ActionPlace) {
        self.place = place
        state = Monitor(State(latestRow: latestRow))
    }

    /// Notes that the history has changed. Does not block.
    func observe(_ change: HistoryChange) {
        let isAwaited = state.withLock { state in
            // A restored file may have fewer rows.
            state.latestRow = change.latestRow
            state.news += 1
            // Waking the thread for each commit would cost the deliveries more than the walk.
            guard state.isResting, !state.paths.isEmpty else { return false }
            state.isResting = false
            return true
        }
        if isAwaited { state.change { _ in } }
    }

    /// Replaces the actions to walk.
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
                    // A write that seemed to fail may have succeeded.
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

    /// Waits for news; at most a few seconds after a failure.
    private func next(
        after seen: Int, isFailing: Bool, notBefore moment: ContinuousClock.Instant
    ) -> State? {
        _ = state.wait(until: isFailing ? .now + place.patience : nil) { state in
            state.isResting = !state.isStopping && state.news <= seen
            return state.isResting ? nil : true
        }
        _ = state.wait(until: moment) { $0.isStopping ? true : nil }
        return state.withLock { $0.isStopping ? nil : $0 }
    }

    /// Gives each action one slice in turn, until all have read everything, or the paths change: the next call reads
    /// the rows after these slices.
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
                    // Its lanes begin while the rest of a backlog is read.
                    path.work.wake()
                }
                if walk.cursor >= last { rest.removeAll { $0.work.name == path.work.name } }
            }
        }
    }
}
