import Base
import History
import Notifications
import Sending
import Settings
import Synchronization
import TestSupport

@testable import Actions

/// A clock that is still, or jumps to each time that is waited for.
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
    /// The time that a lane last began to wait for.
    let awaited: Monitor<Timestamp?>
    let runner: ActionRunner

    /// - Parameter isJumping: Whether the clock jumps to each time that is waited for.
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

    /// Reports new deliveries to the runner.
    func tell() { runner.observe(HistoryChange(latestRow: outbox.latestRow)) }

    func deliver(_ names: String...) {
        names.forEach { outbox.deliver($0) }
        tell()
    }

    /// Advances the clock.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        runner.works.forEach { $0.wake() }
    }

    /// Waits until no entry is queued any more.
    func waitForAll(_ count: Int) {
        outbox.state.expect("the end of \(count) entries") {
            $0.entries.count == count && $0.entries.allSatisfy { !$0.state.isWaiting } ? () : nil
        }
    }

    /// Waits until the log of the outbox ends with these lines.
    func wait(for line: String) { outbox.state.expect("“\(line)”") { $0.log.contains(line) ? () : nil } }

    @discardableResult
    func stop() -> Bool { runner.stop(within: .patience) }
}

/// An action that records its calls, and returns prepared outcomes.
final class ScriptedAction: Action {
    struct Call: Sendable, Equatable {
        var events: [String]
        var entries: [Int64]
        var batch: Int64
        var time: Int64
    }

    struct State {
        var performed: [Call] = []
        var recovered: [Call] = []
        var closed = 0
        var running = 0
        var mostRunning = 0
    }

    let summary: String
    let manner: ActionManner
    let state = Monitor(State())
    private let now: @Sendable () -> Timestamp
    private let answer: @Sendable (ActionItem, Int) -> ActionOutcome
    private let recovery: @Sendable (ActionItem, Int) -> ActionOutcome

    /// - Parameters:
    ///   - answer: Returns the outcome of an item; receives the number of the call, from 1.
    ///   - recovery: Returns the same for items whose outcome is asked for.
    init(
        _ summary: String = "scripted", manner: ActionManner = ActionManner(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp(milliseconds: 0) },
        recovery: @escaping @Sendable (ActionItem, Int) -> ActionOutcome = { _, _ in .done },
        answer: @escaping @Sendable (ActionItem, Int) -> ActionOutcome
    ) {
        self.summary = summary
        self.manner = manner
        self.now = now
        self.recovery = recovery
        self.answer = answer
    }

    /// Returns an action that always succeeds.
    convenience init(_ summary: String = "scripted", manner: ActionManner = ActionManner()) {
        self.init(summary, manner: manner, answer: { _, _ in .done })
    }

    private func call(_ items: [ActionItem], _ batch: Int64) -> Call {
        Call(
            events: items.map { $0.event?.objectName.text ?? "" }, entries: items.map(\.entry), batch: batch,
            time: now().milliseconds)
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        let call = call(items, batch)
        let number = state.change { state in
            state.performed.append(call)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
            return state.performed.count
        }
        defer { state.change { $0.running -= 1 } }
        return ActionReport(items.map { answer($0, number) })
    }

    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        let call = call(items, batch)
        let number = state.change { state in
            state.recovered.append(call)
            return state.recovered.count
        }
        return ActionReport(items.map { recovery($0, number) })
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] { Array("would send \(items.count)".utf8) }

    func test(_ item: ActionItem) throws -> String { "tested with \(item.event?.objectName.text ?? "nothing")" }

    func close() { state.change { $0.closed += 1 } }

    var performed: [Call] { state.withLock { $0.performed } }

    /// Waits until the action was called this number of times.
    func wait(for count: Int) { state.expect("\(count) batches") { $0.performed.count >= count ? () : nil } }
}

/// Sends nothing.
struct NoHTTP: HTTPSending {
    func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
        throw .forbidden("nothing is sent here")
    }
}
