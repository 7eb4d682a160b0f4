internal import NIOCore
internal import Notifications
internal import Synchronization

/// The reason why a request is not accepted at all. It becomes a line in the log, not a row.
enum Refusal: Error, Hashable {
    /// The body is longer than the limit, which is in bytes.
    case bodyTooLarge(limit: Int)
    case headersTooLarge
    case notHTTP
    /// A TLS handshake; this port speaks plain HTTP.
    case tls
    /// The length of the body is not clear.
    case ambiguousLength
    /// The target is neither a path nor a URL of HTTP, such as `*`.
    case noPath
    /// The peer ended the connection in the middle.
    case incomplete
    case slowHead
    case slowRequest
    case tooManyConnections(limit: Int)
    /// More requests have begun than may be under way.
    case tooManyRequestsAtOnce(limit: Int)
    /// The bodies that are being received take all the memory that they may, in bytes.
    case tooManyBodies(limit: Int)
    /// An HTTP/1.1 request has no `Host`, or a request has several.
    case noHost
    /// The target is below no path that is listened on.
    case otherPath
    /// Too many requests arrive that are not valid.
    case tooManyRequests
    /// The address is in no list from which requests are taken.
    case otherAddress
    /// Plain HTTP; this port speaks HTTPS.
    case plain
    /// The TLS connection could not be established.
    case handshake(HandshakeFault)
    /// A trusted proxy begins without a PROXY header.
    case noProxyHeader
    /// A PROXY header from an address that is not a trusted proxy.
    case otherProxy

    /// The response that the peer gets.
    var response: Response {
        switch self {
        case .bodyTooLarge: Response(status: 413, text: "Body too large")
        case .headersTooLarge: Response(status: 431, text: "Headers too large")
        case .notHTTP: Response(status: 400, text: "Bad request")
        case .tls: Response(status: 400, text: "This port speaks HTTP, not HTTPS")
        case .ambiguousLength: Response(status: 400, text: "Ambiguous body length")
        case .noPath: Response(status: 400, text: "The request names no path")
        case .incomplete: Response(status: 400, text: "Incomplete request")
        case .slowHead, .slowRequest: Response(status: 408, text: "Request took too long")
        case .tooManyConnections: Response(status: 503, text: "Too many connections")
        case .tooManyRequestsAtOnce: Response(status: 503, text: "Too many requests at once")
        case .tooManyBodies: Response(status: 503, text: "Too many long bodies at once")
        case .noHost: Response(status: 400, text: "The request has no Host, or several")
        case .otherPath: Response(.notFound)
        case .tooManyRequests: Response(.tooMany)
        case .otherAddress: Response(.forbidden)
        case .plain: Response(status: 400, text: "This port speaks HTTPS, not HTTP")
        case .handshake: Response(status: 400, text: "TLS handshake failed")
        case .noProxyHeader: Response(status: 400, text: "A PROXY header is missing or malformed")
        case .otherProxy: Response(status: 400, text: "A PROXY header is not taken from this address")
        }
    }
}

extension Refusal {
    /// Returns why a request with this answer is not in the record; nil for answers that have other reports.
    init?(unrecorded answer: Answer) {
        switch answer {
        case .notFound: self = .otherPath
        case .tooMany: self = .tooManyRequests
        case .forbidden: self = .otherAddress
        default: return nil
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// The reason in the words of the log.
    var description: String {
        switch self {
        case .bodyTooLarge(let limit): "body over \(Self.size(limit)) (413)"
        case .headersTooLarge: "headers too large (431)"
        case .notHTTP: "not valid HTTP (400)"
        case .tls: "HTTPS on a port that speaks HTTP (400)"
        case .ambiguousLength: "the length of the body is ambiguous (400)"
        case .noPath: "the request names no path (400)"
        case .incomplete: "ended in the middle (400)"
        case .slowHead: "the head took too long (408)"
        case .slowRequest: "the request took too long (408)"
        case .tooManyConnections(let limit): "over \(limit) connections (503)"
        case .tooManyRequestsAtOnce(let limit): "over \(limit) requests at once (503)"
        case .tooManyBodies(let limit): "long bodies over \(Self.size(limit)) at once (503)"
        case .noHost: "no Host header, or several (400)"
        case .otherPath: "not below --path, and not kept (404)"
        case .tooManyRequests: "too many that are not valid, and not kept (429)"
        case .otherAddress: "not from an address in --allow-from, and not kept (403)"
        case .plain: "HTTP on a port that speaks HTTPS (400)"
        case .handshake(let fault): fault.words
        case .noProxyHeader: "a trusted proxy sent no valid PROXY header: check that it is set to send one (400)"
        case .otherProxy: "a PROXY header from an address that --trust-proxy does not name (400)"
        }
    }

    private static func size(_ bytes: Int) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << shift {
            if bytes & (1 << shift - 1) == 0 { return "\(bytes >> shift) \(unit)" }
        }
        return "\(bytes) bytes"
    }
}

// MARK: - Counting

/// Counts refusals, so that the log gets one line per address, reason and minute, and memory stays bounded.
///
/// The first refusal of its kind is logged at once; further ones are logged when the minute is over. The tally has no
/// clock of its own: its owner calls `turn()` when a minute has passed since the tally was last empty or turned.
struct RefusalTally {
    struct Kind: Hashable {
        let address: String
        let reason: Refusal
    }

    /// The number of kinds that are counted apart; refusals of further ones are counted by their reason alone.
    private let capacity: Int
    /// The refusals since the last line about them. Zero: logged, and none since.
    private var counts: [Kind: Int] = [:]
    private var others: [Refusal: Int] = [:]

    init(capacity: Int = 256) {
        self.capacity = capacity
    }

    /// Whether nothing is counted: if false, a minute runs at whose end there may be something to log.
    var isEmpty: Bool { counts.isEmpty && others.isEmpty }

    /// Counts one refusal.
    ///
    /// - Returns: The line to log now, if this is the first of its kind.
    mutating func count(_ reason: Refusal, from address: String) -> String? {
        let kind = Kind(address: address, reason: reason)
        if let count = counts[kind] {
            counts[kind] = count + 1
            return nil
        }
        guard counts.count < capacity else {
            others[reason, default: 0] += 1
            return nil
        }
        counts[kind] = 0
        return "\(address): request refused: \(reason)"
    }

    /// Ends the minute.
    ///
    /// - Returns: The lines to log, in order of address and reason.
    mutating func turn() -> [String] {
        let told = counts.filter { $0.value > 0 }
        let lines = told.map { kind, count in
            "\(kind.address): \(Self.requests(count)) refused in the last minute: \(kind.reason)"
        }
        let rest = others.map { reason, count in
            "other addresses: \(Self.requests(count)) refused in the last minute: \(reason)"
        }
        // Kinds that were refused again are remembered for another minute; the rest start from the beginning.
        counts = told.mapValues { _ in 0 }
        others = [:]
        return lines.sorted() + rest.sorted()
    }

    private static func requests(_ count: Int) -> String {
        count == 1 ? "1 more request" : "\(count) more requests"
    }
}

/// Writes refusals to the log, counted by `RefusalTally`. A timer exists only while something is counted.
final class RefusalCounter: Sendable {
    private struct State {
        var tally = RefusalTally()
        var minute: Scheduled<Void>?
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop
    private let minute: TimeAmount
    private let log: @Sendable (String) -> Void

    init(eventLoop: any EventLoop, minute: TimeAmount = .minutes(1), log: @escaping @Sendable (String) -> Void) {
        self.eventLoop = eventLoop
        self.minute = minute
        self.log = log
    }

    func count(_ reason: Refusal, from address: String) {
        let line = state.withLock { state in
            let line = state.tally.count(reason, from: address)
            if state.minute == nil { state.minute = schedule() }
            return line
        }
        if let line { log(line) }
    }

    /// Logs everything that is not yet logged, and stops the timer.
    func finish() {
        let lines = state.withLock { state in
            state.minute?.cancel()
            state.minute = nil
            return state.tally.turn()
        }
        lines.forEach(log)
    }

    private func turn() {
        let lines = state.withLock { state in
            let lines = state.tally.turn()
            state.minute = state.tally.isEmpty ? nil : schedule()
            return lines
        }
        lines.forEach(log)
    }

    private func schedule() -> Scheduled<Void> {
        eventLoop.scheduleTask(in: minute) { self.turn() }
    }
}
