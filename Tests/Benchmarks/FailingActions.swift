import Foundation
import Harness
import TestSupport

/// The answer times while ten actions fail for every event, compared with none, in turns, at a rate that both can
/// answer.
enum FailingActions {
    private static let rounds = 3
    private static let time = Duration.seconds(3)
    /// Three seconds of it are no more than the sample's events, each of which is an entry for each action.
    private static let rate = 300.0
    private static let connections = 8

    static func measure(_ findings: inout Findings) throws {
        print("answers, \(Int(rate)) deliveries a second, ten actions that fail at each and none")
        var (failing, none) = (Durations(), Durations())
        for _ in 0..<rounds {
            try run(configuration: "", into: &none)
            try run(configuration: actions, into: &failing)
        }
        for (name, times) in [("none", none), ("ten actions", failing)] {
            findings.report(name, "p50 \(times.median.text), p99 \(times.p99.text), max \(times.largest.text)")
        }
        let expected = Int(rate * time.seconds) * rounds
        findings.expect(
            "answered", "\(failing.count) of \(expected)", "95 % or more",
            holds: Double(failing.count) >= 0.95 * Double(expected))
        let ratio = failing.median.seconds / max(0.000_001, none.median.seconds)
        findings.expect("p50, of that with none", twoPlaces(ratio), "1.5 at most", holds: ratio <= 1.5)
        findings.expect(
            "p99 with ten actions", failing.p99.text, "less than 100 ms", holds: failing.p99 < .milliseconds(100))
    }

    /// The causes: nothing listens, a file cannot be written, a program fails.
    private static let actions: String = {
        let forwards = (1...6).map { "  forward\($0):\n    kind: forward\n    url: http://127.0.0.1:9/\($0)\n" }
        return "actions:\n" + forwards.joined() + """
              slack1:
                kind: slack
                url-environment: HOOK
              slack2:
                kind: slack
                url-environment: HOOK
              rows:
                kind: csv
                file: /proc/no/rows.csv
              program:
                kind: command
                run: [/bin/false]

            """
    }()

    private static func run(configuration: String, into times: inout Durations) throws {
        var home = try SampleRequests.home()
        home.environment["HOOK"] = "http://127.0.0.1:9/hook"
        try home.configure(configuration)
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(nowhere) }
        let listener = try RunningListener(in: home, output: nowhere)
        var client = try LoadClient(connections, host: listener.host, port: listener.port)
        defer { client.close() }
        var sent = 0
        var seen = times
        let start = ContinuousClock.now
        client.run(
            rate: rate,
            make: { _ in
                guard .now - start < time, sent < SampleRequests.all.count else { return nil }
                defer { sent += 1 }
                return SampleRequests.all[sent]
            },
            arrived: { if $0.answer.status == 200 { seen.add($0.time) } })
        times = seen
        try listener.stop()
    }
}
