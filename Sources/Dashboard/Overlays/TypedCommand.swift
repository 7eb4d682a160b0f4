import History

/// What is asked for in the line for commands.
enum TypedCommand: Hashable {
    case command(Command)
    /// A filter's text; an empty one lists every row.
    case filter(String)
    case sort(String?, isDescending: Bool?)
    case delivery(Int64)
    case row(Int64)
    /// What arrived nearest to a time, as it was typed.
    case time(String)
    case view(MainView)

    /// Why a text is none.
    struct Fault: Error, Hashable {
        /// A sentence.
        let sentence: String
    }

    /// A name that takes more than itself.
    enum Word: String, CaseIterable {
        case filter, sort, goto, view

        /// What is written behind it, and what it does.
        var usage: (form: String, meaning: String) {
            switch self {
            case .filter: ("FILTER", "list what matches; nothing lists every row")
            case .sort: ("COLUMN asc|desc", "sort by a column; arrival for the usual order")
            case .goto:
                (
                    "N, row N, or a time",
                    "go to delivery N, to row N, or to what arrived nearest to a time: 02:14, yesterday 02:14, 2026-11-28, -2h"
                )
            case .view: ("NAME", "another view")
            }
        }
    }

    /// Other names that people try.
    private static let aliases: [String: Command] = ["q": .close, "quit": .close, "exit": .close, "help": .showHelp]

    /// Reads a line.
    init(_ text: String) throws(Fault) {
        let words = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let name = words.first.map(String.init) ?? ""
        let rest = words.count > 1 ? words[1].trimming : ""
        if let word = Word(rawValue: name) {
            self = try Self.read(word, rest)
            return
        }
        guard let command = Command(name: name) ?? Self.aliases[name] else {
            let names = CommandNames.all + Word.allCases.map(\.rawValue) + Self.aliases.keys
            throw Fault(sentence: "“\(name)” is no command\(CommandNames.question(for: name, among: names))")
        }
        guard rest.isEmpty else { throw Fault(sentence: "“\(name)” takes nothing behind it.") }
        self = .command(command)
    }

    private static func read(_ word: Word, _ rest: String) throws(Fault) -> TypedCommand {
        let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
        switch word {
        case .filter: return .filter(rest)
        case .sort: return try order(words)
        case .goto:
            if words.count == 1 {
                let number = words[0].hasPrefix("#") ? words[0].dropFirst() : words[0][...]
                if let id = Int64(number), id > 0, !words[0].hasPrefix("+") { return .delivery(id) }
                switch words[0].lowercased() {
                case "newest", "latest", "last", "end": return .command(.toEnd)
                case "oldest", "first", "start": return .command(.toStart)
                default: break
                }
            }
            if words.count == 2, words[0] == "row", let id = Int64(words[1]), id > 0 { return .row(id) }
            guard !words.isEmpty, words[0] != "row", Int64(words[0]) == nil || words.count > 1 else {
                throw Fault(sentence: whereTo)
            }
            return .time(words.joined(separator: " "))
        case .view:
            if let view = MainView(name: rest) { return .view(view) }
            throw unknown(rest, of: "view", MainView.allCases.map(\.name))
        }
    }

    /// What `goto` takes, as a sentence.
    static let whereTo =
        "“goto” takes a time, such as \(FilterMoment.examples); a delivery’s number, such as 12; or row 12."

    private static func order(_ words: [String]) throws(Fault) -> TypedCommand {
        guard let name = words.first, words.count <= 2 else { throw unknown("", of: "sort", columns) }
        let isDescending: Bool? = words.count < 2 ? nil : words[1] == "desc"
        guard words.count < 2 || ["asc", "desc"].contains(words[1]) else {
            throw Fault(sentence: "“sort” takes asc or desc behind the column, not “\(words[1])”.")
        }
        if name == arrival { return .sort(nil, isDescending: nil) }
        guard columns.contains(name) else { throw unknown(name, of: "sort", columns) }
        return .sort(name, isDescending: isDescending)
    }

    private static func unknown(_ name: String, of word: String, _ names: [String]) -> Fault {
        let question = CommandNames.question(for: name, among: names)
        let what = name.isEmpty ? "“\(word)” takes" : "“\(name)” is not for “\(word)”\(question); it takes"
        return Fault(sentence: "\(what) one of \(names.joined(separator: ", ")).")
    }

    static let arrival = "arrival"
    /// What the lists can be sorted by.
    static let columns: [String] = {
        var seen: Set<String> = []
        let others =
            DeliveriesScreen.columns.compactMap(\.sortName) + ActionsScreen.entryColumns.compactMap(\.sortName)
            + LogScreen.columns.compactMap(\.sortName)
        return (SortColumn.allCases.map(\.name) + others + [arrival]).filter { seen.insert($0).inserted }
    }()
}

extension SortColumn {
    /// The name where it is typed.
    var name: String { self == .eventTime ? "event-time" : rawValue }
}

extension Substring {
    fileprivate var trimming: String {
        let start = drop { $0.isWhitespace }
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }
}
