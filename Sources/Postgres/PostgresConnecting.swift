internal import Base
internal import CBase
internal import CPQ
internal import Foundation
internal import Synchronization

/// Connecting to the first usable server of an address, within a time limit.
///
/// libpq connects to one address at a time here: its own list of hosts has no time limit for each where nobody blocks, and it looks up
/// names with a call that nothing ends.
struct PostgresConnecting {
    let address: PostgresAddress
    let application: String
    let wakeup: PostgresWakeup
    let deadline: ContinuousClock.Instant

    /// An open connection of libpq's, and the place it leads to.
    struct Opened {
        let connection: OpaquePointer
        let place: SafeText
        let host: PostgresHost
        let address: String?
        /// The time limit for this address.
        let end: ContinuousClock.Instant
    }

    /// Opens a connection to each address in turn, until one can be used.
    ///
    /// - Parameter use: Takes over an open connection, and returns why it cannot be used, if so; then the next address is tried.
    /// - Throws: `PostgresError.cannotConnect` with a reason for each address; `cancelled`.
    func open<Result>(
        _ use: (Opened) throws(PostgresError) -> Swift.Result<Result, PostgresRefusal>
    ) throws(PostgresError) -> Result {
        let options: PostgresOptions
        do {
            options = try address.options()
        } catch {
            // A service file that was changed since the start.
            throw .cannotConnect([PostgresRefusal(place: address.safe, cause: .other(error.problem))])
        }
        var refusals: [PostgresRefusal] = []
        for (index, host) in address.hosts.enumerated() {
            let place = host.place(address.database)
            let limit = share(of: address.hosts.count - index, until: deadline)
            guard let addresses = try addresses(of: host, until: limit) else {
                refusals.append(
                    PostgresRefusal(place: place, cause: ContinuousClock.now < limit ? .nameNotFound : .timedOut))
                continue
            }
            for (index, numeric) in addresses.enumerated() {
                let end = share(of: addresses.count - index, until: limit)
                do {
                    let connection = try open(host, at: numeric, options, until: end)
                    let opened = Opened(connection: connection, place: place, host: host, address: numeric, end: end)
                    switch try use(opened) {
                    case .success(let result): return result
                    case .failure(let refusal): refusals.append(refusal)
                    }
                } catch let PostgresError.cannotConnect(more) {
                    refusals += more
                }
            }
        }
        // Of several reasons for one place, one will do.
        throw .cannotConnect(refusals.reduce(into: []) { list, next in if !list.contains(next) { list.append(next) } })
    }

    /// Opens another connection to the same address.
    func openAgain(_ opened: Opened) throws(PostgresError) -> PostgresConnection {
        let options: PostgresOptions
        do {
            options = try address.options()
        } catch {
            throw .cannotConnect([PostgresRefusal(place: opened.place, cause: .other(error.problem))])
        }
        let other = try open(opened.host, at: opened.address, options, until: opened.end)
        return PostgresConnection(other, at: opened.place, wakeup: wakeup)
    }

    /// Returns the end of the first of several equal shares of the remaining time.
    private func share(of count: Int, until end: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now < end ? now + (end - now) / max(1, count) : end
    }

    // MARK: Names

    /// Returns the IP addresses of a host, one nil for a Unix socket; nil if the name has none, or the time was up.
    private func addresses(
        of host: PostgresHost, until end: ContinuousClock.Instant
    ) throws(PostgresError) -> [String?]? {
        if host.isSocket { return [nil] }
        if let address = host.address { return [address] }
        guard let lookup = NameLookup(host.name) else { return nil }
        while true {
            if let found = lookup.found { return found.isEmpty ? nil : found }
            if try wakeup.wait(for: lookup.event, POLLIN, until: end) == .timedOut { return lookup.found }
        }
    }

    // MARK: One address

    private func open(
        _ host: PostgresHost, at numeric: String?, _ options: PostgresOptions, until end: ContinuousClock.Instant
    ) throws(PostgresError) -> OpaquePointer {
        let place = host.place(address.database)
        func refusal(_ cause: PostgresRefusal.Cause) -> PostgresError {
            .cannotConnect([PostgresRefusal(place: place, cause: cause)])
        }
        let isLocal = numeric.map(Self.isLoopback) ?? true
        let parameters = options.parameters(for: host, at: numeric, isLocal: isLocal, application: application)
        let (keys, values) = (Array(parameters.keys), Array(parameters.values))
        guard let connection = CStrings.with(keys, values, { PQconnectStartParams($0, $1, 0) }) else {
            throw .system("no memory is left")
        }
        var isOpen = false
        defer { if !isOpen { PQfinish(connection) } }
        // Errors with the SQLSTATE; notices that are printed nowhere.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        PQsetNoticeReceiver(connection, { _, _ in }, nil)

        var phase = CONNECTION_NEEDED
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            guard step != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD else {
                let message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
                throw refusal(
                    PostgresRefusal.Cause(
                        message, phase: phase, needsPassword: PQconnectionNeedsPassword(connection) == 1,
                        ignoredFile: options.ignoredPasswordFile))
            }
            let events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT
            switch try wakeup.wait(for: PQsocket(connection), events, until: end) {
            case .timedOut: throw refusal(.timedOut)
            case .woken: continue
            case .ready: break
            }
            phase = PQstatus(connection)
            step = PQconnectPoll(connection)
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        PQsetnonblocking(connection, 1)
        isOpen = true
        return connection
    }

    /// Whether an IP address is of this machine alone.
    static func isLoopback(_ address: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return false }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return bytes == Array(repeating: 0, count: 15) + [1] || isMapped && bytes[12] == 127
    }
}

// MARK: - Looking up a name

/// The lookup of a host's name, on a thread of its own: nothing can end `getaddrinfo`, and a resolver that does not answer keeps it for
/// half a minute.
private final class NameLookup: Sendable {
    /// The number of lookups that may run in this process. Beyond it the resolver is taken for dead.
    private static let most = 8
    private static let running = Atomic<Int>(0)

    /// An eventfd, which is readable at the end.
    let event: Int32
    private let addresses = Mutex<[String]?>(nil)

    /// Begins a lookup; nil if too many have not ended.
    init?(_ name: String) {
        guard Self.running.add(1, ordering: .relaxed).newValue <= Self.most else {
            Self.running.subtract(1, ordering: .relaxed)
            return nil
        }
        event = terminal_event_create()
        guard event >= 0 else {
            Self.running.subtract(1, ordering: .relaxed)
            return nil
        }
        let thread = Thread { [self] in
            let found = Self.resolve(name)
            addresses.withLock { $0 = found }
            terminal_event_signal(event)
            Self.running.subtract(1, ordering: .relaxed)
        }
        thread.name = "b2-names"
        thread.start()
    }

    deinit {
        if event >= 0 { close(event) }
    }

    /// The addresses; nil until the lookup has ended.
    var found: [String]? { addresses.withLock { $0 } }

    private static func resolve(_ name: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                found.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            next = entry.ai_next
        }
        return found
    }
}
