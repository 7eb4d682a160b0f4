import Actions
import ArgumentParser
import History
import Log
import SafeText
import Workers

/// Runs the actions in this process until nothing of one of them waits for its turn.
struct OwnRun {
    private let name: String
    private let own: ActionsDesk.Own
    /// How many entries are to be done.
    private let count: Int

    init(_ name: String, _ own: ActionsDesk.Own, count: Int) {
        (self.name, self.own, self.count) = (name, own, count)
    }

    /// Runs them, with progress on standard error. Blocks.
    ///
    /// - Throws: An `ExitCode` where something did not work, after it has been said.
    func finish(_ output: OutputLines) throws {
        // Told of every change of the outbox; what it counts is read by whoever waits.
        let changes = Monitor(0)
        own.history.observe { event in
            if case .changed = event { changes.change { $0 += 1 } }
        }
        let before = try status()
        let progress = ProgressLine(isShown: true)
        own.actions.runner.begin()
        var seen = -1
        var now = before
        while true {
            let last = seen
            seen = changes.wait { $0 > last ? $0 : nil }
            now = try status()
            let left = now[.queued] + now[.running]
            progress.show("\(max(0, count - left)) of \(count) done")
            // One that is paused, or failing and to be tried later, is for the next b2watch.
            if left == 0 || now.isPaused { break }
        }
        progress.clear()
        if now.isPaused {
            output.diagnostics.say(
                "\(name) is paused: its entries wait until b2watch actions resume \(name)", .warning)
        }
        try tell(before, now, output)
    }

    private func tell(_ before: ActionStatus, _ now: ActionStatus, _ output: OutputLines) throws {
        let done = now[.done] - before[.done]
        let bad: [EntryState] = [.failed, .dead, .uncertain]
        let words = [(done, "done")] + bad.map { (now[$0] - before[$0], $0.word) }
        let told = words.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        try output.write([SafeText(told.isEmpty ? "nothing was done" : told.joined(separator: ", "))])
        guard bad.contains(where: { now[$0] > before[$0] }) else { return }
        if let reason = now.lastReason { output.diagnostics.say("\(name): \(reason)", .warning) }
        if now[.failed] > before[.failed] {
            output.diagnostics.say("what failed is tried again when b2watch runs")
        }
        output.diagnostics.flush()
        throw ExitStatus.failed
    }

    private func status() throws -> ActionStatus {
        guard let status = try own.history.reader.actions().first(where: { $0.name == name }) else {
            throw UnknownAction(name, among: [])
        }
        return status
    }
}
