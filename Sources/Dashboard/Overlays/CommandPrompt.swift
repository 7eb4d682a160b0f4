import Base
import History
import Receiving
import Terminal

/// The line opened with `:`, in which a command is typed by its name.
struct CommandPrompt: Prompt {
    private(set) var editor: LineEditor
    private(set) var completion: CommandCompletion
    /// The reason why the typed text cannot run.
    private(set) var fault: SafeText?
    private var past: PastTexts
    private let commands: [CommandCompletion.Candidate]
    private let values: SeenValues

    /// - Parameters:
    ///   - commands: The commands that can run from the current view, with their meanings.
    ///   - text: The initial text of the line.
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

    var context: BindingContext { .palette }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let before = editor.text
        guard editor.update(.key(key)) else { return true }
        if editor.text != before { past.leave() }
        read()
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) {
        editor.insert(text)
        past.leave()
        read()
    }

    mutating func recall(older isOlder: Bool) {
        guard let text = past.step(older: isOlder, from: editor.text) else { return }
        editor = LineEditor(text)
        read()
    }

    /// Completes the word: each call inserts the next candidate, or the previous one.
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

    /// Inserts a candidate into the line.
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
        editor = LineEditor(String(text.prefix(cursor)), before: String(text.dropFirst(cursor)))
    }

    private mutating func read() {
        fault = nil
        completion = CommandCompletion(editor.text, cursor: editor.cursor, commands: commands, values: values)
    }

    // MARK: - Drawing

    private static let label: SafeText = ":"

    func height(_ model: DashboardModel, columns: Int) -> Int { 1 + hints(columns: columns).count }

    /// Draws the line and the candidates, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw(Self.label, editor, Style(fault == nil ? .plain : .bad), on: &surface)
        for (row, line) in hints(columns: surface.size.columns).enumerated() {
            surface.put(line.line, at: Point(column: 0, row: row + 1), columns: surface.size.columns)
        }
        return cursor
    }

    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target? {
        let (_, below) = layout.prompt.splitTop(1)
        return ButtonLine.action(at: point, in: below, of: hints(columns: below.columns)).map(Target.candidate)
    }

    /// Returns the error; or else the candidates, with the meaning of the first or the chosen one.
    private func hints(columns: Int) -> [ButtonLine<Int>] {
        if let fault {
            let lines = Prose.lines(fault.string, columns: columns - 2, style: Style(.bad)).prefix(3)
            return lines.map { ButtonLine(StyledLine(" ") + $0) }
        }
        let candidates = completion.candidates
        var names = ButtonLine<Int>(StyledLine(" "))
        // The list starts at the chosen candidate, so that it is always visible.
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
        return Command(name: name).flatMap { command in
            command.arguments.map { "\(name) \($0.form): \(command.meaning)" }
        }
    }
}

// MARK: - Completion

/// The candidates for the word at the cursor.
struct CommandCompletion: Hashable {
    struct Candidate: Hashable {
        let text: String
        let meaning: String
    }

    /// The maximum number of candidates offered.
    private static let limit = 60

    let candidates: [Candidate]
    /// The whole text, and the range of characters that a candidate replaces.
    let text: String
    let range: Range<Int>
    /// The candidate that is in the line; nil until Tab chooses one.
    var chosen: Int?

    init(_ text: String, cursor: Int, commands: [Candidate], values: SeenValues) {
        self.text = text
        let characters = Array(text)
        let start = characters[..<cursor].lastIndex { $0.isWhitespace }.map { $0 + 1 } ?? 0
        let end = characters[cursor...].firstIndex { $0.isWhitespace } ?? characters.count
        let before = String(characters[..<start]).split(whereSeparator: \.isWhitespace).map(String.init)
        let typed = String(characters[start..<cursor])
        guard let name = before.first, let arguments = Command(name: name)?.arguments else {
            (range, candidates) = (start..<end, before.isEmpty ? Self.matching(typed, commands) : [])
            return
        }
        switch arguments.offers {
        case .words(let words): (range, candidates) = (start..<end, Self.matching(typed, words(before)))
        case .filter:
            let offset = name.count + (characters.firstIndex { !$0.isWhitespace } ?? 0)
            let rest = String(characters[offset...])
            let found = FilterCompletion(rest, cursor: cursor - offset) { values[$0] }
            range = found.range.lowerBound + offset..<found.range.upperBound + offset
            candidates = found.candidates.map { Candidate(text: $0.text, meaning: $0.meaning) }
        }
    }

    /// Returns the candidates that begin with the typed text, then those that contain it, then those whose meaning
    /// contains it.
    private static func matching(_ typed: String, _ all: [Candidate]) -> [Candidate] {
        let typed = typed.lowercased()
        guard !typed.isEmpty else { return all }
        let first = all.filter { $0.text.hasPrefix(typed) }
        let second = all.filter { !$0.text.hasPrefix(typed) && $0.text.contains(typed) }
        let third = all.filter { !$0.text.contains(typed) && $0.meaning.lowercased().contains(typed) }
        return Array((first + second + third).prefix(limit))
    }

    /// Returns the line with a candidate inserted, and the cursor's position after it.
    func text(with candidate: String) -> (text: String, cursor: Int) {
        let characters = Array(text)
        let before = String(characters[..<range.lowerBound]) + candidate
        return (before + String(characters[range.upperBound...]), before.count)
    }
}

// MARK: - Typing a command

extension BindingContext {
    /// The line for commands.
    static let palette: BindingContext = .init(
        "palette", title: "Typing a command", with: [.everywhere], takesText: true,
        occasion: "while a command is typed", begin: .typeCommand)
}

extension Command {
    static let typeCommand = Command(
        "type-command", ":", in: .views, "type a command by its name", footer: .wide("command")
    ) { $0.typeCommand("") }
    static let runCommand = Command(
        "run-command", .enter, in: .palette, "run the command", footer: .narrow("run")
    ) { $0.runTyped() }

    /// The commands that open the line, those that can only be typed in it, and those that edit it.
    static let ofPrompt: [Command] = [
        goTo, view, goToTime, typeCommand, runCommand,
        Command("complete-command", .tab, in: .palette, "complete the word", footer: .narrow("complete")) { model in
            model[CommandPrompt.self]?.complete()
        },
        Command("complete-command-back", .backTab, in: .palette, "the previous completion") { model in
            model[CommandPrompt.self]?.complete(isBack: true)
        },
        Command("older-command", .up, in: .palette, "an earlier command", footer: .medium("earlier")) { model in
            model[CommandPrompt.self]?.recall(older: true)
        },
        Command("newer-command", .down, in: .palette, "a later command") { model in
            model[CommandPrompt.self]?.recall(older: false)
        },
        .leavePrompt.also(in: .palette, "leave", footer: .narrow("leave")),
    ]

    /// Other names that people are likely to try.
    private static let aliases: [String: Command] = ["q": .close, "quit": .close, "exit": .close, "help": .showHelp]

    /// Parses a line into the command and the text after its name.
    fileprivate static func read(_ line: String) throws(Fault) -> (command: Command, arguments: String) {
        let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let name = words.first.map(String.init) ?? ""
        let rest = PlainArguments(words.count > 1 ? words[1] : "").text
        guard let command = Command(name: name) ?? aliases[name] else {
            let names = named.map(\.name) + aliases.keys
            throw Fault("“\(name)” is not a command\(question(for: name, among: names))")
        }
        guard command.arguments != nil || rest.isEmpty else { throw Fault("“\(name)” takes nothing behind it.") }
        return (command, rest)
    }
}

extension DashboardModel {
    /// Opens the line. A command acts on the view from which the line was opened, not on the help.
    mutating func typeCommand(_ text: String) {
        help = nil
        self[CommandPrompt.self] = CommandPrompt(
            commandsHere, text, past: session.pastCommands, values: seenValues)
        askForValues()
    }

    /// The commands that can be typed: first those that work here, then those that lead elsewhere.
    private var commandsHere: [CommandCompletion.Candidate] {
        var seen: Set<Command> = [.typeCommand]
        let here = place.contexts.flatMap(bindings.bindings(in:)).filter { seen.insert($0).inserted }
        let elsewhere = bindings.all.filter { $0.isReachable && seen.insert($0).inserted }
        let offered =
            here.map { command in
                let reason = command.unavailable(self).map { " — unavailable: \($0)" } ?? ""
                return CommandCompletion.Candidate(text: command.name, meaning: command.meaning + reason)
            }
            + elsewhere.map { command in
                CommandCompletion.Candidate(
                    text: command.name,
                    meaning: command.arguments.map { "\($0.form): \(command.meaning)" }
                        ?? "\(command.meaning) (\(command.context.title))")
            }
        return offered.sorted { $0.text < $1.text }
    }

    /// Runs the typed command. If it is wrong, it stays in the line with the reason.
    fileprivate mutating func runTyped() {
        guard var line = self[CommandPrompt.self] else { return }
        let text = line.text
        var there = self
        there[CommandPrompt.self] = nil
        guard text.contains(where: { !$0.isWhitespace }) else {
            self = there
            return
        }
        do throws(Command.Fault) {
            let (command, arguments) = try Command.read(text)
            try there.reach(command, arguments)
            self = there
            session.pastCommands.removeAll { $0 == text }
            session.pastCommands = [text] + session.pastCommands.prefix(99)
        } catch {
            line.refuse(error.sentence)
            self[CommandPrompt.self] = line
        }
    }

    /// Moves the keyboard to the view's list, or to the list of events if the view has none.
    mutating func showList(_ word: String) throws(Command.Fault) {
        if found == nil { try showRows(word) } else { show(view) }
    }

    /// Moves the keyboard to the current list of events or deliveries, from wherever it is.
    mutating func showRows(_ word: String) throws(Command.Fault) {
        if view.showsRows, [BindingContext.events, .table, .detail].contains(place.nearest) { return }
        show(view.showsRows ? view : .events)
        guard !showsChecklist else {
            throw Command.Fault("Nothing has arrived yet that “\(word)” could work on.")
        }
    }

    // MARK: - Running commands by name from anywhere

    /// Runs a command here or where it works, and shows the reason if it cannot run.
    mutating func run(_ command: Command) {
        do throws(Command.Fault) {
            try reach(command)
        } catch {
            session.tell("\(error.sentence)", .notice)
        }
    }

    /// Runs a command here or where it works.
    ///
    /// - Parameter isStep: Whether it only leads to where another command works, so that it must succeed.
    /// - Throws: The reason why it does nothing here. After a move to another view, the reason is shown there instead.
    mutating func reach(
        _ command: Command, _ arguments: String = "", isStep: Bool = false
    ) throws(Command.Fault) {
        if command.arguments != nil { return try command.run(&self, arguments) }
        if let here = bindings.binding(of: command, in: place) {
            if let reason = here.unavailable(self) { throw Command.Fault(reason) }
            return try here.run(&self, arguments)
        }
        var there = self
        try there.go(to: command)
        let isSeen = there.view == view && (there.keyring == nil || session.keyring.secrets.count == 1)
        self = there
        guard let here = bindings.binding(of: command, in: place) else { return }
        if let reason = here.unavailable(self) {
            if isStep { throw Command.Fault(reason) }
            return session.tell("\(reason)", .notice)
        }
        if here.changesSelected, !isSeen {
            let key = here.keys.first.map { "\($0.name)" } ?? ":\(command.name)"
            return session.tell("“\(command.name)” is for what is selected here: \(key) does it.", .notice)
        }
        try here.run(&self, arguments)
    }

    /// Moves to where a command works: within the current view if it works there.
    private mutating func go(to command: Command) throws(Command.Fault) {
        let contexts = bindings.all.filter { $0 == command && $0.context.way != nil }.map(\.context)
        let here = contexts.first { view.context.place.contexts.contains($0) }
        guard let context = here ?? contexts.first, let way = context.way else {
            throw Command.Fault(bindings.whyNot(command))
        }
        if here != nil {
            show(view)
            detail.isFocused = false
        } else if context == .detail {
            try goToDetail()
        } else {
            try reach(way, isStep: true)
        }
        guard place.contexts.contains(context) else {
            throw Command.Fault(
                showsChecklist
                    ? "Nothing has arrived yet that “\(command.name)” could work on." : bindings.whyNot(command))
        }
    }

    /// Moves the keyboard to the detail pane, next to the list or, without room for it, on the full screen.
    private mutating func goToDetail() throws(Command.Fault) {
        show(view.hasDetailPane || view == .table ? view : .events)
        guard selectedRow != nil else { throw Command.Fault("No row to open.") }
        if layout.detail == nil { detail.isFullScreen = true } else { detail.isFocused = true }
    }
}
