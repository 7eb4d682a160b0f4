import Base

/// A screen command's form in plain mode.
struct PlainForm: Sendable {
    /// The meaning of the command's name when typed as a line.
    enum Way: Hashable, Sendable {
        /// The command itself.
        case same
        /// Another line.
        case line(String)
        /// A line that needs more words: it is printed as a hint.
        case hint(String)
        /// Nothing: the command concerns drawing.
        case screen
    }

    let way: Way
    /// Whether it changes the current row, which is printed then.
    var movesRow = false
    /// The words of plain mode that run it; a word without a `run` of its own runs the command itself.
    var words: [PlainWord] = []
    /// The words that answer a question with this command.
    var answers: [String] = []
    /// The line that sentences mention, if it is not the first word.
    private var asks: String?

    static let screen = PlainForm(way: .screen)

    static func same(_ words: PlainWord..., asks: String? = nil) -> PlainForm {
        PlainForm(way: .same, words: words, asks: asks)
    }

    static func answer(_ words: String...) -> PlainForm { PlainForm(way: .screen, answers: words) }

    /// Returns the form of a command that changes the current row.
    static func row(_ words: PlainWord...) -> PlainForm { PlainForm(way: .same, movesRow: true, words: words) }

    static func line(_ line: String, asks: String? = nil) -> PlainForm { PlainForm(way: .line(line), asks: asks) }

    /// Returns the form of a command whose name means a word alone.
    static func line(_ word: PlainWord) -> PlainForm { PlainForm(way: .line(word.names[0]), words: [word]) }

    static func hint(_ hint: String, _ words: PlainWord...) -> PlainForm { PlainForm(way: .hint(hint), words: words) }

    /// The line that sentences mention; nil for the command's name.
    var asking: String? {
        if let asks { return asks }
        switch way {
        case .line(let text), .hint(let text): return text
        case .same, .screen: return words.first?.names[0]
        }
    }
}

/// A word of plain mode, and its description in the help.
struct PlainWord: Sendable {
    /// The names that can be typed; the help lists it under the first.
    let names: [String]
    /// The form of the arguments, such as `[N]`.
    let syntax: String
    let meaning: String
    /// The code that runs the word; nil for a word that runs its command.
    let run: (@Sendable (inout PlainModel, PlainArguments) -> Void)?

    init(
        _ name: String, also others: [String] = [], syntax: String = "", _ meaning: String,
        run: (@Sendable (inout PlainModel, PlainArguments) -> Void)? = nil
    ) {
        names = [name] + others
        self.syntax = syntax
        self.meaning = meaning
        self.run = run
    }

    /// All words, in the order of the help: those of the commands, then those without a command on the screen.
    static let all: [PlainWord] = Command.named.flatMap(\.plain.words) + PlainModel.words

    /// The words by name, each with its command if it has one.
    private static let named: [String: (word: PlainWord, command: Command?)] = Dictionary(
        (Command.named.flatMap { command in command.plain.words.map { (word: $0, command: command as Command?) } }
            + PlainModel.words.map { (word: $0, command: nil) })
            .flatMap { entry in entry.word.names.map { ($0, entry) } }, uniquingKeysWith: { first, _ in first })

    static func named(_ name: String) -> (word: PlainWord, command: Command?)? { named[name] }

    /// The line of the help, such as `list [N]: the events around the current one`.
    var help: String {
        let usage = names[0] + (syntax.isEmpty ? "" : " \(syntax)")
        let also = names.count > 1 ? " Also: \(names.dropFirst().joined(separator: ", "))." : ""
        return "\(usage): \(meaning).\(also)"
    }
}

// MARK: - Arguments

/// The text after the first word of a line.
struct PlainArguments {
    /// The text as typed, without leading and trailing white space.
    let text: String

    init(_ text: some StringProtocol) {
        self.text = String(
            text.trimmingPrefix(while: \.isWhitespace).reversed().trimmingPrefix(while: \.isWhitespace).reversed())
    }

    var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }

    /// The first word, and the text after it.
    var split: (word: String, rest: PlainArguments) {
        let word = text.prefix { !$0.isWhitespace }
        return (String(word), PlainArguments(text[word.endIndex...]))
    }

    /// Returns a number of lines, from 1 to 1,000; nil if the text is not one.
    func count(_ usual: Int) -> Int? {
        guard !text.isEmpty else { return usual }
        return Int(text).flatMap { (1...1_000).contains($0) ? $0 : nil }
    }
}
