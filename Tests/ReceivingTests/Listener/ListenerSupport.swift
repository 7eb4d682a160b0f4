import Base
import Glibc
import Notifications
import Receiving
import Synchronization
import TestSupport

// MARK: - Listener

/// A listener on a free port, its log, and its clients.
struct TestListener {
    let listener: Listener
    let log: LogLines

    func client() throws -> RawClient {
        try RawClient(host: listener.address.host, port: listener.address.port)
    }
}

final class LogLines: Sendable {
    private let all = Mutex<[String]>([])

    var lines: [String] { all.withLock { $0 } }

    func append(_ line: String) {
        all.withLock { $0.append(line) }
    }
}

/// Runs a test with a listener, and stops it.
func withListener(
    _ receiver: TestReceiver = TestReceiver(), at address: String = "127.0.0.1:0",
    _ change: (inout ListenerConfiguration) -> Void = { _ in },
    _ test: (TestListener) throws -> Void
) throws {
    var configuration = ListenerConfiguration(
        address: try ListenAddress(address), clock: { Timestamp(milliseconds: 1_767_262_272_345) })
    // A busy machine may be slow, so only the tests of time limits set short ones.
    configuration.times.head = .patience * 2
    configuration.times.request = .patience * 2
    configuration.times.idle = .patience * 2
    change(&configuration)
    let log = LogLines()
    let listener = try Listener.start(configuration, receiver: receiver, log: log.append)
    do {
        try test(TestListener(listener: listener, log: log))
    } catch {
        listener.stop(within: .zero)
        throw error
    }
    listener.stop(within: .zero)
}

/// Returns a small POST.
func post(_ target: String = "/", body: String = "{}", headers: String = "") -> String {
    "POST \(target) HTTP/1.1\r\nHost: b2watch\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

// MARK: - Receiver

/// Records requests, and answers at once or when the test does.
final class TestReceiver: DeliveryReceiver {
    struct Received: Sendable {
        let delivery: Delivery
        let kind: RequestKind
        let answer: @Sendable (Answer) -> Void
    }

    /// The time that the answer to each took, by its number among those received, from 1.
    var answered: [Int64: Duration] { times.withLock { $0 } }

    func answered(_ record: Int64, in time: Duration) {
        times.withLock { $0[record] = time }
    }

    enum Manner {
        /// On the event loop, before `receive` returns.
        case atOnce(Answer)
        /// From another thread.
        case elsewhere(Answer)
        /// When the test calls `answer`.
        case held
    }

    private let manner: Manner
    private let canRecord: Bool
    private let all = Monitor<[Received]>([])
    private let elsewhere = Worker("elsewhere")
    private let taken = Mutex(0)
    private let times = Mutex<[Int64: Duration]>([:])

    init(_ manner: Manner = .elsewhere(.accepted), canRecord: Bool = true) {
        self.manner = manner
        self.canRecord = canRecord
    }

    var received: [Received] { all.withLock { $0 } }

    /// Returns the next request; for one reader.
    func next() -> Received? {
        let number = taken.withLock { taken in
            defer { taken += 1 }
            return taken
        }
        return all.expect("a request") { $0.count > number ? $0[number] : nil }
    }

    func receive(_ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, Int64?) -> Void) {
        let received = all.change { all in
            let record = Int64(all.count + 1)
            let received = Received(delivery: delivery, kind: kind) { answer($0, record) }
            all.append(received)
            return received
        }
        let answer = received.answer
        switch manner {
        case .atOnce(let text): answer(text)
        case .elsewhere(let text): elsewhere.async { answer(text) }
        case .held: break
        }
    }

    func checkHealth(from address: String, answer: @escaping @Sendable (Answer) -> Void) {
        let canRecord = canRecord
        elsewhere.async { answer(canRecord ? .accepted : .notRecorded) }
    }
}

extension Listener {
    /// Binds the address and accepts connections from then on. Blocks until it is bound.
    static func start(
        _ configuration: ListenerConfiguration, receiver: any DeliveryReceiver,
        log: @escaping @Sendable (String) -> Void
    ) throws(ListenerError) -> Listener {
        let listener = try bind(configuration, log: log)
        try listener.accept(for: receiver)
        return listener
    }
}

// MARK: - Client

/// A client that sends bytes, and returns the bytes received. Its calls block the thread of the test, so that only the
/// system decides when a test continues.
final class RawClient: Sendable {
    struct Problem: Error {
        let text: String
    }

    struct Response: Equatable {
        var status: Int
        var headers: [String]
        var body: String

        var closes: Bool { headers.contains("Connection: close") }
    }

    private let socket: Int32

    /// Connects to an IP address.
    init(host: String = "127.0.0.1", port: Int) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let address = list?.pointee else {
            throw Problem(text: "no address \(host)")
        }
        defer { freeaddrinfo(list) }
        socket = Glibc.socket(address.ai_family, address.ai_socktype, 0)
        var patience = timeval(tv_sec: Int(Duration.patience.seconds), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connect(socket, address.ai_addr, address.ai_addrlen) == 0 else {
            throw Problem(text: "connect: errno \(errno)")
        }
    }

    deinit { close(socket) }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Problem(text: "send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Ends the sending half.
    func endSending() {
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Reads one response.
    func response(hasBody: Bool = true) throws -> Response {
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let byte = try Self.read(socket, 1).first else { throw Problem(text: "ended after \(head)") }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        var lines = head.split(separator: "\r\n").map(String.init)
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        var body: [UInt8] = []
        while hasBody, body.count < length {
            let bytes = try Self.read(socket, length - body.count)
            guard !bytes.isEmpty else { throw Problem(text: "ended in the body") }
            body += bytes
        }
        return Response(status: status, headers: lines, body: String(decoding: body, as: UTF8.self))
    }

    /// Reads until the peer closes.
    func rest() throws -> String {
        var all: [UInt8] = []
        while case let bytes = try Self.read(socket, 4_096), !bytes.isEmpty { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }

    private static func read(_ socket: Int32, _ count: Int) throws -> [UInt8] {
        Blocking.check()
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(socket, &buffer, count, 0)
        guard got >= 0 else { throw Problem(text: "recv: errno \(errno)") }
        return Array(buffer.prefix(got))
    }
}
