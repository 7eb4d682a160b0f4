import Base
import Terminal

/// The bindings in force: the table, with the user's own keys.
struct Bindings {
    /// Without any changes.
    static let standard = Bindings()

    let all: [Binding]
    /// Whether commands are typed as lines, so that sentences name no keys.
    let isTyped: Bool

    /// The table with other keys for some commands, which take the place of the commands' own wherever those are bound.
    init(_ changes: [DashboardSettings.KeyChange] = [], isTyped: Bool = false) {
        self.isTyped = isTyped
        let keys = Dictionary(
            changes.compactMap { change in Command(name: change.command).map { ($0, change.keys) } },
            uniquingKeysWith: { _, last in last })
        guard !keys.isEmpty else {
            all = BindingTable.all
            return
        }
        var given: Set<BoundCommand> = []
        all = BindingTable.all.compactMap { binding in
            guard let keys = keys[binding.command] else { return binding }
            // Where a command is bound twice, the first of its entries takes all keys.
            guard given.insert(BoundCommand(context: binding.context, command: binding.command)).inserted else {
                return nil
            }
            var changed = binding
            changed.keys = keys
            return changed
        }
    }

    private struct BoundCommand: Hashable {
        let context: BindingContext
        let command: Command
    }

    /// What a key does in a place.
    func binding(for key: Key, in place: Place) -> Binding? {
        first(in: place) { $0.keys.contains(key) }
    }

    /// How a place binds a command; nil where it is not to be had there.
    func binding(of command: Command, in place: Place) -> Binding? {
        first(in: place) { $0.command == command }
    }

    func bindings(in context: BindingContext) -> [Binding] {
        all.filter { $0.context == context }
    }

    /// Where a command works, in words.
    func whereabouts(of command: Command) -> String {
        var seen: Set<BindingContext> = []
        let contexts = all.filter { $0.command == command }.map(\.context).filter { seen.insert($0).inserted }
        return contexts.map(\.title).joined(separator: ", ")
    }

    private func first(in place: Place, where holds: (Binding) -> Bool) -> Binding? {
        for context in place.contexts {
            if let binding = all.first(where: { $0.context == context && holds($0) }) { return binding }
        }
        return nil
    }

    // MARK: - Naming keys

    // How commands are called in sentences: by the keys in force, or where commands are typed, by their words.

    /// The first key of a command, or its typed name where it has no key.
    func name(of command: Command) -> String {
        if isTyped { return Self.typed[command] ?? command.name }
        guard let key = all.first(where: { $0.command == command })?.keys.first else { return ":\(command.name)" }
        return "\(key.name)"
    }

    /// Such as `press t`.
    func asking(for command: Command) -> String {
        isTyped ? "type \(name(of: command))" : "press \(name(of: command))"
    }

    /// Such as `(y/n)`.
    var answers: String {
        isTyped ? "Type yes or no." : "(\(name(of: .answerYes))/\(name(of: .answerNo)))"
    }

    /// The answers to why a secret is deleted.
    var reasons: String {
        isTyped
            ? "Type rotated, leaked or no."
            : "(\(name(of: .deleteRotated)) rotated / \(name(of: .deleteLeaked)) leaked / \(keepKey) no)"
    }

    /// The answers to whether a deleted secret was leaked.
    var leakAnswers: String { isTyped ? "Type leaked or no." : "(\(name(of: .deleteLeaked)) leaked / \(keepKey) no)" }

    /// The answers to what becomes of a secret in memory.
    var leavings: String {
        isTyped
            ? "Type save, quit or stay."
            : "(\(name(of: .saveAndQuit)) save and quit / \(name(of: .quitUnsaved)) quit without / \(keepKey) stay)"
    }

    private var keepKey: String { name(of: .answerNo) }

    /// What is typed in plain mode, where it is not the command's name.
    private static let typed: [Command: String] = [
        .editFilter: "filter EXPRESSION", .filterOrNot: "filter off", .showProblems: "problems", .toggleMark: "mark",
        .search: "find TEXT", .addSecret: "secret add LABEL", .showKeyring: "secret add LABEL", .sendTest: "test",
        .open: "show",
    ]

    // MARK: - Keys of other places

    /// Where something is to be had that a key does not do in a place, in a sentence: a list that is no list of events
    /// has no filter, say. Nil where the key does nothing in those lists either.
    func whereabouts(of key: Key, outside place: Place) -> String? {
        guard place.hasOtherLists,
            let binding = all.first(where: { $0.context.isOfEvents && $0.keys.contains(key) }),
            let subject = binding.command.subject
        else { return nil }
        return "\(subject) for \(MainView.events.title) and \(MainView.table.title)."
    }

    // MARK: - Commands that can be gone to

    /// Whether a command can be done from anywhere by its name: where it works can be gone to.
    func isReachable(_ command: Command) -> Bool {
        all.contains { $0.command == command && $0.context.way != nil }
    }

    /// Why a command cannot be gone to, and where it works.
    func whyNot(_ command: Command) -> String {
        let occasions = all.filter { $0.command == command }.compactMap(\.context.occasion)
        guard let occasion = occasions.first else {
            return "“\(command.name)” works elsewhere: \(whereabouts(of: command))."
        }
        let begin = occasion.begin.map { ": \(name(of: $0)) begins that" } ?? ""
        return "“\(command.name)” works only \(occasion.words)\(begin)."
    }
}

extension BindingContext {
    /// Whether it is in force in both lists of events.
    fileprivate var isOfEvents: Bool { [.rows, .lists, .filtering, .browsing, .searching, .handling].contains(self) }
}

extension Place {
    /// Whether there is a list here that is none of events, or its detail.
    fileprivate var hasOtherLists: Bool {
        if case .tab(let view) = self { !view.showsRows } else { self == .deliveryDetail }
    }
}

extension Command {
    /// What the lists of events have and others do not, as the beginning of a sentence.
    fileprivate var subject: String? {
        switch self {
        case .editFilter, .filterOrNot, .showProblems: "Filters are"
        case .nextProblem, .previousProblem: "Going through problems is"
        case .search, .nextMatch, .previousMatch: "Searching a list is"
        case .toggleMark, .nextMark, .showMarked: "Marks are"
        case .export: "Exporting rows is"
        case .toggleSelected, .selectAll, .selectRange: "Selecting rows is"
        case .sortByNext, .sortByPrevious, .turnOrder, .orderOfArrival: "Sorting is"
        case .chooseColumns: "Choosing columns is"
        case .replay: "Replay is"
        default: nil
        }
    }
}

// MARK: - A binding

/// One line of the table of bindings: keys, where they are in force, what they do, and how that is told.
struct Binding: Sendable {
    /// How wide the footer must be to show a binding.
    enum FooterWidth: Int, Comparable {
        /// Below 60 columns.
        case narrow
        /// From 60 columns.
        case medium
        /// From 100 columns.
        case wide

        init(columns: Int) {
            self = columns >= 100 ? .wide : columns >= 60 ? .medium : .narrow
        }

        static func < (one: FooterWidth, other: FooterWidth) -> Bool { one.rawValue < other.rawValue }
    }

    var keys: [Key]
    let context: BindingContext
    let command: Command
    /// What the help says.
    let title: String
    /// What the footer says, and from which width on; nil where it is silent.
    let footer: (word: String, from: FooterWidth)?
    /// Why it does nothing now.
    let obstacle: @Sendable (DashboardModel) -> String?
    /// What it does; nil where it is one of the model's own commands.
    let run: (@Sendable (inout DashboardModel) -> [Effect])?

    init(
        _ keys: Key..., in context: BindingContext, do command: Command, _ title: String,
        footer: (String, FooterWidth)? = nil, obstacle: @escaping @Sendable (DashboardModel) -> String? = { _ in nil },
        run: (@Sendable (inout DashboardModel) -> [Effect])? = nil
    ) {
        self.run = run
        self.keys = keys
        self.context = context
        self.command = command
        self.title = title
        self.footer = footer.map { (word: $0.0, from: $0.1) }
        self.obstacle = obstacle
    }
}

// MARK: - Where bindings apply

/// Where the keyboard is: which bindings are in force.
enum BindingContext: Hashable, Sendable {
    /// A tab.
    case tab(MainView)
    /// Both lists of rows.
    case rows
    /// Every list.
    case lists
    /// Every list that is filtered, and the detail beside it.
    case filtering
    /// Wherever rows are seen: both lists and their detail.
    case browsing
    /// Wherever there is something to search: both lists, and every detail.
    case searching
    /// Wherever something can be done for what is listed: lists of events and of deliveries, and every detail.
    case handling
    case filter
    case search
    case exporting
    /// The line for commands.
    case palette
    case columns
    /// An entry or a dry run, over the view.
    case page
    case detail
    case keyring
    case form
    case help
    /// The line that narrows the help.
    case helpSearch
    case checklist
    case question
    /// The question why a secret is deleted.
    case deleting
    /// The question what becomes of a secret in memory at the end.
    case leaving
    /// The menu of what to copy.
    case copying
    /// The menu of what to do with rows.
    case acting
    /// The line that says where deliveries are sent again.
    case replaying
    /// All views; not where text is typed or a question stands.
    case views
    /// Really everywhere.
    case everywhere

    static let events = BindingContext.tab(.events), table = tab(.table), deliveries = tab(.deliveries)
    static let actions = BindingContext.tab(.actions), log = tab(.log), pulse = tab(.pulse)

    /// All contexts, in the order of the help.
    static let allCases: [BindingContext] =
        [.lists, .rows] + MainView.allCases.map(tab) + [
            .filtering, .browsing, .searching, .handling, .filter, .search, .exporting, .palette, .columns, .page,
            .detail, .keyring, .form, .help, .helpSearch, .checklist, .question, .deleting, .leaving, .copying, .acting,
            .replaying, .views, .everywhere,
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
        case .exporting: "Naming a file to export to"
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
        case .replaying: "Saying where to replay to"
        case .views: "All views"
        case .everywhere: "Everywhere"
        }
    }

    /// Whether it is that of a list whose newest row is followed.
    var isOfRows: Bool { self == .lists }

    // MARK: - The way to where a command works

    // How one comes from elsewhere to where a command works.

    /// The command that leads there; nil for what is everywhere, and for where something is typed or asked: that is not
    /// begun for one key of it.
    var way: Command? {
        switch self {
        case .rows, .lists, .filtering, .browsing, .searching, .handling: .showEvents
        case .tab(let view): view.command
        case .detail: .focusDetail
        case .keyring: .showKeyring
        case .columns: .chooseColumns
        case .copying: .copy
        case .acting: .act
        case .views, .everywhere, .page, .checklist, .help, .helpSearch, .filter, .search, .exporting, .palette, .form,
            .question, .deleting, .leaving, .replaying:
            nil
        }
    }

    /// When one is where something is typed or asked, and what begins that.
    fileprivate var occasion: (words: String, begin: Command?)? {
        switch self {
        case .filter: ("while a filter is typed", .editFilter)
        case .search: ("while a search is typed", .search)
        case .exporting: ("while a file is named to export to", .export)
        case .palette: ("while a command is typed", .typeCommand)
        case .form: ("while a secret is typed", .addSecret)
        case .replaying: ("while it is said where to replay to", .replay)
        case .help: ("in the help", .showHelp)
        case .helpSearch: ("while the help is searched", .showHelp)
        case .page: ("on the page of an entry", nil)
        case .question: ("while something is asked", nil)
        case .deleting: ("while it is asked why a secret is deleted", .forgetSecret)
        case .leaving: ("while it is asked whether to save a secret", .close)
        default: nil
        }
    }
}

/// The places where the keyboard can be, each with the contexts that are in force there, the nearest first.
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

/// `docs/keys.md`, made from the table of bindings.
enum KeysPage {
    static let markdown: String = """
        # Keys

        Every key, by where it works. `?` shows the same on the screen, with your own keys, searches it and runs what is
        selected; `:` takes every command by its name, and goes to where it works. This page is made from the table of
        bindings; a test sees that it is.

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

        ## Commands that take more, behind `:`

        | write | for |
        |---|---|
        \(TypedCommand.Word.allCases.map(row).joined(separator: "\n"))

        """

    private static let sections = BindingContext.allCases.compactMap { context -> String? in
        let bindings = BindingTable.all.filter { $0.context == context }
        guard !bindings.isEmpty else { return nil }
        let rows = bindings.map { binding in
            "| \(binding.keys.map { code($0.name) }.joined(separator: " ")) | \(cell(binding.title)) | `\(binding.command.name)` |"
        }
        return "## \(context.title)\n\n" + (["| keys | for | name |", "|---|---|---|"] + rows).joined(separator: "\n")
    }

    private static func row(_ word: TypedCommand.Word) -> String {
        "| `\(word.rawValue) \(cell(word.usage.form))` | \(cell(word.usage.meaning)) |"
    }

    private static func code(_ key: String) -> String { "`\(cell(key))`" }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
