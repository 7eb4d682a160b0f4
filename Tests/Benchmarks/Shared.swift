import Foundation
import Harness
import Synchronization
import TestSupport

/// Deliveries that are recorded on PostgreSQL: how many are answered a second by one listener and by four, the time until they
/// are on another machine, and how fast a new copy is filled. The server, the listeners and the client share this machine.
enum Shared {
    private static let time = Duration.seconds(4)
    private static let connections = 64
    private static let steadyRate = 2_000.0
    private static let steadyTime = 5.0

    static func measure(_ findings: inout Findings) throws {
        for listeners in [1, 4] { try answers(listeners, &findings) }
        try delay(&findings)
    }

    private static func cluster() throws -> PostgresCluster {
        let cluster = try PostgresCluster()
        _ = try Program.run("shared", "init", cluster.address(), in: Home())
        return cluster
    }

    private static func answers(_ count: Int, _ findings: inout Findings) throws {
        print("answers on PostgreSQL, \(count) listener\(count == 1 ? "" : "s"), \(connections) connections")
        let cluster = try cluster()
        let listeners = try (0..<count).map { number in
            try RunningListener(
                in: try SampleRequests.home(), "--shared", cluster.address(), "--node", "\(number)", "--quiet")
        }
        let before = try serverTime(of: cluster)
        let results = Mutex<(times: Durations, seconds: [Double])>((Durations(), []))
        let running = Watched(count)
        for listener in listeners {
            let opened = try LoadClient(connections / count, host: listener.host, port: listener.port)
            Thread.detachNewThread {
                var client = opened
                var times = Durations()
                let seconds = client.run(for: time) { times.add($0) }
                client.close()
                results.withLock { results in
                    results.times.add(times)
                    results.seconds.append(seconds)
                }
                running.change { $0 -= 1 }
            }
        }
        _ = try running.require("the end of the load", within: .seconds(120)) { $0 == 0 ? true : nil }
        let (times, seconds) = results.withLock { $0 }
        let answered = max(1, times.count)
        let rate = Double(answered) / (seconds.max() ?? 1)
        let own = try listeners.reduce(Duration.zero) { try $0 + processorTime(of: $1.child.id).own }
        let server = try serverTime(of: cluster) - before
        findings.report(
            "recorded",
            "\(Int(rate)) a second, p50 \(times.median.text), p99 \(times.p99.text), processor of the listeners "
                + "\((own / answered).text), of the server \((server / answered).text) each")
        let copy = try Home()
        let start = ContinuousClock.now
        let export = try Program.run(
            "export", "--format", "jsonl", "--filter", "delivery:1", "--shared", cluster.address(), in: copy)
        let filling = (ContinuousClock.now - start).seconds
        let newest = Double(try cluster.sql("SELECT next_delivery - 1 FROM b2watch.counter")) ?? 0
        guard export.output.contains("\n") else { throw WaitedInVain(for: "an export", seeing: export.error) }
        findings.report("a new copy", "\(Int(newest)) deliveries, \(Int(newest / filling)) a second")
        for listener in listeners { try listener.stop() }
    }

    /// Measures the time from an answer to the line that another listener prints.
    private static func delay(_ findings: inout Findings) throws {
        print("from the answer to another machine, \(Int(steadyRate)) a second")
        let cluster = try cluster()
        let one = try RunningListener(
            in: try SampleRequests.home(), "--shared", cluster.address(), "--node", "one", "--quiet")
        let ends = PipeEnds()
        let other = try RunningListener(
            in: try SampleRequests.home(), "--shared", cluster.address(), "--node", "other", output: ends.writing)
        close(ends.writing)
        let seen = Watched<[ContinuousClock.Instant]>([])
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(ends.reading, &buffer, buffer.count)
                guard count > 0 else { break }
                let now = ContinuousClock.now
                let lines = buffer.prefix(count).count { $0 == UInt8(ascii: "\n") }
                seen.change { $0 += Array(repeating: now, count: lines) }
            }
            close(ends.reading)
        }
        var client = try LoadClient(16, host: one.host, port: one.port)
        defer { client.close() }
        var answered: [ContinuousClock.Instant] = []
        var sent = 0
        let most = Int(steadyRate * steadyTime)
        client.run(
            rate: steadyRate,
            make: { _ in
                guard sent < most else { return nil }
                sent += 1
                return SampleRequests.unique(sent)
            },
            arrived: { if $0.answer.status == 200 { answered.append(.now) } })
        let count = answered.count
        _ = try seen.require("all lines", within: .seconds(60)) { $0.count >= count ? true : nil }
        // Both are in the order of the commits, or nearly: the answers of one transaction arrive in any order.
        var delays = Durations()
        for (answer, line) in zip(answered.sorted(), seen.now) { delays.add(max(.zero, line - answer)) }
        findings.report(
            "to a line of another listener", "p50 \(delays.median.text), p99 \(delays.p99.text), of \(count)")
        findings.expect("p99", delays.p99.text, "less than 50 ms", holds: delays.p99 < .milliseconds(50))
        try one.stop()
        try other.stop()
    }

    // MARK: - Processor time

    private static func serverTime(of cluster: PostgresCluster) throws -> Duration {
        let file = try String(contentsOfFile: "\(cluster.data)/postmaster.pid", encoding: .utf8)
        guard let process = file.split(separator: "\n").first.flatMap({ pid_t($0) }) else { return .zero }
        let children = (try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)) ?? ""
        let (own, ended) = try processorTime(of: process)
        return children.split(separator: " ").compactMap { pid_t($0) }.reduce(own + ended) { sum, child in
            sum + ((try? processorTime(of: child).own) ?? .zero)
        }
    }

    /// Returns the time that a process has kept a processor busy, and that of those of its children that have ended.
    private static func processorTime(of process: pid_t) throws -> (own: Duration, ended: Duration) {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // Behind the name in brackets and the state, which is a letter: fields 14 to 17, in ticks.
        let fields = text.split(separator: ")").last?.split(separator: " ").compactMap { Int($0) } ?? []
        guard fields.count > 13 else { return (.zero, .zero) }
        let tick = Duration.seconds(1) / sysconf(Int32(_SC_CLK_TCK))
        return (tick * (fields[10] + fields[11]), tick * (fields[12] + fields[13]))
    }
}
