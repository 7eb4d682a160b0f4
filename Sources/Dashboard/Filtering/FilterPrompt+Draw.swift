import Browsing
import SafeText
import Terminal

extension FilterPrompt {
    private static let label: SafeText = "filter"

    /// How many rows the prompt wants.
    func height(columns: Int) -> Int { 1 + hints(.standard, columns: columns).count }

    /// Draws the line and what is to be said of it, and returns where the cursor is.
    func draw(_ bindings: Bindings, on surface: inout Surface) -> Point? {
        let columns = surface.size.columns
        let isGood = filter != nil
        let role: Role = !isGood ? .bad : editor.isEmpty ? .plain : .good
        let cursor = PromptLine.draw(Self.label, editor, Style(role), on: &surface)
        if let error {
            let start = screenColumn(of: error.range.lowerBound, columns: columns)
            let end = max(start + 1, screenColumn(of: error.range.upperBound, columns: columns))
            surface.restyle(Rect(column: start, row: 0, columns: end - start, rows: 1)) { $0.isUnderlined = true }
        }
        for (row, line) in hints(bindings, columns: columns).enumerated() {
            surface.put(line, at: Point(column: 0, row: row + 1), columns: columns)
        }
        return cursor
    }

    private var error: FilterError? {
        if case .failure(let error) = reading { error } else { nil }
    }

    /// What stands below the line: what Tab offers, or what is wrong and where.
    private func hints(_ bindings: Bindings, columns: Int) -> [StyledLine] {
        if let completion { return [Self.candidates(completion, columns: columns)] }
        guard let error else {
            let hint: SafeText =
                editor.isEmpty
                ? "Nothing typed lists every row.  \(bindings.name(of: .completeFilter)) completes, \(bindings.name(of: .olderFilter)) brings back earlier filters."
                : hasNothingToOffer ? "Nothing known begins or goes on so." : .empty
            return [StyledLine(" " + hint, Style(.secondary)).clipped(to: columns)]
        }
        let column = min(screenColumn(of: error.range.lowerBound, columns: columns), columns - 1)
        let sentence: SafeText = "\(error.sentence)"
        let caret = StyledLine("^", Style(.bad, bold: true))
        if column + 2 + sentence.width < columns {
            return [StyledLine(.spaces(column)) + caret + StyledLine(" " + sentence, Style(.bad))]
        }
        if sentence.width + 2 <= column {
            let room = SafeText.spaces(column - sentence.width - 1)
            return [StyledLine(room) + StyledLine(sentence + " ", Style(.bad)) + caret]
        }
        let lines = Prose.lines(error.sentence, columns: columns - 2, style: Style(.bad)).prefix(2)
        return [StyledLine(.spaces(column)) + caret] + lines.map { StyledLine(" ") + $0 }
    }

    /// Where a character of the text is on the screen.
    private func screenColumn(of index: Int, columns: Int) -> Int {
        let column = PromptLine.column(of: index, in: editor, behind: Self.label, columns: columns)
        return min(max(PromptLine.start(behind: Self.label), column), columns - 1)
    }

    private static func candidates(_ completion: Completion, columns: Int) -> StyledLine {
        var line = StyledLine(" ")
        // From the chosen one on, so that it is seen however many there are.
        let first = completion.chosen ?? 0
        for (index, candidate) in completion.candidates.enumerated().dropFirst(first) {
            let isChosen = index == completion.chosen
            line.append("\(candidate.text)", isChosen ? Style(.accent, bold: true) : Style(.secondary))
            if isChosen, !candidate.meaning.isEmpty { line.append(" \(candidate.meaning)", Style(.secondary)) }
            line.append("  ")
            if line.width > columns { break }
        }
        return line.clipped(to: columns)
    }
}
