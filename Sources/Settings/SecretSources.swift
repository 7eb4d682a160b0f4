import Foundation
public import Notifications

/// The sources of signing secrets at the start, and again on a reload. The value of an argument is never a source.
public struct SecretSources: Sendable {
    /// The environment variable with one secret.
    public static let variable = "B2WATCH_SIGNING_SECRET"

    public var files: [SecretFile]
    public var environment: EnvironmentSecret?
    /// systemd's credentials folder: each file in it is a secret, its name the label, except those with `otherEndings`.
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

    /// Reads all sources. A secret in two sources is loaded once, from the first.
    ///
    /// - Throws: `SecretSourceError` if a source that was named is missing, unreadable or empty, or if two secrets have
    ///   one label.
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

    /// The endings of credentials that are not signing secrets: keys and certificates for TLS, application keys, and
    /// accounts of services.
    static let otherEndings = [".key", ".pem", ".crt", ".cer", ".json"]

    /// Returns whether a credential is not a signing secret: its name has such an ending, and its contents do not look like a
    /// signing secret of B2.
    private static func isOther(_ path: String) -> Bool {
        guard otherEndings.contains(where: path.lowercased().hasSuffix) else { return false }
        guard let text = try? SecretFile.contents(of: path).text else { return true }
        return !SigningSecret.looksUsual(Array(SigningSecret.trim(text).utf8))
    }

    /// Returns the files of signing secrets in systemd's credentials folder.
    private func credentialFiles() throws(SecretSourceError) -> [String] {
        guard let credentials else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: credentials).sorted()
                .map { "\(credentials)/\($0)" }.filter { !Self.isOther($0) }
        } catch {
            throw SecretSourceError(source: .credential(credentials), problem: "cannot be read as a folder")
        }
    }

    private static func add(_ next: LoadedSecret, to loaded: inout [LoadedSecret]) throws(SecretSourceError) {
        if let first = loaded.firstIndex(where: { $0.secret.isSame(as: next.secret) }) {
            // Otherwise the next change would write the file of saved secrets without this secret.
            if next.isRemembered { loaded[first].isRemembered = true }
            // The secret can be read in its file, too.
            loaded[first].notes += next.notes.filter { !loaded[first].notes.contains($0) }
            return
        }
        if loaded.contains(where: { $0.secret.label == next.secret.label }) {
            throw SecretSourceError(
                source: next.source, problem: "has the label “\(next.secret.label)”, which another secret has already")
        }
        loaded.append(next)
    }

    /// Returns the label, with a number appended if it is used.
    private static func free(_ label: String, in loaded: [LoadedSecret]) -> String {
        SecretLabel.free(label, among: loaded.map(\.secret.label))
    }
}

// MARK: - Loaded secrets

/// The source of a secret.
public enum SecretSource: Sendable, Hashable {
    case file(String)
    case environment
    /// A file in systemd's credentials folder.
    case credential(String)
    case remembered(String)
    case screen
    /// B2's rule that b2watch is connected to.
    case rule(String)
    /// An argument that should have named a file. Its contents are not reported: it may be a secret.
    case argument

    /// The word that the keyring screen shows.
    public var word: String {
        switch self {
        case .file: "file"
        case .environment: "environment"
        case .credential: "credential"
        case .remembered: "saved"
        case .screen: "screen"
        case .rule: "rule"
        case .argument: "argument"
        }
    }
}

extension SecretSource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path): "the secret file \(path)"
        case .environment: "the environment variable \(SecretSources.variable)"
        case .credential(let path): "the credential \(path)"
        case .remembered(let path): "the file of saved secrets \(path)"
        case .screen: "the screen"
        case .rule(let name): "the rule \(name)"
        case .argument: "the argument of --secret-file"
        }
    }
}

/// A secret with its source and its notes.
public struct LoadedSecret: Sendable {
    public var secret: SigningSecret
    public let source: SecretSource
    /// Whether it is in the file of saved secrets, even if another source gave it first.
    public internal(set) var isRemembered: Bool
    /// Notes for a person, in sentences.
    public internal(set) var notes: [String]

    init(
        _ contents: SecretContents, label: String, binding: SecretBinding, source: SecretSource
    ) throws(SecretSourceError) {
        do throws(SecretError) {
            secret = try SigningSecret(label: label, value: contents.text, binding: binding)
        } catch {
            throw SecretSourceError(source: source, problem: "is empty")
        }
        self.source = source
        isRemembered = if case .remembered = source { true } else { false }
        var notes: [String] = []
        let trimmed = contents.text.unicodeScalars.count - SigningSecret.trim(contents.text).unicodeScalars.count
        // Editors end a file with one newline, which is not part of the secret.
        if trimmed > 1 || (trimmed == 1 && !contents.text.hasSuffix("\n")) {
            notes.append("\(source): \(trimmed) white-space characters at the ends were left out")
        }
        if !secret.isUsual {
            notes.append("\(source): not 32 letters and digits, as B2's signing secrets are; used as it is")
        }
        if contents.isOpenToOthers {
            notes.append("\(source) can be read by other users: chmod 600 it")
        }
        self.notes = notes
    }
}

/// The reason why a source that was named gives no secret.
public struct SecretSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    public let source: SecretSource
    /// The problem, to follow the source: `is empty`.
    public let problem: String
    /// The place that names the source, as `FILE:LINE:COLUMN`, if it is in a file.
    public var origin: String?

    public var description: String { (origin.map { "\($0): " } ?? "") + "\(source) \(problem)" }
}

// MARK: - The environment

/// The secret that the environment variable gave, or why it gave none.
///
/// Made once, at the start, and kept for reloads: the variable is unset then, and its text is kept nowhere.
public struct EnvironmentSecret: Sendable {
    private let result: Result<LoadedSecret, SecretSourceError>

    /// - Parameter value: The variable's value.
    public init(_ value: String) {
        do throws(SecretSourceError) {
            result = .success(
                try LoadedSecret(
                    SecretContents(text: value), label: "environment", binding: .any, source: .environment))
        } catch {
            result = .failure(error)
        }
    }

    /// - Throws: `SecretSourceError` if the variable was empty.
    func load() throws(SecretSourceError) -> LoadedSecret { try result.get() }
}

// MARK: - Labels

/// The label of a secret: 1 to 40 ASCII letters, digits, dots, hyphens and underscores.
public enum SecretLabel {
    private static let longest = 40

    public static func isValid(_ text: some StringProtocol) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Returns a label made of a file's name: without its folder and extension, other characters left out.
    static func ofFile(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        let stem = name.split(separator: ".").first ?? name
        let label = String(stem.filter { isValid(String($0)) }.prefix(longest))
        return label.isEmpty ? "secret" : label
    }

    /// Returns the label, with a number appended if it is used.
    public static func free(_ label: String, among taken: some Sequence<String>) -> String {
        let taken = Set(taken)
        guard taken.contains(label) else { return label }
        return (2...).lazy.map { numbered(label, $0) }.first { !taken.contains($0) } ?? label
    }

    /// Returns a label with a number appended, shortened to stay a label.
    static func numbered(_ label: String, _ number: Int) -> String {
        let ending = "-\(number)"
        return label.prefix(longest - ending.utf8.count) + ending
    }
}
