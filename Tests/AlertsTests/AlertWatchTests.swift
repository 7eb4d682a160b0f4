import History
import Notifications
import Synchronization
import TestSupport
import Testing

@testable import Alerts

@Suite("The watch for alerts", .blocking)
struct AlertWatchTests {
    private struct Unreadable: Error {}

    private let problem: ProblemReport = {
        let row = EventRow(
            id: 9, deliveryID: 9, position: 0, eventCount: 1, receivedAt: Timestamp(milliseconds: 0), verdict: .invalid)
        return ProblemReport(count: 1, latest: Problem(row))
    }()

    @Test("tells of what could not be read once it can be, and says once that it could not")
    func unreadable() {
        let looks = Mutex<[Range<Int64>]>([])
        let warnings = Mutex<[String]>([])
        let rung = Watched(false)
        let watch = AlertWatch(
            AlertSettings(bell: .problem), from: HistoryChange(latestRow: 7), retryPause: .milliseconds(1)
        ) { [problem] rows, _ in
            let count = looks.withLock {
                $0.append(rows)
                return $0.count
            }
            guard count > 2 else { throw Unreadable() }
            return Arrivals(hasEvents: true, problems: problem)
        }
        watch.begin(
            AlertWatch.Voice(
                ring: { rung.change { $0 = true } }, quiet: { _ in }, note: { _ in },
                warn: { text in warnings.withLock { $0.append(text) } }))
        watch.observe(HistoryChange(latestRow: 9))
        #expect(rung.wait { $0 ? true : nil } == true)
        watch.stop()
        #expect(looks.withLock { $0 } == [7..<9, 7..<9, 7..<9])
        #expect(warnings.withLock(\.count) == 1)
    }

    @Test("takes up other settings while it waits for what those before wanted")
    func sooner() {
        let quiet = Watched(false)
        let watch = AlertWatch(AlertSettings(quietAfter: .seconds(3_600)), from: HistoryChange(latestRow: 7)) { _, _ in
            Arrivals()
        }
        watch.begin(
            AlertWatch.Voice(
                ring: {}, quiet: { if $0 != nil { quiet.change { $0 = true } } }, note: { _ in }, warn: { _ in }))
        watch.change(AlertSettings(quietAfter: .milliseconds(1)))
        #expect(quiet.wait { $0 ? true : nil } == true)
        watch.stop()
    }
}
