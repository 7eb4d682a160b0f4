import Foundation
import Notifications

/// Where signing secrets are taken from at the start, and again on a reload. Never from an argument's value.
public struct SecretSources: Sendable {
    /// The environment variable that holds one secret.
    public static let variable = "B2WATCH_SIGNING_SECRET"

    public var files: [SecretFile]
    public var environment: EnvironmentSecret?
    /// systemd's credentials folder: each file in it is a secret, its name the label.
    public var credentials: String?
    public var remembered: RememberedSecrets?

    public init(
        files: [SecretFile] = [], environment: EnvironmentSecret? = nil, credentials: String? = nil,
        remembered: RememberedSecrets? = nil
    ) {
        self.files = files
        self.environment = environment
        self.credentials = credentials
        self.remembered = remembered
    }

    /// Reads all sources. The same secret from two sources is held once, by the first.
    ///
    /// - Throws: `SecretSourceError` where a source that was named is missing, unreadable or empty, or where two
    ///   secrets have one label.
    public func load() throws(SecretSourceError) -> [LoadedSecret] {
        var loaded: [LoadedSecret] = []
        for file in files {
            do throws(SecretSourceError) {
                var next = try file.load()
                if file.label == nil { next.secret = next.secret.renamed(Self.free(next.secret.label, in: loaded)) }
                try Self.add(next, to: &loaded)
            } catch {
                var error = error
                error.origin = file.origin
                throw error
            }
        }
        if var next = try environment?.load() {
            next.secret = next.secret.renamed(Self.free(next.secret.label, in: loaded))
            try Self.add(next, to: &loaded)
        }
        for credential in try credentialFiles() {
            let name = credential.split(separator: "/").last ?? ""
            var next = try LoadedSecret(
                SecretFile.contents(of: credential),
                label: SecretLabel.isValid(name) ? String(name) : SecretLabel.ofFile(credential), binding: .any,
                source: .credential(credential))
            next.secret = next.secret.renamed(Self.free(next.secret.label, in: loaded))
            try Self.add(next, to: &loaded)
        }
        for var next in try remembered?.load() ?? [] {
            next.secret = next.secret.renamed(Self.free(next.secret.label, in: loaded))
            try Self.add(next, to: &loaded)
        }
        return loaded
    }

    private func credentialFiles() throws(SecretSourceError) -> [String] {
        guard let credentials else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: credentials).sorted()
                .map { "\(credentials)/\($0)" }
        } catch {
            throw SecretSourceError(source: .credential(credentials), problem: "cannot be read as a folder")
        }
    }

    private static func add(_ next: LoadedSecret, to loaded: inout [LoadedSecret]) throws(SecretSourceError) {
        if let first = loaded.firstIndex(where: {
            $0.secret.hasSameValue(as: next.secret) && $0.secret.binding == next.secret.binding
        }) {
            // Else the next change would write the file of remembered secrets without it.
            if next.isRemembered { loaded[first].isRemembered = true }
            // Its file is a place where the secret can be read, too.
            loaded[first].notes += next.notes.filter { !loaded[first].notes.contains($0) }
            return
        }
        if loaded.contains(where: { $0.secret.label == next.secret.label }) {
            throw SecretSourceError(
                source: next.source, problem: "has the label “\(next.secret.label)”, which another secret has already")
        }
        loaded.append(next)
    }

    /// The label, or with a number behind it where it is taken.
    private static func free(_ label: String, in loaded: [LoadedSecret]) -> String {
        SecretLabel.free(label, among: loaded.map(\.secret.label))
    }
}
