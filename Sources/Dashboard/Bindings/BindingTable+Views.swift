import Terminal

extension BindingTable {
    static let views: [Binding] = [
        Binding(.character("1"), in: .views, do: .showEvents, "the events as they arrive"),
        Binding(.character("2"), in: .views, do: .showTable, "the spreadsheet's rows"),
        Binding(.character("3"), in: .views, do: .showDeliveries, "the deliveries, requests of all kinds"),
        Binding(.character("4"), in: .views, do: .showActions, "the actions, and what became of each event"),
        Binding(.character("6"), in: .views, do: .showLog, "what b2watch itself did and warned of"),
        Binding(.character("7"), in: .views, do: .showPulse, "the history as pictures"),
        Binding(
            .character("s"), in: .views, do: .showKeyring, "signing secrets", footer: ("secret", .narrow),
            obstacle: { $0.keyring == nil || $0.help != nil ? isAway($0) : "The secrets are here." }),
        Binding(
            .character("t"), in: .views, do: .sendTest, "send yourself a signed test event", footer: ("test", .narrow),
            obstacle: { model in
                isAway(model)
                    ?? (model.session.url == nil ? "Nothing listens that a test event could be sent to." : nil)
            }),
        Binding(.character("@"), in: .views, do: .goToTime, "go to a time, such as yesterday 02:14, or to a number"),
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
    static let isAway: @Sendable (DashboardModel) -> String? = { $0.session.absence?.reason }
}
