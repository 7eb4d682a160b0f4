internal import NIOCore
internal import Synchronization

/// Puts refusals in the log, counted by `RefusalTally`. A timer exists only while something is counted.
final class RefusalCounter: Sendable {
    private struct State {
        var tally = RefusalTally()
        var minute: Scheduled<Void>?
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop
    private let minute: TimeAmount
    private let log: @Sendable (String) -> Void

    init(eventLoop: any EventLoop, minute: TimeAmount = .minutes(1), log: @escaping @Sendable (String) -> Void) {
        self.eventLoop = eventLoop
        self.minute = minute
        self.log = log
    }

    func count(_ reason: Refusal, from address: String) {
        let line = state.withLock { state in
            let line = state.tally.count(reason, from: address)
            if state.minute == nil { state.minute = schedule() }
            return line
        }
        if let line { log(line) }
    }

    /// Tells what is not yet told, and stops the timer.
    func finish() {
        let lines = state.withLock { state in
            state.minute?.cancel()
            state.minute = nil
            return state.tally.turn()
        }
        lines.forEach(log)
    }

    private func turn() {
        let lines = state.withLock { state in
            let lines = state.tally.turn()
            state.minute = state.tally.isEmpty ? nil : schedule()
            return lines
        }
        lines.forEach(log)
    }

    private func schedule() -> Scheduled<Void> {
        eventLoop.scheduleTask(in: minute) { self.turn() }
    }
}
