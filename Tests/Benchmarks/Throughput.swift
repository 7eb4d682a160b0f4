import Harness
import Foundation
import TestSupport

/// The number of deliveries answered a second, and their times, recorded in a file and only in memory, in turns.
enum Throughput {
    private static let rounds = 3
    private static let time = Duration.seconds(2)

    private struct Result {
        var times = Durations()
        var rates: [Double] = []
        var processor = Duration.zero
        var rate: Double { rates.reduce(0, +) / Double(rates.count) }
    }

    static func measure(_ findings: inout Findings) throws {
        for connections in [1, 64] {
            print("answers, \(connections) connection\(connections == 1 ? "" : "s")")
            var (durable, memory) = (Result(), Result())
            for _ in 0..<rounds {
                try run(connections, isDurable: true, into: &durable)
                try run(connections, isDurable: false, into: &memory)
            }
            for (name, result) in [("in a file", durable), ("in memory", memory)] {
                findings.report(
                    name,
                    "\(Int(result.rate)) a second, p50 \(result.times.median.text), p99 \(result.times.p99.text), "
                        + "processor \((result.processor / max(1, result.times.count)).text) each")
            }
            let ratio = durable.rate / memory.rate
            let percent = Int(ratio * 100)
            if connections == 1 {
                // One at a time: each waits only for the disk.
                findings.report("in a file, of that in memory", "\(percent) %")
            } else {
                findings.expect("in a file, of that in memory", "\(percent) %", "30 % or more", holds: ratio >= 0.3)
            }
            findings.expect(
                "p99 in a file", durable.times.p99.text, "less than 100 ms",
                holds: durable.times.p99 < .milliseconds(100))
        }
    }

    private static func run(_ connections: Int, isDurable: Bool, into result: inout Result) throws {
        let home = try SampleRequests.home()
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(nowhere) }
        let listener =
            isDurable
            ? try RunningListener(in: home, output: nowhere)
            : try RunningListener(in: home, "--in-memory", output: nowhere)
        var client = try LoadClient(connections, host: listener.host, port: listener.port)
        defer { client.close() }
        var answered = 0
        var times = result.times
        let seconds = client.run(for: time) { time in
            answered += 1
            times.add(time)
        }
        result.times = times
        result.rates.append(Double(answered) / seconds)
        result.processor += try processorTime(of: listener.child.id)
        try listener.stop()
    }

    /// Returns the time that a process has kept a processor busy.
    private static func processorTime(of process: pid_t) throws -> Duration {
        // After the name in brackets: the state is field 3, the times are fields 14 and 15, in ticks.
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ").compactMap { Int($0) } ?? []
        // Without the state, which is a letter, field 14 is the eleventh of these.
        let ticks = fields.count > 11 ? fields[10] + fields[11] : 0
        return .seconds(ticks) / sysconf(Int32(_SC_CLK_TCK))
    }
}
