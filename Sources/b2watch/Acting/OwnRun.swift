import Actions
import Base
import Foundation
import History
import Notifications
import Synchronization

/// Runs the actions in this process until no entry of a given action is queued, or it is delayed for long.
struct OwnRun {
    private let name: String
    private let own: ActionsDesk.Own

    /// The time to wait for a failing action: longer than a brief failure.
    private static let patience = Duration.seconds(5)
    /// The time to wait for an action that has reached its limit of a minute, but not of a day.
    private static let longPatience = Duration.seconds(120)

    init(_ name: String, _ own: ActionsDesk.Own) {
        (self.name, self.own) = (name, own)
    }

    /// The number of queued entries.
    var waiting: Int { get throws { Self.waiting(try status()) } }

    /// Runs the actions, with progress on standard error. Blocks.
    ///
    /// - Throws: An `ExitCode` if something failed, or is not done yet, after this has been printed.
    func finish(_ output: OutputLines) throws {
        // Counts the changes of the outbox; the waiting thread reads the counts of entries.
        let changes = Monitor(0)
        own.history.observe { event in
            if case .changed = event { changes.change { $0 += 1 } }
        }
        let before = try status()
        let all = Self.waiting(before)
        let progress = ProgressLine(isShown: true)
        own.lastWords.keep { [self, diagnostics = output.diagnostics] in
            progress.leave()
            guard let now = try? status() else { return }
            diagnostics.say("ended: \(Self.sum(before, now)); \(Self.rest(Self.waiting(now)))")
            diagnostics.flush()
        }
        own.actions.runner.begin()
        var seen = -1
        var now = before
        var hold: ActionHold?
        while true {
            let last = seen
            // An unsuccessful question changes nothing, so the state is read every second too.
            seen = changes.wait(until: .now + .seconds(1)) { $0 > last ? $0 : nil } ?? last
            // A paused action, or one that will retry later, is left to the next b2watch. The reason for the delay is
            // read first, so that the status includes its cause.
            hold = longHold
            now = try status()
            progress.show("\(max(0, all - Self.waiting(now))) of \(all) done")
            if Self.waiting(now) == 0 || now.isPaused || hold != nil { break }
        }
        own.lastWords.keep(nil)
        progress.clear()
        if now.isPaused {
            output.diagnostics.say(
                "\(name) is paused: its entries wait until b2watch actions resume \(name)", .warning)
        }
        try report(before, now, hold, output)
    }

    private var longHold: ActionHold? {
        guard let hold = own.actions.runner.hold(of: name) else { return nil }
        let rest = Duration.milliseconds(hold.until.milliseconds - Timestamp.now.milliseconds)
        return switch hold.kind {
        case .onHold: hold
        case .failing, .order: rest > Self.patience ? hold : nil
        case .limit: rest > Self.longPatience ? hold : nil
        }
    }

    private func report(_ before: ActionStatus, _ now: ActionStatus, _ hold: ActionHold?, _ output: OutputLines) throws
    {
        try output.write([SafeText(Self.sum(before, now))])
        let hasFailed = Self.bad.contains { now[$0] > before[$0] }
        if hasFailed || hold != nil, let reason = now.lastReason {
            output.diagnostics.say("\(name): \(reason)", .warning)
        }
        if now[.failed] > before[.failed] {
            output.diagnostics.say("what failed is tried again when b2watch runs")
        }
        let left = Self.waiting(now)
        if let hold, left > 0 {
            let words =
                switch hold.kind {
                case .onHold: "is on hold"
                case .failing, .order: "does not work now"
                case .limit: "has done as much as it may for now"
                }
            output.diagnostics.say("\(name) \(words): \(Self.rest(left))")
        }
        guard hasFailed || (hold != nil && left > 0) else { return }
        output.diagnostics.flush()
        throw ExitStatus.failed
    }

    private static let bad: [EntryState] = [.failed, .dead, .uncertain]

    private static func waiting(_ status: ActionStatus) -> Int { status[.queued] + status[.running] }

    /// Returns a summary such as `3 done, 1 failed`.
    private static func sum(_ before: ActionStatus, _ now: ActionStatus) -> String {
        let words = [(now[.done] - before[.done], "done")] + bad.map { (now[$0] - before[$0], $0.word) }
        let told = words.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return told.isEmpty ? "nothing was done" : told.joined(separator: ", ")
    }

    private static func rest(_ count: Int) -> String {
        count == 0 ? "none waits" : "\(count) still \(count == 1 ? "waits" : "wait") for the next b2watch"
    }

    private func status() throws -> ActionStatus {
        guard let status = try own.history.reader.actions().first(where: { $0.name == name }) else {
            throw UnknownAction(name, among: [])
        }
        return status
    }
}

// MARK: - Ending

/// The effect of a signal on a command about actions: current work in this process ends if it can, and queued entries
/// stay in the outbox for the next b2watch.
final class CommandEnding: Sendable {
    private let desk: ActionsDesk
    private let isEnding = Atomic<Bool>(false)

    init(_ desk: ActionsDesk) {
        self.desk = desk
    }

    /// Ends the process by a signal. Called on the thread of the signals.
    func end(by number: Int32) {
        let isFirst = !isEnding.exchange(true, ordering: .relaxed)
        if isFirst, desk.own != nil {
            // A second signal does not wait for it.
            Signals.follow { Signals.end(by: $0) }
            desk.close()
        }
        Signals.end(by: number)
    }

    /// Ends the work, unless a signal is already doing so: then the signal ends the process.
    func close() {
        if isEnding.exchange(true, ordering: .relaxed) {
            while true { pause() }
        }
        desk.close()
    }
}
