import Dashboard
import Foundation
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
        let home = ProcessInfo.processInfo.environment["HOME"]
        var read = ConfigurationFile(path: path, home: home?.hasPrefix("/") == true ? home : nil).read()
        read.problems += ReceivingPlan.problems(in: read.configuration)
        read.problems += DashboardSettings.problems(in: read.configuration)
        return try read.checked()
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
