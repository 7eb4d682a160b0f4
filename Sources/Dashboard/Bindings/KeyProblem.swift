public import Terminal

/// What is wrong with the keys that a user has set.
public struct KeyProblem: Sendable, Hashable {
    /// The number of the change that is wrong, from 0.
    public let change: Int
    /// The key of it that is wrong; nil for the command.
    public let key: Key?
    /// What is wrong and what to do, as a sentence without a full stop.
    public let text: String
}

extension DashboardSettings {
    /// What is wrong with keys for commands: names that are none, keys that two commands would have in one place.
    public static func keyProblems(in keys: [KeyChange]) -> [KeyProblem] {
        let unknown = keys.enumerated().filter { Command(name: $0.element.command) == nil }.map { index, change in
            KeyProblem(
                change: index, key: nil,
                text: "“\(change.command)” is no command" + CommandNames.question(for: change.command)
                    + " (docs/keys.md has all)")
        }
        return unknown + refusals(keys) + clashes(keys)
    }

    /// Keys that would leave one without a way out, or without a letter to type.
    private static func refusals(_ changes: [KeyChange]) -> [KeyProblem] {
        changes.enumerated().flatMap { index, change -> [KeyProblem] in
            guard let command = Command(name: change.command) else { return [] }
            if change.keys.isEmpty, command == .interrupt {
                return [KeyProblem(change: index, key: nil, text: "“\(command.name)” needs a key: it always ends")]
            }
            guard let typing = BindingTable.all.first(where: { $0.command == command && $0.context.takesText }) else {
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
            changes.enumerated().compactMap { index, change in Command(name: change.command).map { ($0, index) } },
            uniquingKeysWith: { first, _ in first })
        var found: [KeyProblem] = []
        var told: Set<[String]> = []
        for place in Place.allCases {
            var owners: [Key: Binding] = [:]
            for binding in place.contexts.flatMap(bindings.bindings(in:)) {
                for key in binding.keys {
                    guard let owner = owners[key] else {
                        owners[key] = binding
                        continue
                    }
                    // The later of two changes is the one to blame; keys of the table do not clash among themselves.
                    let parties = [owner.command, binding.command].filter { indices[$0] != nil }
                    guard owner.command != binding.command,
                        let blamed = parties.max(by: { (indices[$0] ?? 0) < (indices[$1] ?? 0) }),
                        let index = indices[blamed]
                    else { continue }
                    let other = blamed == owner.command ? binding : owner
                    guard told.insert([key.name, blamed.name, other.command.name]).inserted else { continue }
                    found.append(
                        KeyProblem(
                            change: index, key: key,
                            text: "“\(key.name)” for “\(blamed.name)” is the key of “\(other.command.name)” already"
                                + " (\(other.context.title)): give that one another key, or choose another here"))
                }
            }
        }
        return found
    }
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
