internal import History
internal import Log
internal import Notifications
internal import Workers

/// The work of one action: its lanes, each with a thread of its own, and what they share.
///
/// Once made it stays until the end, so that an action that is taken out of the configuration and put back goes on where
/// it was.
final class ActionWork: Sendable {
    let name: String
    /// Its id in the outbox.
    let id: Int64
    let place: ActionPlace
    let state: Monitor<ActionWorkState>
    private let lanes: Lanes

    init(_ name: String, id: Int64, _ declaration: ActionDeclaration, isPaused: Bool, in place: ActionPlace) {
        self.name = name
        self.id = id
        self.place = place
        state = Monitor(ActionWorkState(name: name, declaration, isPaused: isPaused))
        lanes = Lanes(name)
    }

    /// Begins the lanes there are by now.
    func begin() {
        let count = state.change { state in
            state.hasBegun = true
            return state.current?.declaration.manner.lanes ?? 0
        }
        lanes.begin(count) { [self] lane in while step(lane) {} }
    }

    /// Another declaration takes the place of the one there is, once what it has begun has ended; nil for none.
    func replace(by declaration: ActionDeclaration?) {
        let (unused, hasBegun) = state.change { state in
            state.replace(by: declaration, at: place.now())
            return (state.takeUnused(), state.hasBegun)
        }
        unused.forEach { $0.close() }
        if hasBegun { begin() }
    }

    /// There is something to look at.
    func wake() {
        state.change { $0.mustLook = true }
    }

    /// The history has changed: whoever could not read or write it may try again.
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

    /// A person wants what failed to be tried at once.
    func tryAgain() {
        state.change { state in
            state.machine.tryAgain(at: place.now())
            state.mustLook = true
        }
    }

    /// Lends the action that is declared now; it is not closed meanwhile. Nil where there is none.
    func withDeclaration<Result>(_ body: (ActionDeclaration) throws -> Result) rethrows -> Result? {
        guard let current = state.withLock({ $0.take() }) else { return nil }
        defer { giveBack(current) }
        return try body(current.declaration)
    }

    func giveBack(_ current: ActionWorkState.Current) {
        let unused = state.change { state in
            state.giveBack(current)
            return state.takeUnused()
        }
        unused.forEach { $0.close() }
    }

    /// Nothing more is begun, and what is under way is ended where its action can do that.
    func stop() {
        let used = state.change { state in
            state.isStopping = true
            return state.unclosed
        }
        used.forEach { $0.stop() }
    }

    /// Waits until what was under way has ended.
    ///
    /// - Returns: False where it has not by then.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        guard lanes.wait(until: deadline) else { return false }
        // Where that fails, the next process asks what became of it.
        try? takeBackUnsent()
        let (unused, rest) = state.change { state in
            state.replace(by: nil, at: place.now())
            return (state.takeUnused(), state.lines.rest())
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

    /// Begins as many as there are to be; those that run go on.
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

/// What the works of all actions share.
struct ActionPlace: Sendable {
    var store: any ActionStore
    var now: @Sendable () -> Timestamp
    /// The moment of the clock that waits are measured by; nil for one that is told to the works by `wake`.
    var instant: @Sendable (Timestamp) -> ContinuousClock.Instant?
    /// How long is waited for a change of a history that cannot be read or written.
    var patience = Duration.seconds(5)
    var say: @Sendable (String) -> Void
    var note: @Sendable (String, LogLevel) -> Void
}
