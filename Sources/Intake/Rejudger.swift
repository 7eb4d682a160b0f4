import History
public import Notifications
import Synchronization
import Workers

/// What judging again has come to.
public struct RejudgeReport: Sendable, Hashable {
    /// How many deliveries were judged again, by their verdict now.
    public var deliveries: [SignatureVerdict: Int] = [:]
    /// Whether all that is recorded has been judged; else this is progress.
    public var isComplete = false
    /// Why it ended early, in a sentence; it goes on with the next change, or when the history can be written again.
    public var failure: String?

    public var total: Int { deliveries.values.reduce(0, +) }

    public init() {}
}

/// Judges recorded deliveries again, the newest first, beside the intake and in short slices.
///
/// What remains to be judged is whatever an older generation has judged, as the record itself says; so nothing slips
/// through, also when the process ends half-way.
final class Rejudger: Sendable {
    private enum State {
        case idle
        case running
        /// Something has changed since it began: look once more at the end.
        case runningAgain
        /// For good.
        case stopped
    }

    private static let slice = 500
    private static let sliceBytes = 8 << 20

    private let history: History
    private let report: @Sendable (RejudgeReport) -> Void
    private let state = Mutex(State.idle)
    private let thread = Worker("rejudger")

    init(_ history: History, report: @escaping @Sendable (RejudgeReport) -> Void) {
        self.history = history
        self.report = report
    }

    /// Judges again until nothing remains that an older keyring has judged.
    func start(_ keys: @escaping @Sendable () -> KeyringHolder.Current?) {
        let isFirst = state.withLock { state in
            guard state != .stopped else { return false }
            defer { state = state == .idle ? .running : .runningAgain }
            return state == .idle
        }
        if isFirst { thread.async { [self] in run(keys) } }
    }

    /// Ends judging behind the slice under way, and waits for that. What remains is judged after the next start.
    func stop() {
        state.withLock { $0 = .stopped }
        thread.wait()
    }

    private var isStopped: Bool { state.withLock { $0 == .stopped } }

    private func run(_ keys: @escaping @Sendable () -> KeyringHolder.Current?) {
        var outcome = RejudgeReport()
        var generation: Int64?
        do {
            while !isStopped, let now = keys() {
                if now.generation != generation {
                    // Another keyring: what was counted for the one before is void.
                    outcome = RejudgeReport()
                    generation = now.generation
                }
                if try !judgeSlice(now, &outcome) {
                    guard rest() else { continue }
                    outcome.isComplete = true
                    break
                }
                report(outcome)
            }
        } catch {
            outcome.failure = "judging again has stopped: \(error)"
            if !rest() { thread.async { [self] in run(keys) } }
        }
        if !isStopped { report(outcome) }
    }

    /// Rests, unless something has changed since it began.
    ///
    /// - Returns: False where there is to be another look.
    private func rest() -> Bool {
        state.withLock { state in
            switch state {
            case .runningAgain:
                state = .running
                return false
            case .running, .idle:
                state = .idle
                return true
            case .stopped: return true
            }
        }
    }

    /// - Returns: False where nothing was left to judge.
    private func judgeSlice(_ keys: KeyringHolder.Current, _ outcome: inout RejudgeReport) throws -> Bool {
        let deliveries = try history.reader.deliveries(
            judgedBefore: keys.generation, limit: Self.slice, bytes: Self.sliceBytes)
        guard !deliveries.isEmpty else { return false }
        let verdicts = deliveries.map { id, delivery in
            Rejudgement(
                delivery: id,
                judgement: keys.verifier.judge(delivery, events: Payload(scanning: delivery.body).events))
        }
        try history.rejudge(verdicts, generation: keys.generation)
        for verdict in verdicts { outcome.deliveries[verdict.judgement.verdict, default: 0] += 1 }
        return true
    }
}
