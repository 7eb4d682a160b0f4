import Actions
import Backblaze
import Base
import Dashboard
import Foundation
import Sending
import Settings
import Synchronization

/// The settings from the process's environment. The signing secret and the application key are removed from it at once.
enum ProcessEnvironment {
    private static let secret = Mutex<EnvironmentSecret?>(nil)
    private static let key = Mutex(EnvironmentKey(id: nil, secret: nil))

    /// Removes the signing secret and Backblaze's application key from the environment, and their bytes from the memory that
    /// `/proc` shows.
    ///
    /// To be called before there is a second thread: changing the environment is not safe while others read it.
    static func removeSecrets() {
        let signing = remove(SecretSources.variable)
        if let signing { secret.withLock { $0 = EnvironmentSecret(signing) } }
        let (id, value) = (remove(EnvironmentKey.idVariable), remove(EnvironmentKey.keyVariable))
        key.withLock { $0 = EnvironmentKey(id: id, secret: value) }
    }

    private static func remove(_ variable: String) -> String? {
        guard let value = getenv(variable) else { return nil }
        let text = String(cString: value)
        memset(value, 0, strlen(value))
        unsetenv(variable)
        return text
    }

    /// The application key from the environment.
    static var backblazeKey: EnvironmentKey { key.withLock { $0 } }

    static var places: Places { Places(environment: ProcessInfo.processInfo.environment) }

    /// Returns the authorities whose certificates are accepted: those of an option or else of the configuration, and those
    /// of the environment.
    ///
    /// - Throws: `AuthoritiesProblem` if one of them cannot be used.
    static func authorities(_ caFile: String?) throws(AuthoritiesProblem) -> Authorities {
        let configured = (try? places.settings).flatMap {
            ConfigurationFile(path: $0, home: home).read().configuration.caFile?.value
        }
        return try Authorities(environment: ProcessInfo.processInfo.environment, file: caFile ?? configured)
    }

    /// The file for b2watch's own actions and warnings; nil without a place for it.
    static var log: String? { try? places.log }

    /// Returns the user's configuration, checked as far as possible before there is a dashboard.
    ///
    /// - Throws: `ConfigurationError` with all problems.
    static func configuration() throws(ConfigurationError) -> Configuration {
        // Without a place for its file the configuration is empty.
        guard let path = try? places.settings else { return Configuration() }
        return try readConfiguration(path).checked()
    }

    /// Returns the user's configuration, with its actions.
    ///
    /// - Parameter surroundings: The environment in which actions are made.
    /// - Throws: `ConfigurationError` with all problems.
    static func configured(with surroundings: ActionSurroundings) throws(ConfigurationError) -> Configured {
        guard let path = try? places.settings else { return Configured() }
        var read = readConfiguration(path)
        let (actions, problems) = ActionDeclaration.read(read.configuration.actions, surroundings)
        read.problems += problems
        read.problems += read.configuration.reconcile.compactMap { setting in
            guard let name = setting.action, problems.isEmpty, !actions.contains(where: { $0.name == name.value })
            else {
                return nil
            }
            let question = Suggestion.question(for: name.value, among: actions.map(\.name))
            return ConfigurationProblem(
                "“act” is “\(name.value)”, which is not one of the actions\(question)", at: name.position)
        }
        do throws(ConfigurationError) {
            return Configured(configuration: try read.checked(), actions: actions)
        } catch {
            actions.forEach { $0.action.close() }
            throw error
        }
    }

    /// Returns the environment in which actions of this process are made.
    static func surroundings(_ http: any HTTPSending) -> ActionSurroundings {
        ActionSurroundings(
            http: http, environment: ProcessInfo.processInfo.environment,
            folder: (try? places.configuration) ?? "/", home: home, now: { .now })
    }

    /// Returns whether the configuration contains an action of this name, whatever else is wrong with it.
    static func declaresAction(_ name: String) -> Bool {
        guard let path = try? places.settings,
            case .map(let entries) = readConfiguration(path).configuration.actions?.content
        else { return false }
        return entries.contains { $0.key.value == name }
    }

    private static func readConfiguration(_ path: String) -> ReadConfiguration {
        var read = ConfigurationFile(path: path, home: home).read()
        read.problems += ReceivingPlan.problems(in: read.configuration)
        read.problems += DashboardSettings.problems(in: read.configuration)
        return read
    }

    private static var home: String? {
        let home = ProcessInfo.processInfo.environment["HOME"]
        return home?.hasPrefix("/") == true ? home : nil
    }

    /// Returns all sources of secrets.
    static func secretSources(files: [SecretFile]) -> SecretSources {
        let credentials = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        return SecretSources(
            files: files, environment: secret.withLock { $0 },
            credentials: credentials?.isEmpty == true ? nil : credentials,
            remembered: (try? places.secrets).map(RememberedSecrets.init(path:)))
    }
}

/// The user's configuration.
struct Configured: Sendable {
    var configuration = Configuration()
    /// The actions that it declares, in its order.
    var actions: [ActionDeclaration] = []
}

// MARK: - Open files

/// The number of files and connections that the process may open.
enum OpenFiles {
    /// The number of files that the rest of b2watch opens while it runs: the history and its readers, programs and
    /// requests of actions, attached dashboards, exports. A quarter of the free ones, within these bounds.
    private static let reserve = 40...160

    /// Raises the limit as far as the system allows: the usual 1,024 is no more than the listener's own limit of
    /// connections.
    static func allowMany() {
        guard var limit else { return }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 65_536))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Returns the number of connections that fit into the limit, after subtracting the files that are open now and
    /// those that the rest needs.
    ///
    /// - Parameter usual: The number if the limit is high enough.
    static func connections(of usual: Int) -> (count: Int, limit: Int) {
        guard let limit else { return (usual, .max) }
        let all = Int(clamping: limit.rlim_cur)
        let free = max(0, all - open)
        let kept = min(max(free / 4, reserve.lowerBound), reserve.upperBound)
        // An eighth more are open for a moment, to be answered that they are too many.
        return (min(usual, max(4, (free - kept) * 8 / 9)), all)
    }

    private static var limit: rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
    }

    private static var open: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 64
    }
}

// MARK: - Core dumps

/// The picture of its memory that a process leaves when it crashes.
enum CoreDumps {
    /// Forbids core dumps, because they would contain the signing secrets.
    static func forbid() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
