public import Base
import History
import Terminal

/// The user's settings for the dashboard, except whether it uses the mouse.
public struct DashboardSettings: Sendable, Hashable {
    /// The view at the start. Its raw value is its name in the configuration.
    public struct StartView: Sendable, Hashable, CaseIterable {
        public let rawValue: String

        /// Creates the view with a name; nil if no tab has this name.
        public init?(rawValue: String) {
            guard MainView(name: rawValue) != nil else { return nil }
            self.rawValue = rawValue
        }

        private init(_ view: MainView) { rawValue = view.name }

        public static var allCases: [StartView] { MainView.allCases.map(StartView.init) }
        public static let events = StartView(.events)
    }

    /// The keys of a command, in place of its own. An empty list takes its keys away.
    public struct KeyChange: Sendable, Hashable {
        /// The command's name, such as `next-problem`.
        public var command: String
        /// The new keys.
        public var keys: [Key]

        /// Creates a change.
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
    /// The view at the start.
    public var startView = StartView.events
    /// The styles of the roles; nil to leave them unchanged.
    public var theme: Theme?
    /// The changed keys; no command occurs twice.
    public var keys: [KeyChange] = []

    /// Creates the default settings.
    public init() {}

    // MARK: - Invalid keys

    /// Returns the problems in the keys of commands: unknown names, and keys that would run two commands in one place.
    public static func keyProblems(in keys: [KeyChange]) -> [KeyProblem] {
        let unknown = keys.enumerated().filter { command(of: $0.element) == nil }.map { index, change in
            KeyProblem(
                change: index, key: nil,
                text: "“\(change.command)” is not a command" + Command.question(for: change.command)
                    + " (docs/keys.md has all)")
        }
        return unknown + refusals(keys) + clashes(keys)
    }

    /// Returns the command that a change concerns; nil if it is unknown or takes arguments.
    private static func command(of change: KeyChange) -> Command? {
        Command(name: change.command).flatMap { $0.arguments == nil ? $0 : nil }
    }

    /// Returns the problems of keys that would leave the user without a way out or unable to type a letter.
    private static func refusals(_ changes: [KeyChange]) -> [KeyProblem] {
        changes.enumerated().flatMap { index, change -> [KeyProblem] in
            guard let command = command(of: change) else { return [] }
            if change.keys.isEmpty, command == .interrupt {
                return [KeyProblem(change: index, key: nil, text: "“\(command.name)” needs a key: it always ends")]
            }
            guard let typing = Command.all.first(where: { $0 == command && $0.context.takesText }) else { return [] }
            return change.keys.filter(\.isText).map { key in
                KeyProblem(
                    change: index, key: key,
                    text: "“\(key.name)” cannot be a key for “\(command.name)”: it is typed as text where that is bound"
                        + " (\(typing.context.title))")
            }
        }
    }

    /// Returns the problems of keys that already run another command.
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
                    // The later of two changes is reported, because the default keys never clash with each other.
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

// MARK: - Problems with keys

/// A problem in the keys that a user has set.
public struct KeyProblem: Sendable, Hashable {
    /// The index of the invalid change.
    public let change: Int
    /// The invalid key; nil if the command itself is invalid.
    public let key: Key?
    /// The problem and its solution, as a sentence without a full stop.
    public let text: String
}

extension Key {
    fileprivate var isText: Bool {
        if case .character = self { true } else { false }
    }
}

// MARK: - The state of the screen

/// The state of the screen that is saved from one run to the next.
public struct ViewState: Sendable, Hashable {
    /// The maximum number of saved filters.
    public static let mostFilters = 100
    /// The maximum length of a saved filter, in bytes.
    public static let longestFilter = 4_096

    /// The filters that were applied, the newest first.
    public var filters: [String] = []
    /// The URLs of replays, the newest first, at most 20.
    public var replayTargets: [String] = []
    /// The preferences for the lists.
    public var preferences = ViewPreferences()

    /// Creates the state in which nothing has been chosen.
    public init() {}

    /// Moves a filter to the front, or adds it there.
    mutating func remember(_ filter: String) {
        Self.put(filter, first: &filters, most: Self.mostFilters)
    }

    /// Moves the URL of a replay to the front, or adds it there.
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

    /// Reads the values that this version understands. Others, perhaps of another version, get their defaults.
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

/// The user's choices for the lists. They refer to columns by names that stay the same between versions.
public struct ViewPreferences: Sendable, Hashable {
    /// The columns of the event list from left to right; empty for the usual ones.
    public var eventColumns: [String] = []
    /// The columns of the table from left to right; empty for the sheet's five.
    public var tableColumns: [String] = []
    /// The column to sort by; nil for the order of arrival.
    public var sortColumn: String?
    /// Whether the greatest value is at the top.
    public var isDescending = false

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

    /// The columns of both lists.
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

    /// Reads the values that this version understands. Others, perhaps of another version, get their defaults.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        eventColumns = (try? values.decodeIfPresent([String].self, forKey: .eventColumns)) ?? []
        tableColumns = (try? values.decodeIfPresent([String].self, forKey: .tableColumns)) ?? []
        sortColumn = try? values.decodeIfPresent(String.self, forKey: .sortColumn)
        isDescending = (try? values.decodeIfPresent(Bool.self, forKey: .isDescending)) ?? false
    }
}
