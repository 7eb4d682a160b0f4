import Terminal

extension BindingContext {
    /// Whether it is that of a list whose newest row is followed.
    var isOfRows: Bool { [.rows, .deliveries, .log].contains(self) }
}

extension BindingTable {
    static let deliveries: [Binding] = [
        Binding(
            .enter, in: .deliveries, do: .open, "open the detail of the selected delivery", footer: ("detail", .narrow),
            obstacle: { $0.selectedRow == nil ? "There is no delivery to open." : nil }),
        Binding(
            .tab, .backTab, in: .deliveries, do: .focusDetail, "to the detail pane", footer: ("pane", .medium),
            obstacle: hasNoPane),
        Binding(
            .character("o"), in: .deliveries, do: .nextOfSameEvent, "the next delivery of the same event",
            footer: ("same event", .medium),
            obstacle: { $0.deliveries.list.selectedRow == nil ? "There is no delivery here." : nil }),
        Binding(
            .character("F"), in: .deliveries, do: .followOrNot, "follow the newest delivery, or stop",
            footer: ("follow", .wide)),
        Binding(.left, .character("h"), in: .deliveries, do: .previousTab, "previous tab of the pane"),
        Binding(.right, .character("l"), in: .deliveries, do: .nextTab, "next tab of the pane", footer: ("tab", .wide)),
        Binding(.character("v"), in: .deliveries, do: .cycleBody, "body as raw text, pretty, hex"),
    ]

    static let log: [Binding] = [
        Binding(
            .enter, in: .log, do: .open, "the selected line, whole, and back", footer: ("open", .narrow),
            obstacle: { $0.log.list.selectedRow == nil ? "There is no line to open." : nil }),
        Binding(
            .character("F"), in: .log, do: .followOrNot, "follow the newest line, or stop", footer: ("follow", .medium)),
    ]
}
