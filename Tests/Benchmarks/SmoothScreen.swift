import Harness
import Foundation
import TestSupport

/// The screen while two thousand deliveries a second arrive and the user scrolls.
enum SmoothScreen {
    private static let rate = 2_000.0
    private static let time = Duration.seconds(6)
    /// The time between two keys when a key is held down.
    private static let pause = Duration.milliseconds(40)
    /// k, j, PgUp, PgDn, k, G.
    private static let keys = ["k", "j", "\u{1B}[5~", "\u{1B}[6~", "k", "G"]

    static func measure(_ findings: inout Findings) throws {
        print("the screen, 120x36, \(Int(rate)) deliveries a second")
        let dashboard = try Dashboard(columns: 120, rows: 36)
        try load(dashboard, for: .seconds(1))
        settle(dashboard)

        let idle = scroll(dashboard, until: .now + .seconds(3))
        findings.report("key to screen, nothing arriving", "p50 \(idle.median.text), p99 \(idle.p99.text)")

        let outcome = Watched<Result<Load, any Error>?>(nil)
        let before = dashboard.seen.now.frames.count
        let start = ContinuousClock.now
        Thread.detachNewThread {
            let result = Result { try load(dashboard, for: time) }
            outcome.change { $0 = result }
        }
        let busy = scroll(dashboard, until: start + time)
        let elapsed = ContinuousClock.now - start
        let frames = dashboard.seen.now.frames.count - before
        guard let load = try outcome.wait(for: { $0 })?.get() else { throw Dashboard.Problem(what: "the load hangs") }

        findings.expect(
            "answered", "\(Int(load.rate)) a second", "95 % of what was to be sent, or more",
            holds: load.rate >= 0.95 * rate)
        findings.expect(
            "answers", "p50 \(load.times.median.text), p99 \(load.times.p99.text), max \(load.times.largest.text)",
            "p99 less than 100 ms", holds: load.times.p99 < .milliseconds(100))
        findings.expect(
            "key to screen", "p50 \(busy.median.text), p99 \(busy.p99.text), max \(busy.largest.text)",
            "p50 less than 50 ms, p99 less than 100 ms",
            holds: busy.count > 0 && busy.median < .milliseconds(50) && busy.p99 < .milliseconds(100))
        let ratio = busy.median.seconds / idle.median.seconds
        findings.report("of that with nothing arriving", "\(Int(ratio * 100)) %")
        let perSecond = Double(frames) / elapsed.seconds
        // Thirty frames for new deliveries; for each key one, and one for its results.
        let most = 33 + 2 * Double(busy.count) / elapsed.seconds
        findings.expect(
            "frames a second", "\(Int(perSecond))", "10 to \(Int(most))", holds: perSecond >= 10 && perSecond <= most)
        settle(dashboard)
        try IdleWakes.measure(dashboard.child.id, "the dashboard, idle", &findings)
    }

    private struct Load: Sendable {
        var times = Durations()
        var rate = 0.0
    }

    @discardableResult
    private static func load(_ dashboard: Dashboard, for time: Duration) throws -> Load {
        var client = try LoadClient(32, host: "127.0.0.1", port: dashboard.port)
        defer { client.close() }
        var load = Load()
        let seconds = client.run(for: time, rate: rate) { load.times.add($0) }
        load.rate = Double(load.times.count) / seconds
        return load
    }

    private static func scroll(_ dashboard: Dashboard, until end: ContinuousClock.Instant) -> Durations {
        var times = Durations()
        var pressed = 0
        while .now < end {
            // A key without an effect on the screen counts as a second.
            times.add(dashboard.press(keys[pressed % keys.count]) ?? .seconds(1))
            pressed += 1
            Thread.sleep(forTimeInterval: pause.seconds)
        }
        return times
    }

    /// Waits until the screen has not changed for half a second.
    private static func settle(_ dashboard: Dashboard) {
        let end = ContinuousClock.now + .patience
        while .now < end, let last = dashboard.seen.now.last, .now - last < .milliseconds(500) {
            Thread.sleep(forTimeInterval: 0.1)
        }
    }
}
