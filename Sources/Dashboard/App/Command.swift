public import Base
import History
internal import Settings

/// A command that a user can run, as one value: its name, its keys, their context, a description, the reason why it is
/// unavailable, and its code.
///
/// Each command is declared once, in the file of its tab or overlay. The footer, the help, `docs/keys.md`, the line
/// opened with `:`, the `keys` of config.yaml, the mouse and plain mode all use these values. Two values with the same
/// name are equal: they are the same command in two contexts.
struct Command: Sendable {
    /// The name for typing and for config.yaml, such as `next-problem`.
    let name: String
    var keys: [Key]
    let context: BindingContext
    /// The description in the help.
    let meaning: String
    /// The word in the footer; nil if the footer does not show the command.
    let footer: Hint?
    /// Whether it changes the selected row without a question. Such a command does not run for a selection that the
    /// user has not seen yet.
    let changesSelected: Bool
    /// The form of the text after its name; nil if it takes none. A command with arguments has no key.
    let arguments: Arguments?
    let plain: PlainForm
    /// Returns the reason why it is unavailable now; nil if it is available.
    let unavailable: @Sendable (DashboardModel) -> String?
    /// Runs it with the text after its name.
    ///
    /// - Throws: An error in the arguments; the model may have changed then.
    let run: @Sendable (inout DashboardModel, String) throws(Fault) -> Void

    /// An error in a typed text, as a sentence.
    struct Fault: Error, Hashable {
        let sentence: String

        init(_ sentence: String) { self.sentence = sentence }

        /// Creates the fault for a word that a command does not accept.
        init(unknown name: String, of command: String, _ names: [String]) {
            let question = Command.question(for: name, among: names)
            let what = name.isEmpty ? "“\(command)” takes" : "“\(name)” is not for “\(command)”\(question); it takes"
            sentence = "\(what) one of \(names.joined(separator: ", "))."
        }
    }

    private init(
        _ name: String, _ keys: [Key], _ context: BindingContext, _ meaning: String, _ footer: Hint?,
        _ changesSelected: Bool, _ arguments: Arguments?, _ plain: PlainForm,
        _ unavailable: @escaping @Sendable (DashboardModel) -> String?,
        _ run: @escaping @Sendable (inout DashboardModel, String) throws(Fault) -> Void
    ) {
        (self.name, self.keys, self.context, self.meaning, self.footer) = (name, keys, context, meaning, footer)
        (self.changesSelected, self.arguments, self.plain) = (changesSelected, arguments, plain)
        (self.unavailable, self.run) = (unavailable, run)
    }

    /// Creates a command without arguments.
    init(
        _ name: String, _ keys: Key..., in context: BindingContext, _ meaning: String, footer: Hint? = nil,
        changesSelected: Bool = false, plain: PlainForm = .screen,
        unavailable: @escaping @Sendable (DashboardModel) -> String? = { _ in nil },
        run: @escaping @Sendable (inout DashboardModel) -> Void
    ) {
        self.init(name, keys, context, meaning, footer, changesSelected, nil, plain, unavailable) { model, _ in
            run(&model)
        }
    }

    /// Creates a command with arguments.
    init(
        _ name: String, _ arguments: Arguments, _ meaning: String, plain: PlainForm,
        run: @escaping @Sendable (inout DashboardModel, String) throws(Fault) -> Void
    ) {
        self.init(name, [], .typed, meaning, nil, false, arguments, plain, { _ in nil }, run)
    }

    // MARK: - In several contexts

    /// Returns this command as it is, in one more context.
    func same(in context: BindingContext) -> Command {
        Command(name, keys, context, meaning, footer, changesSelected, arguments, plain, unavailable, run)
    }

    /// Returns this command for one more context. Its keys, its meaning and its code remain unless others are given.
    func also(
        in context: BindingContext, keys: [Key]? = nil, _ meaning: String? = nil, footer: Hint? = nil,
        plain: PlainForm? = nil, unavailable: @escaping @Sendable (DashboardModel) -> String? = { _ in nil },
        run other: (@Sendable (inout DashboardModel) -> Void)? = nil
    ) -> Command {
        var run = run
        if let other { run = { model, _ in other(&model) } }
        return Command(
            name, keys ?? self.keys, context, meaning ?? self.meaning, footer, changesSelected, arguments,
            plain ?? self.plain, unavailable, run)
    }
}

extension Command: Hashable {
    static func == (one: Command, other: Command) -> Bool { one.name == other.name }

    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
    /// Creates the key of a character.
    public init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }
}

// MARK: - Hints

/// The word for a command in the footer, and the minimum width for it.
struct Hint: Sendable {
    /// The width of the footer.
    enum Width: Int, Comparable {
        /// Below 60 columns.
        case narrow
        /// From 60 columns.
        case medium
        /// From 100 columns.
        case wide

        init(columns: Int) { self = columns >= 100 ? .wide : columns >= 60 ? .medium : .narrow }

        static func < (one: Width, other: Width) -> Bool { one.rawValue < other.rawValue }
    }

    let word: String
    let from: Width
    /// Returns a different word for the current state, such as the opposite state of a switch; nil for the
    /// usual word.
    let other: @Sendable (DashboardModel) -> String?

    private init(_ word: String, _ from: Width, _ other: @escaping @Sendable (DashboardModel) -> String?) {
        (self.word, self.from, self.other) = (word, from, other)
    }

    static func narrow(
        _ word: String, or other: @escaping @Sendable (DashboardModel) -> String? = { _ in nil }
    ) -> Hint { Hint(word, .narrow, other) }

    static func medium(
        _ word: String, or other: @escaping @Sendable (DashboardModel) -> String? = { _ in nil }
    ) -> Hint { Hint(word, .medium, other) }

    static func wide(
        _ word: String, or other: @escaping @Sendable (DashboardModel) -> String? = { _ in nil }
    ) -> Hint { Hint(word, .wide, other) }
}

// MARK: - Arguments

/// The form of the text after a command's name, and its completion.
struct Arguments: Sendable {
    /// The form, such as `COLUMN asc|desc`.
    let form: String
    let offers: Offers

    enum Offers: Sendable {
        /// Words that depend on the words before them.
        case words(@Sendable (_ before: [String]) -> [CommandCompletion.Candidate])
        case filter
    }
}

// MARK: - Moving

/// A movement in anything that has lines.
enum Motion: String, CaseIterable, Sendable {
    case down, up
    case pageDown = "page-down", pageUp = "page-up"
    case halfPageDown = "half-page-down", halfPageUp = "half-page-up"
    case toStart = "to-start", toEnd = "to-end"

    /// Returns the index to which it moves in a list that has no pages.
    func index(from index: Int, of count: Int) -> Int {
        let target =
            switch self {
            case .up: index - 1
            case .down: index + 1
            case .pageUp, .halfPageUp, .toStart: 0
            case .pageDown, .halfPageDown, .toEnd: count - 1
            }
        return min(max(0, target), count - 1)
    }

    /// Returns the commands that move in a context. Their keys are the same in every view with lines.
    ///
    /// - Parameter hasSpace: Whether the space bar moves too. In other lists it selects.
    static func commands(
        in context: BindingContext, hasSpace: Bool = true,
        move: @escaping @Sendable (inout DashboardModel, Motion) -> Void
    ) -> [Command] {
        zip(allCases, Command.inLists).map { motion, command in
            let keys = hasSpace && motion == .pageDown ? command.keys + [" "] : command.keys
            let meaning: String? = motion == .toStart ? "to the start" : motion == .toEnd ? "to the end" : nil
            return command.also(in: context, keys: keys, meaning, run: { move(&$0, motion) })
        }
    }
}

extension Command {
    /// Returns the command for a motion in the visible list.
    private static func moving(_ motion: Motion, _ keys: [Key], _ meaning: String, _ plain: PlainForm) -> Command {
        Command(motion.rawValue, keys, .lists, meaning, nil, false, nil, plain, { _ in nil }) { model, _ in
            model.moveInList(motion)
        }
    }

    static let down = moving(
        .down, ["j", .down], "one line down",
        .row(PlainWord("next", syntax: "[N]", "to the next newer event") { $0.move(.down, $1) }))
    static let up = moving(
        .up, ["k", .up], "one line up",
        .row(PlainWord("previous", also: ["prev"], syntax: "[N]", "to the next older event") { $0.move(.up, $1) }))
    static let pageDown = moving(.pageDown, [.pageDown, .control("f")], "one page down", .row())
    static let pageUp = moving(.pageUp, [.pageUp, .control("b")], "one page up", .row())
    static let halfPageDown = moving(.halfPageDown, [.control("d")], "half a page down", .screen)
    static let halfPageUp = moving(.halfPageUp, [.control("u")], "half a page up", .screen)
    static let toStart = moving(
        .toStart, ["g", .home], "to the oldest", .row(PlainWord("oldest", also: ["first"], "to the oldest event")))
    static let toEnd = moving(
        .toEnd, ["G", .end], "to the newest, and follow",
        .row(PlainWord("newest", also: ["last"], "to the newest event")))

    /// The motions in the lists, in the order of `Motion`.
    static let inLists = [down, up, pageDown, pageUp, halfPageDown, halfPageUp, toStart, toEnd]
}

// MARK: - All commands

extension Command {
    /// All commands in each of their contexts, from the lists of all tabs and overlays. The help, the footer and
    /// `docs/keys.md` show the commands of a context in this order.
    static let all: [Command] =
        MainView.commands + inLists + ofLists + MainView.all.flatMap { $0.commands } + ofFilter + ofSearch + ofSelection
        + ofColumns + ofExport + ofDetail + ofCopying + ofActing + ofPage + ofKeyring + ofRuleForm + ofPrompt
        + ofChecklist
        + ofSession + ofHelp + ofQuestions + ofEnding

    /// One command for each name.
    static let named: [Command] = {
        var seen: Set<Command> = []
        return all.filter { seen.insert($0).inserted }
    }()

    /// One command for each name without arguments. A user can set keys for these.
    static let allCases = named.filter { $0.arguments == nil }

    private static let byName = Dictionary(uniqueKeysWithValues: named.map { ($0.name, $0) })

    /// Creates the command with a name; nil if the name is unknown.
    init?(name: String) {
        guard let command = Self.byName[name] else { return nil }
        self = command
    }

    /// Returns `; did you mean …?`, or an empty string if no name is similar.
    static func question(for name: String, among names: [String] = allCases.map(\.name)) -> String {
        Suggestion.question(for: name, among: names)
    }
}

// MARK: - Running

extension DashboardModel {
    /// Runs a command, and shows any error in its arguments.
    mutating func perform(_ command: Command, _ arguments: String = "") {
        do throws(Command.Fault) {
            try command.run(&self, arguments)
        } catch {
            session.tell("\(error.sentence)", .notice)
        }
    }
}
