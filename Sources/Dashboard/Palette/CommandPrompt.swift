import SafeText
import Terminal

/// `:`: the line in which a command is typed by its name.
struct CommandPrompt {
    private(set) var editor: LineEditor
    private(set) var completion: CommandCompletion
    /// Why what was typed is not run.
    private(set) var fault: SafeText?
    private var past: PastTexts
    private let commands: [CommandCompletion.Candidate]
    private let values: SeenValues

    /// - Parameters:
    ///   - commands: Those that can be run where one is, with what they do.
    ///   - text: What is in the line already.
    init(
        _ commands: [CommandCompletion.Candidate], _ text: String = "", past: [String], values: SeenValues
    ) {
        self.commands = commands
        self.past = PastTexts(past)
        self.values = values
        editor = LineEditor(text)
        completion = CommandCompletion(text, cursor: text.count, commands: commands, values: values)
    }

    var text: String { editor.text }

    mutating func type(_ key: Key) {
        let before = editor.text
        guard editor.update(.key(key)) else { return }
        if editor.text != before { past.leave() }
        read()
    }

    mutating func insert(_ text: String) {
        editor.insert(text)
        past.leave()
        read()
    }

    mutating func recall(older isOlder: Bool) {
        guard let text = past.step(older: isOlder, from: editor.text) else { return }
        editor = LineEditor(text)
        read()
    }

    /// Each press puts the next candidate in, or the one before.
    mutating func complete(isBack: Bool = false) {
        let count = completion.candidates.count
        if count == 1 {
            put(completion.candidates[0].text)
            read()
        } else if count > 1 {
            let first = isBack ? count - 1 : 0
            choose(completion.chosen.map { ($0 + (isBack ? -1 : 1) + count) % count } ?? first)
        }
    }

    /// Puts a candidate into the line.
    mutating func choose(_ index: Int) {
        guard completion.candidates.indices.contains(index) else { return }
        put(completion.candidates[index].text)
        completion.chosen = index
        fault = nil
    }

    mutating func refuse(_ sentence: String) {
        fault = "\(sentence)"
    }

    private mutating func put(_ candidate: String) {
        let (text, cursor) = completion.text(with: candidate)
        editor = LineEditor(String(text.prefix(cursor)))
        let rest = text.dropFirst(cursor)
        editor.insert(String(rest))
        for _ in rest { _ = editor.update(.key(.left)) }
    }

    private mutating func read() {
        fault = nil
        completion = CommandCompletion(editor.text, cursor: editor.cursor, commands: commands, values: values)
    }
}

extension CommandPrompt {
    private static let label: SafeText = ":"

    /// How many rows the prompt wants.
    func height(columns: Int) -> Int { 1 + hints(columns: columns).count }

    /// Draws the line and what it can become, and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw(Self.label, editor, Style(fault == nil ? .plain : .bad), on: &surface)
        for (row, line) in hints(columns: surface.size.columns).enumerated() {
            surface.put(line.line, at: Point(column: 0, row: row + 1), columns: surface.size.columns)
        }
        return cursor
    }

    /// The candidate at a place below the line; `row` is counted from the line.
    func candidate(column: Int, row: Int, columns: Int) -> Int? {
        let hints = hints(columns: columns)
        return hints.indices.contains(row - 1) ? hints[row - 1].action(at: column) : nil
    }

    /// What is wrong; or the candidates, and what the first or the chosen one does.
    private func hints(columns: Int) -> [ButtonLine<Int>] {
        if let fault {
            let lines = Prose.lines(fault.string, columns: columns - 2, style: Style(.bad)).prefix(3)
            return lines.map { ButtonLine(StyledLine(" ") + $0) }
        }
        let candidates = completion.candidates
        var names = ButtonLine<Int>(StyledLine(" "))
        // From the chosen one on, so that it is seen however many there are.
        for index in candidates.indices.dropFirst(completion.chosen ?? 0) {
            let style = index == (completion.chosen ?? 0) ? Style(.accent, bold: true) : Style(.secondary)
            let name = StyledLine("\(candidates[index].text)", style)
            guard names.width + name.width <= columns else {
                names.append(StyledLine("…", Style(.secondary)).clipped(to: max(0, columns - names.width)))
                break
            }
            names.append(name, index)
            names.append(StyledLine("  ").clipped(to: max(0, columns - names.width)))
        }
        let meaning: SafeText
        if candidates.isEmpty {
            meaning = usage ?? .empty
        } else {
            let first = candidates[completion.chosen ?? 0]
            meaning = first.meaning.isEmpty ? usage ?? .empty : "\(first.text): \(first.meaning)"
        }
        return [names, ButtonLine(StyledLine(" " + meaning, Style(.secondary)).clipped(to: columns))]
    }

    private var usage: SafeText? {
        let name = editor.text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        return TypedCommand.Word(rawValue: name).map { "\(name) \($0.usage.form): \($0.usage.meaning)" }
    }
}
