import Listener
import Notifications
import Synchronization
import TestSupport

/// A listener on a free port, what it logged, and clients of it.
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
    // A busy machine may take its time: only the tests of time limits set short ones.
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

/// A small POST.
func post(_ target: String = "/", body: String = "{}", headers: String = "") -> String {
    "POST \(target) HTTP/1.1\r\nHost: b2watch\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
