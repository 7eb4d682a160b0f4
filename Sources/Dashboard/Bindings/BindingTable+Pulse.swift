import Terminal

extension BindingTable {
    static let pulse: [Binding] = [
        Binding(
            .character("+"), .character("="), in: .pulse, do: .zoomIn, "less time, about the selected bar",
            footer: ("closer", .medium), obstacle: { $0.pulse.span == .minute ? "A minute is the least." : nil }),
        Binding(
            .character("-"), in: .pulse, do: .zoomOut, "more time", footer: ("wider", .medium),
            obstacle: { $0.pulse.span == .year ? "A year is the most." : nil }),
        Binding(.left, .character("h"), in: .pulse, do: .left, "the bar before", footer: ("bar", .wide)),
        Binding(.right, .character("l"), in: .pulse, do: .right, "the next bar"),
        Binding(.character("["), .pageUp, in: .pulse, do: .panEarlier, "earlier", footer: ("earlier", .wide)),
        Binding(.character("]"), .pageDown, in: .pulse, do: .panLater, "later"),
        Binding(
            .enter, in: .pulse, do: .listSelection, "list the events of what is selected", footer: ("list", .narrow),
            obstacle: { model in
                let key = model.bindings.name(of: .nextSection)
                return model.pulse.filterText == nil
                    ? "Here is nothing to list: \(key) goes to bars, types and buckets." : nil
            }),
        Binding(.tab, in: .pulse, do: .nextSection, "bars, types, buckets, timings", footer: ("part", .medium)),
        Binding(.backTab, in: .pulse, do: .previousSection, "the part before"),
        Binding(.down, .character("j"), in: .pulse, do: .down, "the next name"),
        Binding(.up, .character("k"), in: .pulse, do: .up, "the name before"),
        Binding(.home, .character("g"), in: .pulse, do: .toStart, "to the first delivery"),
        Binding(.end, .character("G"), in: .pulse, do: .toEnd, "to the latest, and follow"),
    ]
}
