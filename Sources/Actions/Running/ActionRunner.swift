internal import Browsing
public import History
public import Log
internal import Notifications
internal import Synchronization
internal import Workers

/// Runs the actions: finds what is to be done for which event, does it, and keeps what became of it.
///
/// It reads what is recorded, as a dashboard does; nothing that receives waits for it. All its calls may be made on any
/// thread, and block for as long as the history takes; those that ask an action, for as long as that takes.
public final class ActionRunner: Sendable {
    private struct State: Sendable {
        var works: [String: ActionWork] = [:]
        /// The declared ones, in the order of the configuration.
        var names: [String] = []
        var hasBegun = false
        var isStopped = false
    }

    let place: ActionPlace
    private let walker: ActionWalker
    private let state = Mutex(State())
    /// Held while actions are loaded: one at a time.
    private let loading = Mutex(())

    /// - Parameters:
    ///   - surroundings: What the actions are made with.
    ///   - say: Is told, in a sentence, what a person should know; from any thread, and must not block.
    ///   - note: Is told what is for the log alone.
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
    ///   - latestRow: The newest row there is.
    ///   - instant: The moment of the system's clock to wait for; nil where one is woken.
    init(
        _ store: any ActionStore, from latestRow: Int64, now: @escaping @Sendable () -> Timestamp,
        say: @escaping @Sendable (String) -> Void, note: @escaping @Sendable (String, LogLevel) -> Void,
        instant: @escaping @Sendable (Timestamp) -> ContinuousClock.Instant?
    ) {
        place = ActionPlace(store: store, now: now, instant: instant, say: say, note: note)
        walker = ActionWalker(from: latestRow, in: place)
    }

    /// The history has changed. Only takes note.
    func observe(_ change: HistoryChange) { walker.observe(change) }

    /// Takes note of the actions of the configuration: at the start, and whenever it is read again. New ones begin; those
    /// that are there already go on with what is said now, once what they have begun has ended; those that are gone end,
    /// and their entries stay.
    ///
    /// - Throws: What the history says where it cannot be written. Nothing has changed then.
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

    /// Ends the work: nothing more is begun, and what is under way is waited for.
    ///
    /// - Returns: False where something has not ended within the limit; what became of it is found out at the next start.
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

    /// The names of the declared actions, in the order of the configuration.
    var names: [String] { state.withLock { $0.names } }

    /// The works of all actions that are or were declared since the start.
    var works: [ActionWork] { state.withLock { Array($0.works.values) } }

    /// The work of a declared action.
    func work(_ name: String) throws(UnknownAction) -> ActionWork {
        let (work, names) = state.withLock { ($0.names.contains(name) ? $0.works[name] : nil, $0.names) }
        if let work { return work }
        throw UnknownAction(name, among: names)
    }

    /// The work of an action, declared or not.
    func anyWork(_ name: String) -> ActionWork? { state.withLock { $0.works[name] } }
}
