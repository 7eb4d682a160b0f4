import Base
import History
import Notifications
import Terminal

// MARK: - The protocol

/// A tab of the dashboard: its state and its behaviour. Each tab has one file, and one line in `MainView.all`.
///
/// Everything else follows from that line: the line of tabs, the tab's key, `:view`, the view at the start, the help,
/// `docs/keys.md` and the mouse.
protocol Tab: Sendable {
    static var facts: TabFacts { get }
    /// The commands that belong to the tab.
    static var commands: [Command] { get }
    /// The most important commands, which the first screen of the help shows.
    static var brief: [Command] { get }

    init()

    /// The tab's list; nil if it has none, or lists events.
    var found: (any FoundListing)? { get set }
    /// Returns the extent of the whole list.
    func extent(_ change: HistoryChange) -> ListExtent
    /// Whether a part of the tab is open that closes before the tab is left.
    var isInside: Bool { get }
    /// The reason why the tab has no list to filter, sort or search now; nil if it has one.
    var hasNoList: String? { get }
    /// The event that the detail pane shows.
    var event: EventRow? { get }

    mutating func settle(_ layout: Layout, _ session: Session)
    /// Asks for the data that the tab needs and does not have.
    mutating func ask(_ reading: TabReading, _ context: inout Context)
    func draw(_ model: DashboardModel, on surface: inout Surface)
    /// Returns the mouse target at a position.
    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target?
    mutating func move(_ motion: Motion, _ change: HistoryChange)
    mutating func scroll(by lines: Int, _ change: HistoryChange)
    mutating func leaveInside()
    /// Prepares the tab after the user has changed to it.
    mutating func opened(_ session: Session)
    /// Freezes the tab's content, or resumes it.
    mutating func freeze(at change: HistoryChange?)
    /// Returns the time at which its content changes by itself.
    func deadline(_ session: Session) -> ContinuousClock.Instant?
}

extension Tab {
    var found: (any FoundListing)? {
        get { nil }
        set {}
    }
    var isInside: Bool { false }
    var hasNoList: String? { nil }
    var event: EventRow? { nil }

    func extent(_ change: HistoryChange) -> ListExtent { ListExtent(change) }
    mutating func settle(_ layout: Layout, _ session: Session) {
        found?.settle(height: layout.listHeight, days: session.clock)
    }
    mutating func ask(_ reading: TabReading, _ context: inout Context) {}
    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        guard row == 0 else { return .line(row - 1) }
        return found?.sortName(at: column, model.session, columns: size.columns).map(Target.sort) ?? .main
    }
    mutating func move(_ motion: Motion, _ change: HistoryChange) {
        let extent = extent(change)
        found?.move(motion, extent)
    }
    mutating func scroll(by lines: Int, _ change: HistoryChange) {
        let extent = extent(change)
        found?.scroll(by: lines, extent)
    }
    mutating func leaveInside() {}
    mutating func opened(_ session: Session) {}
    mutating func freeze(at change: HistoryChange?) {}
    func deadline(_ session: Session) -> ContinuousClock.Instant? { found?.deadline }
}

/// The facts about a tab that do not depend on its state.
struct TabFacts: Sendable {
    let number: Int
    /// The word in the line of tabs.
    let word: String
    /// The description of its key in the help.
    let meaning: String
    /// A sentence about the tab in the help.
    let about: String
    /// The form of its command in plain mode.
    var plain = PlainForm.screen
    /// The contexts of keys that are active in the tab, the nearest first.
    var contexts: [BindingContext] = [.lists, .filtering, .searching]
    /// The symbols that the tab draws.
    var symbols: @Sendable (_ hasActions: Bool) -> [HelpBrief.Symbol] = { _ in [] }
    /// Whether it lists events, which can be marked, selected and exported.
    var listsEvents = false
    var hasDetailPane = false
    /// The name for typing.
    var name: String { word.lowercased() }
}

/// The state on which the questions of a tab depend.
struct TabReading {
    /// The predicate of the filter that is applied or being typed.
    let predicate: RowPredicate
    let pattern: SearchPattern?
    /// Whether an overlay covers the whole tab.
    let isCovered: Bool
}

// MARK: - All tabs

/// A tab, by its number.
struct MainView: Hashable, Sendable {
    let rawValue: Int

    /// All tabs, in their order.
    static let all: [any Tab.Type] = [
        EventsScreen.self,
        TableScreen.self,
        DeliveriesScreen.self,
        ActionsScreen.self,
        RulesScreen.self,
        LogScreen.self,
        PulseScreen.self,
    ]

    static let allCases = all.map { MainView(rawValue: $0.facts.number) }
    /// The commands that show the tabs.
    static let commands = allCases.map(\.command)
    static let events = MainView(rawValue: 1), table = MainView(rawValue: 2), deliveries = MainView(rawValue: 3)
    static let actions = MainView(rawValue: 4), log = MainView(rawValue: 6), pulse = MainView(rawValue: 7)

    private static let byNumber = Dictionary(uniqueKeysWithValues: all.map { ($0.facts.number, $0.facts) })

    var facts: TabFacts { Self.byNumber[rawValue] ?? EventsScreen.facts }
    var title: String { "\(rawValue) \(facts.word)" }
    /// The name for typing.
    var name: String { facts.name }
    var showsRows: Bool { facts.listsEvents }
    var hasDetailPane: Bool { facts.hasDetailPane }
    var context: BindingContext { .tab(self) }
    var brief: [Command] { Self.all.first { $0.facts.number == rawValue }?.brief ?? [] }
    /// The command that shows the tab.
    var command: Command {
        Command(
            "show-\(name)", .character(Character("\(rawValue)")), in: .views, facts.meaning, plain: facts.plain,
            run: { $0.show(self) })
    }

    /// Creates the tab with a name.
    init?(name: String) {
        guard let view = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = view
    }

    init(rawValue: Int) { self.rawValue = rawValue }
}

extension Command {
    static let view = Command(
        "view",
        Arguments(
            form: "NAME",
            offers: .words { before in
                before.count > 1
                    ? [] : MainView.allCases.map { CommandCompletion.Candidate(text: $0.name, meaning: $0.title) }
            }), "another view",
        plain: .same(
            PlainWord(
                "view", syntax: MainView.allCases.map(\.name).joined(separator: "|"), "the same as the word alone",
                run: { $0.view($1) }))
    ) { model, name throws(Fault) in
        model.show(try MainView.named(name))
    }
}

extension MainView {
    /// Returns the tab that a user has named.
    static func named(_ name: String) throws(Command.Fault) -> MainView {
        guard let view = MainView(name: name) else {
            throw Command.Fault(unknown: name, of: "view", allCases.map(\.name))
        }
        return view
    }
}

// MARK: - The current tab

extension DashboardModel {
    /// The current tab.
    var current: any Tab {
        get { tabs[view] ?? EventsScreen() }
        set { tabs[view] = newValue }
    }

    /// Shows a tab.
    mutating func show(_ view: MainView) {
        closeOverlays(where: \.layer.isView)
        detail.isFullScreen = false
        current.leaveInside()
        let isOther = view != self.view
        if isOther { detail.isFocused = false }
        self.view = view
        if isOther { current.opened(session) }
        // Other processes also write to the log, without notice.
        if view == .log { log.outdate() }
    }

    /// Returns the state of a tab.
    func tab<T: Tab>(_ type: T.Type = T.self) -> T { tabs[MainView(rawValue: T.facts.number)] as? T ?? T() }

    private mutating func put<T: Tab>(_ tab: T) { tabs[MainView(rawValue: T.facts.number)] = tab }

    var table: TableScreen {
        get { tab() }
        set { put(newValue) }
    }
    var deliveries: DeliveriesScreen {
        get { tab() }
        set { put(newValue) }
    }
    var actions: ActionsScreen {
        get { tab() }
        set { put(newValue) }
    }
    var log: LogScreen {
        get { tab() }
        set { put(newValue) }
    }
    var pulse: PulseScreen {
        get { tab() }
        set { put(newValue) }
    }

    /// The current tab's list; nil if it has none, or lists events.
    var found: (any FoundListing)? {
        get { current.found }
        set { current.found = newValue }
    }

    /// The extent of that list.
    var foundExtent: ListExtent { view.showsRows ? extent : current.extent(shown) }

    /// Lets the current tab ask for the data that it needs.
    mutating func askForTab() {
        let reading = TabReading(
            predicate: filter.predicate(preview: self[FilterPrompt.self]?.preview, marks: []), pattern: pattern,
            isCovered: overlays.filling != nil || showsChecklist)
        context.opening = view.rawValue
        tabs[view]?.ask(reading, &context)
    }

    /// Changes a tab, which may put questions.
    mutating func change<T: Tab, Result>(
        _ type: T.Type, _ body: (inout T, inout Context) -> Result
    ) -> Result {
        var tab = tab(type)
        context.opening = T.facts.number
        defer { put(tab) }
        return body(&tab, &context)
    }

    /// Changes the tab or the overlay of an opening, unless it has closed.
    mutating func change<V>(_ type: V.Type, _ opening: Int, _ body: (inout V, inout Context) -> Void) {
        context.opening = opening
        if let index = overlays.index(of: opening) {
            guard var view = overlays.all[index].overlay as? V else { return }
            body(&view, &context)
            if let overlay = view as? any Overlay { overlays.replace(at: index, with: overlay) }
        } else if var view = tabs[MainView(rawValue: opening)] as? V {
            body(&view, &context)
            tabs[MainView(rawValue: opening)] = view as? any Tab
        }
    }
}
