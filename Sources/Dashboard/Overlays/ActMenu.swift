import Base
import History
import Notifications
import Receiving
import Terminal

/// The menu of the actions to run, retry, skip or show for rows. A letter chooses what to do.
struct ActMenu: Hashable, Overlay {
    static let layer = OverlayLayer.menu

    /// The parts that can be clicked.
    enum Button: Hashable {
        case action(Int)
        case command(Command)
    }

    let rows: ActedRows
    /// The names of the actions, in the order they are listed.
    let names: [String]
    private(set) var index = 0

    init(_ rows: ActedRows, _ names: [String], chosen: String?) {
        self.rows = rows
        self.names = names
        index = chosen.flatMap(names.firstIndex) ?? 0
    }

    /// The chosen action.
    var action: String { names[index] }

    mutating func move(by distance: Int) { index = (index + distance + names.count) % names.count }

    mutating func choose(_ index: Int) {
        if names.indices.contains(index) { self.index = index }
    }

    var context: BindingContext { .acting }

    func isValid(_ model: DashboardModel) -> Bool { model.actedOn != nil }

    func notice(_ model: DashboardModel, columns: Int) -> [StyledLine]? {
        buttons(model.bindings, columns: columns).map(\.line)
    }

    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target? {
        let lines = buttons(model.bindings, columns: layout.notice.columns)
        return switch ButtonLine.action(at: point, in: layout.notice, of: lines) {
        case .action(let index): .menuAction(index)
        case .command(let command): .command(command)
        case nil: nil
        }
    }

    /// Returns the actions and the letters, each as a button.
    func buttons(_ bindings: Bindings, columns: Int) -> [ButtonLine<Button>] {
        var lines = [ButtonLine<Button>(StyledLine(" For \(rows.words):", Style(.heading)))]
        for (place, name) in names.enumerated() {
            let isChosen = place == index
            let text = SafeText(cell: name).clipped(to: max(8, columns / 2))
            ButtonLine.append(
                StyledLine(
                    isChosen ? "[" + text + "]" : " " + text + " ",
                    isChosen ? Style(.accent, bold: true) : Style(.plain)),
                .action(place), gap: " ", indent: " ", to: &lines, columns: columns)
        }
        lines.append(ButtonLine(StyledLine("")))
        for item in bindings.bindings(in: .acting) where Command.doneForRows.contains(item) {
            guard let key = item.keys.first else { continue }
            ButtonLine.append(
                StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(item.meaning)"),
                .command(item), gap: "  ", indent: " ", to: &lines, columns: columns)
        }
        return lines
    }
}

// MARK: - Running an action or replaying deliveries

extension BindingContext {
    static let acting: BindingContext = .init("acting", title: "Acting on rows", with: [.everywhere], way: .act)
    static let replaying: BindingContext = .init(
        "replaying", title: "Typing the target of a replay", with: [.everywhere], takesText: true,
        occasion: "while the target of a replay is typed", begin: .replay)
}

extension Command {
    static let act = Command(
        "act", "a", in: .handling, "run, retry or skip an action for the rows selected", footer: .medium("act"),
        plain: .hint(
            "run NAME",
            PlainWord(
                "run", syntax: "NAME",
                "runs an action for the current event, or for those selected, whatever its filter"
            ) { plain, arguments in plain.act(arguments) { .run($0) } }), unavailable: ActMenu.cannotAct
    ) { $0.openActMenu() }
    static let replay = Command(
        "replay", "r", in: .handling, "replay: send the deliveries again, as received", footer: .wide("replay"),
        plain: .hint(
            "replay URL",
            PlainWord(
                "replay", syntax: "[URL]",
                "sends the delivery, or those of the events selected, again as received; without a URL to this listener"
            ) { $0.replay($1) }), unavailable: ActMenu.cannotReplay
    ) { $0.openReplay() }
    /// The command that brings back an earlier target in the line for a replay.
    static let olderTarget = Command(
        "older-target", .up, in: .replaying, "an earlier target", footer: .narrow("earlier")
    ) { $0.recallTarget(older: true) }

    /// The commands of the menu, each with a letter.
    fileprivate static let doneForRows: [Command] = [
        Command(
            "run-for-rows", "r", .enter, in: .acting, "run now", changesSelected: true, plain: .hint("run NAME")
        ) { model in model.act { $0.begin(.run($1), for: $2) } },
        Command(
            "retry-for-rows", "t", in: .acting, "retry", changesSelected: true,
            plain: .hint("retry NAME, retry ENTRY")
        ) { model in model.act { $0.begin(.retry($1), for: $2) } },
        Command(
            "skip-for-rows", "s", in: .acting, "skip", changesSelected: true, plain: .hint("skip NAME, skip ENTRY")
        ) { model in model.act { $0.begin(.skip($1), for: $2) } },
        Command("preview-for-rows", "d", in: .acting, "dry run", plain: .hint("preview NAME")) { model in
            model.act { $0.preview($1, $2) }
        },
    ]

    /// The commands that act on rows, those of the menu, and those of the line for a replay's target.
    static let ofActing: [Command] =
        [act, replay] + doneForRows + [
            Command(
                "next-action", .tab, .right, .down, "l", "j", in: .acting, "the next action",
                footer: .narrow("another action")
            ) { $0[ActMenu.self]?.move(by: 1) },
            Command("previous-action", .backTab, .left, .up, "h", "k", in: .acting, "the previous action") {
                $0[ActMenu.self]?.move(by: -1)
            },
            .goBack.also(in: .acting, keys: [.escape, "q"], "leave", footer: .narrow("leave")),
            Command(
                "send-replay", .enter, in: .replaying, "send the deliveries there", footer: .narrow("send")
            ) { $0.submitReplay() },
            olderTarget,
            Command("newer-target", .down, in: .replaying, "a later target, back to what was typed") {
                $0.recallTarget(older: false)
            },
            .leavePrompt.also(in: .replaying, "leave, and send nothing", footer: .narrow("leave")),
        ]
}

extension ActMenu {
    fileprivate static let cannotAct: @Sendable (DashboardModel) -> String? = { model in
        if let reason = ActionsScreen.cannotAsk(model) { return reason }
        if model.actions.declared.isEmpty {
            return "No actions are declared: \(model.bindings.name(of: MainView.actions.command)) shows how."
        }
        return model.actedOn == nil ? "No event to act on." : isBusy(model)
    }

    fileprivate static let cannotReplay: @Sendable (DashboardModel) -> String? = { model in
        if let reason = ActionsScreen.cannotAsk(model) { return reason }
        return model.actedOn == nil ? "No delivery to replay." : isBusy(model)
    }

    private static let isBusy: @Sendable (DashboardModel) -> String? = { model in
        model.session.acting == nil
            ? nil : "Work on many rows is already running: \(model.bindings.name(of: .cancelJudging)) cancels it."
    }
}

extension DashboardModel {
    /// The rows that an action or a replay applies to: the selected ones, the current one, or the current delivery's.
    var actedOn: ActedRows? {
        switch view {
        case .events, .table: return actsOn
        case .deliveries:
            guard let first = deliveries.list.list.selectedRow?.first else { return nil }
            let count = min(first.eventCount, Payload.maximumEvents)
            return count <= 1 ? .current(first) : .chosen(Set(first.id..<first.id + Int64(count)))
        default: return nil
        }
    }

    fileprivate mutating func openActMenu() {
        guard let rows = actedOn else { return }
        self[ActMenu.self] = ActMenu(
            rows, actions.declared.map(\.name), chosen: session.lastAction ?? actions.selection)
    }

    fileprivate mutating func act(_ deed: (inout DashboardModel, _ action: String, ActedRows) -> Void) {
        guard let menu = self[ActMenu.self] else { return }
        self[ActMenu.self] = nil
        session.lastAction = menu.action
        deed(&self, menu.action, menu.rows)
    }

    fileprivate mutating func openReplay() {
        guard let rows = replayed else { return }
        self[ReplayPrompt.self] = ReplayPrompt(rows, targets: session.viewState.replayTargets)
    }

    fileprivate mutating func recallTarget(older isOlder: Bool) {
        self[ReplayPrompt.self]?.recall(older: isOlder)
    }

    /// The rows to replay. A delivery is replayed once, no matter how many of its events are selected.
    private var replayed: ActedRows? {
        view == .deliveries ? deliveries.list.list.selectedRow.map { .current($0.first) } : actedOn
    }

    fileprivate mutating func submitReplay() {
        guard let line = self[ReplayPrompt.self] else { return }
        if let fault = ReplayPrompt.fault(of: line.url) { return session.tell("\(fault)", .notice) }
        self[ReplayPrompt.self] = nil
        replay(line.rows, to: line.url)
    }

    /// Sends deliveries again, and saves the target as a suggestion for the next replay.
    ///
    /// - Parameter url: The target; nil for this listener.
    mutating func replay(_ rows: ActedRows, to url: String?) {
        begin(.replay(to: url), for: rows)
        guard let url else { return }
        session.viewState.rememberTarget(url)
        request(.keepViewState(session.viewState))
    }

    /// Starts the work for a single row at once; for many rows it first counts, and then asks.
    mutating func begin(_ deed: ActRequest.Deed, for rows: ActedRows) {
        var isOne = false
        if case .current = rows { isOne = true }
        send(ActRequest(deed: deed, rows: rows, isCount: !isOne))
    }

    /// Starts the work that was counted and confirmed.
    mutating func confirm(_ request: ActRequest) {
        var request = request
        request.isCount = false
        send(request)
    }

    private static let act = "act"

    private mutating func send(_ request: ActRequest) {
        if session.acting != nil {
            session.tell(
                "Work on many rows is already running: \(bindings.name(of: .cancelJudging)) cancels it.", .notice)
            return
        }
        session.acting = "\(request.progress(0, bindings))"
        let since = session.now
        ask(Self.act, on: .acting) { outside, asking in
            try outside.act(request, asking)
        } then: {
            $0.apply($1, of: request, since: since)
        }
    }

    /// Cancels the work on many rows, once the current piece or the delivery being sent is finished.
    mutating func cancelActing() { context.questions.cancel(Self.act) }

    private mutating func apply(
        _ result: Result<ActOutcome, EffectFailure>, of request: ActRequest, since: ContinuousClock.Instant
    ) {
        if case .success(.passed(let passed)) = result {
            session.acting = "\(request.progress(passed, bindings))"
            return
        }
        session.acting = nil
        if !request.isCount { actions.reading.outdate() }
        switch result {
        case .success(.passed): break
        case .success(.counted(let count)):
            if let emptiness = request.emptiness(count) {
                session.tell("\(emptiness)", .notice)
            } else {
                pose(.act(request, count), since: since)
            }
        case .success(.done(let report)): session.tell("\(request.sentence(report))", .good)
        case .success(.cancelled(let report)):
            session.tell(
                request.isCount || report.passed == 0
                    ? "Cancelled: nothing was done." : "Cancelled. \(request.sentence(report))", .notice)
        case .failure(let failure): session.tell("\(failure.sentence)", .bad)
        }
    }

    /// Shows a question for confirmation, as soon as no other question is open.
    ///
    /// After a long count the question appears unexpectedly, so for a moment no key counts as a yes.
    mutating func pose(_ question: Question, since: ContinuousClock.Instant) {
        guard self.question == nil else {
            waitingQuestion = question
            return
        }
        self.question = question
        deafUntil = session.now - since > Self.patience ? session.now + Self.deafness : nil
    }

    /// Shows the question that had to wait for another one.
    mutating func poseWaiting() {
        guard question == nil, let waitingQuestion else { return }
        self.waitingQuestion = nil
        pose(waitingQuestion, since: session.now - .seconds(60))
    }

    /// Whether a yes may have been meant for something else.
    var isDeaf: Bool { deafUntil.map { session.now < $0 } ?? false }

    private static let patience = Duration.milliseconds(800)
    private static let deafness = Duration.seconds(1)

}

// MARK: - Dry runs

/// The text that an action would send for rows, with counts of the rows it would leave out.
struct DryRun: Sendable, Hashable {
    /// The text, with its secrets masked; empty if nothing would be sent.
    var text: [UInt8]
    /// The number of rows that the text covers.
    var shown = 1
    /// The number of events that would be sent.
    var count = 1
    /// The number of events for which the action is already done or queued. A single row is shown even so.
    var there = 0
    /// The number of rows with the same event as another row.
    var repeated = 0
    /// The number of rows without an event.
    var unfit = 0
    /// Whether there were more rows than those examined.
    var isStart = false

    /// The maximum number of rows that a dry run shows.
    private static let previewed = 10
    /// The maximum number of rows that are examined to find those.
    private static let lookedAt = 5_000

    /// Returns sentences to show above the text.
    func words(_ action: String) -> String {
        if shown == 1, count == 0 {
            return
                "“\(action)” is done for this event already, or waits: this would not be sent again. Nothing was sent."
        }
        var parts = [
            count == 0 ? "“\(action)” would send nothing for these." : "What “\(action)” would send. Nothing was sent."
        ]
        if count > shown { parts.append("These are the first \(Wording.grouped(shown)) of \(number).") }
        if !left.isEmpty { parts.append("Left out: \(left.joined(separator: ", ")).") }
        if isStart { parts.append("Only the first events were examined.") }
        return parts.joined(separator: " ")
    }

    // MARK: - Creating it

    /// Creates a dry run of the first of some rows. A single row is shown even if the action is done for it. Blocks.
    init(
        of action: String, for rows: ActedRows, _ reader: HistoryReader, _ actions: any ActionAsking
    ) throws {
        let ids = try ActWalk.first(Self.lookedAt + 1, of: rows, reader)
        var plan = OutboxPlan(most: Self.previewed)
        try reader.plan(action, for: Array(ids.prefix(Self.lookedAt)), into: &plan)
        let shown = ids.count == 1 ? ids : plan.rows
        self.init(
            text: shown.isEmpty ? [] : Array(try actions.ask(PreviewAction(action, rows: shown))), shown: shown.count,
            count: plan.count, there: plan.there, repeated: plan.repeated, unfit: plan.unfit,
            isStart: ids.count > Self.lookedAt)
    }

    init(
        text: [UInt8], shown: Int = 1, count: Int = 1, there: Int = 0, repeated: Int = 0, unfit: Int = 0,
        isStart: Bool = false
    ) {
        (self.text, self.shown, self.count) = (text, shown, count)
        (self.there, self.repeated, self.unfit, self.isStart) = (there, repeated, unfit, isStart)
    }

    private var number: String { Wording.grouped(count) + (isStart ? " or more" : "") }

    private var left: [String] {
        [
            (there, "done or waiting already"), (repeated, "the same event again"), (unfit, "without an event"),
        ].filter { $0.0 > 0 }.map { "\(Wording.grouped($0.0)) \($0.1)" }
    }
}
