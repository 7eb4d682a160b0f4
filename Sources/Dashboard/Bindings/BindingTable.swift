import Terminal

/// All bindings there are: the help, the footer and the tests are made from this table.
enum BindingTable {
    static let all: [Binding] = moving + lists + detail + keyring + questions + views + everywhere

    /// What a key does in a place.
    static func binding(for key: Key, in place: Place) -> Binding? {
        for context in place.contexts {
            if let binding = all.first(where: { $0.context == context && $0.keys.contains(key) }) { return binding }
        }
        return nil
    }

    /// The same keys move in every view that has lines.
    private static let moving: [Binding] = [BindingContext.rows, .detail, .keyring, .help].flatMap { context in
        [
            Binding(.character("j"), .down, in: context, do: .down, "one line down"),
            Binding(.character("k"), .up, in: context, do: .up, "one line up"),
            Binding(.pageDown, .control("f"), .character(" "), in: context, do: .pageDown, "one page down"),
            Binding(.pageUp, .control("b"), in: context, do: .pageUp, "one page up"),
            Binding(.control("d"), in: context, do: .halfPageDown, "half a page down"),
            Binding(.control("u"), in: context, do: .halfPageUp, "half a page up"),
            Binding(
                .character("g"), .home, in: context, do: .toStart, context == .rows ? "to the oldest" : "to the start"),
            Binding(
                .character("G"), .end, in: context, do: .toEnd,
                context == .rows ? "to the newest, and follow" : "to the end"),
        ]
    }

    private static let lists: [Binding] = [
        Binding(
            .character("F"), in: .rows, do: .followOrNot, "follow the newest row, or stop", footer: ("follow", .wide)),
        Binding(
            .enter, in: .rows, do: .open, "open the detail of the selected row", footer: ("detail", .narrow),
            obstacle: { $0.rows.selectedRow == nil ? "There is no row to open." : nil }),
        Binding(
            .tab, .backTab, in: .events, do: .focusDetail, "to the detail pane", footer: ("pane", .medium),
            obstacle: { $0.layout.detail == nil ? "No room for the pane here: Enter opens it." : nil }),
        Binding(.left, .character("h"), in: .events, do: .previousTab, "previous tab of the pane"),
        Binding(.right, .character("l"), in: .events, do: .nextTab, "next tab of the pane", footer: ("tab", .wide)),
        Binding(.character("v"), in: .events, do: .cycleBody, "body as raw text, pretty, hex"),
        Binding(.left, .character("h"), in: .table, do: .left, "columns to the left"),
        Binding(.right, .character("l"), in: .table, do: .right, "columns to the right", footer: ("columns", .medium)),
        Binding(
            .character("e"), in: .table, do: .toggleTimestampForm, "timestamps as RFC 3339 or as epoch milliseconds",
            footer: ("epoch ms", .medium)),
    ]

    private static let detail: [Binding] = [
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
            footer: ("raw pretty hex", .medium),
            obstacle: { $0.detail.tab == .body ? nil : "That is for the Body tab." }),
    ]

    private static let keyring: [Binding] = [
        Binding(.character("a"), in: .keyring, do: .addSecret, "add a secret", footer: ("add", .narrow)),
        Binding(
            .character("r"), .enter, in: .keyring, do: .replaceSecret, "replace the selected secret",
            footer: ("replace", .medium), obstacle: holdsNone),
        Binding(
            .character("f"), in: .keyring, do: .forgetSecret, "forget the selected secret", footer: ("forget", .medium),
            obstacle: holdsNone),
        Binding(
            .character("m"), in: .keyring, do: .rememberSecret, "remember the selected secret for the next start",
            footer: ("remember", .medium), obstacle: holdsNone),
        Binding(.enter, in: .form, do: .submit, "hold this secret", footer: ("hold", .narrow)),
        Binding(.tab, .down, in: .form, do: .nextField, "next field", footer: ("next field", .medium)),
        Binding(.backTab, .up, in: .form, do: .previousField, "previous field"),
        Binding(.escape, in: .form, do: .goBack, "leave the form", footer: ("leave", .narrow)),
    ]

    private static let questions: [Binding] = [
        Binding(.character("y"), .character("Y"), in: .question, do: .answerYes, "yes", footer: ("yes", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .question, do: .answerNo, "no",
            footer: ("no", .narrow)),
    ]

    private static let views: [Binding] = [
        Binding(.character("1"), in: .views, do: .showEvents, "the events as they arrive"),
        Binding(.character("2"), in: .views, do: .showTable, "the spreadsheet's rows"),
        Binding(
            .character("s"), in: .views, do: .showKeyring, "signing secrets", footer: ("secret", .narrow),
            obstacle: { $0.keyring == nil || $0.help != nil ? nil : "The secrets are here." }),
        Binding(
            .character("t"), in: .views, do: .sendTest, "send yourself a signed test event", footer: ("test", .narrow),
            obstacle: { $0.session.url == nil ? "Nothing listens that a test event could be sent to." : nil }),
        Binding(
            .character("c"), in: .views, do: .showChecklist, "the first steps", footer: ("checklist", .wide),
            obstacle: { $0.place == .checklist ? "The first steps are here." : nil }),
        Binding(.character("u"), in: .views, do: .toggleUTC, "times in UTC or local", footer: ("UTC", .wide)),
        Binding(
            .character("?"), .function(1), in: .views, do: .showHelp, "this help", footer: ("help", .narrow),
            obstacle: { $0.help == nil ? nil : "This is the help." }),
        Binding(.escape, in: .views, do: .goBack, "back one step"),
        Binding(
            .character("q"), in: .views, do: .close, "close the view; at the top, end", footer: ("quit", .narrow)),
    ]

    private static let everywhere: [Binding] = [
        Binding(.control("c"), in: .everywhere, do: .interrupt, "as q; twice at once ends without a question"),
        Binding(.control("z"), in: .everywhere, do: .suspend, "suspend; fg brings it back"),
        Binding(.control("l"), in: .everywhere, do: .redraw, "draw the screen anew"),
    ]

    private static let holdsNone: @Sendable (DashboardModel) -> String? = { model in
        model.session.keyring.isEmpty ? "No secret is held: a adds one." : nil
    }
}
