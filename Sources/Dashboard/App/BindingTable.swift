import Base
import History
import Sending
import Terminal

/// All bindings there are, as b2watch has them by itself: the help, the footer, `docs/keys.md` and the tests are made from
/// this table. What is in force is `Bindings`, with the user's own keys.
enum BindingTable {
    static let all: [Binding] =
        moving + lists + MainView.all.flatMap { $0.facts.bindings } + choosing + browsing + searching + prompts + detail
        + folding + copying + acting + entries(in: .page) + keyring
        + questions + help + views + everywhere

    // MARK: - Views

    static let views: [Binding] =
        MainView.allCases.map { view in
            Binding(
                .character(Character("\(view.rawValue)")), in: .views, do: view.command, view.facts.meaning,
                run: { model in
                    model.show(view)
                    return []
                })
        } + [
            Binding(
                .character("s"), in: .views, do: .showKeyring, "signing secrets", footer: ("secret", .narrow),
                obstacle: { $0.keyring == nil || $0.help != nil ? isAway($0) : "The secrets are here." }),
            Binding(
                .character("t"), in: .views, do: .sendTest, "send yourself a signed test event",
                footer: ("test", .narrow),
                obstacle: { model in
                    isAway(model)
                        ?? (model.session.url == nil ? "Nothing listens that a test event could be sent to." : nil)
                }),
            Binding(
                .character("@"), in: .views, do: .goToTime, "go to a time, such as yesterday 02:14, or to a number"),
            Binding(
                .character(":"), in: .views, do: .typeCommand, "type a command by its name", footer: ("command", .wide)),
            Binding(
                .character("c"), in: .views, do: .showChecklist, "the first steps", footer: ("checklist", .wide),
                obstacle: { $0.place == .checklist ? "The first steps are here." : nil }),
            Binding(
                .character("X"), in: .views, do: .cancelJudging, "cancel what is under way, or resume verifying again",
                obstacle: { model in
                    let isIdle =
                        model.session.judging == nil && model.session.exporting == nil && model.session.acting == nil
                    return isIdle ? "Nothing is under way that could be cancelled." : nil
                }),
            Binding(.character("P"), in: .views, do: .pause, "freeze the screen while receiving goes on"),
            Binding(in: .views, do: .reload, "read config.yaml and the secrets again"),
            Binding(
                .character("u"), in: .views, do: .toggleUtc, "all times in UTC, or local again", footer: ("UTC", .wide)),
            Binding(
                .character("?"), .function(1), in: .views, do: .showHelp, "this help", footer: ("help", .narrow),
                obstacle: { $0.help == nil ? nil : "This is the help." }),
            Binding(
                .escape, in: .views, do: .goBack, "back one step; at the top, let go of search, selection and filter",
                footer: ("back", .narrow)),
            Binding(
                .character("q"), in: .views, do: .close, "close the view; at the top, end", footer: ("quit", .narrow)),
        ]

    /// The help itself.
    static let help: [Binding] = [
        Binding(
            .character("?"), .function(1), in: .help, do: .showAllKeys,
            "every key and the filter language, or what matters where one came from", footer: ("all keys", .narrow)),
        Binding(
            .enter, in: .help, do: .open, "run what is selected, where one came from", footer: ("run", .narrow),
            obstacle: { $0.help?.hasSelection == true ? nil : "Nothing is selected that could be run." }),
        Binding(.character("/"), in: .help, do: .search, "search the help", footer: ("search", .narrow)),
        Binding(.enter, in: .helpSearch, do: .keepSearch, "go through what was found", footer: ("go", .narrow)),
        Binding(.down, in: .helpSearch, do: .down, "one entry down"),
        Binding(.up, in: .helpSearch, do: .up, "one entry up"),
        Binding(.escape, in: .helpSearch, do: .leavePrompt, "all entries again", footer: ("all", .narrow)),
    ]

    static let everywhere: [Binding] = [
        Binding(.control("c"), in: .everywhere, do: .interrupt, "as q; twice at once ends without a question"),
        Binding(.control("z"), in: .everywhere, do: .suspend, "suspend; fg brings it back"),
        Binding(.control("l"), in: .everywhere, do: .redraw, "draw the screen again"),
    ]

    /// The listener of an attached dashboard cannot be spoken to.
    private static let isAway: @Sendable (DashboardModel) -> String? = { $0.session.absence?.reason }

    // MARK: - Moving

    /// The same keys move in every view that has lines.
    static let moving: [Binding] =
        [
            BindingContext.lists, .columns, .page, .detail, .keyring, .help,
        ].flatMap { context in
            [
                Binding(.character("j"), .down, in: context, do: .down, "one line down"),
                Binding(.character("k"), .up, in: context, do: .up, "one line up"),
                Binding(.pageDown, .control("f"), in: context, do: .pageDown, "one page down"),
                Binding(.pageUp, .control("b"), in: context, do: .pageUp, "one page up"),
                Binding(.control("d"), in: context, do: .halfPageDown, "half a page down"),
                Binding(.control("u"), in: context, do: .halfPageUp, "half a page up"),
                Binding(
                    .character("g"), .home, in: context, do: .toStart,
                    context.isOfRows ? "to the oldest" : "to the start"),
                Binding(
                    .character("G"), .end, in: context, do: .toEnd,
                    context.isOfRows ? "to the newest, and follow" : "to the end"),
            ]
        }
        + [BindingContext.page, .detail, .keyring, .help].map { context in
            // In the lists of events and in the chooser it chooses.
            Binding(.character(" "), in: context, do: .pageDown, "one page down")
        }

    // MARK: - Lists

    static let lists: [Binding] = [
        Binding(
            .character("F"), in: .lists, do: .followOrNot, "follow the newest row, or stop", footer: ("follow", .wide),
            obstacle: { model in
                let key = model.bindings.name(of: .orderOfArrival)
                return model.order != nil ? "Sorted rows do not arrive at an end: \(key) goes back to arrival." : nil
            })
    ]

    static let hasNoRow: @Sendable (DashboardModel) -> String? = { model in
        model.rows.selectedRow == nil ? "There is no row to open." : nil
    }

    /// Why there is no pane beside or below the list.
    static let hasNoPane: @Sendable (DashboardModel) -> String? = { model in
        model.layout.detail == nil ? "No room for the pane here: \(model.bindings.name(of: .open)) opens it." : nil
    }

    static let choosing: [Binding] = [
        Binding(.character(" "), in: .rows, do: .toggleSelected, "select the row, or no longer, and go to the next"),
        Binding(.character("A"), .character("*"), in: .rows, do: .selectAll, "select all rows listed"),
        Binding(.character("V"), in: .rows, do: .selectRange, "begin a range at the row; again, select it"),
        Binding(.character(">"), in: .lists, do: .sortByNext, "sort by the next column", footer: ("sort", .wide)),
        Binding(.character("<"), in: .lists, do: .sortByPrevious, "sort by the previous column"),
        Binding(.character("I"), in: .lists, do: .turnOrder, "turn the order about"),
        Binding(.character("S"), in: .lists, do: .orderOfArrival, "back to the order of arrival"),
        Binding(.character("C"), in: .rows, do: .chooseColumns, "choose the columns"),
        Binding(
            .character(" "), .enter, in: .columns, do: .toggleColumn, "show the column, or hide it",
            footer: ("show or hide", .narrow)),
        Binding(.character("J"), in: .columns, do: .columnLater, "move the column down", footer: ("down", .medium)),
        Binding(.character("K"), in: .columns, do: .columnEarlier, "move the column up", footer: ("up", .medium)),
        Binding(
            .character("r"), in: .columns, do: .usualColumns, "back to the usual columns", footer: ("usual", .medium)),
    ]

    // MARK: - Browsing

    static let browsing: [Binding] =
        [
            Binding(.character("f"), in: .filtering, do: .editFilter, "filter the rows", footer: ("filter", .medium)),
            Binding(.character("\\"), in: .filtering, do: .filterOrNot, "switch the filter off, or on"),
            Binding(
                .character("!"), in: .filtering, do: .showProblems, "only problems, or all", footer: ("problems", .wide)
            ),
            Binding(.character("e"), in: .browsing, do: .nextProblem, "to the next problem"),
            Binding(.character("E"), in: .browsing, do: .previousProblem, "to the previous problem"),
            Binding(.character("m"), in: .browsing, do: .toggleMark, "mark the rows selected, or the current one"),
            Binding(.character("'"), in: .browsing, do: .nextMark, "to the next mark"),
            Binding(.character("M"), in: .browsing, do: .showMarked, "only marked rows, or all"),
            Binding(
                .character("x"), in: .browsing, do: .export, "export the rows listed, or those selected, to a file",
                obstacle: { model in
                    if model.session.exporting != nil {
                        return "An export is under way: \(model.bindings.name(of: .cancelJudging)) cancels it."
                    }
                    guard model.rows.selectedRow == nil else { return nil }
                    let key = model.bindings.name(of: .goBack)
                    return model.filter.isRestricting
                        ? "No row matches the filter, so there is none to export: \(key) clears it."
                        : "There is no row to export."
                }),
        ]

    static let searching: [Binding] = [
        Binding(
            .character("/"), in: .searching, do: .search, "search the list, or the detail where one is in it",
            footer: ("search", .wide)),
        Binding(.character("n"), in: .searching, do: .nextMatch, "to the next place found"),
        Binding(.character("N"), in: .searching, do: .previousMatch, "to the previous place found"),
    ]

    private static let hasNoColumns: @Sendable (DashboardModel) -> String? = { model in
        guard case .export(let prompt) = model.prompt, !prompt.format.hasColumns else { return nil }
        return "\(prompt.format.name) has no columns: it holds all of each delivery."
    }

    static let prompts: [Binding] = [
        Binding(.enter, in: .filter, do: .applyFilter, "apply the filter", footer: ("apply", .narrow)),
        Binding(
            .tab, in: .filter, do: .completeFilter, "complete the word; again, the next one",
            footer: ("complete", .narrow)),
        Binding(.backTab, in: .filter, do: .completeFilterBack, "the completion before"),
        Binding(.up, in: .filter, do: .olderFilter, "an earlier filter", footer: ("earlier", .medium)),
        Binding(.down, in: .filter, do: .newerFilter, "a later filter"),
        Binding(.escape, in: .filter, do: .leavePrompt, "leave the filter as it was", footer: ("leave", .narrow)),
        Binding(
            .function(1), in: .filter, do: .showHelp, "the help, with all that can be written here",
            footer: ("help", .medium)),
        Binding(.enter, in: .exporting, do: .writeFile, "write the file", footer: ("write", .narrow)),
        Binding(.tab, in: .exporting, do: .nextFormat, "another format", footer: ("format", .narrow)),
        Binding(.backTab, in: .exporting, do: .previousFormat, "the format before"),
        Binding(
            .down, in: .exporting, do: .nextColumnSet, "other columns: those shown here too, or all",
            footer: ("columns", .narrow), obstacle: hasNoColumns),
        Binding(.up, in: .exporting, do: .previousColumnSet, "the columns before", obstacle: hasNoColumns),
        Binding(.escape, in: .exporting, do: .leavePrompt, "leave, and write nothing", footer: ("leave", .narrow)),
        Binding(.enter, in: .search, do: .keepSearch, "stay at the place found", footer: ("stay", .narrow)),
        Binding(.escape, in: .search, do: .leavePrompt, "back to where one was", footer: ("back", .narrow)),
        Binding(.enter, in: .palette, do: .runCommand, "run the command", footer: ("run", .narrow)),
        Binding(.tab, in: .palette, do: .completeCommand, "complete the word", footer: ("complete", .narrow)),
        Binding(.backTab, in: .palette, do: .completeCommandBack, "the completion before"),
        Binding(.up, in: .palette, do: .olderCommand, "an earlier command", footer: ("earlier", .medium)),
        Binding(.down, in: .palette, do: .newerCommand, "a later command"),
        Binding(.escape, in: .palette, do: .leavePrompt, "leave", footer: ("leave", .narrow)),
    ]

    // MARK: - Reading

    static let detail: [Binding] = [
        Binding(
            .enter, in: .detail, do: .open, "the pane on the full screen, and back", footer: ("full screen", .medium)),
        Binding(.character("J"), in: .detail, do: .nextRow, "the next row's detail", footer: ("next", .wide)),
        Binding(
            .character("K"), in: .detail, do: .previousRow, "the previous row's detail", footer: ("previous", .wide)),
        Binding(.tab, .backTab, in: .detail, do: .focusDetail, "to the list", footer: ("list", .medium)),
        Binding(.left, .character("h"), in: .detail, do: .previousTab, "previous tab"),
        Binding(.right, .character("l"), in: .detail, do: .nextTab, "next tab", footer: ("tab", .narrow)),
        Binding(
            .character("v"), in: .detail, do: .cycleBody, "body as raw text, pretty, hex",
            footer: ("raw/hex", .medium),
            obstacle: { $0.detail.tab == .body ? nil : "That is for the Body tab." }),
    ]

    /// Folding, and how long lines and numbers are shown, in the detail pane.
    static let folding: [Binding] = [
        Binding(
            .character("z"), in: .detail, do: .toggleFold, "fold the object or array at the cursor, or unfold it",
            footer: ("fold", .wide), obstacle: canFold),
        Binding(.character("-"), in: .detail, do: .fold, "fold; once more, what is around it", obstacle: canFold),
        Binding(.character("+"), .character("="), in: .detail, do: .unfold, "unfold", obstacle: canFold),
        Binding(
            .character("Z"), in: .detail, do: .toggleAllFolds, "fold every event, or unfold everything",
            obstacle: canFold),
        Binding(
            .character("w"), in: .detail, do: .toggleWrapping, "long lines wrap, or run on to the right",
            footer: ("wrap", .wide), obstacle: hasLongLines),
        Binding(
            .character("<"), .character("H"), in: .detail, do: .sidewaysLeft, "to the left in long lines",
            obstacle: runsOn),
        Binding(
            .character(">"), .character("L"), in: .detail, do: .sidewaysRight, "to the right in long lines",
            obstacle: runsOn),
        Binding(
            .character("#"), in: .detail, do: .toggleNumbers, "line numbers",
            obstacle: { model in
                model.detail.tab == .body && model.detail.form != .hex ? nil : "Only text and pretty bodies have these."
            }),
    ]

    /// The menu of what to copy, and what opens it.
    static let copying: [Binding] =
        [BindingContext.rows, .deliveries, .detail].flatMap { context in
            [
                Binding(
                    .character("y"), in: context, do: .copy, "copy: body, headers, request, curl…",
                    footer: ("copy", .medium), obstacle: hasRow),
                Binding(
                    .character("Y"), in: context, do: .copyAsReceived, "copy, with Authorization, cookies and the like",
                    obstacle: hasRow),
            ]
        } + [
            Binding(.character("b"), in: .copying, do: .copyBody, "body"),
            Binding(.character("h"), in: .copying, do: .copyHeaders, "headers"),
            Binding(.character("r"), in: .copying, do: .copyRequest, "raw request"),
            Binding(.character("c"), in: .copying, do: .copyCurl, "curl command"),
            Binding(.character("s"), in: .copying, do: .copySignature, "signature"),
            Binding(.character("v"), in: .copying, do: .copyValue, "value at the cursor, or object name"),
            Binding(.character("i"), in: .copying, do: .copyEventId, "event id"),
            Binding(.escape, .character("q"), in: .copying, do: .goBack, "leave", footer: ("leave", .narrow)),
        ]

    private static let hasRow: @Sendable (DashboardModel) -> String? = { model in
        model.selectedRow == nil ? "There is no delivery to copy." : nil
    }

    private static let canFold: @Sendable (DashboardModel) -> String? = { model in
        model.detail.canFold ? nil : "Only objects and arrays of a pretty body can be folded."
    }

    private static let hasLongLines: @Sendable (DashboardModel) -> String? = { model in
        let hasLines = model.detail.tab == .headers || model.detail.tab == .body && model.detail.form != .hex
        return hasLines ? nil : "That is for headers and bodies."
    }

    private static let runsOn: @Sendable (DashboardModel) -> String? = { model in
        hasLongLines(model)
            ?? (model.detail.wraps
                ? "Long lines wrap here: \(model.bindings.name(of: .toggleWrapping)) lets them run on." : nil)
    }

    // MARK: - Actions

    /// Retrying and skipping entries, in the list of actions and on the page of an entry.
    static func entries(in context: BindingContext) -> [Binding] {
        [
            Binding(
                .character("R"), in: context, do: .retryEntries,
                context == .page
                    ? "try the entry again" : "try the entry again; of an action, all that failed or are on hold",
                footer: ("retry", .medium), obstacle: cannotRetry),
            Binding(
                .character("D"), in: context, do: .skipEntry,
                context == .page
                    ? "skip the entry: it is not to be done"
                    : "skip the entry: it is not to be done; of an action, all that wait or are dead",
                footer: ("skip", .medium), obstacle: cannotSkip),
        ]
    }

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

    // MARK: - Secrets

    static let keyring: [Binding] = [
        Binding(
            .character("a"), in: .keyring, do: .addSecret, "add a secret", footer: ("add", .narrow), obstacle: isAway),
        Binding(
            .character("r"), .enter, in: .keyring, do: .replaceSecret, "replace the selected secret",
            footer: ("replace", .medium), obstacle: selectsPast),
        Binding(
            .character("f"), in: .keyring, do: .forgetSecret, "delete the selected secret, as rotated or as leaked",
            footer: ("delete", .medium),
            obstacle: selectsNone),
        Binding(
            .character("m"), in: .keyring, do: .rememberSecret, "save the selected secret for the next start",
            footer: ("save", .medium), obstacle: selectsPast),
        Binding(
            .character("R"), in: .keyring, do: .reloadSecrets, "read the files and other sources of secrets again",
            footer: ("reload", .wide), obstacle: isAway),
        Binding(.enter, in: .form, do: .submit, "use this secret", footer: ("use", .narrow), obstacle: isAway),
        Binding(.tab, .down, in: .form, do: .nextField, "next field", footer: ("next field", .medium)),
        Binding(.backTab, .up, in: .form, do: .previousField, "previous field"),
        Binding(.escape, in: .form, do: .goBack, "leave the form", footer: ("leave", .narrow)),
    ]

    static let questions: [Binding] = [
        Binding(.character("y"), .character("Y"), in: .question, do: .answerYes, "yes", footer: ("yes", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .question, do: .answerNo, "no",
            footer: ("no", .narrow)),
        Binding(
            .character("r"), .enter, in: .deleting, do: .deleteRotated, "it was rotated: its verdicts stay",
            footer: ("rotated", .narrow), obstacle: isPast),
        Binding(
            .character("l"), in: .deleting, do: .deleteLeaked,
            "it was leaked: its verdicts read “valid, secret removed”, and what is queued for them goes on hold",
            footer: ("leaked", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .deleting, do: .answerNo,
            "neither: leave it as it is", footer: ("leave it", .narrow)),
        Binding(
            .character("s"), .enter, in: .leaving, do: .saveAndQuit, "save it, and quit",
            footer: ("save and quit", .narrow)),
        Binding(
            .character("y"), .character("Y"), in: .leaving, do: .quitUnsaved, "quit without saving it",
            footer: ("quit without", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .leaving, do: .answerNo, "stay",
            footer: ("stay", .narrow)),
    ]

    private static let isPast: @Sendable (DashboardModel) -> String? = { model in
        if case .markLeaked = model.question { "It is deleted already." } else { nil }
    }

    private static let selectsNone: @Sendable (DashboardModel) -> String? = { model in
        isAway(model)
            ?? (model.keyring?.selected(in: model.session.keyring) == nil
                ? "There is no secret: \(model.bindings.name(of: .addSecret)) adds one." : nil)
    }

    private static let selectsPast: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = selectsNone(model) { return obstacle }
        guard case .past = model.keyring?.selected(in: model.session.keyring) else { return nil }
        return "This secret is deleted: paste it, or \(model.bindings.name(of: .addSecret)) types it."
    }

}
