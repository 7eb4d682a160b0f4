import Terminal

extension BindingTable {
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
}
