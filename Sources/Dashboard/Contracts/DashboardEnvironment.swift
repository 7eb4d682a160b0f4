public import Foundation
public import History

/// What a dashboard is given.
public struct DashboardEnvironment: Sendable {
    /// Reads what is recorded.
    public var reader: HistoryReader
    /// The listener that is shown.
    public var control: any ListenerControl
    /// Whoever runs the actions; nil where there is nobody.
    public var actions: (any ActionControl)?
    /// The history as it is at the start.
    public var change: HistoryChange
    /// The secrets held at the start.
    public var keyring: KeyringSummary
    /// What the listener does at the start.
    public var listening: ListeningState
    /// The file that remembers secrets, as the question names it.
    public var secretsFile: String
    /// Where copies go that are too large for a terminal.
    public var copiesFolder: String
    /// Reads what b2watch says of itself; nil where nothing is logged.
    public var log: (any LogReading)?
    /// Writes a line to b2watch's log. Does not block.
    public var note: @Sendable (String) -> Void = { _ in }
    /// Whether the listener runs in another process: to end the dashboard, or to stop it, then stops nothing else.
    public var isAttached: Bool
    /// Whether the history is in memory only, and ends with the process.
    public var isInMemory = false
    /// What tells local times.
    public var clock: WallClock
    /// What was kept of the screen from the run before.
    public var viewState = ViewState()
    /// Keeps it for the next one. Called off the screen's thread; it may block.
    public var keepViewState: @Sendable (ViewState) -> Void = { _ in }
    /// What the user has set.
    public var settings: DashboardSettings
    /// Reads again what the user has set. Called off the screen's thread. Throws errors whose text is a sentence.
    public var reloadSettings: @Sendable () throws -> DashboardSettings = { DashboardSettings() }

    /// An environment.
    public init(
        reader: HistoryReader, control: any ListenerControl, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting,
        secretsFile: String = "$XDG_CONFIG_HOME/b2watch/secrets", log: (any LogReading)? = nil,
        isAttached: Bool = false, clock: WallClock = .local, copiesFolder: String = NSTemporaryDirectory(),
        settings: DashboardSettings = DashboardSettings()
    ) {
        self.reader = reader
        self.control = control
        self.change = change
        self.keyring = keyring
        self.listening = listening
        self.secretsFile = secretsFile
        self.log = log
        self.isAttached = isAttached
        self.clock = clock
        self.copiesFolder = copiesFolder
        self.settings = settings
    }
}
