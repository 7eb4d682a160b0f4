import Base
import Terminal

/// The commands with their active keys, which a user can change.
struct Bindings {
    /// The commands with their default keys.
    static let standard = Bindings()

    let all: [Command]
    /// Whether commands are typed as lines, so that sentences must not name keys.
    let isTyped: Bool

    /// Creates the commands with some keys changed. The new keys replace a command's own keys in all its contexts.
    init(_ changes: [DashboardSettings.KeyChange] = [], isTyped: Bool = false) {
        self.isTyped = isTyped
        let keys = Dictionary(changes.map { ($0.command, $0.keys) }, uniquingKeysWith: { _, last in last })
        all = Command.all.map { command in
            guard command.arguments == nil, let keys = keys[command.name] else { return command }
            var changed = command
            changed.keys = keys
            return changed
        }
    }

    /// Returns the command that a key runs in a place.
    func binding(for key: Key, in place: Place) -> Command? {
        first(in: place) { $0.keys.contains(key) }
    }

    /// Returns a command as declared for a place; nil if it does not work there.
    func binding(of command: Command, in place: Place) -> Command? {
        first(in: place) { $0 == command }
    }

    func bindings(in context: BindingContext) -> [Command] {
        all.filter { $0.context == context }
    }

    /// Returns a description of the contexts in which a command works.
    func whereabouts(of command: Command) -> String {
        var seen: Set<BindingContext> = []
        let contexts = all.filter { $0 == command }.map(\.context).filter { seen.insert($0).inserted }
        return contexts.map(\.title).joined(separator: ", ")
    }

    private func first(in place: Place, where holds: (Command) -> Bool) -> Command? {
        for context in place.contexts {
            if let command = all.first(where: { $0.context == context && holds($0) }) { return command }
        }
        return nil
    }

    // MARK: - Naming keys

    // Sentences name a command by its active key or, where commands are typed, by its words.

    /// Returns the first key of a command, or its typed name if it has no key.
    func name(of command: Command) -> String {
        if isTyped { return command.plain.asking ?? command.name }
        guard let key = all.first(where: { $0 == command })?.keys.first else { return ":\(command.name)" }
        return "\(key.name)"
    }

    /// Returns the request to run a command, such as `press t`.
    func asking(for command: Command) -> String {
        isTyped ? "type \(name(of: command))" : "press \(name(of: command))"
    }

    /// Returns the answers to a question, such as `(y/n)` or `Type yes or no.`
    func answers(to question: Question) -> String {
        let context = question.place.contexts[0]
        var answers = bindings(in: context)
        if case .markLeaked = question { answers.removeAll { $0 == .deleteRotated } }
        if isTyped {
            let words = answers.compactMap(\.plain.answers.first)
            return "Type \(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")."
        }
        let keys = answers.map { answer in
            let key = name(of: answer)
            return context == .question ? key : "\(key) \(answer.footer?.word ?? answer.meaning)"
        }
        return "(\(keys.joined(separator: context == .question ? "/" : " / ")))"
    }

    // MARK: - Commands of other places

    /// Returns a sentence about what a key would do in the tabs that are not shown; nil if it does nothing there
    /// either.
    func whereabouts(of key: Key, outside place: Place) -> String? {
        guard place.hasOtherLists,
            let command = all.first(where: { $0.context.isOfLists && $0.keys.contains(key) })
        else { return nil }
        let tabs = MainView.allCases.filter { $0.facts.contexts.contains(command.context) }.map(\.title)
        return "\(key.name) is for \(tabs.joined(separator: ", ")): \(command.meaning)."
    }

    /// Returns a sentence about a command that works only while something is typed or asked.
    func whyNot(_ command: Command) -> String {
        let occasions = all.filter { $0 == command }.compactMap(\.context.occasion)
        guard let occasion = occasions.first else {
            return "“\(command.name)” works elsewhere: \(whereabouts(of: command))."
        }
        let begin = occasion.begin.map { ": \(name(of: $0)) begins that" } ?? ""
        return "“\(command.name)” works only \(occasion.words)\(begin)."
    }
}

extension Command {
    /// Whether its name runs it from anywhere, because b2watch can move to where it works.
    var isReachable: Bool { context == .typed || context.way != nil }
}

extension BindingContext {
    /// Whether it works in the lists of several tabs.
    fileprivate var isOfLists: Bool { [.rows, .lists, .filtering, .browsing, .searching, .handling].contains(self) }
}

extension Place {
    /// Whether the context includes a list of things other than events, or its detail.
    fileprivate var hasOtherLists: Bool {
        if case .tab(let view) = self { !view.showsRows } else { self == .deliveryDetail }
    }
}

// MARK: - Where bindings apply

/// A set of places that share commands.
enum BindingContext: Hashable, Sendable {
    /// A tab.
    case tab(MainView)
    /// Both lists of rows.
    case rows
    /// All lists.
    case lists
    /// All lists with a filter, and the detail pane next to them.
    case filtering
    /// All places that show rows: both lists and their detail.
    case browsing
    /// All places that can be searched: both lists, and every detail.
    case searching
    /// All places with commands for the listed items: lists of events and of deliveries, and every detail.
    case handling
    case filter
    case search
    case exporting
    /// The line for commands.
    case palette
    case columns
    /// The page of an entry or a dry run, over the view.
    case page
    case detail
    case keyring
    case form
    case help
    /// The search line of the help.
    case helpSearch
    case checklist
    case question
    /// The question why a secret is deleted.
    case deleting
    /// The question whether to save the secrets in memory before the end.
    case leaving
    /// The menu of what to copy.
    case copying
    /// The menu of what to do with rows.
    case acting
    /// The line for the target of a replay.
    case replaying
    /// All views, except while text is typed or a question is open.
    case views
    /// All places without exception.
    case everywhere
    /// The line opened with `:` only: commands that need more than a key.
    case typed

    static let events = BindingContext.tab(.events), table = tab(.table), deliveries = tab(.deliveries)
    static let actions = BindingContext.tab(.actions), log = tab(.log), pulse = tab(.pulse)

    /// All contexts, in the order of the help.
    static let allCases: [BindingContext] =
        [.lists, .rows] + MainView.allCases.map(tab) + [
            .filtering, .browsing, .searching, .handling, .filter, .search, .exporting, .palette, .columns, .page,
            .detail, .keyring, .form, .help, .helpSearch, .checklist, .question, .deleting, .leaving, .copying, .acting,
            .replaying, .views, .everywhere, .typed,
        ]

    var title: String {
        switch self {
        case .lists: "The lists"
        case .rows: "The lists of events"
        case .filtering: "Filtering lists"
        case .tab(let view): view.title
        case .browsing: "Finding and marking events"
        case .searching: "Searching lists and details"
        case .handling: "Acting on events and deliveries"
        case .filter: "Typing a filter"
        case .search: "Typing a search"
        case .exporting: "Naming the file of an export"
        case .palette: "Typing a command"
        case .columns: "Choosing columns"
        case .page: "An entry, a dry run"
        case .detail: "The detail pane"
        case .keyring: "Secrets"
        case .form: "Typing a secret"
        case .help: "This help"
        case .helpSearch: "Searching the help"
        case .checklist: "The checklist"
        case .question: "A question"
        case .deleting: "Deleting a secret"
        case .leaving: "Quitting with a secret that is not saved"
        case .copying: "Choosing what to copy"
        case .acting: "Acting on rows"
        case .replaying: "Typing the target of a replay"
        case .views: "All views"
        case .everywhere: "Everywhere"
        case .typed: "Commands with arguments, after :"
        }
    }

    // MARK: - Moving to a context

    // These describe how a user gets from another place to a context.

    /// The command that moves the keyboard into the context. It is nil for contexts that apply everywhere, and for
    /// those of typing and of questions, which must not be started just to use one of their keys.
    var way: Command? {
        switch self {
        case .rows, .lists, .filtering, .browsing, .searching, .handling: MainView.events.command
        case .tab(let view): view.command
        case .detail: .focusDetail
        case .keyring: .showKeyring
        case .columns: .chooseColumns
        case .copying: .copy
        case .acting: .act
        case .views, .everywhere, .page, .checklist, .help, .helpSearch, .filter, .search, .exporting, .palette, .form,
            .question, .deleting, .leaving, .replaying, .typed:
            nil
        }
    }

    /// A description of when a context of typing or of a question applies, and the command that starts it.
    fileprivate var occasion: (words: String, begin: Command?)? {
        switch self {
        case .filter: ("while a filter is typed", .editFilter)
        case .search: ("while a search is typed", .search)
        case .exporting: ("while the file of an export is named", .export)
        case .palette: ("while a command is typed", .typeCommand)
        case .form: ("while a secret is typed", .addSecret)
        case .replaying: ("while the target of a replay is typed", .replay)
        case .help: ("in the help", .showHelp)
        case .helpSearch: ("while the help is searched", .showHelp)
        case .page: ("on the page of an entry", nil)
        case .question: ("while a question is open", nil)
        case .deleting: ("while it is asked why a secret is deleted", .forgetSecret)
        case .leaving: ("while it is asked whether to save a secret", .close)
        default: nil
        }
    }
}

/// The places where the keyboard can be. Each has a list of the active contexts, the nearest first.
enum Place: Hashable, Sendable {
    case tab(MainView)
    case page, detail, deliveryDetail, filter, search, export, palette,
        columns,
        keyring,
        form, help, helpSearch, checklist, question, deleting, leaving, copying, acting, replay

    static let events = Place.tab(.events), table = tab(.table), deliveries = tab(.deliveries)
    static let actions = Place.tab(.actions), log = tab(.log), pulse = tab(.pulse)

    static let allCases: [Place] =
        MainView.allCases.map(tab) + [
            .page, .detail, .deliveryDetail, .filter, .search, .export, .palette, .columns, .keyring, .form, .help,
            .helpSearch, .checklist, .question, .deleting, .leaving, .copying, .acting, .replay,
        ]

    var contexts: [BindingContext] {
        switch self {
        case .tab(let view): [.tab(view)] + view.facts.contexts + [.views, .everywhere]
        case .page: [.page, .views, .everywhere]
        case .detail: [.detail, .filtering, .browsing, .searching, .handling, .views, .everywhere]
        case .deliveryDetail: [.detail, .filtering, .searching, .handling, .views, .everywhere]
        case .filter: [.filter, .everywhere]
        case .search: [.search, .everywhere]
        case .export: [.exporting, .everywhere]
        case .palette: [.palette, .everywhere]
        case .columns: [.columns, .views, .everywhere]
        case .keyring: [.keyring, .views, .everywhere]
        case .form: [.form, .everywhere]
        case .help: [.help, .views, .everywhere]
        case .helpSearch: [.helpSearch, .everywhere]
        case .checklist: [.checklist, .views, .everywhere]
        case .question: [.question, .everywhere]
        case .deleting: [.deleting, .everywhere]
        case .leaving: [.leaving, .everywhere]
        case .copying: [.copying, .everywhere]
        case .acting: [.acting, .everywhere]
        case .replay: [.replaying, .everywhere]
        }
    }
}

// MARK: - The page of keys

/// The text of `docs/keys.md`, made from the table of commands.
enum KeysPage {
    static let markdown: String = """
        # Keys

        Every key, by where it works. `?` shows the same on the screen, with your own keys, searches it and runs what is
        selected; `:` takes every command by its name, and goes to where it works. This page is made from the table of
        commands; a test sees that it is.

        A click selects, a double click opens, and the wheel scrolls what is under it: over the bars of the pulse, time. Tabs,
        headings, footer hints and the letters of a menu are buttons.

        Other keys are set by the names of commands, below `keys` in [config.yaml](configuration.md):

        ```yaml
        keys:
          next-problem: [e, f5]   # these take the place of the command's own
          toggle-mark: []         # none
        ```

        What a name stands for is the same wherever it is in these tables: a key given to it is its key in all of them.

        \(sections.joined(separator: "\n\n"))

        """

    private static let sections = BindingContext.allCases.compactMap { context -> String? in
        let commands = Command.all.filter { $0.context == context }
        guard !commands.isEmpty else { return nil }
        let head = context == .typed ? ["| write | for |", "|---|---|"] : ["| keys | for | name |", "|---|---|---|"]
        return "## \(context.title)\n\n" + (head + commands.map(row)).joined(separator: "\n")
    }

    private static func row(_ command: Command) -> String {
        if let arguments = command.arguments {
            return "| `\(command.name) \(cell(arguments.form))` | \(cell(command.meaning)) |"
        }
        let keys = command.keys.map { code($0.name) }.joined(separator: " ")
        return "| \(keys) | \(cell(command.meaning)) | `\(command.name)` |"
    }

    private static func code(_ key: String) -> String { "`\(cell(key))`" }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
