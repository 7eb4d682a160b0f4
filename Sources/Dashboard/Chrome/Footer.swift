import SafeText
import Terminal

/// The last line: the keys that matter here, from the table of bindings.
enum Footer {
    private static let gap: SafeText = "   "

    static func line(_ model: DashboardModel, columns: Int) -> StyledLine {
        let width = Binding.FooterWidth(columns: columns)
        let place = model.place
        let hints = place.contexts.flatMap { context in
            BindingTable.all.filter { $0.context == context }
        }
        .filter { $0.obstacle(model) == nil }
        .compactMap { hint(for: $0, model, width) }

        // What does not fit leaves from the middle: the last two, help and quit, stay.
        var shown = hints
        while shown.count > 2, self.width(of: shown) > columns { shown.remove(at: shown.count - 3) }
        return shown.enumerated()
            .reduce(StyledLine(" ")) { $0 + StyledLine($1.offset == 0 ? .empty : gap) + $1.element }
            .clipped(to: columns)
    }

    private static func hint(for binding: Binding, _ model: DashboardModel, _ width: Binding.FooterWidth) -> StyledLine?
    {
        guard let footer = binding.footer, footer.from <= width, let key = binding.keys.first else { return nil }
        let word = binding.command == .close && model.hasViewToClose ? "close" : footer.word
        return StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(word)", Style(.secondary))
    }

    private static func width(of hints: [StyledLine]) -> Int {
        hints.reduce(1) { $0 + $1.width + gap.width } - gap.width
    }
}
