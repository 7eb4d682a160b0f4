import Base

/// What a command of the screen is in plain mode.
struct PlainForm: Sendable {
    /// What its name does where it is typed.
    enum Way: Hashable, Sendable {
        /// The same as on the screen.
        case same
        /// This line.
        case line(String)
        /// A line that wants more words, which is named.
        case hint(String)
        /// Nothing: it is about how things are drawn.
        case screen
    }

    let way: Way
    /// Whether the current row is another one afterwards, which is then printed.
    var movesRow = false
    /// The words of plain mode that are for the same; without a `run` of their own they do what the command does.
    var words: [PlainWord] = []
    /// The words by which it answers a question, where it is an answer.
    var answers: [String] = []
    /// What sentences ask to type, where it is not the first of the words.
    private var asks: String?

    static let screen = PlainForm(way: .screen)

    static func same(_ words: PlainWord..., asks: String? = nil) -> PlainForm {
        PlainForm(way: .same, words: words, asks: asks)
    }

    static func answer(_ words: String...) -> PlainForm { PlainForm(way: .screen, answers: words) }

    /// The same, and another row is the current one afterwards.
    static func row(_ words: PlainWord...) -> PlainForm { PlainForm(way: .same, movesRow: true, words: words) }

    static func line(_ line: String, asks: String? = nil) -> PlainForm { PlainForm(way: .line(line), asks: asks) }

    /// A word without anything behind it.
    static func line(_ word: PlainWord) -> PlainForm { PlainForm(way: .line(word.names[0]), words: [word]) }

    static func hint(_ hint: String, _ words: PlainWord...) -> PlainForm { PlainForm(way: .hint(hint), words: words) }

    /// What sentences ask to type; nil for the command's name.
    var asking: String? {
        if let asks { return asks }
        switch way {
        case .line(let text), .hint(let text): return text
        case .same, .screen: return words.first?.names[0]
        }
    }
}

/// A word that is typed in plain mode, with what help says of it.
struct PlainWord: Sendable {
    /// What is typed. The first is the one that help names.
    let names: [String]
    /// What may stand behind it, such as `[N]`.
    let syntax: String
    let meaning: String
    /// What it does; nil for what its command does.
    let run: (@Sendable (inout PlainModel, PlainArguments) -> [Effect])?

    init(
        _ name: String, also others: [String] = [], syntax: String = "", _ meaning: String,
        run: (@Sendable (inout PlainModel, PlainArguments) -> [Effect])? = nil
    ) {
        names = [name] + others
        self.syntax = syntax
        self.meaning = meaning
        self.run = run
    }

    /// All of them, in the order of the help: those of the commands, and those that the screen needs no command for.
    static let all: [PlainWord] = Command.named.flatMap(\.plain.words) + PlainModel.words

    /// What the names do: each word with its command, if it has one.
    private static let named: [String: (word: PlainWord, command: Command?)] = Dictionary(
        (Command.named.flatMap { command in command.plain.words.map { (word: $0, command: command as Command?) } }
            + PlainModel.words.map { (word: $0, command: nil) })
            .flatMap { entry in entry.word.names.map { ($0, entry) } }, uniquingKeysWith: { first, _ in first })

    static func named(_ name: String) -> (word: PlainWord, command: Command?)? { named[name] }

    /// Such as `list [N]: the events around the current one`.
    var help: String {
        let usage = names[0] + (syntax.isEmpty ? "" : " \(syntax)")
        let also = names.count > 1 ? " Also: \(names.dropFirst().joined(separator: ", "))." : ""
        return "\(usage): \(meaning).\(also)"
    }
}

// MARK: - Arguments

/// What stands behind the first word of a line.
struct PlainArguments {
    /// As typed, without the white space at its ends.
    let text: String

    init(_ text: some StringProtocol) {
        self.text = String(
            text.trimmingPrefix(while: \.isWhitespace).reversed().trimmingPrefix(while: \.isWhitespace).reversed())
    }

    var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }

    /// The first word and what stands behind it.
    var split: (word: String, rest: PlainArguments) {
        let word = text.prefix { !$0.isWhitespace }
        return (String(word), PlainArguments(text[word.endIndex...]))
    }

    /// A number of lines, from 1 to 1,000; nil where it is none.
    func count(_ usual: Int) -> Int? {
        guard !text.isEmpty else { return usual }
        return Int(text).flatMap { (1...1_000).contains($0) ? $0 : nil }
    }
}
