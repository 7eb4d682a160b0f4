public import Terminal

/// What `config.yaml` sets; without the file, the defaults.
public struct Configuration: Sendable, Hashable {
    /// For what the bell rings.
    public enum Bell: String, Sendable, Hashable, CaseIterable {
        case no, problem, event
    }

    /// How the timestamps of events are shown.
    public enum Timestamps: String, Sendable, Hashable, CaseIterable {
        case rfc3339, epoch
    }

    /// Keys for a command, instead of those that it has by itself. None take its keys away.
    public struct KeySetting: Sendable, Hashable {
        /// The command's name, which the dashboard knows or does not.
        public var command: Located<String>
        /// Its keys.
        public var keys: [Located<Key>]
    }

    /// The looks that the user wants instead of a theme's.
    struct Colours: Sendable, Hashable {
        var ofAll: [Role: Look] = [:]
        var ofThemes: [Theme.Kind: [Role: Look]] = [:]
    }

    /// What the background is taken to be.
    var kind = Theme.Kind.auto
    /// The user's own looks.
    var colours = Colours()

    /// How the roles look.
    public var theme: Theme {
        Theme(kind, changes: colours.ofAll.merging(colours.ofThemes[kind] ?? [:]) { $1 })
    }
    /// Whether times are shown in UTC at the start.
    public var utc = false
    /// Whether the mouse is listened to.
    public var mouse = true
    /// Whether the newest row is followed at the start.
    public var follow = true
    /// For what the bell rings.
    public var bell = Bell.no
    /// The program to run on a problem, with its arguments; at least one element where there is one.
    public var onProblem: [String]?
    /// How long nothing may come before that is warned of.
    public var quietAfter: Duration?
    /// How the timestamps of events are shown at the start.
    public var timestamps = Timestamps.rfc3339
    /// The view to begin with, which the dashboard knows or does not.
    public var startView: Located<String>?
    /// Where to listen, as `--listen` takes it.
    public var listen: Located<String>?
    /// The path that takes notifications, as `--path` takes it.
    public var path: Located<String>?
    /// The longest body, as `--max-body` takes it.
    public var maxBody: Located<String>?
    /// Files of signing secrets, as `--secret-file` takes them; with absolute paths.
    public var secretFiles: [Located<SecretFile>] = []
    /// The actions, whole and unread.
    public var actions: ConfigurationNode?
    /// Other keys for commands, in the order of the file; no command is there twice.
    public var keys: [KeySetting] = []

    /// The defaults.
    public init() {}
}
