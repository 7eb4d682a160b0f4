public import Base
internal import Foundation

/// The settings in `config.yaml`; without the file, the defaults.
public struct Configuration: Sendable, Hashable {
    /// The events at which the bell rings.
    public enum Bell: String, Sendable, Hashable, CaseIterable {
        case no, problem, event
    }

    /// The format of the timestamps of events.
    public enum Timestamps: String, Sendable, Hashable, CaseIterable {
        case rfc3339, epoch
    }

    /// Keys for a command, which replace its default keys. An empty list removes its keys.
    public struct KeySetting: Sendable, Hashable {
        /// The command's name, which the dashboard knows or does not.
        public var command: Located<String>
        /// Its keys.
        public var keys: [Located<Key>]
    }

    /// A limit of what is received and kept, which the receiver knows or does not.
    public struct LimitSetting: Sendable, Hashable {
        /// The limit's name.
        public var name: Located<String>
        /// Its value, as it is written.
        public var value: Located<String>
    }

    /// The looks that the user wants instead of a theme's.
    struct Colours: Sendable, Hashable {
        var ofAll: [Role: Look] = [:]
        var ofThemes: [Theme.Kind: [Role: Look]] = [:]
    }

    /// The assumed background.
    var kind = Theme.Kind.auto
    /// The user's own looks.
    var colours = Colours()

    /// The theme, with the style of each role.
    public var theme: Theme {
        Theme(kind, changes: colours.ofAll.merging(colours.ofThemes[kind] ?? [:]) { $1 })
    }
    /// Whether times are shown in UTC at the start.
    public var utc = false
    /// Whether the mouse is listened to.
    public var mouse = true
    /// Whether the newest row is followed at the start.
    public var follow = true
    /// The events at which the bell rings.
    public var bell = Bell.no
    /// The program to run on a problem, with its arguments; nil, or at least one element.
    public var onProblem: [String]?
    /// The time without deliveries after which a warning appears.
    public var quietAfter: Duration?
    /// The format of the timestamps of events at the start.
    public var timestamps = Timestamps.rfc3339
    /// The first view, which the dashboard may not know.
    public var startView: Located<String>?
    /// The address to listen at, as `--listen` accepts it.
    public var listen: Located<String>?
    /// The paths that receive notifications, in the form of `--path`; empty for the default.
    public var paths: [Located<String>] = []
    /// The file of the TLS certificate, in the form of `--tls-certificate`; with an absolute path.
    public var tlsCertificate: Located<String>?
    /// The file of its private key, in the form of `--tls-key`; with an absolute path.
    public var tlsKey: Located<String>?
    /// The blocks of trusted proxies, in the form of `--trust-proxy`.
    public var trustProxy: [Located<String>] = []
    /// The way in which they name the client, in the form of `--proxy-header`.
    public var proxyHeader: Located<String>?
    /// The addresses from which requests are taken, in the form of `--allow-from`; empty for all. Files have absolute paths.
    public var allowFrom: [Located<String>] = []
    /// The addresses that may ask for `/healthz`, in the form of `--health-from`; empty for all.
    public var healthFrom: [Located<String>] = []
    /// The limits on valid deliveries, in the form of `--keep`; empty to keep all.
    public var keep: [Located<String>] = []
    /// The free space below which requests that are not valid are not recorded, in the form of `--free-space`.
    public var freeSpace: Located<String>?
    /// The longest body, in the form of `--max-body`.
    public var maxBody: Located<String>?
    /// A file of authorities that are trusted besides the system's, in the form of `--ca-file`; with an absolute path.
    public var caFile: Located<String>?
    /// Limits of what is received and kept, in the order of the file.
    public var limits: [LimitSetting] = []
    /// Files of signing secrets, in the form of `--secret-file`; with absolute paths.
    public var secretFiles: [Located<SecretFile>] = []
    /// The buckets that are compared with the record on a schedule; each appears once.
    public var reconcile: [ReconcileSetting] = []
    /// The actions, whole and unread.
    public var actions: ConfigurationNode?
    /// Other keys for commands, in the order of the file; each command appears once.
    public var keys: [KeySetting] = []

    /// Creates the defaults.
    public init() {}
}

// MARK: - The file

/// The file `config.yaml`.
public struct ConfigurationFile: Sendable, Hashable {
    /// Its path.
    public let path: String
    private let home: String?

    /// - Parameters:
    ///   - path: The file's path.
    ///   - home: The user's home folder, for which `~/` is written in it.
    public init(path: String, home: String? = nil) {
        self.path = path
        self.home = home
    }

    /// Reads it whole; a missing file sets nothing.
    ///
    /// - Throws: `ConfigurationError` with all that is wrong in it.
    public func load() throws(ConfigurationError) -> Configuration { try read().checked() }

    /// Reads the whole file, for callers with more checks to make before all problems are reported.
    public func read() -> ReadConfiguration {
        var read = ReadConfiguration(path: path)
        do throws(FileProblem) {
            let bytes = try PrivateFile.read(
                path, atMost: ConfigurationParser.longest,
                checking: { status throws(FileProblem) in try Self.check(status) }
            ).bytes
            var parser = ConfigurationParser()
            var reading = ConfigurationReading(home: home)
            if let root = parser.parse(bytes) { read.configuration = reading.configuration(root) }
            read.problems = parser.problems + reading.problems
        } catch {
            guard !error.isMissing else { return read }
            read.problems = [ConfigurationProblem(error.reason)]
        }
        return read
    }

    /// Checks the file's permissions. It names programs to run, so only the user may write it.
    static func check(
        _ status: stat, isOwnGroup: (gid_t) -> Bool = UserGroup.isOwn
    ) throws(FileProblem) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is not a file") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw FileProblem(
                reason:
                    "belongs to somebody else (user \(status.st_uid)), and it may name programs to run: make it yours,"
                    + " or set XDG_CONFIG_HOME")
        }
        guard status.st_mode & 0o002 == 0 else {
            throw FileProblem(reason: "can be changed by everybody, and it may name programs to run: chmod o-w it")
        }
        guard status.st_mode & 0o020 == 0 || isOwnGroup(status.st_gid) else {
            throw FileProblem(
                reason: "can be changed by its group (\(status.st_gid)), and it may name programs to run: chmod g-w it")
        }
    }
}

/// A configuration as read, and the problems found so far.
public struct ReadConfiguration: Sendable, Hashable {
    /// The file.
    public let path: String
    /// Its settings; the defaults if it is invalid.
    public internal(set) var configuration = Configuration()
    /// Its problems. Callers that know more may add to them.
    public var problems: [ConfigurationProblem] = []

    /// Returns its settings.
    ///
    /// - Throws: `ConfigurationError` with all problems, if there are any.
    public func checked() throws(ConfigurationError) -> Configuration {
        guard problems.isEmpty else { throw ConfigurationError(path: path, problems: problems) }
        return configuration
    }
}

// MARK: - Problems

/// Something that is wrong in the configuration.
public struct ConfigurationProblem: Sendable, Hashable {
    /// The place; nil for the file as a whole.
    public let position: SourcePosition?
    /// The problem and the expected contents, as the end of a sentence that begins with the place.
    public let text: String

    /// Creates a problem.
    public init(_ text: String, at position: SourcePosition? = nil) {
        self.text = text
        self.position = position
    }

    /// Creates the problem of a setting's value; nil if it is not set, or has none.
    public init?(_ name: String, _ value: Located<String>?, _ problem: (String) -> String?) {
        guard let value, let text = problem(value.value) else { return nil }
        self.init("“\(name)”: \(text)", at: value.position)
    }
}

/// All errors in the configuration, in the order of the file.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The most lines about one file.
    static let mostLines = 50

    /// The file.
    public let path: String
    /// Its problems; at least one.
    public let problems: [ConfigurationProblem]

    /// Creates an error, with its problems sorted.
    public init(path: String, problems: [ConfigurationProblem]) {
        self.path = path
        let start = SourcePosition(line: 0, column: 0)
        self.problems = problems.enumerated()
            .sorted { ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset) }
            .map(\.element)
    }

    /// A line for each problem: `FILE:LINE:COLUMN: PROBLEM`.
    public var description: String {
        var lines = problems.prefix(Self.mostLines).map { problem in
            guard let position = problem.position else { return "\(path) \(problem.text)" }
            return "\(path):\(position.line):\(position.column): \(problem.text)"
        }
        if problems.count > lines.count { lines.append("… and \(problems.count - lines.count) more") }
        return lines.joined(separator: "\n")
    }
}
