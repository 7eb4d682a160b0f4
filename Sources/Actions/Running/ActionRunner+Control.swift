internal import Browsing
public import History
internal import Log
internal import Workers

/// What people ask of the actions: on the screen, by the control socket, by commands.
extension ActionRunner {
    /// All actions that are declared or that there are entries of.
    public func statuses() throws -> [ActionStatus] { try place.store.actions() }

    /// The names of the declared actions, in the order of the configuration.
    public func actionNames() -> [String] { names }

    /// Ends or begins the work of an action; entries are made meanwhile.
    public func setPaused(_ name: String, _ isPaused: Bool) throws {
        try place.store.setPaused(try id(name), isPaused)
        anyWork(name)?.setPaused(isPaused)
        place.note("action \(name) is \(isPaused ? "paused" : "resumed")", .info)
    }

    /// What holds an action up that runs here; nil where nothing does.
    public func hold(of name: String) -> ActionHold? {
        anyWork(name)?.state.withLock { $0.machine.held(at: place.now()) }
    }

    /// Runs an action for rows of the event list, whatever its filter; `Outbox.most` at most.
    public func runAction(_ name: String, rows: [Int64]) throws -> Outbox.Addition {
        let work = try work(name)
        try Self.check(rows.count, "rows")
        let addition = try place.store.add(work.id, rows: rows, at: place.now())
        if addition.again > 0 { work.tryAgain() } else { work.wake() }
        return addition
    }

    /// Lets entries be tried again at once; `Outbox.most` at most.
    ///
    /// - Returns: How many; those that are done or wait anyway are left.
    public func retryEntries(_ entries: [Int64]) throws -> Int {
        try Self.check(entries.count, "entries")
        let count = try place.store.retry(entries, at: place.now())
        for name in try actions(of: entries) { anyWork(name)?.tryAgain() }
        return count
    }

    /// Lets all entries of an action in these states be tried again.
    public func retryAll(_ name: String, in states: Set<EntryState>) throws -> Int {
        let count = try place.store.retryAll(try id(name), in: states, at: place.now())
        anyWork(name)?.tryAgain()
        return count
    }

    /// Decides that entries are not to be done; `Outbox.most` at most.
    public func skipEntries(_ entries: [Int64]) throws -> Int {
        try Self.check(entries.count, "entries")
        let count = try place.store.skip(entries, at: place.now())
        // Another one may be the first now.
        for name in try actions(of: entries) { anyWork(name)?.wake() }
        return count
    }

    /// Decides that all entries of an action in these states are not to be done.
    ///
    /// - Returns: How many; those that run are left.
    public func skipAll(_ name: String, in states: Set<EntryState>) throws -> Int {
        let count = try place.store.skipAll(try id(name), in: states, at: place.now())
        anyWork(name)?.wake()
        return count
    }

    /// What an action would send for rows, as text to read, its secrets masked. Nothing is sent.
    public func previewAction(_ name: String, rows: [Int64]) throws -> [UInt8] {
        let work = try work(name)
        try Self.check(rows.count, "rows")
        let items = try ActionItems(store: place.store).items(rows.map { (0, $0) }, bytes: 16 << 20).items
            .filter { $0.row.position != nil }
        guard !items.isEmpty else { throw ActionError("there is no event to show it for") }
        guard let text = try work.withDeclaration({ try $0.action.preview(items) }) else {
            throw UnknownAction(name, among: names)
        }
        return text
    }

    /// Finds out whether an action would work, with a sample event that says it is a test.
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

    /// How many rows an action would have taken up had they been judged then as they are now, and which.
    public func missedRows(_ name: String, in reach: MissedReach = .all) throws -> MissedRows {
        let work = try work(name)
        guard let predicate = work.withDeclaration({ $0.filter.predicate }) else {
            throw UnknownAction(name, among: names)
        }
        return try place.store.missed(work.id, matching: predicate, in: reach)
    }

    /// The id of an action that is declared or that there are entries of.
    private func id(_ name: String) throws -> Int64 {
        if let work = anyWork(name) { return work.id }
        let statuses = try statuses()
        guard let status = statuses.first(where: { $0.name == name }) else {
            throw UnknownAction(name, among: statuses.map(\.name))
        }
        return status.id
    }

    /// The actions of entries: of the first ones, for a person chooses those of one action or of a few.
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
