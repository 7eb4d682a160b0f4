import History
import Terminal

extension BindingTable {
    /// `4 Actions`, and a page of an entry or of a dry run.
    static let actions: [Binding] =
        [
            Binding(
                .enter, in: .actions, do: .open, "to the action's entries; on one, its request and answer",
                footer: ("open", .narrow),
                obstacle: { $0.actions.list.held.rows.isEmpty ? "There is no entry here." : nil }),
            Binding(
                .tab, .backTab, in: .actions, do: .focusDetail, "to the entries, and back",
                footer: ("entries", .medium),
                obstacle: { $0.actions.list.held.rows.isEmpty ? "There is no entry here." : nil }),
            Binding(
                .character("f"), in: .actions, do: .cycleEntries,
                "entries of all states, waiting, failed, uncertain, …",
                footer: ("states", .medium), obstacle: hasNoAction),
            Binding(
                .character("F"), in: .actions, do: .followOrNot, "follow the newest entry, or stop",
                obstacle: hasNoAction),
            Binding(
                .character("p"), in: .actions, do: .pauseAction, "pause the action, or let it go on",
                footer: ("pause", .medium), obstacle: cannotAskAction),
        ]
        + [BindingContext.actions, .page].flatMap { context in
            [
                Binding(
                    .character("r"), in: context, do: .retryEntries,
                    context == .page
                        ? "try the entry again" : "try the entry again; of an action, all that failed or are on hold",
                    footer: ("retry", .medium), obstacle: cannotRetry),
                Binding(
                    .character("x"), in: context, do: .skipEntry,
                    context == .page
                        ? "skip the entry: it is not to be done"
                        : "skip the entry: it is not to be done; of an action, all that wait or are dead",
                    footer: ("skip", .medium), obstacle: cannotSkip),
            ]
        }
        + [
            Binding(
                .character("d"), in: .actions, do: .dryRun, "dry run: what the action would send",
                footer: ("dry run", .medium), obstacle: cannotAskAction),
            Binding(
                .character("T"), in: .actions, do: .testAction, "find out whether the action would work",
                footer: ("try out", .medium), obstacle: cannotAskAction),
            Binding(
                .character("a"), in: .actions, do: .addMissed, "add events that were missed for being judged later",
                footer: ("add missed", .medium), obstacle: cannotAskAction),
        ]

    /// What is done for rows.
    static let acting: [Binding] = [
        Binding(
            .character("a"), in: .handling, do: .act, "run, retry or skip an action for the rows selected",
            footer: ("act", .medium), obstacle: cannotAct),
        Binding(
            .character("r"), in: .handling, do: .replay, "replay: send the deliveries again, as received",
            footer: ("replay", .wide), obstacle: cannotReplay),
        Binding(.character("r"), .enter, in: .acting, do: .runForRows, "run now"),
        Binding(.character("t"), in: .acting, do: .retryForRows, "retry"),
        Binding(.character("s"), in: .acting, do: .skipForRows, "skip"),
        Binding(.character("d"), in: .acting, do: .previewForRows, "dry run"),
        Binding(
            .tab, .right, .down, .character("l"), .character("j"), in: .acting, do: .nextAction, "the next action",
            footer: ("another action", .narrow)),
        Binding(
            .backTab, .left, .up, .character("h"), .character("k"), in: .acting, do: .previousAction,
            "the action before"),
        Binding(.escape, .character("q"), in: .acting, do: .goBack, "leave", footer: ("leave", .narrow)),
        Binding(
            .enter, in: .replaying, do: .sendReplay, "send the deliveries there", footer: ("send", .narrow)),
        Binding(
            .up, in: .replaying, do: .olderTarget, "an earlier target", footer: ("earlier", .narrow)),
        Binding(.down, in: .replaying, do: .newerTarget, "the target before, back to what was typed"),
        Binding(
            .escape, in: .replaying, do: .leavePrompt, "leave, and send nothing", footer: ("leave", .narrow)),
    ]

    static let hasNoAction: @Sendable (DashboardModel) -> String? = { model in
        model.actions.selected == nil ? "No actions are declared." : nil
    }

    /// Whoever runs the actions cannot be asked about the selected one.
    static let cannotAskAction: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = hasNoAction(model) ?? isAway(model) ?? cannotControl(model) { return obstacle }
        return model.actions.selected?.isDeclared == true ? nil : "config.yaml no longer has this action."
    }

    private static let cannotControl: @Sendable (DashboardModel) -> String? = { model in
        model.session.canAct ? nil : NobodyActs().description
    }

    private static let cannotRetry: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = isAway(model) ?? cannotControl(model) { return obstacle }
        if let entry = model.page?.entry ?? model.actions.selectedEntry?.entry {
            return entry.state.canBeRetried ? nil : "The entry is \(entry.state.word)."
        }
        if model.page != nil { return "Only an entry is tried again." }
        guard let status = model.actions.selected else { return "No actions are declared." }
        return status.count(of: EntryState.retriedTogether) > 0 || (status.hold != nil && status.waiting > 0)
            ? nil : "Nothing of this action has failed."
    }

    private static let cannotSkip: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = isAway(model) ?? cannotControl(model) { return obstacle }
        guard let entry = model.page?.entry ?? model.actions.selectedEntry?.entry else {
            if model.page != nil { return "Only an entry is skipped." }
            guard let status = model.actions.selected else { return "No actions are declared." }
            return status.count(of: EntryState.skippedTogether) > 0
                ? nil : "Nothing of this action waits or is dead."
        }
        return entry.state.canBeSkipped ? nil : "The entry is \(entry.state.word)."
    }

    private static let cannotAct: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = isAway(model) ?? cannotControl(model) { return obstacle }
        if model.actions.declared.isEmpty {
            return "No actions are declared: \(model.bindings.name(of: .showActions)) tells how."
        }
        return model.actedOn == nil ? "There is no event to act on." : busy(model)
    }

    private static let cannotReplay: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = isAway(model) ?? cannotControl(model) { return obstacle }
        return model.actedOn == nil ? "There is no delivery to replay." : busy(model)
    }

    private static let busy: @Sendable (DashboardModel) -> String? = { model in
        model.session.acting == nil
            ? nil : "Something is done for many rows already: \(model.bindings.name(of: .cancelJudging)) cancels it."
    }
}
