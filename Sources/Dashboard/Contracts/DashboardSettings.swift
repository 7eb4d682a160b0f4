public import Terminal

/// What the user has set for the dashboard, beyond whether the mouse is listened to.
public struct DashboardSettings: Sendable, Hashable {
    /// A view to begin with; its raw value is its name in the configuration.
    public enum StartView: String, Sendable, Hashable, CaseIterable {
        case events, table, deliveries, actions, log, pulse
    }

    /// Keys for a command, instead of its own; none take its keys away.
    public struct KeyChange: Sendable, Hashable {
        /// The command's name, such as `next-problem`.
        public var command: String
        /// Its keys.
        public var keys: [Key]

        /// A change.
        public init(command: String, keys: [Key]) {
            self.command = command
            self.keys = keys
        }
    }

    /// Whether times are shown in UTC at the start.
    public var showsUTC = false
    /// Whether the newest row is followed at the start.
    public var follows = true
    /// Whether timestamps are shown as milliseconds at the start.
    public var showsEpoch = false
    /// The view to begin with.
    public var startView = StartView.events
    /// How the roles look; nil for as they are.
    public var theme: Theme?
    /// Other keys for commands; no command is there twice.
    public var keys: [KeyChange] = []

    /// The defaults.
    public init() {}
}

extension MainView {
    /// The view to begin with.
    init(_ start: DashboardSettings.StartView) {
        self =
            switch start {
            case .events: .events
            case .table: .table
            case .deliveries: .deliveries
            case .actions: .actions
            case .log: .log
            case .pulse: .pulse
            }
    }
}
