import Foundation
import Harness
import Notifications
import TestSupport

/// 500 deliveries a second, as from a busy bucket all day: processor time of a delivery with the dashboard open and a
/// CSV action on, compared with the tutorial in Node at the same rate, in turns.
enum Steady {
    private static let rounds = 3
    private static let rate = 500
    private static let connections = 8
    private static let time = Duration.seconds(6)

    static func measure(_ findings: inout Findings) throws {
        guard let node = Tool.path("node") else { throw MissingTool(name: "node") }
        print("\(rate) deliveries a second")
        var costs: [String: [Double]] = [:]
        for _ in 0..<rounds {
            let server = try PrintedPort(node, [Tool.peer("tutorial.js"), Secrets.value])
            costs["Node", default: []].append(try cost(of: server.child.id, server.port))
            server.stop()

            let dashboard = try Dashboard(columns: 120, rows: 36) { home in
                try home.configure("actions:\n  rows:\n    kind: csv\n    file: \(home.folder.file("rows.csv"))\n")
            }
            costs["dashboard", default: []].append(try cost(of: dashboard.child.id, dashboard.port))
            dashboard.child.signal(SIGTERM)
            _ = dashboard.child.end()
        }
        let (own, other) = (median(costs["dashboard"] ?? []), median(costs["Node"] ?? []))
        findings.report("the tutorial in Node", "\(Int(other)) µs a delivery")
        let ratio = other > 0 ? own / other : .infinity
        findings.expect(
            "dashboard open, a CSV action on", "\(Int(own)) µs a delivery, \((ratio * 100).rounded() / 100) of Node",
            "4 of Node or less", holds: ratio <= 4)
    }

    /// Sends at the rate for some seconds.
    ///
    /// - Returns: The processor time of a delivery, in microseconds.
    private static func cost(of process: pid_t, _ port: UInt16) throws -> Double {
        let clients = try (0..<connections).map { _ in try RawClient(host: "127.0.0.1", port: port) }
        let before = try ProcessTimes(of: process)
        let start = ContinuousClock.now
        var sent = 0
        while .now - start < time {
            let client = clients[sent % connections]
            try client.send(SampleRequests.unique(sent))
            _ = try client.answer()
            sent += 1
            let due = start + .seconds(sent) / rate
            let early = due - .now
            if early > .zero { usleep(UInt32(early / .microseconds(1))) }
        }
        let after = try ProcessTimes(of: process)
        return (after.processor - before.processor) * 1_000_000 / Double(max(1, sent))
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}

/// A program whose first line of output is the port that it listens on.
struct PrintedPort {
    let child: Child
    let port: UInt16
    private let output: Output

    init(_ path: String, _ arguments: [String]) throws {
        let ends = PipeEnds()
        child = try Child(
            path, arguments, environment: ["PATH": Tool.searchPath], streams: Child.Streams(output: ends.writing))
        close(ends.writing)
        output = Output(ends.reading)
        guard let port = try output.line(with: "port ").split(separator: " ").last.flatMap({ UInt16($0) }) else {
            throw MissingTool(name: "the port of \(path)")
        }
        self.port = port
    }

    func stop() {
        child.signal(SIGKILL)
        _ = child.end()
    }
}
