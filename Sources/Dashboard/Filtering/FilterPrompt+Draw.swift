import Browsing
import SafeText
import Terminal

extension FilterPrompt {
    private static let label: SafeText = "filter"

    /// What the lines below the one that is typed are made of.
    struct Surroundings {
        let bindings: Bindings
        let seen: SeenValues
        let counts: MatchCounts
    }

    /// How many rows the prompt wants.
    func height(_ around: Surroundings, columns: Int) -> Int { 1 + hints(around, columns: columns).count }

    /// Draws the line and what is to be said of it, and returns where the cursor is.
    func draw(_ around: Surroundings, on surface: inout Surface) -> Point? {
        let columns = surface.size.columns
        let isGood = filter != nil
        let role: Role = !isGood ? .bad : editor.isEmpty ? .plain : .good
        let cursor = PromptLine.draw(Self.label, editor, Style(role), on: &surface)
        if let error {
            let start = screenColumn(of: error.range.lowerBound, columns: columns)
            let end = max(start + 1, screenColumn(of: error.range.upperBound, columns: columns))
            surface.restyle(Rect(column: start, row: 0, columns: end - start, rows: 1)) { $0.isUnderlined = true }
        }
        for (row, line) in hints(around, columns: columns).enumerated() {
            surface.put(line, at: Point(column: 0, row: row + 1), columns: columns)
        }
        return cursor
    }

    private var error: FilterError? {
        if case .failure(let error) = reading { error } else { nil }
    }

    /// What is below the line: what is wrong and where, or what the word at the cursor means; and what Tab offers.
    private func hints(_ around: Surroundings, columns: Int) -> [StyledLine] {
        let absent = absent(around)
        let offers = Self.candidates(completion, columns: columns)
        var lines: [StyledLine]
        if let error, completion.chosen == nil {
            lines = Self.lines(error, column: screenColumn(of: error.range.lowerBound, columns: columns), columns)
        } else {
            lines = [StyledLine(" ") + (message(absent, around) ?? StyledLine())]
        }
        if completion.candidates.isEmpty, let absent, let known = around.seen.words(absent.kind) {
            lines.append(StyledLine(" " + known, Style(.secondary)))
        } else {
            lines.append(offers)
        }
        return lines.map { $0.clipped(to: columns) }
    }

    /// A value that no event has.
    private func absent(_ around: Surroundings) -> AskedValue? {
        unseen(around.seen).first { around.counts[$0.item.predicate] == 0 }
    }

    private func message(_ absent: AskedValue?, _ around: Surroundings) -> StyledLine? {
        if let absent {
            let value = SafeText(cell: absent.item.text).clipped(to: 40)
            return StyledLine("No event has the " + absent.kind.noun + " “" + value + "”.", Style(.warning))
        }
        let bindings = around.bindings
        if editor.isEmpty {
            return StyledLine(
                "Nothing typed lists every row.  \(bindings.name(of: .completeFilter)) completes, \(bindings.name(of: .olderFilter)) brings back earlier filters.",
                Style(.secondary))
        }
        if hasNothingToOffer { return StyledLine("Nothing known begins or goes on so.", Style(.secondary)) }
        guard !completion.candidates.isEmpty, !completion.range.isEmpty || completion.chosen != nil else { return nil }
        let candidate = completion.candidates[completion.chosen ?? 0]
        return candidate.meaning.isEmpty
            ? nil : StyledLine("\(candidate.text) \(candidate.meaning)", Style(.secondary))
    }

    private static func lines(_ error: FilterError, column: Int, _ columns: Int) -> [StyledLine] {
        let column = min(column, columns - 1)
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

    private static func candidates(
        _ completion: Completion, columns: Int
    ) -> StyledLine {
        var line = StyledLine(" ")
        // From the chosen one on, so that it is seen however many there are.
        for (index, candidate) in completion.candidates.enumerated().dropFirst(completion.chosen ?? 0) {
            let isChosen = index == completion.chosen
            line.append("\(candidate.text)", isChosen ? Style(.accent, bold: true) : Style(.secondary))
            line.append("  ")
            if line.width > columns { break }
        }
        return line.clipped(to: columns)
    }
}
