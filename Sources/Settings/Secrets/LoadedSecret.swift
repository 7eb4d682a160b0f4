public import Notifications

/// Where a secret came from.
public enum SecretSource: Sendable, Hashable {
    case file(String)
    case environment
    /// A file in systemd's credentials folder.
    case credential(String)
    case remembered(String)
    case screen
    /// An argument that should have named a file. What it holds is not told: it may be a secret.
    case argument

    /// The word that the keyring screen shows.
    public var word: String {
        switch self {
        case .file: "file"
        case .environment: "environment"
        case .credential: "credential"
        case .remembered: "saved"
        case .screen: "screen"
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
        case .argument: "the argument of --secret-file"
        }
    }
}

/// A secret with its source and what is to be said of it.
public struct LoadedSecret: Sendable {
    public var secret: SigningSecret
    public let source: SecretSource
    /// Whether the file of remembered secrets holds it, also where another source gave it first.
    public internal(set) var isRemembered: Bool
    /// What a person should know, in sentences.
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
        // One newline at the end is how every editor leaves a file.
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

/// Why a source that was named gives no secret.
public struct SecretSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    public let source: SecretSource
    /// To be put behind the source: `is empty`.
    public let problem: String
    /// Where the source is named, as `FILE:LINE:COLUMN`, if that is in a file.
    public var origin: String?

    public var description: String { (origin.map { "\($0): " } ?? "") + "\(source) \(problem)" }
}
