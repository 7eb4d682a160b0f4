public import History

/// What a dashboard is given.
public struct DashboardEnvironment: Sendable {
    /// Reads what is recorded.
    public var reader: HistoryReader
    /// The listener that is shown.
    public var control: any ListenerControl
    /// The history as it is at the start.
    public var change: HistoryChange
    /// The secrets held at the start.
    public var keyring: KeyringSummary
    /// What the listener does at the start.
    public var listening: ListeningState
    /// The file that remembers secrets, as the question names it.
    public var secretsFile: String
    /// What tells local times.
    public var clock: WallClock

    /// An environment.
    public init(
        reader: HistoryReader, control: any ListenerControl, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting,
        secretsFile: String = "$XDG_CONFIG_HOME/b2watch/secrets", clock: WallClock = .local
    ) {
        self.reader = reader
        self.control = control
        self.change = change
        self.keyring = keyring
        self.listening = listening
        self.secretsFile = secretsFile
        self.clock = clock
    }
}
