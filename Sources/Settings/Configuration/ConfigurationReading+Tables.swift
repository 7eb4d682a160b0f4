internal import Terminal

extension ConfigurationReading {
    /// Keys for commands. Whether there is such a command, the dashboard knows.
    mutating func keys(_ node: ConfigurationNode) -> [Configuration.KeySetting] {
        let form = "a map from commands to keys, such as next-problem: [e, f5]"
        return (entries(node, "keys", expected: form) ?? []).map { entry in
            let items = items(entry.value, entry.key.value, expected: "a key or a list of keys", orOne: true) ?? []
            let keys = items.compactMap { item -> Located<Key>? in
                guard let name = text(item, entry.key.value, expected: "a key: \(Key.nameForms)") else { return nil }
                guard let key = Key(name: name.value) else {
                    refuse(item, entry.key.value, expected: "a key: \(Key.nameForms)")
                    return nil
                }
                return Located(key, at: name.position)
            }
            return Configuration.KeySetting(command: entry.key, keys: keys)
        }
    }

    /// Looks for roles: for every theme, and for one below its name.
    mutating func colours(_ node: ConfigurationNode) -> Configuration.Colours {
        let themes = Theme.Kind.allCases.map(\.rawValue)
        let form = "a map from roles to colours, such as good: green bold"
        var colours = Configuration.Colours()
        for entry in entries(node, "colours", expected: form) ?? [] {
            if let kind = Theme.Kind(rawValue: entry.key.value) {
                for entry in entries(entry.value, entry.key.value, expected: form) ?? [] {
                    if let (role, look) = look(entry, names: []) { colours.ofThemes[kind, default: [:]][role] = look }
                }
            } else if let (role, look) = look(entry, names: themes) {
                colours.ofAll[role] = look
            }
        }
        return colours
    }

    /// - Parameter names: What else may stand in the place of a role.
    private mutating func look(_ entry: ConfigurationNode.Entry, names: [String]) -> (Role, Look)? {
        let roles = Role.allCases.map(\.rawValue)
        guard let role = Role(rawValue: entry.key.value) else {
            let question = Suggestion.question(for: entry.key.value, among: roles + names)
            let others = names.isEmpty ? "" : ", or a theme: \(names.joined(separator: ", "))"
            problems.append(
                ConfigurationProblem(
                    "“\(entry.key.value)” is no role\(question) (roles: \(roles.joined(separator: ", "))\(others))",
                    at: entry.key.position))
            return nil
        }
        let form =
            "a colour (\(Colour.names.prefix(8).joined(separator: ", ")), each also with bright-, default, a number from 0"
            + " to 255, or \"#rrggbb\" in quotes), bold, dim, underline, or several of them"
        guard let text = text(entry.value, entry.key.value, expected: form) else { return nil }
        var look = Look()
        var hasColour = false
        for word in text.value.split(separator: " ") {
            switch word.lowercased() {
            case "bold": look.isBold = true
            case "dim": look.isDim = true
            case "underline": look.isUnderlined = true
            default:
                let colour = Colour(name: String(word))
                guard !hasColour, colour != nil || word.lowercased() == "default" else {
                    let words = Colour.names + ["default", "bold", "dim", "underline"]
                    let question = hasColour ? "" : Suggestion.question(for: String(word), among: words)
                    refuse(entry.value, entry.key.value, expected: "\(form)\(question)")
                    return nil
                }
                look.colour = colour
                hasColour = true
            }
        }
        return (role, look)
    }
}
