internal import Foundation

/// The file `config.yaml`.
public struct ConfigurationFile: Sendable, Hashable {
    /// Its path.
    public let path: String
    private let home: String?

    /// - Parameters:
    ///   - path: The file's path.
    ///   - home: The user's home, which `~/` in it stands for.
    public init(path: String, home: String? = nil) {
        self.path = path
        self.home = home
    }

    /// Reads it whole; a missing file sets nothing.
    ///
    /// - Throws: `ConfigurationError` with all that is wrong in it.
    public func load() throws(ConfigurationError) -> Configuration { try read().checked() }

    /// Reads it whole, for whoever has more to check before all that is wrong is told.
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

    /// It names programs to run, so nobody else may have a say in it.
    static func check(
        _ status: stat, isOwnGroup: (gid_t) -> Bool = UserGroup.isOwn
    ) throws(FileProblem) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is no file") }
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

/// A configuration as read, and what is wrong with it so far.
public struct ReadConfiguration: Sendable, Hashable {
    /// The file.
    public let path: String
    /// What it sets; the defaults where it is wrong.
    public internal(set) var configuration = Configuration()
    /// What is wrong with it. Whoever knows more may add to it.
    public var problems: [ConfigurationProblem] = []

    /// The defaults.
    public init(path: String) {
        self.path = path
    }

    /// What it sets.
    ///
    /// - Throws: `ConfigurationError` with all that is wrong, if anything is.
    public func checked() throws(ConfigurationError) -> Configuration {
        guard problems.isEmpty else { throw ConfigurationError(path: path, problems: problems) }
        return configuration
    }
}

extension ConfigurationReading {
    /// The whole of it.
    mutating func configuration(_ root: ConfigurationNode) -> Configuration {
        var configuration = Configuration()
        let names = Setting.all.map(\.name)
        for entry in entries(root, "the configuration", expected: "a map of settings, such as theme: dark") ?? [] {
            guard let setting = Setting.all.first(where: { $0.name == entry.key.value }) else {
                let question = Suggestion.question(for: entry.key.value, among: names)
                let others = question.isEmpty ? " (settings: \(names.joined(separator: ", ")))" : ""
                problems.append(
                    ConfigurationProblem(
                        "“\(entry.key.value)” is no setting\(question)\(others)", at: entry.key.position))
                continue
            }
            setting.read(&configuration, entry.value, &self)
        }
        return configuration
    }
}
