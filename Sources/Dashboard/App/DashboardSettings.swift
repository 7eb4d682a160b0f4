public import Base
import History
import Terminal

/// What the user has set for the dashboard, beyond whether the mouse is listened to.
public struct DashboardSettings: Sendable, Hashable {
    /// A view to begin with; its raw value is its name in the configuration.
    public struct StartView: Sendable, Hashable, CaseIterable {
        public let rawValue: String

        /// The tab of a name; nil where there is none.
        public init?(rawValue: String) {
            guard MainView(name: rawValue) != nil else { return nil }
            self.rawValue = rawValue
        }

        private init(_ view: MainView) { rawValue = view.name }

        public static var allCases: [StartView] { MainView.allCases.map(StartView.init) }
        public static let events = StartView(.events)
    }

    /// Keys for a command, instead of its own; none take its keys away.
    public struct KeyChange: Sendable, Hashable {
        /// The command's name, such as `next-problem`.
        public var command: String
        /// Its keys.
        public var keys: [Key]

        /// A change.
        public init(command: String, keys: [Key]) {
            self.command = command
            self.keys = keys
        }
    }

    /// Whether times are shown in UTC at the start.
    public var showsUTC = false
    /// Whether the newest row is followed at the start.
    public var follows = true
    /// Whether timestamps are shown as milliseconds at the start.
    public var showsEpoch = false
    /// The view to begin with.
    public var startView = StartView.events
    /// How the roles look; nil for as they are.
    public var theme: Theme?
    /// Other keys for commands; no command is there twice.
    public var keys: [KeyChange] = []

    /// The defaults.
    public init() {}

    // MARK: - Keys that cannot be

    /// What is wrong with keys for commands: names that are none, keys that two commands would have in one place.
    public static func keyProblems(in keys: [KeyChange]) -> [KeyProblem] {
        let unknown = keys.enumerated().filter { command(of: $0.element) == nil }.map { index, change in
            KeyProblem(
                change: index, key: nil,
                text: "“\(change.command)” is no command" + Command.question(for: change.command)
                    + " (docs/keys.md has all)")
        }
        return unknown + refusals(keys) + clashes(keys)
    }

    /// The command that keys are for; nil where there is none, or where it takes more than a key.
    private static func command(of change: KeyChange) -> Command? {
        Command(name: change.command).flatMap { $0.arguments == nil ? $0 : nil }
    }

    /// Keys that would leave one without a way out, or without a letter to type.
    private static func refusals(_ changes: [KeyChange]) -> [KeyProblem] {
        changes.enumerated().flatMap { index, change -> [KeyProblem] in
            guard let command = command(of: change) else { return [] }
            if change.keys.isEmpty, command == .interrupt {
                return [KeyProblem(change: index, key: nil, text: "“\(command.name)” needs a key: it always ends")]
            }
            guard let typing = Command.all.first(where: { $0 == command && $0.context.takesText }) else {
                return []
            }
            return change.keys.filter(\.isText).map { key in
                KeyProblem(
                    change: index, key: key,
                    text: "“\(key.name)” cannot be a key for “\(command.name)”: it is typed as text where that is bound"
                        + " (\(typing.context.title))")
            }
        }
    }

    /// Keys that do something else already.
    private static func clashes(_ changes: [KeyChange]) -> [KeyProblem] {
        let bindings = Bindings(changes)
        let indices = Dictionary(
            changes.enumerated().compactMap { index, change in command(of: change).map { ($0, index) } },
            uniquingKeysWith: { first, _ in first })
        var found: [KeyProblem] = []
        var told: Set<[String]> = []
        for place in Place.allCases {
            var owners: [Key: Command] = [:]
            for command in place.contexts.flatMap(bindings.bindings(in:)) {
                for key in command.keys {
                    guard let owner = owners[key] else {
                        owners[key] = command
                        continue
                    }
                    // The later of two changes is the one to blame; keys of the table do not clash among themselves.
                    let parties = [owner, command].filter { indices[$0] != nil }
                    guard owner != command,
                        let blamed = parties.max(by: { (indices[$0] ?? 0) < (indices[$1] ?? 0) }),
                        let index = indices[blamed]
                    else { continue }
                    let other = blamed == owner ? command : owner
                    guard told.insert([key.name, blamed.name, other.name]).inserted else { continue }
                    found.append(
                        KeyProblem(
                            change: index, key: key,
                            text: "“\(key.name)” for “\(blamed.name)” is the key of “\(other.name)” already"
                                + " (\(other.context.title)): give that one another key, or choose another here"))
                }
            }
        }
        return found
    }
}

// MARK: - What is wrong with keys

/// What is wrong with the keys that a user has set.
public struct KeyProblem: Sendable, Hashable {
    /// The number of the change that is wrong, from 0.
    public let change: Int
    /// The key of it that is wrong; nil for the command.
    public let key: Key?
    /// What is wrong and what to do, as a sentence without a full stop.
    public let text: String
}

extension BindingContext {
    /// Whether characters are typed here, or may be.
    fileprivate var takesText: Bool {
        switch self {
        case .filter, .search, .form, .palette, .helpSearch, .replaying, .everywhere: true
        default: false
        }
    }
}

extension Key {
    fileprivate var isText: Bool {
        if case .character = self { true } else { false }
    }
}

// MARK: - How the screen was left

/// What is kept of the screen from one run to the next.
public struct ViewState: Sendable, Hashable {
    /// How many filters are kept.
    public static let mostFilters = 100
    /// The longest filter that is kept, in bytes.
    public static let longestFilter = 4_096

    /// The filters applied, the newest first.
    public var filters: [String] = []
    /// The URLs of replays, the newest first; 20 at most.
    public var replayTargets: [String] = []
    /// How the lists are shown.
    public var preferences = ViewPreferences()

    /// The state before anything was chosen.
    public init() {}

    /// Puts a filter first, once.
    mutating func remember(_ filter: String) {
        Self.put(filter, first: &filters, most: Self.mostFilters)
    }

    /// Puts the URL of a replay first, once.
    mutating func rememberTarget(_ url: String) {
        Self.put(url, first: &replayTargets, most: 20)
    }

    private static func put(_ text: String, first texts: inout [String], most: Int) {
        guard !text.allSatisfy(\.isWhitespace), text.utf8.count <= longestFilter else { return }
        texts.removeAll { $0 == text }
        texts = [text] + texts.prefix(most - 1)
    }
}

extension ViewState: Codable {
    private enum CodingKeys: String, CodingKey {
        case filters, replayTargets, preferences
    }

    /// Takes what it understands; the rest, of another version perhaps, is left at its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for filter in ((try? values.decodeIfPresent([String].self, forKey: .filters)) ?? []).reversed() {
            remember(filter)
        }
        for url in ((try? values.decodeIfPresent([String].self, forKey: .replayTargets)) ?? []).reversed() {
            rememberTarget(url)
        }
        preferences = (try? values.decodeIfPresent(ViewPreferences.self, forKey: .preferences)) ?? ViewPreferences()
    }
}

// MARK: - Columns and order

/// How the lists are shown: what a person chose, by names that stay the same from version to version.
public struct ViewPreferences: Sendable, Hashable {
    /// The columns of the event list, from left to right; empty for the usual ones.
    public var eventColumns: [String] = []
    /// The columns of the table, from left to right; empty for the sheet's five.
    public var tableColumns: [String] = []
    /// The column that rows are sorted by; nil for the order of arrival.
    public var sortColumn: String?
    /// Whether the greatest value stands first.
    public var isDescending = false

    /// What nobody has changed yet.
    public init() {}

    // MARK: - Columns

    /// The order of the rows.
    var order: RowOrder {
        get { sortColumn.flatMap(SortColumn.init(rawValue:)).map { .by($0, isDescending: isDescending) } ?? .arrival }
        set {
            switch newValue {
            case .arrival: (sortColumn, isDescending) = (nil, false)
            case .by(let column, let isDescending): (sortColumn, self.isDescending) = (column.rawValue, isDescending)
            }
        }
    }

    /// The columns of both views.
    var columns: ColumnChoice {
        ColumnChoice(
            events: EventsScreen.columns.named(eventColumns, usual: EventsScreen.usualColumns),
            table: TableScreen.columns.named(tableColumns, usual: TableScreen.usualColumns))
    }
}

extension ViewPreferences: Codable {
    private enum CodingKeys: String, CodingKey {
        case eventColumns, tableColumns, sortColumn, isDescending
    }

    /// Takes what it understands; the rest, of another version perhaps, is left at its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        eventColumns = (try? values.decodeIfPresent([String].self, forKey: .eventColumns)) ?? []
        tableColumns = (try? values.decodeIfPresent([String].self, forKey: .tableColumns)) ?? []
        sortColumn = try? values.decodeIfPresent(String.self, forKey: .sortColumn)
        isDescending = (try? values.decodeIfPresent(Bool.self, forKey: .isDescending)) ?? false
    }
}
