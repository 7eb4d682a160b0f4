internal import Foundation
internal import GRDB
internal import Sending
internal import Settings

/// An application key of a Backblaze account. Its description shows its id and its source, never the key itself.
public struct ApplicationKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The key's id, which is not secret.
    public let id: String
    /// The place the key was read from.
    public let source: Source
    /// The Backblaze service that the key belongs to.
    public let realm: Realm
    /// Advice about the key for the user, in sentences.
    public var notes: [String] = []
    private let secret: String

    /// A place that a key is read from.
    public enum Source: Sendable, Hashable, CustomStringConvertible {
        case environment
        case file(String)
        /// The account file of the `b2` command.
        case accountFile(String)

        public var description: String {
            switch self {
            case .environment: "the environment"
            case .file(let path): "the file \(path)"
            case .accountFile(let path): "the b2 command's account file \(path)"
            }
        }
    }

    /// Creates a key.
    ///
    /// - Throws: `B2Problem` if the id or the key is empty, or contains characters that keys never contain.
    public init(id: String, secret: String, source: Source, realm: Realm) throws(B2Problem) {
        let (id, secret) = (id.trimmed, secret.trimmed)
        for (text, name) in [(id, "key ID"), (secret, "key")] {
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }) else {
                throw B2Problem(
                    .key,
                    "the application \(name) from \(source) is \(text.isEmpty ? "empty" : "damaged"): copy it again")
            }
        }
        self.id = id
        self.secret = secret
        self.source = source
        self.realm = realm
    }

    public var description: String { "key \(id) from \(source)" }

    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }

    /// The value of the header field that asks for a token (RFC 7617).
    var authorization: String { "Basic " + Data("\(id):\(secret)".utf8).base64EncodedString() }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

// MARK: - Realms

/// A Backblaze service: the real one, or one at another URL.
public struct Realm: Sendable, Hashable, CustomStringConvertible {
    /// The environment variable that names a realm, as for the `b2` command.
    public static let variable = "B2_ENVIRONMENT"
    /// Backblaze's own service.
    public static let production = Realm(url: "https://api.backblazeb2.com", description: "production")

    /// The realm's URL, without a slash at the end.
    let url: String
    /// `production`, or the realm's URL.
    public let description: String
    /// Whether the realm is on this machine. Only then may a rule point to a URL of this machine.
    public var isLoopback: Bool { (try? WebhookURL(url).isLoopback) ?? false }

    private init(url: String, description: String) {
        self.url = url
        self.description = description
    }

    /// Reads a realm: `production`, or a URL, which must be https unless it is this machine.
    ///
    /// - Throws: `B2Problem` for any other text.
    public init(_ text: String) throws(B2Problem) {
        let text = text.trimmed
        if text.isEmpty || text == Self.production.description {
            self = .production
            return
        }
        let url = text.hasSuffix("/") ? String(text.dropLast()) : text
        try Self.check(url, "\(Self.variable) “\(text)”: write production, or a URL: ")
        self.init(url: url, description: url)
    }

    /// Checks the URL of a service that receives credentials: it must be https, or on this machine.
    static func check(_ url: String, _ head: String) throws(B2Problem) {
        let read: WebhookURL
        do throws(WebhookURLError) {
            read = try WebhookURL(url)
        } catch {
            throw B2Problem(.key, "\(head)\(error)")
        }
        guard read.isSecure || read.isLoopback else {
            throw B2Problem(
                .key, "\(head)plain http to \(read.authority) would show the key to anyone between: write https://")
        }
    }
}

// MARK: - Sources

/// The key that the environment contained. It is removed from the environment when b2watch starts.
public struct EnvironmentKey: Sendable {
    /// The variables' names, which are Backblaze's own.
    public static let idVariable = "B2_APPLICATION_KEY_ID"
    public static let keyVariable = "B2_APPLICATION_KEY"

    private let id: String?
    private let secret: String?

    /// - Parameters:
    ///   - id: The value of `idVariable`; nil if it is not set.
    ///   - secret: The value of the other variable; nil if it is not set.
    public init(id: String?, secret: String?) {
        self.id = id.flatMap { $0.isEmpty ? nil : $0 }
        self.secret = secret.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Returns the key; nil if neither variable is set.
    ///
    /// - Throws: `B2Problem` if only one variable is set, or the values are not a key.
    public func key(_ realm: Realm) throws(B2Problem) -> ApplicationKey? {
        switch (id, secret) {
        case (let id?, let secret?):
            return try ApplicationKey(id: id, secret: secret, source: .environment, realm: realm)
        case (nil, nil): return nil
        case (nil, _):
            throw B2Problem(.key, "\(Self.keyVariable) is set without \(Self.idVariable): set both")
        case (_, nil):
            throw B2Problem(.key, "\(Self.idVariable) is set without \(Self.keyVariable): set both")
        }
    }
}

/// A file with a key: its id on the first line and the key on the second, or the lines `B2_APPLICATION_KEY_ID=…`,
/// `B2_APPLICATION_KEY=…` and perhaps `B2_ENVIRONMENT=…`, as a shell reads them.
public enum KeyFile {
    /// Reads a file.
    ///
    /// - Parameter realm: The realm of a file that does not name one.
    /// - Throws: `B2Problem`.
    public static func key(_ path: String, _ realm: Realm) throws(B2Problem) -> ApplicationKey {
        let bytes: [UInt8]
        let isOpenToOthers: Bool
        do throws(FileProblem) {
            (bytes, isOpenToOthers) = try PrivateFile.read(path)
        } catch {
            throw B2Problem(.key, "the key file \(path) \(error.reason)")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map { String($0).trimmed }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        var values: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].hasPrefix("B2_") || parts[0].hasPrefix("export B2_") else { continue }
            let name = String(parts[0].hasPrefix("export ") ? parts[0].dropFirst(7) : parts[0])
            values[name] = parts[1].trimmingCharacters(in: ["\"", "'"])
        }
        if values.isEmpty, lines.count == 2 {
            values = [EnvironmentKey.idVariable: lines[0], EnvironmentKey.keyVariable: lines[1]]
        }
        guard let id = values[EnvironmentKey.idVariable], let secret = values[EnvironmentKey.keyVariable] else {
            throw B2Problem(
                .key,
                "the key file \(path) has no application key: write the key ID on the first line and the key on the"
                    + " second")
        }
        var key = try ApplicationKey(
            id: id, secret: secret, source: .file(path), realm: try values[Realm.variable].map(Realm.init) ?? realm)
        if isOpenToOthers { key.notes.append("\(path) can be read by other users: chmod 600 it") }
        return key
    }
}

/// The account file of the `b2` command, where `b2 account authorize` saves its key. It belongs to another program, so
/// b2watch only reads it.
public enum AccountFile {
    /// Returns the path of the file that the `b2` command would use. The file need not exist.
    ///
    /// Source: b2sdk 2.13.1.
    ///
    /// - Parameter profile: The name of the profile; nil for the default one.
    public static func path(_ environment: [String: String], profile: String? = nil) -> String? {
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let folder =
            environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { "\($0)/.config" }
        if let profile { return folder.map { "\($0)/b2/db-\(profile).sqlite" } }
        if let path = environment["B2_ACCOUNT_INFO"], !path.isEmpty {
            guard path.hasPrefix("~/") else { return path }
            return home.map { "\($0)/\(path.dropFirst(2))" }
        }
        if let old = home.map({ "\($0)/.b2_account_info" }), access(old, F_OK) == 0 { return old }
        return folder.map { "\($0)/b2/account_info" }
    }

    /// Reads the key.
    ///
    /// - Throws: `B2Problem` if the file contains no key, or cannot be read.
    public static func key(_ path: String) throws(B2Problem) -> ApplicationKey {
        struct Account {
            var id: String
            var secret: String
            var realm: String
        }
        let account: Account?
        do {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            account = try queue.read { database in
                try Row.fetchOne(
                    database,
                    sql: "SELECT account_id_or_app_key_id AS id, application_key AS secret, realm FROM account"
                ).map { row in
                    Account(id: row["id"] ?? "", secret: row["secret"] ?? "", realm: row["realm"] ?? "")
                }
            }
        } catch {
            throw B2Problem(
                .key, "the b2 command's account file \(path) cannot be read: give the key by --key-file instead")
        }
        guard let account else {
            throw B2Problem(
                .key, "the b2 command's account file \(path) has no key in it: run b2 account authorize")
        }
        return try ApplicationKey(
            id: account.id, secret: account.secret, source: .accountFile(path), realm: Realm(account.realm))
    }
}
