import History
import Workers

/// Asks whoever runs the actions, on threads of its own: what is done for many rows, what may take its time, and what is
/// done at once, such as pausing an action. None of them waits for another.
///
/// What is done for many rows is one call for each piece of them, so that it can be cancelled.
final class ActRunner: Sendable {
    /// A dry run shows no more rows.
    private static let previewed = 10
    /// How many rows are looked at for those.
    private static let lookedAt = 5_000

    private let reader: HistoryReader
    private let control: (any ActionControl)?
    private let note: @Sendable (String) -> Void
    private let worker = Worker("b2watch-actions")
    private let patient = Worker("b2watch-asking")
    private let walker = Worker("b2watch-acting")
    private let turns = Turns()

    /// - Parameter note: Writes a line to the log.
    init(
        _ reader: HistoryReader, _ control: (any ActionControl)?, note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.reader = reader
        self.control = control
        self.note = note
    }

    func call(_ call: ActionCall, then tell: @escaping @Sendable (Result<ActionAnswer, EffectFailure>) -> Void) {
        (call.takesTime ? patient : worker).async { [self] in
            tell(Result { try answer(to: call) }.mapError(EffectFailure.init))
        }
    }

    /// Ends what is under way after the piece it is at, or the delivery that is sent again.
    func cancel() { _ = turns.next() }

    func act(
        _ request: ActRequest, progress: @escaping @Sendable (Int) -> Void,
        then tell: @escaping @Sendable (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        go(ActWalk(request), turns.next(), progress, tell)
    }

    private func go(
        _ walk: ActWalk, _ turn: Turns.Turn, _ progress: @escaping @Sendable (Int) -> Void,
        _ tell: @escaping @Sendable (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        walker.async { [self] in
            guard turn.isCurrent else { return end(walk, .cancelled(walk.report), tell) }
            do {
                guard let control else { throw NobodyActs() }
                var walk = walk
                let isLeft = try walk.step(reader, control) { passed in
                    progress(passed)
                    return turn.isCurrent
                }
                guard isLeft else {
                    return end(walk, walk.request.isCount ? .counted(walk.count) : .done(walk.report), tell)
                }
                progress(walk.report.passed)
                go(walk, turn, progress, tell)
            } catch {
                noteReplay(of: walk)
                tell(.failure(EffectFailure(error)))
            }
        }
    }

    private func end(
        _ walk: ActWalk, _ outcome: ActOutcome, _ tell: (Result<ActOutcome, EffectFailure>) -> Void
    ) {
        noteReplay(of: walk)
        tell(.success(outcome))
    }

    /// Logs what was sent again, however the replay ended.
    private func noteReplay(of walk: ActWalk) {
        if walk.report.replay.total > 0 { note(walk.report.replay.sentence) }
    }

    private func answer(to call: ActionCall) throws -> ActionAnswer {
        guard let control else { throw NobodyActs() }
        switch call {
        case .setPaused(let action, let isPaused):
            try control.setPaused(action, isPaused)
            return .done
        case .retryEntry(let id): return .count(try control.retryEntries([id]))
        case .skipEntry(let id): return .count(try control.skipEntries([id]))
        case .retryAll(let action, let states): return .count(try control.retryAll(action, in: states))
        case .skipAll(let action, let states): return .count(try control.skipAll(action, in: states))
        case .preview(let action, let rows): return .preview(try preview(action, rows, control))
        case .test(let action): return .sentence(try control.testAction(action))
        case .missed(let action, let occasion):
            return .missed(try control.missedRows(action, in: occasion.reach))
        }
    }

    /// What would be sent, and nothing else; but a single row is shown also where the action is done for it.
    private func preview(_ action: String, _ rows: ActedRows, _ control: any ActionControl) throws -> DryRun {
        let ids = try ActWalk.first(Self.lookedAt + 1, of: rows, reader)
        var plan = OutboxPlan(most: Self.previewed)
        try reader.plan(action, for: Array(ids.prefix(Self.lookedAt)), into: &plan)
        let shown = ids.count == 1 ? ids : plan.rows
        return DryRun(
            text: shown.isEmpty ? [] : try control.previewAction(action, rows: shown), shown: shown.count,
            count: plan.count, there: plan.there, repeated: plan.repeated, unfit: plan.unfit,
            isStart: ids.count > Self.lookedAt)
    }
}
