public import Base
internal import CPQ
internal import Foundation

/// The reason why the database did not do what it was asked to.
public enum PostgresError: Error, Sendable, Hashable {
    /// No server could be used: the reason of each address that was tried.
    case cannotConnect([PostgresRefusal])
    /// The connection ended; with the place and the reason.
    case lost(SafeText, SafeText)
    /// The server refused a statement.
    case rejected(PostgresRejection)
    /// The server did not answer in time; with the place. The connection is closed.
    case deadline(SafeText)
    /// `PostgresWakeup.cancel` was called.
    case cancelled
    /// The connection leads to a pooler that gives each transaction another session.
    case pooled(SafeText)
    /// The server sent something else than the program expects, such as a column of another type; with the place and the problem.
    case unexpected(SafeText, SafeText)
    /// The connection was closed before; with the place.
    case closed(SafeText)
    /// The system has no descriptor or memory left; with its words.
    case system(SafeText)

    /// Whether the same may succeed later although nobody changes anything.
    public var isTemporary: Bool {
        switch self {
        case .cannotConnect(let refusals): refusals.contains { $0.cause.isTemporary }
        case .lost, .deadline, .closed, .system: true
        case .rejected(let rejection): rejection.isTemporary
        case .cancelled, .pooled, .unexpected: false
        }
    }

    /// Whether a change may have been made although there is this error, because the server's answer never arrived.
    public var isOutcomeUnknown: Bool {
        switch self {
        case .lost, .deadline, .cancelled: true
        case .rejected(let rejection): rejection.state == "40003" || rejection.state.hasPrefix("08")
        case .cannotConnect, .pooled, .unexpected, .closed, .system: false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// The error in a sentence that may be shown.
    public var safe: SafeText { SafeText(description) }

    /// The problem, its place, and a remedy.
    public var description: String {
        switch self {
        case .cannotConnect(let refusals):
            refusals.isEmpty
                ? "cannot connect to PostgreSQL: the address has no host that could be tried"
                : "cannot connect to PostgreSQL: " + refusals.map(\.description).joined(separator: "; ")
        case .lost(let place, let reason): "the connection to PostgreSQL at \(place) was lost: \(reason)"
        case .rejected(let rejection): rejection.description
        case .deadline(let place):
            "PostgreSQL at \(place) did not answer in time: check its load, its locks (pg_stat_activity) and the network"
        case .cancelled: "cancelled"
        case .pooled(let place):
            "\(place) is a pooler that gives each transaction another session (pool_mode = transaction or statement), with which "
                + "LISTEN and advisory locks do not work: use the port of PostgreSQL itself, or pool_mode = session"
        case .unexpected(let place, let problem):
            "PostgreSQL at \(place) sent something unexpected: \(problem)"
        case .closed(let place): "the connection to PostgreSQL at \(place) is closed"
        case .system(let reason): "cannot talk to PostgreSQL: \(reason)"
        }
    }
}

// MARK: - Connecting

/// The reason why an address of a server could not be used.
public struct PostgresRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Cause: Sendable, Hashable {
        case nameNotFound
        /// Nothing listens on the port.
        case refused
        /// The Unix socket does not exist.
        case noSocket
        case unreachable
        case timedOut
        /// TLS failed, in the words of libpq.
        case insecure(SafeText)
        /// A password is required, and none was found; with a password file that is ignored because others may read it.
        case noPassword(SafeText?)
        /// The password, or another proof, is wrong; in the server's words.
        case notAuthenticated(SafeText)
        /// The server's rules (`pg_hba.conf`), or the role, do not allow the connection; in the server's words.
        case notAllowed(SafeText)
        case noDatabase(SafeText)
        /// The server starts, stops or recovers; in its words.
        case notReady(SafeText)
        case tooManyConnections
        /// The server is a standby, or its sessions can only read.
        case readOnly
        /// The server is not a standby, which was asked for.
        case notStandby
        /// The database's encoding is not UTF8.
        case encoding(SafeText)
        /// Anything else, in the words of the server or of libpq.
        case other(SafeText)

        var isTemporary: Bool {
            switch self {
            case .nameNotFound, .refused, .noSocket, .unreachable, .timedOut, .notReady, .tooManyConnections, .readOnly,
                .notStandby:
                true
            // A certificate may be renewed, and a connection may have been cut during the handshake.
            case .insecure, .other: true
            // Passwords and rules are changed by people, while b2watch waits for them.
            case .noPassword, .notAuthenticated, .notAllowed, .noDatabase, .encoding: false
            }
        }
    }

    /// The server, such as `db.example:5432/b2watch`.
    public let place: SafeText
    public let cause: Cause

    public var description: String {
        switch cause {
        case .nameNotFound: "the name of \(place) was not found: check its spelling, and the DNS of this machine"
        case .refused: "nothing listens at \(place): check the host and the port, and whether the server runs"
        case .noSocket:
            "the socket of \(place) does not exist: check whether the server runs, and its unix_socket_directories"
        case .unreachable: "\(place) cannot be reached: check the network of this machine, and the host"
        case .timedOut:
            "no answer from \(place) in time: check the host and the port, and whether a firewall is in between"
        case .insecure(let reason):
            "no secure connection to \(place): \(reason). Name the certificate of its authority in sslrootcert; only in a network "
                + "that you trust lower sslmode"
        case .noPassword(let file):
            "\(place) requires a password, and none was found: write it into ~/.pgpass or the file of PGPASSFILE"
                + (file.map { " (\($0) is ignored, because others may read it: chmod 600 it)" } ?? "")
        case .notAuthenticated(let reason): "\(place) does not accept the password: \(reason)"
        case .notAllowed(let reason):
            "\(place) does not allow the connection: \(reason). Check the role, and pg_hba.conf of the server"
        case .noDatabase(let reason): "\(place) does not exist: \(reason). Create it, or check its name"
        case .notReady(let reason): "\(place) is not ready: \(reason)"
        case .tooManyConnections: "\(place) has no connection left: end others, or raise max_connections"
        case .readOnly:
            "\(place) can only be read: it is a standby, or default_transaction_read_only is on. Name the primary, or all hosts"
        case .notStandby: "\(place) is not a standby, which target_session_attrs asks for"
        case .encoding(let encoding):
            "the database \(place) has the encoding \(encoding): create one with ENCODING 'UTF8'"
        case .other(let reason): "\(place): \(reason)"
        }
    }
}

extension PostgresRefusal.Cause {
    /// Finds the cause of a failure to connect.
    ///
    /// libpq has only a text for it: with verbose errors it contains the server's SQLSTATE, and the system's errors in the system's
    /// words, so nothing depends on the language of the messages.
    ///
    /// - Parameters:
    ///   - phase: The state of the connection before it failed.
    ///   - ignoredFile: A file of passwords that libpq ignores.
    init(_ message: String, phase: ConnStatusType, needsPassword: Bool, ignoredFile: String?) {
        let (state, reason) = Self.parts(of: message)
        func has(_ code: Int32) -> Bool { message.contains(String(cString: strerror(code))) }
        self =
            switch state {
            case "28P01": .notAuthenticated(reason)
            case "28000": .notAllowed(reason)
            case "3D000": .noDatabase(reason)
            case "57P03", "57P01", "57P02": .notReady(reason)
            case "53300": .tooManyConnections
            case .some: .other(reason)
            case nil where needsPassword: .noPassword(ignoredFile.map { SafeText($0) })
            case nil where has(ECONNREFUSED): .refused
            case nil where has(ENOENT) && phase == CONNECTION_NEEDED: .noSocket
            case nil where has(ENETUNREACH) || has(EHOSTUNREACH): .unreachable
            case nil where has(ETIMEDOUT): .timedOut
            case nil where phase == CONNECTION_SSL_STARTUP: .insecure(reason)
            case nil: .other(reason)
            }
    }

    /// Returns the SQLSTATE of the first error in a message of libpq, if any, and its text.
    private static func parts(of message: String) -> (state: String?, reason: SafeText) {
        let lines = message.split(separator: "\n").map(String.init)
        for line in lines {
            // Such as `… failed: FATAL:  28P01: password authentication failed for user "b2watch"`.
            guard let mark = line.range(of: ":  ") else { continue }
            let rest = line[mark.upperBound...]
            let state = rest.prefix(5)
            guard state.utf8.count == 5,
                state.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) }),
                rest.dropFirst(5).hasPrefix(": ")
            else { continue }
            return (String(state), SafeText(String(rest.dropFirst(7).prefix(500))))
        }
        // Without the part that names the server, which the caller names.
        let reasons = lines.map { line in
            line.range(of: " failed: ").map { String(line[$0.upperBound...]) } ?? line
        }
        return (nil, SafeText(String(reasons.joined(separator: ", ").prefix(500))))
    }
}

// MARK: - Statements

/// The server's refusal of a statement.
public struct PostgresRejection: Sendable, Hashable, CustomStringConvertible {
    public let place: SafeText
    /// The SQLSTATE, five digits and capital letters.
    public let state: String
    public let message: SafeText
    public let detail: SafeText?
    public let hint: SafeText?
    /// The table and the constraint that it is about.
    public let table: String?
    public let constraint: String?

    /// Reads the error of a result.
    init(_ result: OpaquePointer, at place: SafeText) {
        func field(_ code: Int) -> String? {
            PQresultErrorField(result, Int32(code)).map { String(String(cString: $0).prefix(1_000)) }
        }
        self.place = place
        state = field(B2_PQ_STATE) ?? "XX000"
        message = SafeText(
            field(B2_PQ_MESSAGE) ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "no reason")
        detail = field(B2_PQ_DETAIL).map { SafeText($0) }
        hint = field(B2_PQ_HINT).map { SafeText($0) }
        table = field(B2_PQ_TABLE)
        constraint = field(B2_PQ_CONSTRAINT)
    }

    /// Whether the same statement may succeed later: conflicts, locks, time limits, full resources, a server that became a standby.
    public var isTemporary: Bool {
        ["40", "53", "57", "58", "08"].contains { state.hasPrefix($0) } || ["55P03", "25006"].contains(state)
    }

    public var description: String {
        var text = "PostgreSQL at \(place) refused: \(message) (\(state))"
        if let detail { text += ". \(detail)" }
        if let remedy { text += ". \(remedy)" } else if let hint { text += ". \(hint)" }
        return text
    }

    private var remedy: String? {
        switch state {
        case "42501": "Give the role this right"
        case "53100": "Its disk is full: make room there"
        case "25006": "It is a standby now, or read only: b2watch looks for the primary again"
        case "26000": "A pooler between b2watch and PostgreSQL mixes sessions: use the port of PostgreSQL itself"
        default: nil
        }
    }
}

/// Whether the error of a result ends its connection.
func endsConnection(_ result: OpaquePointer) -> Bool {
    guard let severity = PQresultErrorField(result, Int32(B2_PQ_SEVERITY)) else { return false }
    return ["FATAL", "PANIC"].contains(String(cString: severity))
}
