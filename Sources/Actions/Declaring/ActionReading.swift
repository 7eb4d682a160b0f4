internal import Base
internal import History
internal import Notifications
public import Settings

/// Reads the settings of one action, and collects their problems.
///
/// A kind reads each setting it knows; remaining settings are refused with their lines.
public struct ActionReading: Sendable {
    /// The action's name.
    public let name: String
    /// The folder for relative paths, and the user's home.
    public let folder: String
    public let home: String?
    /// The problems found, each with its place.
    public private(set) var problems: [ConfigurationProblem] = []
    /// The files of its secrets.
    public private(set) var secretFiles: [String] = []
    /// The place where its settings begin.
    public var position: SourcePosition { node.position }
    private let node: ConfigurationNode
    private var entries: [ConfigurationNode.Entry]
    private var known: [String] = []

    public init(name: String, _ node: ConfigurationNode, folder: String, home: String?) {
        self.name = name
        self.node = node
        self.folder = folder
        self.home = home
        if case .map(let entries) = node.content { self.entries = entries } else { entries = [] }
    }

    /// Removes and returns a setting; nil if it is missing.
    public mutating func remove(_ key: String) -> ConfigurationNode? {
        known.append(key)
        guard let index = entries.firstIndex(where: { $0.key.value == key }) else { return nil }
        return entries.remove(at: index).value
    }

    /// Returns a text that is not blank; nil if it is missing, or not such a text, which is then a problem.
    public mutating func text(_ key: String, expected: String) -> Located<String>? {
        guard let node = remove(key) else { return nil }
        if let text = node.text { return Located(text, at: node.position) }
        refuse(node, key, expected: expected)
        return nil
    }

    /// Returns a required text, like `text`.
    public mutating func required(_ key: String, expected: String) -> Located<String>? {
        if !entries.contains(where: { $0.key.value == key }) {
            known.append(key)
            problem("“\(name)” needs “\(key)”: \(expected)", at: node.position)
            return nil
        }
        return text(key, expected: expected)
    }

    /// Returns a path: relative ones start at the configuration's folder, `~/` at the home folder.
    public mutating func path(_ key: String, expected: String, isRequired: Bool = true) -> Located<String>? {
        guard var path = isRequired ? required(key, expected: expected) : text(key, expected: expected) else {
            return nil
        }
        path.value = absolute(path.value)
        return path
    }

    /// Returns an absolute path: one that begins with `~/` starts at the home folder, any other at the configuration's
    /// folder.
    public func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        if path.hasPrefix("~/"), let home { return home + path.dropFirst() }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
        return folder + "/" + rest
    }

    /// Returns the path of a file with a secret, like `path`.
    public mutating func secretFile(_ key: String, expected: String, isRequired: Bool = true) -> Located<String>? {
        let file = path(key, expected: expected, isRequired: isRequired)
        if let file { secretFiles.append(file.value) }
        return file
    }

    /// Returns the absolute path of a file with a secret, and notes it.
    mutating func secretFile(at path: String) -> String {
        let path = absolute(path)
        secretFiles.append(path)
        return path
    }

    /// Returns the value of `yes` or `no`.
    public mutating func truth(_ key: String) -> Bool? {
        guard let node = remove(key) else { return nil }
        if node.truth == nil { refuse(node, key, expected: "yes or no") }
        return node.truth
    }

    /// Returns the value of one of several words; nil if the setting is missing, or another word, which is then a
    /// problem.
    ///
    /// - Parameter others: Other spellings of a value, which are not named when another word is refused.
    public mutating func choice<Value>(
        _ key: String, of values: KeyValuePairs<String, Value>, or others: KeyValuePairs<String, Value> = [:]
    ) -> Value? {
        guard let node = remove(key) else { return nil }
        if case .scalar(let text, _) = node.content,
            let found = values.first(where: { $0.key == text }) ?? others.first(where: { $0.key == text })
        {
            return found.value
        }
        let words = values.map(\.key)
        refuse(
            node, key, expected: words.dropLast().joined(separator: ", ") + " or " + (words.last ?? ""))
        return nil
    }

    /// Returns a whole number in a range.
    public mutating func number(_ key: String, in range: ClosedRange<Int>) -> Int? {
        locatedNumber(key, in: range)?.value
    }

    /// Returns a whole number in a range, with its place.
    private mutating func locatedNumber(_ key: String, in range: ClosedRange<Int>) -> Located<Int>? {
        guard let node = remove(key) else { return nil }
        if case .scalar(let text, _) = node.content, let number = Int(text), range.contains(number) {
            return Located(number, at: node.position)
        }
        refuse(node, key, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    /// Returns a time with its unit, such as 90s, 30m, 2h or 3d.
    ///
    /// - Parameter longest: The longest time allowed, in whole hours; nil for no limit.
    public mutating func duration(_ key: String, atMost longest: Duration? = nil) -> Duration? {
        guard let node = remove(key) else { return nil }
        if case .scalar(let text, _) = node.content,
            let time = TimeUnits.duration(text, in: "smhd", numbers: 1...36_525), longest.map({ time <= $0 }) ?? true
        {
            return time
        }
        let bound = longest.map { ", at most \($0.components.seconds / 3_600)h" } ?? ""
        refuse(node, key, expected: "a number of seconds, minutes, hours or days, such as 90s, 30m, 1h or 1d\(bound)")
        return nil
    }

    /// Returns the texts of a list; a single text is a list of one if that is allowed.
    public mutating func texts(_ key: String, expected: String, orOne: Bool = false) -> [Located<String>]? {
        guard let node = remove(key) else { return nil }
        var items: [ConfigurationNode] = []
        switch node.content {
        case .list(let list): items = list
        case .scalar where orOne && !node.isEmpty: items = [node]
        default:
            refuse(node, key, expected: expected)
            return nil
        }
        return items.compactMap { item in
            guard case .scalar(let text, _) = item.content, !text.contains("\0") else {
                refuse(item, key, expected: expected)
                return nil
            }
            return Located(text, at: item.position)
        }
    }

    /// Reports that something else was expected.
    public mutating func refuse(_ node: ConfigurationNode, _ key: String, expected: String) {
        problem("“\(key)” of “\(name)” is \(node.summary); expected is \(expected)", at: node.position)
    }

    public mutating func problem(_ text: String, at position: SourcePosition) {
        problems.append(ConfigurationProblem(text, at: position))
    }

    /// Refuses the settings that were not read.
    public mutating func finish() {
        for entry in entries {
            let question = Suggestion.question(for: entry.key.value, among: known)
            problem(
                "“\(entry.key.value)” is not a setting of “\(name)”; there are \(known.joined(separator: ", "))\(question)",
                at: entry.key.position)
        }
        entries = []
    }
}

// MARK: - Settings of every action

/// The settings that every action has.
extension ActionReading {
    /// The changes that the settings make to a kind's manner.
    struct MannerChanges {
        var patience: Duration?
        var lanes: Located<Int>?
        var pace: Duration?
        var keepsOrder: Bool?

        func applied(to manner: ActionManner) -> ActionManner {
            var manner = manner
            if let patience { manner.patience = patience }
            if let lanes { manner.lanes = lanes.value }
            if let pace { manner.pace = pace }
            if let keepsOrder { manner.keepsOrder = keepsOrder }
            if manner.lanes > 1 { manner.keepsOrder = false }
            return manner
        }
    }

    mutating func kind(of kinds: [ActionKind]) -> ActionKind? {
        let names = kinds.map(\.name)
        guard let wanted = required("kind", expected: "one of \(names.joined(separator: ", "))") else { return nil }
        if let kind = kinds.first(where: { $0.name == wanted.value }) { return kind }
        let question = Suggestion.question(for: wanted.value, among: names)
        problem(
            "“kind” of “\(name)” is “\(wanted.value)”; expected is one of \(names.joined(separator: ", "))\(question)",
            at: wanted.position)
        return nil
    }

    /// - Parameter now: What times in it count back from.
    mutating func filter(at now: Timestamp) -> Filter? {
        let before = problems.count
        let text = text("when", expected: "a filter, such as type:created bucket:my*")
        guard problems.count == before else { return nil }
        let context = FilterContext(now: now, allowsRegularExpressions: false)
        do throws(FilterError) {
            return try Filter(text?.value ?? ActionDeclaration.usualFilter, in: context)
        } catch {
            if let text { problem("“when” of “\(name)”: \(error)", at: text.position) }
            return nil
        }
    }

    mutating func mannerChanges() -> MannerChanges {
        var changes = MannerChanges()
        changes.patience = duration("retry-for")
        changes.lanes = locatedNumber("concurrency", in: 1...16)
        if let rate = remove("rate") { changes.pace = pace(rate) }
        if let order = remove("order") {
            switch order.content {
            case .scalar("keep", _):
                changes.keepsOrder = true
                if let lanes = changes.lanes?.value, lanes > 1 {
                    problem(
                        "“order” of “\(name)” is “keep”, which a “concurrency” of \(lanes) cannot: leave out one of the two",
                        at: order.position)
                }
            case .scalar("free", _): changes.keepsOrder = false
            default: refuse(order, "order", expected: "keep or free")
            }
        }
        return changes
    }

    /// Returns the name of the action that runs when this one fails.
    mutating func onFailure() -> Located<String>? {
        text("on-failure", expected: "the name of another action")
    }

    /// Refuses settings that a kind does not support.
    mutating func check(_ changes: MannerChanges, of kind: ActionKind, _ manner: ActionManner) {
        guard let lanes = changes.lanes, lanes.value > manner.mostLanes else { return }
        let most = manner.mostLanes == 1 ? "one batch" : "\(manner.mostLanes) batches"
        problem(
            "“concurrency” of “\(name)” is \(lanes.value), but \(kind.name) takes \(most) at a time at most: leave it out",
            at: lanes.position)
    }

    /// Returns the least time between two batches, from `60/m`: a number for each second, minute or hour.
    private mutating func pace(_ node: ConfigurationNode) -> Duration? {
        if case .scalar(let text, _) = node.content {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let units = ["s": 1, "m": 60, "h": 3_600]
            if parts.count == 2, parts[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(parts[0]), (1...10_000).contains(number), let unit = units[String(parts[1])]
            {
                return .seconds(unit) / number
            }
        }
        refuse(
            node, "rate",
            expected: "a number from 1 to 10000 for each second, minute or hour, such as 2/s, 60/m or 100/h")
        return nil
    }
}

// MARK: - Templates

extension ActionReading {
    /// Returns a template; the standard one if the setting is missing.
    ///
    /// - Returns: Nil if a problem was found.
    public mutating func template(_ key: String = "template", standard: String) -> Template? {
        let count = problems.count
        let written = text(key, expected: "a text with placeholders, such as \(standard)")
        guard problems.count == count else { return nil }
        do {
            return try Template(written?.value ?? standard)
        } catch {
            if let written { problem("“\(key)” of “\(name)”: \(error)", at: written.position) }
            return nil
        }
    }
}
