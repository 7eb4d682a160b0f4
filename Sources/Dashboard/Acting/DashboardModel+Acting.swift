import History
import Notifications
import SafeText
import Terminal

// What is done for rows: an action, or a replay.
extension DashboardModel {
    /// What an action or a replay is for: the rows selected, the current one, or the current delivery's.
    var actedOn: ActedRows? {
        switch view {
        case .events, .table: return actsOn
        case .deliveries:
            guard let first = deliveries.list.selectedRow?.first else { return nil }
            let count = min(first.eventCount, Payload.maximumEvents)
            return count <= 1 ? .current(first) : .chosen(Set(first.id..<first.id + Int64(count)))
        case .actions, .log, .pulse: return nil
        }
    }

    mutating func performOnActing(_ command: Command) -> [Effect] {
        switch command {
        case .act:
            guard let rows = actedOn else { break }
            acting = ActMenu(rows, actions.declared.map(\.name), chosen: lastAction ?? actions.selection)
        case .nextAction: acting?.move(by: 1)
        case .previousAction: acting?.move(by: -1)
        case .runForRows, .retryForRows, .skipForRows, .previewForRows:
            guard let menu = acting else { break }
            acting = nil
            lastAction = menu.action
            switch command {
            case .runForRows: return begin(.run(menu.action), for: menu.rows)
            case .retryForRows: return begin(.retry(menu.action), for: menu.rows)
            case .skipForRows: return begin(.skip(menu.action), for: menu.rows)
            default: return preview(menu.action, menu.rows)
            }
        case .replay:
            guard let rows = replayed else { break }
            prompt = .replay(ReplayPrompt(rows, targets: session.viewState.replayTargets))
        case .sendReplay: return submitReplay()
        case .olderTarget, .newerTarget:
            guard case .replay(var line) = prompt else { break }
            line.recall(older: command == .olderTarget)
            prompt = .replay(line)
        default: break
        }
        return []
    }

    /// A delivery is replayed once, however many events it holds.
    private var replayed: ActedRows? {
        view == .deliveries ? deliveries.list.selectedRow.map { .current($0.first) } : actedOn
    }

    private mutating func submitReplay() -> [Effect] {
        guard case .replay(let line) = prompt else { return [] }
        if let fault = ReplayPrompt.fault(of: line.url) {
            session.tell("\(fault)", .notice)
            return []
        }
        prompt = nil
        return replay(line.rows, to: line.url)
    }

    /// Sends deliveries again, and keeps the target to be offered the next time.
    ///
    /// - Parameter url: Nil for this listener.
    mutating func replay(_ rows: ActedRows, to url: String?) -> [Effect] {
        let effects = begin(.replay(to: url), for: rows)
        guard let url else { return effects }
        session.viewState.rememberTarget(url)
        return effects + [.keepViewState(session.viewState)]
    }

    /// Does it for one row at once; for many it is counted first, and then asked.
    mutating func begin(_ deed: ActRequest.Deed, for rows: ActedRows) -> [Effect] {
        var isOne = false
        if case .current = rows { isOne = true }
        return send(ActRequest(deed: deed, rows: rows, isCount: !isOne, generation: 0))
    }

    /// Does what was counted and confirmed.
    mutating func confirm(_ request: ActRequest) -> [Effect] {
        var request = request
        request.isCount = false
        return send(request)
    }

    private mutating func send(_ request: ActRequest) -> [Effect] {
        if session.acting != nil {
            session.tell(
                "Something is done for many rows already: \(bindings.name(of: .cancelJudging)) cancels it.", .notice)
            return []
        }
        var request = request
        actGeneration += 1
        request.generation = actGeneration
        actingSince = session.now
        session.acting = "\(request.progress(0, bindings))"
        return [.act(request)]
    }

    /// Asks what is to be confirmed, once nothing else is asked.
    ///
    /// What was counted for long comes unexpectedly: for a moment no key is taken for a yes to it.
    mutating func pose(_ question: Question, since: ContinuousClock.Instant) {
        guard self.question == nil else {
            waitingQuestion = question
            return
        }
        self.question = question
        deafUntil = session.now - since > Self.patience ? session.now + Self.deafness : nil
    }

    /// Asks what had to wait for another question.
    mutating func poseWaiting() {
        guard question == nil, let waitingQuestion else { return }
        self.waitingQuestion = nil
        pose(waitingQuestion, since: session.now - .seconds(60))
    }

    /// Whether a yes may be meant for something else.
    var isDeaf: Bool { deafUntil.map { session.now < $0 } ?? false }

    private static let patience = Duration.milliseconds(800)
    private static let deafness = Duration.seconds(1)

    mutating func actMoved(_ request: ActRequest, _ passed: Int) {
        guard session.acting != nil, request.generation == actGeneration else { return }
        session.acting = "\(request.progress(passed, bindings))"
    }

    mutating func take(_ result: Result<ActOutcome, EffectFailure>, of request: ActRequest) {
        guard request.generation == actGeneration, session.acting != nil else { return }
        session.acting = nil
        if !request.isCount { actions.reading.outdate() }
        switch result {
        case .success(.counted(let count)):
            if let emptiness = request.emptiness(count) {
                session.tell("\(emptiness)", .notice)
            } else {
                pose(.act(request, count), since: actingSince ?? session.now)
            }
        case .success(.done(let report)): session.tell("\(request.sentence(report))", .good)
        case .success(.cancelled(let report)):
            session.tell(
                request.isCount || report.passed == 0
                    ? "Cancelled: nothing was done." : "Cancelled. \(request.sentence(report))", .notice)
        case .failure(let failure): session.tell("\(failure.sentence)", .bad)
        }
    }
}
