public import History

/// What the dashboard asks of whoever runs the actions, in this process or in another one: implemented by the
/// executable.
///
/// The calls are made off the screen's thread, some at a time; they may block. What they throw is shown to the user:
/// errors whose text is a sentence.
public protocol ActionControl: Sendable {
    /// Ends or begins the work of an action; entries are made meanwhile.
    func setPaused(_ action: String, _ isPaused: Bool) throws

    /// Runs an action for rows of the event list, whatever its filter; 1,000 rows at most.
    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition

    /// Lets entries be tried again at once.
    ///
    /// - Returns: How many; those that are done or wait anyway are left.
    func retryEntries(_ entries: [Int64]) throws -> Int

    /// Lets all entries of an action in these states be tried again.
    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int

    /// Decides that entries are not to be done.
    func skipEntries(_ entries: [Int64]) throws -> Int

    /// Decides that all entries of an action in these states are not to be done.
    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int

    /// What an action would send for a row, as text to read, its secrets masked. Nothing is sent.
    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8]

    /// Finds out whether an action would work.
    ///
    /// - Returns: A sentence.
    func testAction(_ action: String) throws -> String

    /// How many rows an action would have taken up had they been judged then as they are now, and which.
    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows

    /// Sends recorded deliveries again, as they were received.
    ///
    /// - Parameters:
    ///   - deliveries: Their ids.
    ///   - url: Where to; nil for the listener itself.
    ///   - goesOn: Is asked behind each, told what became of them so far.
    /// - Returns: What became of them.
    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount

    /// The names of the declared actions, in the order of the configuration.
    func actionNames() throws -> [String]
}
