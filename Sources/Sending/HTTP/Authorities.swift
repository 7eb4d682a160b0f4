internal import Base
internal import Foundation

/// The accepted certificate authorities: those of the system, or instead those of `SSL_CERT_FILE` and `SSL_CERT_DIR`,
/// which libcurl itself does not read; and additionally those of a file of the user.
public struct Authorities: Sendable, Hashable {
    /// A file that replaces the system's.
    var file: String?
    /// A folder, as `openssl rehash` makes it, that replaces the system's.
    var folder: String?
    /// An additional file.
    var additional: String?

    /// Creates the authorities of the system alone.
    public init() {}

    /// Reads the settings of the environment and of the user, and checks them.
    ///
    /// - Parameters:
    ///   - environment: The environment of the process.
    ///   - file: The user's own file, as `--ca-file` names it.
    /// - Throws: `AuthoritiesProblem` if one of them cannot be used.
    public init(environment: [String: String], file additional: String? = nil) throws(AuthoritiesProblem) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        file = value("SSL_CERT_FILE")
        folder = value("SSL_CERT_DIR")
        self.additional = additional
        if let file { try Self.check(file, from: "SSL_CERT_FILE") }
        if let additional { try Self.check(additional, from: "--ca-file") }
        // OpenSSL accepts several, with colons between them.
        for folder in folder?.split(separator: ":") ?? [] {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: String(folder), isDirectory: &isFolder), isFolder.boolValue
            else { throw AuthoritiesProblem("SSL_CERT_DIR names \(folder), which is not a folder") }
        }
    }

    private static func check(_ path: String, from source: String) throws(AuthoritiesProblem) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw AuthoritiesProblem("\(source) names \(path), which cannot be read")
        }
        guard data.range(of: Data("-----BEGIN".utf8)) != nil else {
            throw AuthoritiesProblem(
                "\(source) names \(path), which contains no certificate in PEM: that begins with"
                    + " -----BEGIN CERTIFICATE-----"
            )
        }
    }
}

/// The reason why a list of authorities cannot be used.
public struct AuthoritiesProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The special rules of a connection.
public struct ConnectionRules: Sendable, Hashable {
    public var authorities: Authorities
    /// The only public key that is accepted, as `sha256//` and Base64, whatever the name and the authority of the
    /// certificate: for a test event to this process itself.
    public var pinnedKey: String?
    /// Whether it begins with a PROXY header of its own address: for a test event to a listener that expects one.
    public var hasProxyHeader = false

    public init(authorities: Authorities = Authorities()) {
        self.authorities = authorities
    }
}
