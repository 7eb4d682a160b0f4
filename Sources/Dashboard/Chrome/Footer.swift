import History
import Notifications
import SafeText
import Terminal

/// The last line: the keys that matter here, from the bindings in force. Each is a button too.
enum Footer {
    static func line(_ model: DashboardModel, columns: Int) -> ButtonLine<Command> {
        let hints = hints(model, Binding.FooterWidth(columns: columns))
        // They move together before any leaves; the last two, help and quit, stay.
        let gap: SafeText = width(of: hints, gap: 3) <= columns ? "   " : "  "
        var shown = hints
        while shown.count > 2, width(of: shown, gap: gap.width) > columns { shown.remove(at: shown.count - 3) }
        var line = ButtonLine<Command>(StyledLine(" "))
        for (index, hint) in shown.enumerated() {
            if index > 0 { line.append(StyledLine(gap)) }
            line.append(hint.text.clipped(to: max(0, columns - line.width)), hint.command)
        }
        return line
    }

    private struct Hint {
        let text: StyledLine
        let command: Command
    }

    private static func hints(_ model: DashboardModel, _ width: Binding.FooterWidth) -> [Hint] {
        let bindings = model.place.contexts.flatMap(model.bindings.bindings(in:))
        // What Esc lets go of comes first, where it would: it is not looked for elsewhere.
        let (escape, others) = (bindings.filter(isWayBack), bindings.filter { !isWayBack($0) })
        return ((model.held == nil ? [] : escape) + others)
            .filter { $0.obstacle(model) == nil }
            .compactMap { binding in
                guard let footer = binding.footer, footer.from <= width, let key = binding.keys.first else {
                    return nil
                }
                let word = word(of: binding, model) ?? footer.word
                let text =
                    StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(word)", Style(.secondary))
                return Hint(text: text, command: binding.command)
            }
    }

    /// The word of a binding that does something else now; a switch names what it would switch to.
    private static func word(of binding: Binding, _ model: DashboardModel) -> String? {
        switch binding.command {
        case .close: model.hasViewToClose ? "close" : nil
        case .toggleTimestampForm: model.table.timestamps == .rfc3339 ? nil : "RFC 3339"
        case .toggleUtc: model.session.showsUTC ? "local time" : nil
        case .pauseAction: model.actions.selected?.isPaused == true ? "resume" : nil
        default: isWayBack(binding) ? model.held?.word : nil
        }
    }

    private static func isWayBack(_ binding: Binding) -> Bool {
        binding.context == .views && binding.command == .goBack
    }

    private static func width(of hints: [Hint], gap: Int) -> Int {
        hints.reduce(1) { $0 + $1.text.width + gap } - gap
    }
}
