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
