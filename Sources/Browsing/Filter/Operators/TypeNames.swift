import History
import Notifications

/// The names by which event types may be called.
enum TypeNames {
    /// Words for families of types, each with the pattern of their full names.
    static let families: [(word: String, pattern: String)] = {
        var families: [(word: String, pattern: String)] = []
        for (name, short) in EventType.known {
            let word = firstPart(of: short).lowercased()
            guard !families.contains(where: { $0.word == word }) else { continue }
            let family = name.split(separator: ":").dropLast().joined(separator: ":")
            families.append((word, short.contains(":") ? family + ":*" : name))
        }
        return families + families.filter { $0.word == "hidemarker" }.map { ("hide", $0.pattern) }
    }()

    /// What completion offers.
    static let words = families.map(\.word) + EventType.known.map(\.short).filter { $0.contains(":") }

    /// The full names of the types that a word means: a full or a short name, or the last part of one; in any case.
    static func full(of word: String) -> [String] {
        let word = word.lowercased()
        return EventType.known.filter { name, short in
            [name, short, lastPart(of: short)].contains { $0.lowercased() == word }
        }.map(\.name)
    }

    /// The full names of the types whose short name matches though their full name does not.
    static func full(whereShortMatches pattern: TextPattern) -> [String] {
        EventType.known.filter { matches(pattern, $0.short) && !matches(pattern, $0.name) }.map(\.name)
    }

    private static func matches(_ pattern: TextPattern, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes(pattern.matches)
    }

    private static func firstPart(of name: String) -> String { String(name.prefix { $0 != ":" }) }

    private static func lastPart(of name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }
}

extension FilterArgument {
    /// Where the event's type is called so.
    func type() throws(FilterFault) -> RowPredicate {
        guard case .plain(let pieces) = value.form, relation == .has else {
            let pattern = try pattern(.whole)
            return either(pattern, TypeNames.full(whereShortMatches: pattern))
        }
        guard !pieces.hasWildcards else {
            let pattern = try pattern(.whole)
            return either(pattern, TypeNames.full(whereShortMatches: pattern))
        }
        let word = pieces.text
        if let family = TypeNames.families.first(where: { $0.word == word.lowercased() }) {
            let pattern = family.pattern.unicodeScalars.map { $0 == "*" ? PatternPiece.run : .character($0.value) }
            return .text([.eventType], try self.pattern(pattern, .whole))
        }
        let names = TypeNames.full(of: word)
        if !names.isEmpty { return .text([.eventType], .oneOf(names)) }
        if let meant = Spelling.nearest(to: word.lowercased(), among: TypeNames.words.map { $0.lowercased() }) {
            throw fault("no type \"\(word)\": did you mean \(meant)? type=\(word) takes it as it is")
        }
        return .text([.eventType], try pattern(.whole))
    }

    private func either(_ pattern: TextPattern, _ names: [String]) -> RowPredicate {
        let full = RowPredicate.text([.eventType], pattern)
        return names.isEmpty ? full : .any([full, .text([.eventType], .oneOf(names))])
    }
}
