internal import History
internal import Notifications

/// What the lanes of an action share.
struct ActionWorkState: Sendable {
    /// A declaration that holds, or has held.
    struct Current: Sendable {
        /// Rising with each that takes the place of another.
        var number: Int
        var declaration: ActionDeclaration
    }

    var machine: OutboxMachine
    var lines: ActionLines
    private(set) var current: Current?
    /// Those whose place was taken, and that are not closed yet.
    private var retired: [Current] = []
    /// How many use a declaration, by its number.
    private var users: [Int: Int] = [:]
    private var latestNumber = 0

    var hasBegun = false
    var isStopping = false
    /// Whether there may be something to do now.
    var mustLook = true
    /// When there is something to do at the latest.
    var wakeAt: Timestamp?
    /// Whether a lane is deciding what to do: one at a time.
    var isChoosing = false
    /// Whether a lane waits until the history can be read and written.
    var waitsForHistory = false
    /// Whether it was said that it cannot be.
    var hasToldFailure = false
    /// Why nothing is begun, as the outbox has it.
    var toldHold: ActionHold?
    /// The work of the action that is done when this one fails.
    var onFailure: ActionWork?
    /// Whether it was said that a limit is reached.
    var hasToldLimit = false
    /// The batch that could not be begun, as it seemed; it may be written as running after all.
    var unsent: Int64?
    /// Whether it was found out what an earlier process has left behind.
    var hasFound = false
    /// The number of the declaration for whose limits it was found out what is spent of them.
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
        // What was wrong may be right now.
        machine.tryAgain(at: now)
    }

    /// Takes the current declaration to use it.
    mutating func take() -> Current? {
        guard let current else { return nil }
        users[current.number, default: 0] += 1
        return current
    }

    mutating func giveBack(_ used: Current) {
        users[used.number, default: 1] -= 1
        if users[used.number] == 0 { users[used.number] = nil }
    }

    /// Actions that may be at work, also those whose place was taken.
    var unclosed: [any Action] { (retired + [current].compactMap(\.self)).map(\.declaration.action) }

    /// Actions that nobody uses any more, to be closed.
    mutating func takeUnused() -> [any Action] {
        let unused = retired.filter { users[$0.number] == nil }
        retired.removeAll { users[$0.number] == nil }
        return unused.map(\.declaration.action)
    }

    /// When a lane is to decide what to do; nil where it waits for something to come.
    func deadline(of lane: Int, at now: Timestamp) -> Timestamp? {
        guard let current, lane < current.declaration.manner.lanes, !isChoosing, !machine.isPaused, !waitsForHistory,
            // What has begun under another declaration ends first.
            users.keys.allSatisfy({ $0 == current.number }),
            let time = mustLook ? now : wakeAt
        else { return nil }
        return max(time, machine.hold(at: now) ?? time)
    }
}
