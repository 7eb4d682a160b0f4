import Actions
import Dashboard
import Foundation
import Outgoing
import Settings
import Synchronization

/// What the process's environment says. The signing secret is taken out of it at once.
enum ProcessEnvironment {
    private static let secret = Mutex<EnvironmentSecret?>(nil)

    /// Takes the signing secret out of the environment, and its bytes out of the memory that `/proc` shows.
    ///
    /// To be called before there is a second thread: the environment is not safe to change beside readers.
    static func takeSecret() {
        guard let value = getenv(SecretSources.variable) else { return }
        secret.withLock { $0 = EnvironmentSecret(String(cString: value)) }
        memset(value, 0, strlen(value))
        unsetenv(SecretSources.variable)
    }

    static var places: Places { Places(environment: ProcessInfo.processInfo.environment) }

    /// The file for what b2watch itself did and warned of; nil where there is no place.
    static var log: String? { try? places.log }

    /// What the user has configured, and checked as far as it can be before there is a dashboard.
    ///
    /// - Throws: `ConfigurationError` with all that is wrong.
    static func configuration() throws(ConfigurationError) -> Configuration {
        // Without a place for it there is none.
        guard let path = try? places.settings else { return Configuration() }
        return try readConfiguration(path).checked()
    }

    /// What the user has configured, with the actions that are to run by it.
    ///
    /// - Parameter surroundings: What the actions are made with.
    /// - Throws: `ConfigurationError` with all that is wrong.
    static func configured(with surroundings: ActionSurroundings) throws(ConfigurationError) -> Configured {
        guard let path = try? places.settings else { return Configured() }
        var read = readConfiguration(path)
        let (actions, problems) = ActionDeclaration.read(read.configuration.actions, surroundings)
        read.problems += problems
        do throws(ConfigurationError) {
            return Configured(configuration: try read.checked(), actions: actions)
        } catch {
            actions.forEach { $0.action.close() }
            throw error
        }
    }

    /// What actions are made with in this process.
    static func surroundings(_ http: any HTTPSending) -> ActionSurroundings {
        ActionSurroundings(
            http: http, environment: ProcessInfo.processInfo.environment,
            folder: (try? places.configuration) ?? "/", home: home, now: { .now })
    }

    /// Whether the configuration names such an action, whatever is wrong with it.
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

    /// All places that secrets come from.
    static func secretSources(files: [SecretFile]) -> SecretSources {
        let credentials = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        return SecretSources(
            files: files, environment: secret.withLock { $0 },
            credentials: credentials?.isEmpty == true ? nil : credentials,
            remembered: (try? places.secrets).map(RememberedSecrets.init(path:)))
    }
}

/// What the user has configured.
struct Configured: Sendable {
    var configuration = Configuration()
    /// The actions that it declares, in its order.
    var actions: [ActionDeclaration] = []
}

// MARK: - Open files

/// How many files and connections the process may have open.
enum OpenFiles {
    /// What the rest of b2watch opens while it runs: the history and its readers, programs and requests of actions, attached
    /// dashboards, exports. A quarter of what is free, within these bounds.
    private static let reserve = 40...160

    /// Raises the limit as far as the system lets us: the usual 1,024 is no more than the listener's own limit of
    /// connections.
    static func allowMany() {
        guard var limit else { return }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 65_536))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many connections fit into the limit, beside what is open now and what the rest needs.
    ///
    /// - Parameter usual: As many as there are to be where the limit is high enough.
    static func connections(of usual: Int) -> (count: Int, limit: Int) {
        guard let limit else { return (usual, .max) }
        let all = Int(clamping: limit.rlim_cur)
        let free = max(0, all - open)
        let kept = min(max(free / 4, reserve.lowerBound), reserve.upperBound)
        // An eighth more are open for a moment, to be answered that they are too many.
        return (max(4, min(usual, (free - kept) * 8 / 9)), all)
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
    /// Leaves none: it would hold the signing secrets.
    static func forbid() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
