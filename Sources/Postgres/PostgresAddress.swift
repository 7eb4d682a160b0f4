public import Base
internal import CPQ
internal import Foundation

/// The address of a database: a connection string or a URI, as libpq reads it, with its service file and environment variables.
///
/// The text may contain a password, so nothing shows it: every description has the user, the hosts and the database alone.
public struct PostgresAddress: Sendable, Hashable {
    /// The hosts, in the order in which they are tried.
    public let hosts: [PostgresHost]
    public let user: String
    public let database: String
    /// Whether the text itself contains a password, which other users of the machine see where it is an argument.
    public let hasPassword: Bool
    /// The time limit for connecting: `connect_timeout`, otherwise five seconds.
    public let connectLimit: Duration
    /// The servers that are accepted: `target_session_attrs`, otherwise those that can be written to.
    let target: Target
    private let text: String

    /// Checks an address. Reads the service file and the environment, and uses no network.
    ///
    /// - Parameter text: Such as `postgresql://b2watch@db.example/b2watch`, or `host=db.example dbname=b2watch`. An empty one leaves all to
    ///   the environment.
    public init(_ text: String) throws(PostgresAddressError) {
        guard !text.utf8.contains(0) else { throw PostgresAddressError("it contains a zero byte") }
        let options = try PostgresOptions(text)
        hosts = try options.hosts()
        user = options["user"] ?? ""
        database = options["dbname"] ?? user
        hasPassword = options.written["password"] != nil || options.written["sslpassword"] != nil
        connectLimit = options.connectLimit
        target = try options.target()
        self.text = text
        try checkSeparators()
    }

    /// Refuses a URI in which a character of the password has been read as a separator: a part of the password would be shown as a
    /// host or a database, and looked up.
    private func checkSeparators() throws(PostgresAddressError) {
        guard PostgresOptions.isURI(text) else { return }
        guard
            !(hosts.map(\.name).filter { !$0.hasPrefix("@") } + [database, user]).contains(where: { $0.contains("@") })
        else {
            throw PostgresAddressError(
                "it has more than one “@”: write those of the user and password as %40, and a “/” as %2F")
        }
    }

    /// Returns the options with which libpq is to connect, read again, because a service file may have changed.
    func options() throws(PostgresAddressError) -> PostgresOptions { try PostgresOptions(text) }

    /// The servers that are accepted, in the words of `target_session_attrs`.
    enum Target: String, Sendable {
        case any
        case readWrite = "read-write"
        case readOnly = "read-only"
        case primary
        case standby
        case preferStandby = "prefer-standby"
    }
}

extension PostgresAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address without a password or any option: `postgresql://b2watch@db.example:5432/b2watch`.
    public var safe: SafeText { SafeText(description) }

    public var description: String {
        let places = hosts.map { host in
            host.isSocket ? "\(host.name.replacingOccurrences(of: "/", with: "%2F")):\(host.port)" : host.authority
        }
        return "postgresql://\(user.isEmpty ? "" : "\(user)@")\(places.joined(separator: ","))/\(database)"
    }

    public var debugDescription: String { description }

    /// Only the description, so that `dump` and a failed test show no password either.
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

/// A host of an address.
public struct PostgresHost: Sendable, Hashable {
    /// A name, an IP address, or the folder of a Unix socket. Empty for the folder that libpq was built with.
    public let name: String
    /// The IP address that is used without looking up the name (`hostaddr`).
    let address: String?
    public let port: String

    /// Whether the server is reached through a Unix socket.
    public var isSocket: Bool { address == nil && (name.isEmpty || name.hasPrefix("/") || name.hasPrefix("@")) }

    /// The host and the port, such as `db.example:5432` or `[::1]:5432`.
    var authority: String {
        let shown = name.isEmpty ? address ?? "" : name
        return shown.contains(":") ? "[\(shown)]:\(port)" : "\(shown):\(port)"
    }

    /// The host, the port and a database, for people.
    func place(_ database: String) -> SafeText {
        name.isEmpty && address == nil
            ? SafeText("local socket:\(port)/\(database)") : SafeText("\(authority)/\(database)")
    }
}

/// The reason why a text is not an address. It never contains the text.
public struct PostgresAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problem, in a sentence without its subject.
    public let problem: SafeText

    init(_ problem: String) {
        self.problem = SafeText(problem)
    }

    public var description: String {
        "the address of the PostgreSQL server (not shown here, because it may contain a password) cannot be used: \(problem). "
            + "Write it as postgresql://USER@HOST/DATABASE or as host=HOST dbname=DATABASE user=USER"
    }
}

// MARK: - The options of libpq

/// The options of a connection, as libpq has read them from a text, a service file and the environment.
struct PostgresOptions {
    /// The values of all options, by their keyword.
    private var values: [String: String] = [:]
    /// The options of the text itself.
    let written: [String: String]
    /// The file of passwords that is not used because others may read it.
    let ignoredPasswordFile: String?

    /// An option's value that libpq refuses, so that it reads all options and does not connect.
    private static let refused = "b2watch-reads-options"
    /// A password file that does not exist.
    private static let noFile = "/nonexistent/b2watch"
    private static let defaultConnectLimit = 5

    static func isURI(_ text: String) -> Bool { text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") }

    init(_ text: String) throws(PostgresAddressError) {
        written = try Self.parse(text)
        ignoredPasswordFile = Self.ignoredPasswordFile(written["passfile"])
        // libpq ignores such a file too, and prints a warning into the screen whenever it sees it.
        let file = ignoredPasswordFile == nil ? [:] : ["passfile": Self.noFile]
        // Two readings, because the option with the refused value hides the person's own value.
        for option in ["target_session_attrs", "ssl_max_protocol_version"] {
            let read = try Self.read(text, with: file, refusing: option)
            values.merge(read) { first, _ in first }
        }
    }

    /// The value of an option; nil if it has none.
    subscript(_ keyword: String) -> String? { values[keyword].flatMap { $0.isEmpty ? nil : $0 } }

    /// Returns the options of a text.
    private static func parse(_ text: String) throws(PostgresAddressError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let list = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            throw error(message.map { String(cString: $0) } ?? "out of memory", about: text)
        }
        defer { PQconninfoFree(list) }
        return pairs(list)
    }

    /// Has libpq read all options of a text, without connecting.
    private static func read(
        _ text: String, with others: [String: String], refusing option: String
    ) throws(PostgresAddressError) -> [String: String] {
        let connection = CStrings.with(
            ["dbname", option] + others.keys, [text, refused] + others.values
        ) { PQconnectStartParams($0, $1, 1) }
        defer { PQfinish(connection) }
        let message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        guard message.contains(refused), let list = PQconninfo(connection) else { throw error(message, about: text) }
        defer { PQconninfoFree(list) }
        var found = pairs(list)
        found[option] = nil
        return found
    }

    private static func pairs(_ list: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var found: [String: String] = [:]
        var next = list
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        return found
    }

    /// Returns libpq's problem with an address, without the quoted parts: they are the person's text.
    private static func error(_ message: String, about text: String) -> PostgresAddressError {
        let line = message.split(separator: "\n").first.map(String.init) ?? "libpq gives no reason"
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        // A quote in the text could swap what is inside and outside of the quotes.
        guard !text.contains("\"") else { return PostgresAddressError("\(parts[0])…") }
        let known = Set(["=", ":", "/", "[", "]"]).union(keywords)
        let shown = parts.enumerated().map { index, part in
            index % 2 == 0 ? String(part) : known.contains(String(part)) ? "“\(part)”" : "…"
        }
        return PostgresAddressError(shown.joined())
    }

    /// The keywords of all options.
    private static let keywords: Set<String> = {
        var found: Set<String> = []
        guard let list = PQconninfoParse("", nil) else { return found }
        defer { PQconninfoFree(list) }
        var next = list
        while let keyword = next.pointee.keyword {
            found.insert(String(cString: keyword))
            next += 1
        }
        return found
    }()

    // MARK: Hosts and limits

    /// Returns the hosts: libpq has checked that the lists have the same length.
    func hosts() throws(PostgresAddressError) -> [PostgresHost] {
        func list(_ keyword: String) -> [String] {
            self[keyword].map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        }
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(names.count, addresses.count, 1)
        var hosts: [PostgresHost] = []
        for index in 0..<count {
            let name = names.indices.contains(index) ? names[index] : ""
            let address = addresses.indices.contains(index) && !addresses[index].isEmpty ? addresses[index] : nil
            guard count == 1 || !name.isEmpty || address != nil else {
                throw PostgresAddressError("a host of its list is empty")
            }
            let written = ports.indices.contains(index) ? ports[index] : ports.count == 1 ? ports[0] : ""
            let port = written.isEmpty ? "5432" : written
            // libpq looks at it only when it connects.
            guard let number = UInt16(port), number > 0 else {
                throw PostgresAddressError(
                    "a port of it is not a number from 1 to 65535 (in a password, write “/” as %2F, “:” as %3A and “@” as %40)"
                )
            }
            hosts.append(PostgresHost(name: name, address: address, port: port))
        }
        return hosts
    }

    /// The time limit for connecting. As in libpq, a limit of less than two seconds is one of two; none is ours.
    var connectLimit: Duration {
        guard let seconds = self["connect_timeout"].flatMap({ Int($0) }), seconds > 0 else {
            return .seconds(Self.defaultConnectLimit)
        }
        return .seconds(min(max(seconds, 2), 3_600))
    }

    /// Returns the servers that are accepted. A standby is, only if that is asked for.
    func target() throws(PostgresAddressError) -> PostgresAddress.Target {
        let isWritten = written["target_session_attrs"] != nil || Self.hasVariable("PGTARGETSESSIONATTRS")
        guard let word = self["target_session_attrs"], isWritten || word != "any" else { return .readWrite }
        guard let target = PostgresAddress.Target(rawValue: word) else {
            throw PostgresAddressError("target_session_attrs has none of its values, such as read-write or any")
        }
        return target
    }

    // MARK: TLS

    /// Returns the TLS mode for a host: without one of the person's own, a server that is not on this machine has to prove its name.
    ///
    /// libpq's own default is `prefer`, which anybody on the way can lower to no TLS at all. It does not show whether a service file
    /// names this one, so a person who wants it writes it into the address or `PGSSLMODE`.
    func tlsMode(isLocal: Bool) -> String {
        let isWritten =
            written["sslmode"] != nil || Self.hasVariable("PGSSLMODE")
            || getenv("PGREQUIRESSL").map { $0.pointee == UInt8(ascii: "1") } == true
        let mode = self["sslmode"] ?? "prefer"
        return isWritten || mode != "prefer" || isLocal ? mode : "verify-full"
    }

    /// Returns the list of authorities for `verify-full` where the person has none: the system's.
    private func authorities() -> String? {
        let own = Self.home.map { "\($0)/.postgresql/root.crt" }
        guard self["sslrootcert"] == nil, own.map({ access($0, F_OK) }) != 0 else { return nil }
        if PQlibVersion() >= 160_000 { return "system" }
        return ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"].first {
            access($0, R_OK) == 0
        }
    }

    private static func hasVariable(_ name: String) -> Bool { getenv(name) != nil }

    // MARK: For a connection

    /// Returns the options for connecting to one address of one host.
    ///
    /// - Parameter address: The IP address; nil for a Unix socket.
    func parameters(for host: PostgresHost, at address: String?, isLocal: Bool, application: String) -> [String: String]
    {
        var parameters = values.filter { !$0.value.isEmpty }
        // These are decided here, or were read already.
        for keyword in [
            "host", "hostaddr", "service", "servicefile", "target_session_attrs", "connect_timeout",
            "load_balance_hosts",
            "replication",
        ] {
            parameters[keyword] = nil
        }
        if !host.name.isEmpty { parameters["host"] = host.name }
        parameters["hostaddr"] = address
        parameters["port"] = host.port
        parameters["target_session_attrs"] = "any"
        parameters["fallback_application_name"] = application
        parameters["client_encoding"] = "UTF8"
        parameters["sslmode"] = tlsMode(isLocal: isLocal)
        if parameters["sslmode"] == "verify-full", let authorities = authorities() {
            parameters["sslrootcert"] = authorities
        }
        // The kernel notices a server that is gone within half a minute, and b2watch sleeps until then.
        let liveness = [
            "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "20000",
        ]
        return parameters.merging(liveness) { own, _ in own }
    }

    /// Returns the file of passwords that libpq would use, if it ignores it because others may read it.
    ///
    /// - Parameter written: The file that the address names.
    private static func ignoredPasswordFile(_ written: String?) -> String? {
        guard let path = written ?? getenv("PGPASSFILE").map({ String(cString: $0) }) ?? home.map({ "\($0)/.pgpass" })
        else {
            return nil
        }
        var status = stat()
        let isOpenToOthers =
            stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o077 != 0
        return isOpenToOthers ? path : nil
    }

    /// The home folder, as libpq finds it.
    private static var home: String? {
        if let home = getenv("HOME"), home.pointee != 0 { return String(cString: home) }
        return getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) }
    }
}

/// Lists of words as C has them.
enum CStrings {
    typealias List = [UnsafePointer<CChar>?]

    /// Calls a function with two lists, each ended by a null pointer.
    static func with<Result>(_ first: [String], _ second: [String], _ body: (List, List) -> Result) -> Result {
        let owned = (first + second).map { strdup($0) }
        defer { owned.forEach { free($0) } }
        let pointers = owned.map { UnsafePointer($0) }
        return body(pointers.prefix(first.count) + [nil], pointers.suffix(second.count) + [nil])
    }
}
