import Base
import History
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

    // MARK: - Drawing

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

// MARK: - Completion

/// What the word at the cursor of the line for commands can become.
struct CommandCompletion: Hashable {
    struct Candidate: Hashable {
        let text: String
        let meaning: String
    }

    /// The most that are offered.
    private static let limit = 60

    let candidates: [Candidate]
    /// The text, and the characters of it that a candidate replaces.
    let text: String
    let range: Range<Int>
    /// The candidate that stands in the line; nil until Tab chooses.
    var chosen: Int?

    init(_ text: String, cursor: Int, commands: [Candidate], values: SeenValues) {
        self.text = text
        let characters = Array(text)
        let start = characters[..<cursor].lastIndex { $0.isWhitespace }.map { $0 + 1 } ?? 0
        let end = characters[cursor...].firstIndex { $0.isWhitespace } ?? characters.count
        let before = String(characters[..<start]).split(whereSeparator: \.isWhitespace).map(String.init)
        let typed = String(characters[start..<cursor])
        guard let word = before.first.flatMap(TypedCommand.Word.init(rawValue:)) else {
            (range, candidates) = (start..<end, before.isEmpty ? Self.matching(typed, commands) : [])
            return
        }
        switch word {
        case .filter:
            let offset = word.rawValue.count + (characters.firstIndex { !$0.isWhitespace } ?? 0)
            let rest = String(characters[offset...])
            let found = FilterCompletion(rest, cursor: cursor - offset) { values[$0] }
            range = found.range.lowerBound + offset..<found.range.upperBound + offset
            candidates = found.candidates.map { Candidate(text: $0.text, meaning: $0.meaning) }
        case .sort:
            let names = before.count == 1 ? TypedCommand.columns : before.count == 2 ? ["asc", "desc"] : []
            (range, candidates) = (start..<end, Self.matching(typed, names.map { Candidate(text: $0, meaning: "") }))
        case .view:
            let views = before.count == 1 ? MainView.allCases : []
            let names = views.map { Candidate(text: $0.name, meaning: $0.title) }
            (range, candidates) = (start..<end, Self.matching(typed, names))
        case .goto:
            let examples = before.count == 1 ? Self.timesToGoTo : []
            (range, candidates) = (start..<end, Self.matching(typed, examples))
        }
    }

    /// What may be typed behind `goto`, as examples.
    private static let timesToGoTo = [
        Candidate(text: "02:14", meaning: "what arrived nearest to the latest 02:14"),
        Candidate(text: "yesterday", meaning: "the first of yesterday; yesterday 02:14 for a time of day"),
        Candidate(text: "today", meaning: "the first of today"), Candidate(text: "-2h", meaning: "two hours ago"),
        Candidate(text: "2026-11-28", meaning: "the first of that day; 2026-11-28 02:14 for a time of day"),
        Candidate(text: "newest", meaning: "the newest, which is then followed"),
        Candidate(text: "oldest", meaning: "the oldest"), Candidate(text: "126", meaning: "delivery 126"),
        Candidate(text: "row", meaning: "row 7 of the history"),
    ]

    /// Those that begin with what is typed, then those that hold it, then those whose meaning does.
    private static func matching(_ typed: String, _ all: [Candidate]) -> [Candidate] {
        let typed = typed.lowercased()
        guard !typed.isEmpty else { return all }
        let first = all.filter { $0.text.hasPrefix(typed) }
        let second = all.filter { !$0.text.hasPrefix(typed) && $0.text.contains(typed) }
        let third = all.filter { !$0.text.contains(typed) && $0.meaning.lowercased().contains(typed) }
        return Array((first + second + third).prefix(limit))
    }

    /// The line with a candidate in it, and where the cursor is then.
    func text(with candidate: String) -> (text: String, cursor: Int) {
        let characters = Array(text)
        let before = String(characters[..<range.lowerBound]) + candidate
        return (before + String(characters[range.upperBound...]), before.count)
    }
}

// MARK: - Typing a command

extension DashboardModel {
    mutating func performOnPalette(_ command: Command) -> [Effect] {
        guard case .command(var prompt) = prompt else {
            // It acts where one was, not on the help.
            help = nil
            let text = command == .goToTime ? "\(TypedCommand.Word.goto.rawValue) " : ""
            prompt = .command(CommandPrompt(commandsHere, text, past: pastCommands, values: seenValues))
            return [.readValues]
        }
        switch command {
        case .completeCommand: prompt.complete()
        case .completeCommandBack: prompt.complete(isBack: true)
        case .olderCommand: prompt.recall(older: true)
        case .newerCommand: prompt.recall(older: false)
        case .runCommand: return run(prompt)
        default: break
        }
        self.prompt = .command(prompt)
        return []
    }

    /// What can be typed, with what it does: here first of all, or where one is led.
    private var commandsHere: [CommandCompletion.Candidate] {
        var seen: Set<Command> = [.typeCommand]
        let here = place.contexts.flatMap(bindings.bindings(in:)).filter { seen.insert($0.command).inserted }
        let elsewhere = bindings.all.filter { $0.context.way != nil && seen.insert($0.command).inserted }
        let commands =
            here.map { binding in
                let obstacle = binding.obstacle(self).map { " — now not: \($0)" } ?? ""
                return CommandCompletion.Candidate(text: binding.command.name, meaning: binding.title + obstacle)
            }
            + elsewhere.map { binding in
                CommandCompletion.Candidate(
                    text: binding.command.name, meaning: "\(binding.title) (\(binding.context.title))")
            }
            + TypedCommand.Word.allCases.map {
                CommandCompletion.Candidate(text: $0.rawValue, meaning: "\($0.usage.form): \($0.usage.meaning)")
            }
        return commands.sorted { $0.text < $1.text }
    }

    /// What is wrong stays in the line, with why.
    private mutating func run(_ line: CommandPrompt) -> [Effect] {
        let text = line.text
        guard text.contains(where: { !$0.isWhitespace }) else {
            prompt = nil
            return []
        }
        prompt = nil
        do {
            let typed = try TypedCommand(text)
            let effects = try run(typed)
            pastCommands.removeAll { $0 == text }
            pastCommands = [text] + pastCommands.prefix(99)
            return effects
        } catch {
            var line = line
            line.refuse(error.sentence)
            prompt = .command(line)
            return []
        }
    }

    private mutating func run(_ typed: TypedCommand) throws(TypedCommand.Fault) -> [Effect] {
        switch typed {
        case .command(let command): return try reach(command)
        case .view(let view): return perform(view.command)
        case .filter(let text):
            try showList("filter")
            let filter: Filter
            do {
                filter = try Filter(text, in: session.filterContext)
            } catch {
                throw TypedCommand.Fault(
                    sentence: "The filter, at column \(error.range.lowerBound + 1): \(error.sentence)")
            }
            return apply(filter)
        case .sort(let column, let isDescending):
            try showList("sort")
            guard let column else { return sort(by: nil, isDescending: nil) }
            let names = found == nil ? SortColumn.allCases.map(\.name) : sortNames
            guard names.contains(column) else {
                throw TypedCommand.Fault(
                    sentence: "“\(column)” is not a column of this list; it takes \(names.joined(separator: ", ")).")
            }
            return sort(by: column, isDescending: isDescending)
        case .delivery(let id):
            if view == .deliveries, [.deliveries, .deliveryDetail].contains(place) {
                deliveries.select(id, shown)
                return []
            }
            try showRows("goto")
            // From the oldest row on: a delivery of many events is entered at its first one.
            return seek(.number("delivery \(id)"), .number(.delivery, .equal, id), .nearest, from: .min)
        case .time(let text):
            guard let stretch = stretch(text) else {
                throw TypedCommand.Fault(sentence: "“\(text)” is not a time. \(TypedCommand.whereTo)")
            }
            if ![MainView.deliveries, .log, .pulse].contains(view) {
                try showRows("goto")
            } else {
                _ = perform(view.command)
            }
            return goTo(text, stretch)
        case .row(let id):
            try showRows("goto row")
            if rows.selection == id { return [] }
            return seek(.number("row \(id)"), .number(.row, .equal, id), .nearest)
        }
    }

    /// Goes to the list of the view, or to that of events where it has none.
    private mutating func showList(_ word: String) throws(TypedCommand.Fault) {
        if found == nil { try showRows(word) } else { _ = perform(view.command) }
    }

    /// The lists are gone to where one is elsewhere.
    private mutating func showRows(_ word: String) throws(TypedCommand.Fault) {
        if [Place.events, .table, .detail].contains(place), view.showsRows { return }
        _ = perform((view.showsRows ? view : .events).command)
        guard !showsChecklist else {
            throw TypedCommand.Fault(sentence: "Nothing has arrived yet that “\(word)” could be for.")
        }
    }

    // MARK: - Commands by their names, from anywhere

    /// Does a command, here or where it works; tells why it does nothing.
    mutating func run(_ command: Command) -> [Effect] {
        do throws(TypedCommand.Fault) {
            return try reach(command)
        } catch {
            session.tell("\(error.sentence)", .notice)
            return []
        }
    }

    /// Does a command, here or where it works.
    ///
    /// - Parameter isStep: Whether it leads to where another one works, and so has to be done.
    /// - Throws: Why nothing is changed at all. What does nothing where one has been led to is told there.
    mutating func reach(_ command: Command, isStep: Bool = false) throws(TypedCommand.Fault) -> [Effect] {
        if let binding = bindings.binding(of: command, in: place) {
            if let obstacle = binding.obstacle(self) { throw TypedCommand.Fault(sentence: obstacle) }
            return perform(command)
        }
        var there = self
        let effects = try there.go(to: command)
        let isSeen = there.view == view && (there.keyring == nil || session.keyring.secrets.count == 1)
        self = there
        guard let binding = bindings.binding(of: command, in: place) else { return effects }
        if let obstacle = binding.obstacle(self) {
            if isStep { throw TypedCommand.Fault(sentence: obstacle) }
            session.tell("\(obstacle)", .notice)
            return effects
        }
        if command.changesSelected, !isSeen {
            let key = binding.keys.first.map { "\($0.name)" } ?? ":\(command.name)"
            session.tell("“\(command.name)” is for what is selected here: \(key) does it.", .notice)
            return effects
        }
        return effects + perform(command)
    }

    /// Goes to where a command works: in the view one is in, if it works there.
    private mutating func go(to command: Command) throws(TypedCommand.Fault) -> [Effect] {
        let contexts = bindings.all.filter { $0.command == command && $0.context.way != nil }.map(\.context)
        let here = contexts.first { view.place.contexts.contains($0) }
        guard let context = here ?? contexts.first, let way = context.way else {
            throw TypedCommand.Fault(sentence: bindings.whyNot(command))
        }
        var effects: [Effect] = []
        if here != nil {
            effects = perform(view.command)
            detail.isFocused = false
        } else if context == .detail {
            try goToDetail()
        } else {
            effects = try reach(way, isStep: true)
        }
        guard place.contexts.contains(context) else {
            throw TypedCommand.Fault(
                sentence: showsChecklist
                    ? "Nothing has arrived yet that “\(command.name)” could be for." : bindings.whyNot(command))
        }
        return effects
    }

    /// The pane gets the keys, beside the list or where it has no room there on the full screen.
    private mutating func goToDetail() throws(TypedCommand.Fault) {
        _ = perform((view.hasDetailPane || view == .table ? view : .events).command)
        guard selectedRow != nil else { throw TypedCommand.Fault(sentence: "There is no row to open.") }
        if layout.detail == nil { detail.isFullScreen = true } else { detail.isFocused = true }
    }
}
