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
        let context = question.context
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
        let contexts = all.filter { $0 == command }.map(\.context)
        guard let context = contexts.first(where: { $0.occasion != nil }), let occasion = context.occasion else {
            return "“\(command.name)” works elsewhere: \(whereabouts(of: command))."
        }
        let begin = context.begin.map { ": \(name(of: $0)) begins that" } ?? ""
        return "“\(command.name)” works only \(occasion)\(begin)."
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
        nearest.tab.map { !$0.showsRows } ?? (self == .deliveryDetail)
    }
}

// MARK: - Where bindings apply

/// A set of places that share commands, as one value. A tab or an overlay declares its own context in its file.
struct BindingContext: Sendable {
    /// The name by which contexts are compared.
    private let name: String
    /// The heading of its commands in the help.
    let title: String
    /// The further contexts of the place whose nearest context this is, the nearest first; nil for a shared context.
    fileprivate let others: [BindingContext]?
    /// A sentence about the place on the first screen of its help.
    let about: String
    /// Whether characters are typed in one of its places.
    let takesText: Bool
    /// Its tab; nil for the contexts of overlays, and for shared ones.
    private(set) var tab: MainView?
    private let leading: @Sendable () -> Command?
    private let beginning: @Sendable () -> Command?
    /// A description of when a context of typing or of a question applies.
    fileprivate let occasion: String?
    /// The most important commands, for the first screen of the help.
    let brief: @Sendable () -> [Command]
    /// The symbols that are drawn there.
    let symbols: @Sendable (_ hasActions: Bool) -> [HelpBrief.Symbol]

    /// - Parameters:
    ///   - way: The command that moves the keyboard into the context. It is nil for contexts that apply everywhere, and
    ///     for those of typing and of questions, which must not be started just to use one of their keys.
    ///   - occasion: When a context of typing or of a question applies.
    ///   - begin: The command that starts the occasion.
    init(
        _ name: String, title: String, with others: [BindingContext]? = nil, about: String = "",
        takesText: Bool = false, way: @escaping @autoclosure @Sendable () -> Command? = nil,
        occasion: String? = nil, begin: @escaping @autoclosure @Sendable () -> Command? = nil,
        brief: @escaping @Sendable () -> [Command] = { [] },
        symbols: @escaping @Sendable (Bool) -> [HelpBrief.Symbol] = { _ in [] }
    ) {
        (self.name, self.title, self.others, self.about, self.takesText) = (name, title, others, about, takesText)
        (leading, self.occasion, beginning) = (way, occasion, begin)
        (self.brief, self.symbols) = (brief, symbols)
    }

    private init(_ view: MainView) {
        let facts = view.facts
        self.init(
            "\(view.rawValue)", title: view.title, with: facts.contexts + [.views, .everywhere], about: facts.about,
            way: view.command, brief: { view.brief }, symbols: facts.symbols)
        tab = view
    }

    /// The command that moves the keyboard into the context; nil if it must not be moved there.
    var way: Command? { leading() }

    /// The command that starts its occasion.
    fileprivate var begin: Command? { beginning() }

    /// The place whose nearest context this is.
    var place: Place { Place([self] + (others ?? [])) }

    // MARK: - Shared contexts

    static let lists: BindingContext = .init("lists", title: "The lists", way: MainView.events.command)
    /// Both lists of rows.
    static let rows: BindingContext = .init("rows", title: "The lists of events", way: MainView.events.command)
    /// All lists with a filter, and the detail pane next to them.
    static let filtering: BindingContext = .init("filtering", title: "Filtering lists", way: MainView.events.command)
    /// All places that show rows: both lists and their detail.
    static let browsing: BindingContext = .init(
        "browsing", title: "Finding and marking events", way: MainView.events.command)
    /// All places that can be searched: all lists, and every detail.
    static let searching: BindingContext = .init(
        "searching", title: "Searching lists and details", way: MainView.events.command)
    /// All places with commands for the listed items: lists of events and of deliveries, and every detail.
    static let handling: BindingContext = .init(
        "handling", title: "Acting on events and deliveries", way: MainView.events.command)
    /// All views, except while text is typed or a question is open.
    static let views: BindingContext = .init("views", title: "All views")
    /// All places without exception.
    static let everywhere: BindingContext = .init("everywhere", title: "Everywhere", takesText: true)
    /// The line opened with `:` only: commands that need more than a key.
    static let typed: BindingContext = .init("typed", title: "Commands with arguments, after :")

    private static let tabs = Dictionary(uniqueKeysWithValues: MainView.allCases.map { ($0, BindingContext($0)) })

    static func tab(_ view: MainView) -> BindingContext { tabs[view] ?? .views }

    static let events: BindingContext = tab(.events), table: BindingContext = tab(.table)
    static let deliveries: BindingContext = tab(.deliveries), actions: BindingContext = tab(.actions)
    static let log: BindingContext = tab(.log), pulse: BindingContext = tab(.pulse)

    /// All contexts, in the order of the help.
    static let allCases: [BindingContext] =
        [.lists, .rows] + MainView.allCases.map(tab) + [
            .filtering, .browsing, .searching, .handling, .filter, .search, .exporting, .palette, .columns, .page,
            .detail, .keyring, .form, .ruleForm, .help, .helpSearch, .checklist, .question, .deleting, .leaving,
            .copying, .acting,
            .replaying, .views, .everywhere, .typed,
        ]
}

extension BindingContext: Hashable {
    static func == (one: BindingContext, other: BindingContext) -> Bool { one.name == other.name }

    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A place where the keyboard can be: its active contexts, the nearest first.
struct Place: Hashable, Sendable {
    let contexts: [BindingContext]

    init(_ contexts: [BindingContext]) { self.contexts = contexts }

    var nearest: BindingContext { contexts[0] }

    static let allCases = BindingContext.allCases.filter { $0.others != nil }.map(\.place) + [deliveryDetail]
}
