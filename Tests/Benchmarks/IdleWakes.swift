import Harness
import Foundation
import TestSupport

/// Whether an idle process wakes.
enum IdleWakes {
    private static let window = Duration.seconds(5)
    private static let windows = 4

    /// Counts how often the threads of a process are woken or interrupted while nothing happens.
    /// A single timer for an expected change may fall into one window. A thread that wakes in every window has a
    /// periodic timer.
    static func measure(_ process: pid_t, _ name: String, _ findings: inout Findings) throws {
        var fewest = Int.max
        for _ in 0..<windows where fewest > 0 {
            let before = try switches(of: process)
            Thread.sleep(forTimeInterval: window.seconds)
            let after = try switches(of: process)
            let woken = after.filter { $0.value != before[$0.key] ?? 0 }
            let count = woken.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
            fewest = min(fewest, count)
            for (thread, value) in woken.sorted(by: { $0.key < $1.key }) {
                findings.report("  woken: \(thread)", "\(value - (before[thread] ?? 0)) times")
            }
        }
        findings.expect(name, "\(fewest) wakes in \(Int(window.seconds)) s", "0", holds: fewest == 0)
    }

    /// Returns the context switches of each thread since its start.
    private static func switches(of process: pid_t) throws -> [String: Int] {
        let folder = "/proc/\(process)/task"
        var counts: [String: Int] = [:]
        for task in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let status = try? String(contentsOfFile: "\(folder)/\(task)/status", encoding: .utf8) else {
                continue
            }
            var name = task
            var count = 0
            for line in status.split(separator: "\n") {
                let words = line.split(separator: "\t")
                if line.hasPrefix("Name:"), words.count > 1 { name += " \(words[1])" }
                if line.contains("voluntary_ctxt_switches:"), words.count > 1 { count += Int(words[1]) ?? 0 }
            }
            counts[name] = count
        }
        return counts
    }
}
