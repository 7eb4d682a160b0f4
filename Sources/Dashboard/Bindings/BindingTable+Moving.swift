import Terminal

extension BindingTable {
    /// The same keys move in every view that has lines.
    static let moving: [Binding] =
        [
            BindingContext.rows, .deliveries, .actions, .log, .columns, .page, .detail, .keyring, .help,
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
        + [BindingContext.deliveries, .actions, .log, .page, .detail, .keyring, .help].map { context in
            // In the lists and in the chooser it chooses.
            Binding(.character(" "), in: context, do: .pageDown, "one page down")
        }
}
