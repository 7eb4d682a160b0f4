import Terminal

extension BindingTable {
    static let lists: [Binding] = [
        Binding(
            .character("F"), in: .rows, do: .followOrNot, "follow the newest row, or stop", footer: ("follow", .wide),
            obstacle: { model in
                let key = model.bindings.name(of: .orderOfArrival)
                return model.rows.isSorted ? "Sorted rows do not arrive at an end: \(key) goes back to arrival." : nil
            }),
        Binding(
            .enter, in: .events, do: .open, "open the detail of the selected row", footer: ("detail", .narrow),
            obstacle: hasNoRow),
        Binding(
            .enter, in: .table, do: .open, "show every cell of the selected row in full", footer: ("full row", .narrow),
            obstacle: hasNoRow),
        Binding(
            .tab, .backTab, in: .events, do: .focusDetail, "to the detail pane", footer: ("pane", .medium),
            obstacle: hasNoPane),
        Binding(.left, .character("h"), in: .events, do: .previousTab, "previous tab of the pane"),
        Binding(.right, .character("l"), in: .events, do: .nextTab, "next tab of the pane", footer: ("tab", .wide)),
        Binding(.character("v"), in: .events, do: .cycleBody, "body as raw text, pretty, hex"),
        Binding(.left, .character("h"), in: .table, do: .left, "columns to the left"),
        Binding(.right, .character("l"), in: .table, do: .right, "columns to the right", footer: ("columns", .medium)),
        Binding(
            .character("T"), in: .table, do: .toggleTimestampForm, "timestamps as RFC 3339 or as epoch milliseconds",
            footer: ("epoch ms", .medium)),
    ]

    private static let hasNoRow: @Sendable (DashboardModel) -> String? = { model in
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
        Binding(.character(">"), in: .rows, do: .sortByNext, "sort by the next column", footer: ("sort", .wide)),
        Binding(.character("<"), in: .rows, do: .sortByPrevious, "sort by the previous column"),
        Binding(.character("I"), in: .rows, do: .turnOrder, "turn the order about"),
        Binding(.character("S"), in: .rows, do: .orderOfArrival, "back to the order of arrival"),
        Binding(.character("C"), in: .rows, do: .chooseColumns, "choose the columns"),
        Binding(
            .character(" "), .enter, in: .columns, do: .toggleColumn, "show the column, or hide it",
            footer: ("show or hide", .narrow)),
        Binding(.character("J"), in: .columns, do: .columnLater, "move the column down", footer: ("down", .medium)),
        Binding(.character("K"), in: .columns, do: .columnEarlier, "move the column up", footer: ("up", .medium)),
        Binding(
            .character("r"), in: .columns, do: .usualColumns, "back to the usual columns", footer: ("usual", .medium)),
    ]
}
