import Foundation
package import TestSupport

/// A home folder for a test, so that nothing of the user's is changed.
package struct Home {
    package let folder = TemporaryFolder()
    /// The environment of programs that run there; nothing else is inherited.
    package var environment: [String: String]

    package init() throws {
        environment = [
            "PATH": NeededProgram.folders,
            "HOME": folder.path,
            "XDG_STATE_HOME": folder.file("state"),
            "XDG_CONFIG_HOME": folder.file("config"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        ].merging(Sanitizer.environment) { own, _ in own }
    }

    /// The default history.
    package var history: String { folder.file("state/b2watch/history.sqlite") }
    /// The messages while the screen is up.
    package var log: String { folder.file("state/b2watch/b2watch.log") }
    /// The file of saved secrets.
    package var secrets: String { folder.file("config/b2watch/secrets") }

    /// Writes a file with a secret.
    package func secretFile(_ value: String, _ name: String = "prod.txt") throws -> String {
        try folder.write(name, value)
    }

    /// The configuration's file.
    package var configuration: String { folder.file("config/b2watch/config.yaml") }

    /// Writes the configuration.
    package func configure(_ yaml: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("config/b2watch"), withIntermediateDirectories: true)
        _ = try folder.write("config/b2watch/config.yaml", yaml)
    }
}
