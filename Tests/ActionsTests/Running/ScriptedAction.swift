import Actions
import History
import Notifications
import Settings
import Synchronization
import TestSupport
import Workers

/// An action that takes note of what it is asked, and answers as it is told.
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
    ///   - answer: What becomes of an item, and the number of the call, from 1.
    ///   - recovery: The same for those that are asked after.
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

    /// One that always works.
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

    /// Waits until it was asked so many times.
    func wait(for count: Int) { state.expect("\(count) batches") { $0.performed.count >= count ? () : nil } }
}
