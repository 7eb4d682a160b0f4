/// Reads values of nodes, and keeps what is wrong with them.
struct ConfigurationReading {
    /// The user's home, which `~/` stands for.
    let home: String?
    var problems: [ConfigurationProblem] = []

    init(home: String? = nil) {
        self.home = home
    }

    /// Says that something else was expected.
    mutating func refuse(_ node: ConfigurationNode, _ name: String, expected: String) {
        var text = "“\(name)” is \(node.summary); expected is \(expected)"
        // The colour `#87d787` without quotes is nothing, and a comment behind it.
        if node.isEmpty { text += " (what begins with # is a comment unless it stands in quotes)" }
        problems.append(ConfigurationProblem(text, at: node.position))
    }

    /// A text that says something.
    mutating func text(_ node: ConfigurationNode, _ name: String, expected: String) -> Located<String>? {
        guard case .scalar(let text, _) = node.content, !node.isEmpty, !text.isEmpty, !text.contains("\0") else {
            refuse(node, name, expected: expected)
            return nil
        }
        return Located(text, at: node.position)
    }

    /// `yes` or `no`, or what YAML says otherwise for them.
    mutating func truth(_ node: ConfigurationNode, _ name: String) -> Bool? {
        if case .scalar(let text, _) = node.content {
            switch text.lowercased() {
            case "yes", "true", "on": return true
            case "no", "false", "off": return false
            default: break
            }
        }
        refuse(node, name, expected: "yes or no")
        return nil
    }

    /// One of a few words.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ node: ConfigurationNode, _ name: String, of type: Choice.Type
    ) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        guard case .scalar(let text, _) = node.content, !node.isEmpty else {
            refuse(node, name, expected: words.joined(separator: ", "))
            return nil
        }
        // What YAML takes for a truth value is one of the words, or none.
        let word = ["false": "no", "off": "no"][text.lowercased()] ?? text.lowercased()
        if let choice = Choice(rawValue: word) { return choice }
        let question = Suggestion.question(for: text, among: words)
        refuse(node, name, expected: "one of \(words.joined(separator: ", "))\(question)")
        return nil
    }

    /// A time with its unit, of at least a second; nil, twice, for `no`.
    mutating func duration(_ node: ConfigurationNode, _ name: String) -> Duration?? {
        if case .scalar(let text, _) = node.content, !node.isEmpty {
            if ["no", "false", "off"].contains(text.lowercased()) { return .some(nil) }
            let digits = text.prefix { ("0"..."9").contains($0) }
            let units = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
            if let unit = units[String(text.dropFirst(digits.count))], let number = Int(digits),
                (1...36_525).contains(number)
            {
                return .seconds(number * unit)
            }
        }
        refuse(node, name, expected: "no, or a number of seconds, minutes, hours or days, such as 90s, 30m, 2h or 1d")
        return nil
    }

    /// The items of a list; one item alone is a list of one where that is allowed.
    mutating func items(
        _ node: ConfigurationNode, _ name: String, expected: String, orOne: Bool = false
    ) -> [ConfigurationNode]? {
        switch node.content {
        case .list(let items): return items
        case .scalar where orOne && !node.isEmpty: return [node]
        default:
            refuse(node, name, expected: expected)
            return nil
        }
    }

    /// The entries of a map.
    mutating func entries(
        _ node: ConfigurationNode, _ name: String, expected: String
    ) -> [ConfigurationNode.Entry]? {
        if node.isEmpty { return [] }
        guard case .map(let entries) = node.content else {
            refuse(node, name, expected: expected)
            return nil
        }
        return entries
    }
}
