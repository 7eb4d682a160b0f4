public import History
public import Settings

/// An action as the configuration declares it.
public struct ActionDeclaration: Sendable {
    /// 1 to 40 letters, digits, `-` and `_`; not digits alone, and no `-` first.
    public let name: String
    /// The name of its kind.
    public let kind: String
    /// The events it is done for.
    public let filter: Filter
    /// The manner of processing its entries: that of the kind, as changed by the settings.
    public let manner: ActionManner
    public let action: any Action
    /// The name of the action that is done when this one fails; nil for none.
    public private(set) var onFailure: String?
    /// The files of its secrets.
    private(set) var secretFiles: [String] = []

    /// Notes for a person about the files of its secrets as they are now, in sentences. Reads the disk.
    public var notes: [String] {
        secretFiles.compactMap { PrivateFile.exposure(of: $0).map { "action \(name): \($0)" } }
    }

    /// The filter of an action without `when`: events that B2 has provably sent, except for its tests.
    public static let usualFilter = "sig:valid !type:test"
}

extension ActionDeclaration {
    /// Reads all actions of a configuration.
    ///
    /// - Parameter node: `Configuration.actions`: a map from names to settings; nil for none.
    /// - Returns: Those in which nothing is wrong, in the order of the file, and all that is wrong in the others.
    public static func read(
        _ node: ConfigurationNode?, kinds: [ActionKind] = ActionKind.all, _ surroundings: ActionSurroundings
    ) -> (declarations: [ActionDeclaration], problems: [ConfigurationProblem]) {
        guard let node, !node.isEmpty else { return ([], []) }
        guard case .map(let entries) = node.content else {
            let text = "“actions” is \(node.summary); expected is a map from the actions' names to their settings"
            return ([], [ConfigurationProblem(text, at: node.position)])
        }
        var declarations: [ActionDeclaration] = []
        var problems: [ConfigurationProblem] = []
        var reactions: [String: Located<String>] = [:]
        for entry in entries {
            let (declaration, found) = read(entry, kinds, surroundings, &reactions)
            if found.isEmpty, let declaration { declarations.append(declaration) }
            problems += found
        }
        problems += Self.problems(of: reactions, among: entries.map(\.key.value))
        return (declarations, problems)
    }

    private static func read(
        _ entry: ConfigurationNode.Entry, _ kinds: [ActionKind], _ surroundings: ActionSurroundings,
        _ reactions: inout [String: Located<String>]
    ) -> (ActionDeclaration?, [ConfigurationProblem]) {
        let name = entry.key.value
        guard isName(name) else {
            let text = "“\(name)” is not a valid name for an action: write 1 to 40 letters (a to z), digits, - and _"
            return (nil, [ConfigurationProblem(text, at: entry.key.position)])
        }
        if let problem = Self.ambiguity(name) {
            return (
                nil,
                [
                    ConfigurationProblem(
                        "“\(name)” is not a valid name for an action: \(problem)", at: entry.key.position)
                ]
            )
        }
        guard case .map = entry.value.content else {
            let position = entry.value.isEmpty ? entry.key.position : entry.value.position
            let text = "“\(name)” is \(entry.value.summary); expected are its settings, “kind” among them"
            return (nil, [ConfigurationProblem(text, at: position)])
        }
        var reading = ActionReading(
            name: name, entry.value, folder: surroundings.folder, home: surroundings.home)
        let kind = reading.kind(of: kinds)
        let filter = reading.filter(at: surroundings.now())
        let changes = reading.mannerChanges()
        let onFailure = reading.onFailure()
        reactions[name] = onFailure
        // Without a kind the settings are unknown.
        guard let kind else { return (nil, reading.problems) }
        let action = kind.read(&reading, surroundings)
        if let action { reading.check(changes, of: kind, action.manner) }
        reading.finish()
        guard let action, let filter, reading.problems.isEmpty else {
            action?.close()
            if reading.problems.isEmpty {
                reading.problem("“\(name)” cannot be set up", at: entry.key.position)
            }
            return (nil, reading.problems)
        }
        let manner = changes.applied(to: action.manner)
        return (
            ActionDeclaration(
                name: name, kind: kind.name, filter: filter, manner: manner, action: action,
                onFailure: onFailure?.value, secretFiles: reading.secretFiles), []
        )
    }

    /// Returns the problems of the actions that `on-failure` names: each must be another action of the configuration,
    /// and none may lead back to its start, so that every chain of failures ends.
    private static func problems(
        of reactions: [String: Located<String>], among names: [String]
    ) -> [ConfigurationProblem] {
        reactions.sorted { $0.key < $1.key }.compactMap { name, other in
            guard names.contains(other.value) else {
                let question = Suggestion.question(for: other.value, among: names.filter { $0 != name })
                return ConfigurationProblem(
                    "“on-failure” of “\(name)” is “\(other.value)”, which is not an action in this file\(question)",
                    at: other.position)
            }
            var path = [name, other.value]
            while path.last != name, let next = reactions[path[path.count - 1]]?.value, !path.dropFirst().contains(next)
            {
                path.append(next)
            }
            guard path.last == name else { return nil }
            let way = path.count == 2 ? "names itself" : "leads back to it: \(path.joined(separator: ", "))"
            return ConfigurationProblem("“on-failure” of “\(name)” \(way)", at: other.position)
        }
    }

    /// Returns the reason why a name is ambiguous on the command line; nil if it is not.
    private static func ambiguity(_ name: String) -> String? {
        if name.hasPrefix("-") { return "on the command line it would be an option; begin it with a letter" }
        return name.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? "on the command line it would be the number of an entry; put a letter into it" : nil
    }

    private static func isName(_ name: String) -> Bool {
        (1...40).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }
}
