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

    /// The file for what b2watch says of itself while the screen is up, its folder made; nil where there is no place.
    static func logFile() -> String? {
        guard let folder = try? places.state, let log = try? places.log else { return nil }
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return log
    }

    /// All places that secrets come from.
    ///
    /// - Throws: `SecretSourceError` where an argument names no file.
    static func secretSources(files: [String]) throws -> SecretSources {
        let credentials = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        return SecretSources(
            files: try files.map(SecretFile.init(argument:)), environment: secret.withLock { $0 },
            credentials: credentials?.isEmpty == true ? nil : credentials,
            remembered: (try? places.secrets).map(RememberedSecrets.init(path:)))
    }
}
