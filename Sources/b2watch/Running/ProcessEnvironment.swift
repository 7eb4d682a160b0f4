import Foundation
import Settings
import Synchronization

/// What the process's environment says. The signing secret is taken out of it at once.
enum ProcessEnvironment {
    private static let secret = Mutex<String?>(nil)

    /// Takes the signing secret out of the environment, and its bytes out of the memory that `/proc` shows.
    ///
    /// To be called before there is a second thread: the environment is not safe to change beside readers.
    static func takeSecret() {
        guard let value = getenv(SecretSources.variable) else { return }
        secret.withLock { $0 = String(cString: value) }
        memset(value, 0, strlen(value))
        unsetenv(SecretSources.variable)
    }

    /// - Throws: `PlacesError`.
    static func places() throws(PlacesError) -> Places {
        try Places(environment: ProcessInfo.processInfo.environment)
    }

    /// The file for what b2watch says of itself while the screen is up, its folder made; nil where there is no place.
    static func logFile() -> String? {
        guard let places = try? places() else { return nil }
        try? FileManager.default.createDirectory(
            atPath: places.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return places.log
    }

    /// All places that secrets come from.
    static func secretSources(files: [String]) -> SecretSources {
        SecretSources(
            files: files.map(SecretFile.init(argument:)), environmentValue: secret.withLock { $0 },
            credentials: ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"],
            remembered: (try? places()).map { RememberedSecrets(path: $0.secrets) })
    }
}
