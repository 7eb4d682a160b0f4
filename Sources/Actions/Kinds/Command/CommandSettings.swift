internal import Settings

extension ActionKind {
    /// Runs a program for each event.
    static let command = ActionKind("command") { reading, surroundings in CommandAction(&reading, surroundings) }
}

extension CommandAction {
    /// Reads the settings.
    ///
    /// - Returns: Nil where a problem was found.
    init?(_ reading: inout ActionReading, _ surroundings: ActionSurroundings) {
        let count = reading.problems.count
        let words = Self.words(&reading)
        let names = reading.texts("environment", expected: "a list of names of variables, such as [PATH, HOME]")
        for name in names ?? [] {
            guard let problem = CommandEnvironment.problem(name.value) else { continue }
            let shown = name.value.count > 40 ? name.value.prefix(40) + "…" : name.value
            reading.problem("“\(shown)” in “environment” of “\(reading.name)” \(problem)", at: name.position)
        }
        let folder = reading.path("folder", expected: "the path of a folder", isRequired: false)
        let limit = reading.duration("time-limit", atMost: Self.longestLimit) ?? Self.standardLimit
        guard reading.problems.count == count, let words else { return nil }
        self.init(
            name: reading.name, words: words,
            environment: CommandEnvironment(
                names?.map(\.value) ?? CommandEnvironment.standard, of: surroundings.environment),
            folder: folder?.value ?? surroundings.home ?? "/", limit: limit, now: surroundings.now)
    }

    /// The program and its arguments.
    private static func words(_ reading: inout ActionReading) -> [String]? {
        let expected = "a list: a program and its arguments, such as [notify-send, --urgency=low]"
        guard let node = reading.take("run") else {
            reading.problem("“\(reading.name)” needs “run”: \(expected)", at: reading.position)
            return nil
        }
        var items = [node]
        var isList = false
        if case .list(let list) = node.content { (items, isList) = (list, true) }
        var words: [String] = []
        for item in items {
            guard case .scalar(let text, _) = item.content, !text.contains("\0"), isList || !item.isEmpty else {
                reading.refuse(item, "run", expected: expected)
                return nil
            }
            guard !text.contains("{{") else {
                reading.problem(
                    "“run” of “\(reading.name)” has a placeholder: the words are given as they are, and the program is"
                        + " told of the event on its standard input and in variables such as B2WATCH_EVENT_OBJECT",
                    at: item.position)
                return nil
            }
            words.append(text)
        }
        if !isList, words[0].contains(where: \.isWhitespace) {
            reading.problem(
                "“run” of “\(reading.name)” is a line for a shell, and none reads it: write \(expected)",
                at: node.position)
            return nil
        }
        guard let first = words.first, !first.isEmpty else {
            reading.problem("“run” of “\(reading.name)” names no program; expected is \(expected)", at: node.position)
            return nil
        }
        if first.contains("/") { words[0] = reading.absolute(first) }
        return words
    }
}
