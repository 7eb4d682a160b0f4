import SafeText
import Terminal

/// The question which action is to be run, retried, skipped or shown for rows: a letter answers it.
struct ActMenu: Hashable {
    /// What can be clicked.
    enum Button: Hashable {
        case action(Int)
        case command(Command)
    }

    let rows: ActedRows
    /// The names of the actions, in the order they are listed.
    let names: [String]
    private(set) var index = 0

    init(_ rows: ActedRows, _ names: [String], chosen: String?) {
        self.rows = rows
        self.names = names
        index = chosen.flatMap(names.firstIndex) ?? 0
    }

    /// The action chosen.
    var action: String { names[index] }

    mutating func move(by distance: Int) { index = (index + distance + names.count) % names.count }

    mutating func choose(_ index: Int) {
        if names.indices.contains(index) { self.index = index }
    }

    /// The actions and the letters, each a button.
    func buttons(_ bindings: Bindings, columns: Int) -> [ButtonLine<Button>] {
        var lines = [ButtonLine<Button>(StyledLine(" For \(rows.words):", Style(.heading)))]
        for (place, name) in names.enumerated() {
            let isChosen = place == index
            let text = SafeText(cell: name).clipped(to: max(8, columns / 2))
            append(
                StyledLine(
                    isChosen ? "[" + text + "]" : " " + text + " ",
                    isChosen ? Style(.accent, bold: true) : Style(.plain)),
                .action(place), gap: " ", to: &lines, columns: columns)
        }
        lines.append(ButtonLine(StyledLine("")))
        for item in bindings.bindings(in: .acting) where Self.letters.contains(item.command) {
            guard let key = item.keys.first else { continue }
            append(
                StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(item.title)"),
                .command(item.command), gap: "  ", to: &lines, columns: columns)
        }
        return lines
    }

    private static let letters: [Command] = [.runForRows, .retryForRows, .skipForRows, .previewForRows]

    private func append(
        _ part: StyledLine, _ button: Button, gap: SafeText, to lines: inout [ButtonLine<Button>], columns: Int
    ) {
        if lines[lines.count - 1].width + gap.width + part.width > columns { lines.append(ButtonLine(StyledLine(" "))) }
        lines[lines.count - 1].append(StyledLine(gap))
        lines[lines.count - 1].append(part, button)
    }
}
