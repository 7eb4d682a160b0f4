extension Command {
    /// The command's name where it is typed or configured, such as `next-problem`.
    var name: String {
        String(describing: self).reduce(into: "") { name, character in
            if character.isUppercase {
                name += "-" + character.lowercased()
            } else {
                name.append(character)
            }
        }
    }

    /// The command of a name; nil where there is none.
    init?(name: String) {
        guard let command = Self.byName[name] else { return nil }
        self = command
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}
