import SafeText
import Terminal

/// `?`: the table of bindings, laid out for reading, the place one came from first.
struct HelpScreen {
    /// Where the keyboard was.
    let place: Place
    private(set) var scroll = TextPane()

    init(_ place: Place) {
        self.place = place
    }

    /// Says that there is more, where there is.
    var title: String {
        scroll.count > scroll.height ? "Help \(scroll.visible.upperBound) of \(scroll.count)" : "Help"
    }

    mutating func move(_ command: Command) {
        scroll.move(command)
    }

    mutating func settle(_ model: DashboardModel, size: Size) {
        scroll.resize(count: lines(model, columns: size.columns).count, height: size.rows)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        surface.draw(in: Rect(column: 1, row: 0, columns: surface.size.columns - 1, rows: surface.size.rows)) { part in
            scroll.draw(lines(model, columns: part.size.columns + 1), on: &part)
        }
    }

    private func lines(_ model: DashboardModel, columns: Int) -> [StyledLine] {
        let first = place.contexts
        let contexts = (first + BindingContext.allCases.filter { !first.contains($0) })
            .filter { context in BindingTable.all.contains { $0.context == context } }
        return contexts.flatMap { context in
            var lines = [StyledLine("\(context.title)", Style(.heading))]
            for binding in BindingTable.all where binding.context == context {
                let obstacle = first.contains(context) ? binding.obstacle(model) : nil
                lines += Self.lines(for: binding, obstacle: obstacle, columns: columns - 1)
            }
            return lines + [StyledLine()]
        }
    }

    private static func lines(for binding: Binding, obstacle: String?, columns: Int) -> [StyledLine] {
        let keysWidth = columns < 60 ? 14 : 24
        let keys: SafeText = "  \(binding.keys.map(\.name).joined(separator: " "))"
        var texts = Prose.lines(binding.title, columns: columns - keysWidth).map { StyledLine($0) }
        if let obstacle {
            texts += Prose.lines("now not: \(obstacle)", columns: columns - keysWidth, style: Style(.secondary))
        }
        return texts.enumerated().map { index, text in
            let name: SafeText = index == 0 ? keys.clipped(to: keysWidth - 1) : .empty
            return StyledLine(name.padded(to: keysWidth), Style(.accent)) + text
        }
    }
}
