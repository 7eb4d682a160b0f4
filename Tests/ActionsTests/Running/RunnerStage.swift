import Browsing
import History
import Notifications
import Synchronization
import TestSupport
import Workers

@testable import Actions

/// A clock that stands still, or goes to whatever somebody waits for.
final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }

    func advance(to moment: Timestamp) { time.withLock { $0 = max($0, moment) } }
}

/// A runner with a fake outbox.
final class RunnerStage: Sendable {
    let outbox: FakeOutbox
    let clock = ManualClock()
    /// The moment that a lane last began to wait for.
    let awaited: Monitor<Timestamp?>
    let runner: ActionRunner

    /// - Parameter isJumping: Whether the clock goes to whatever is waited for.
    init(_ outbox: FakeOutbox = FakeOutbox(), isJumping: Bool = false) {
        self.outbox = outbox
        let (clock, said, noted) = (clock, Told(), Told())
        let awaited = Monitor<Timestamp?>(nil)
        self.awaited = awaited
        told = said
        self.notes = noted
        runner = ActionRunner(
            outbox, from: outbox.latestRow, now: { clock.now }, say: { said.add($0) },
            note: { text, _ in noted.add(text) },
            instant: { moment in
                awaited.change { $0 = moment }
                guard isJumping else { return nil }
                clock.advance(to: moment)
                return .now
            })
    }

    let told: Told
    let notes: Told

    final class Told: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    func load(
        _ actions: (String, any Action)..., filter: Filter = .everything, onFailure: [String: String] = [:]
    ) throws {
        try runner.load(
            actions.map {
                ActionDeclaration(
                    name: $0.0, kind: "scripted", filter: filter, manner: $0.1.manner, action: $0.1,
                    onFailure: onFailure[$0.0])
            })
    }

    /// What was delivered can be seen.
    func tell() { runner.observe(HistoryChange(latestRow: outbox.latestRow)) }

    func deliver(_ names: String...) {
        names.forEach { outbox.deliver($0) }
        tell()
    }

    /// Time passes.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        runner.works.forEach { $0.wake() }
    }

    /// Waits until no entry waits any more.
    func waitForAll(_ count: Int) {
        outbox.state.expect("the end of \(count) entries") {
            $0.entries.count == count && $0.entries.allSatisfy { !$0.state.isWaiting } ? () : nil
        }
    }

    /// Waits until the log of the outbox ends so.
    func wait(for line: String) { outbox.state.expect("“\(line)”") { $0.log.contains(line) ? () : nil } }

    @discardableResult
    func stop() -> Bool { runner.stop(within: .patience) }
}
