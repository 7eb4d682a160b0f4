import Foundation
import Harness
import TestSupport

/// The dashboard on a large history compared with a small one, key by key.
enum ScaleScreen {
    private static let rounds = 150

    static func measure(small: String, large: String, _ findings: inout Findings) throws {
        print("the screen, 1,000,000 events and 1,000")
        var starts = (small: Durations(), large: Durations())
        for _ in 0..<5 {
            starts.small.add(try start(small).0)
            starts.large.add(try start(large).0)
        }
        compare("first screen", starts.small, starts.large, &findings)

        let (few, many) = (try start(small).1, try start(large).1)
        Thread.sleep(forTimeInterval: 1)
        for (name, keys) in [
            ("a key", ["k", "j"]), ("a page", ["\u{1B}[5~", "\u{1B}[6~"]), ("a jump to an end", ["g", "G"]),
        ] {
            var times = (small: Durations(), large: Durations())
            for round in 0..<rounds {
                let key = keys[round % keys.count]
                if let time = few.press(key) { times.small.add(time) }
                Thread.sleep(forTimeInterval: 0.04)
                if let time = many.press(key) { times.large.add(time) }
                Thread.sleep(forTimeInterval: 0.04)
            }
            compare(name, times.small, times.large, &findings)
        }
        try filtered(few, many, &findings)
        let memory = (small: try resident(few), large: try resident(many))
        let ratio = Double(memory.large) / Double(memory.small)
        findings.expect(
            "memory", "\(memory.small / 1_024) MiB, \(memory.large / 1_024) MiB: \(twoPlaces(ratio))", "1.3 at most",
            holds: ratio <= 1.3)
    }

    /// The first rows of a million events, compared with the first screen of an empty history.
    static func first(_ file: String, _ findings: inout Findings) throws {
        print("the first screen, 1,000,000 events and none")
        let folder = TemporaryFolder()
        var starts = (empty: Durations(), large: Durations())
        var memory = (empty: 0, large: 0)
        for round in 0..<7 {
            let empty = try start(folder.file("empty \(round).sqlite"))
            starts.empty.add(empty.0)
            memory.empty = max(memory.empty, try resident(empty.1))
            // Waits for the rows, each of which names an object of that year.
            let begin = ContinuousClock.now
            let large = try start(file)
            let isThere = large.1.seen.wait { seen in
                String(decoding: seen.bytes, as: UTF8.self).contains("/2026/") ? true : nil
            }
            guard isThere != nil else { throw Dashboard.Problem(what: "no rows appeared") }
            starts.large.add(ContinuousClock.now - begin)
            memory.large = max(memory.large, try resident(large.1))
        }
        let ratio = starts.large.median.seconds / starts.empty.median.seconds
        findings.expect(
            "first rows", "\(starts.empty.median.text), \(starts.large.median.text): \(twoPlaces(ratio))",
            "1.5 at most",
            holds: ratio <= 1.5)
        let share = Double(memory.large) / Double(memory.empty)
        findings.expect(
            "memory", "\(memory.empty / 1_024) MiB, \(memory.large / 1_024) MiB: \(twoPlaces(share))", "1.3 at most",
            holds: share <= 1.3)
    }

    /// The same with a filter that matches nearly everything, and with one that matches little, once all rows are
    /// found.
    private static func filtered(_ few: Dashboard, _ many: Dashboard, _ findings: inout Findings) throws {
        for (name, filter) in [("much", "sig:valid"), ("little", "object:xyz")] {
            for dashboard in [few, many] {
                // Earlier output is discarded.
                for key in ["f", "\u{15}", filter, "\r"] { _ = dashboard.press(key) }
            }
            Thread.sleep(forTimeInterval: 2)
            var times = (small: Durations(), large: Durations())
            for round in 0..<rounds {
                let key = ["k", "j", "g", "G"][round % 4]
                if let time = few.press(key) { times.small.add(time) }
                Thread.sleep(forTimeInterval: 0.04)
                if let time = many.press(key) { times.large.add(time) }
                Thread.sleep(forTimeInterval: 0.04)
            }
            findings.expect(
                "a key, a filter on that matches \(name)",
                "\(times.small.median.text), \(times.large.median.text); p99 \(times.large.p99.text)",
                "p50 less than 50 ms", holds: times.large.count > rounds / 2 && times.large.median < .milliseconds(50))
        }
    }

    private static func start(_ file: String) throws -> (Duration, Dashboard) {
        let start = ContinuousClock.now
        let dashboard = try Dashboard(columns: 120, rows: 36, history: file)
        return (ContinuousClock.now - start, dashboard)
    }

    private static func compare(
        _ name: String, _ small: Durations, _ large: Durations, _ findings: inout Findings
    ) {
        let ratio = large.median.seconds / max(0.000_001, small.median.seconds)
        findings.expect(
            name, "\(small.median.text), \(large.median.text): \(twoPlaces(ratio)); p99 \(large.p99.text)",
            "1.2 at most",
            holds: ratio <= 1.2 && large.count == small.count && large.count > 0)
    }

    /// Returns the memory of a dashboard, in KiB.
    private static func resident(_ dashboard: Dashboard) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(dashboard.child.id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }
}

/// A readable ratio.
func twoPlaces(_ ratio: Double) -> String {
    let hundredths = Int((ratio * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
