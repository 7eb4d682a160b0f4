import Foundation
import Harness
import History
import Notifications
import TestSupport

/// The processor time of an export for a delivery of 500 bytes, in each format, compared with `sqlite3` printing the
/// same rows.
enum Exporting {
    private static let deliveries =
        ProcessInfo.processInfo.environment["B2WATCH_DELIVERIES"].flatMap(Int.init) ?? 100_000
    private static let rounds = 3
    /// Microseconds a delivery.
    private static let bounds = [("jsonl", 12.0), ("csv", 8.0), ("tsv", 8.0), ("curl", 40.0)]

    static func measure(_ findings: inout Findings) throws {
        print("an export of \(deliveries) deliveries, processor time of each")
        let folder = TemporaryFolder()
        let file = folder.file("history.sqlite")
        try fill(file)
        var reference = Durations()
        for _ in 0..<rounds {
            reference.add(try processorTime("/usr/bin/sqlite3", [file, "SELECT * FROM delivery"]))
        }
        findings.report("sqlite3 prints the table", microseconds(reference.fastest))
        for (format, bound) in bounds {
            var times = Durations()
            for _ in 0..<rounds {
                times.add(
                    try processorTime(Program.path, ["export", "--format", format, "--history", file]))
            }
            let ratio = twoPlaces(times.fastest.seconds / reference.fastest.seconds)
            let cost = times.fastest.seconds * 1_000_000 / Double(deliveries)
            findings.expect(
                format, "\(microseconds(times.fastest)), \(ratio) of sqlite3", "\(Int(bound)) µs at most",
                holds: cost <= bound)
        }
    }

    private static func microseconds(_ time: Duration) -> String {
        "\(twoPlaces(time.seconds * 1_000_000 / Double(deliveries))) µs"
    }

    /// Records deliveries as B2 sends them, with one event each.
    private static func fill(_ file: String) throws {
        let history = try History(.file(file))
        defer { history.close() }
        let secret = SigningSecret.sample("environment", Secrets.value)
        let answered = Watched(0)
        var sent = 0
        while sent < deliveries {
            let delivery = Delivery.sample(
                [SampleEvent(id: "benchmark \(sent)", object: "photos/2026/cat-\(sent).jpg")], signedWith: secret)
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(.valid, secret: secret.identity), answer: .accepted,
                events: Payload(scanning: delivery.body).events, generation: 1)
            while !history.record(judged, completion: { _ in answered.change { $0 += 1 } }) {
                Thread.sleep(forTimeInterval: 0.001)
            }
            sent += 1
        }
        _ = answered.wait { $0 == sent ? true : nil }
    }

    /// Returns the processor time of a program whose output is discarded.
    private static func processorTime(_ path: String, _ arguments: [String]) throws -> Duration {
        let before = ProcessorTime.ofChildren
        let child = try Child(path, arguments, environment: ProcessInfo.processInfo.environment)
        guard case .exited(0)? = child.end() else { throw Dashboard.Problem(what: "\(path) failed") }
        return ProcessorTime.ofChildren - before
    }
}

/// The time that processors were busy.
enum ProcessorTime {
    /// The time for this process.
    static var own: Duration { time(of: RUSAGE_SELF) }
    /// The time for child processes that have ended.
    static var ofChildren: Duration { time(of: RUSAGE_CHILDREN) }

    private static func time(of whom: __rusage_who) -> Duration {
        var usage = rusage()
        getrusage(Int32(whom.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(.zero) {
            $0 + .seconds($1.tv_sec) + .microseconds($1.tv_usec)
        }
    }
}
