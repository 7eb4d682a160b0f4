import Export
import Terminal

extension BindingTable {
    static let browsing: [Binding] =
        [
            Binding(.character("f"), in: .browsing, do: .editFilter, "filter the rows", footer: ("filter", .medium)),
            Binding(.character("\\"), in: .browsing, do: .filterOrNot, "switch the filter off, or on"),
            Binding(
                .character("!"), in: .browsing, do: .showProblems, "only problems, or all", footer: ("problems", .wide)),
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
        + [BindingContext.handling, .actions, .log, .pulse].map { context in
            Binding(.character("P"), in: context, do: .pause, "freeze the screen while receiving goes on")
        }

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
}
