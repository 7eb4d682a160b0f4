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
            families.append((word, family(of: name)))
        }
        return families + families.filter { $0.word == "hidemarker" }.map { ("hide", $0.pattern) }
    }()

    /// Further words, each with the pattern of the full names that it means: the families as B2 calls them, and the words
    /// that `send` takes and that are no part of a name.
    private static let others: [(word: String, pattern: String)] =
        EventType.known.map { name, _ in (firstPart(of: bare(name)).lowercased(), family(of: name)) } + [
            ("multipart", "b2:ObjectCreated:MultipartUpload"), ("lifecycle", "b2:*:LifecycleRule"),
            ("hidelifecycle", "b2:HideMarkerCreated:LifecycleRule"),
        ]

    /// What completion offers.
    static let words = families.map(\.word) + EventType.known.map(\.short).filter { $0.contains(":") }

    /// What a mistyped word may have been meant to be.
    private static let spellings = (words + others.map(\.word) + EventType.known.map { bare($0.name) }).map {
        $0.lowercased()
    }

    /// The word that was meant, where one is nearly right.
    static func nearest(to word: String) -> String? { Spelling.nearest(to: word.lowercased(), among: spellings) }

    /// The patterns of the full names that a word means; none where it is not known.
    static func patterns(of word: String) -> [String] {
        let word = word.lowercased()
        var seen: Set<String> = []
        return (families + others).filter { $0.word == word && seen.insert($0.pattern).inserted }.map(\.pattern)
    }

    /// The full names of the types that a word means: a full or a short name, or the last part of one; in any case.
    static func full(of word: String) -> [String] {
        let word = word.lowercased()
        return EventType.known.filter { name, short in
            [name, bare(name), short, lastPart(of: short)].contains { $0.lowercased() == word }
        }.map(\.name)
    }

    /// The full names of the types whose short name matches though their full name does not.
    static func full(whereShortMatches pattern: TextPattern) -> [String] {
        EventType.known.filter { matches(pattern, $0.short) && !matches(pattern, $0.name) }.map(\.name)
    }

    /// What all full names begin with.
    static let prefix = "b2:"

    private static func matches(_ pattern: TextPattern, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes(pattern.matches)
    }

    private static func bare(_ name: String) -> String { String(name.dropFirst(prefix.count)) }

    private static func firstPart(of name: String) -> String { String(name.prefix { $0 != ":" }) }

    private static func lastPart(of name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }

    /// The pattern of the names of a type's family; a type without one is its own.
    private static func family(of name: String) -> String {
        let parts = name.split(separator: ":")
        return parts.count > 2 ? parts.dropLast().joined(separator: ":") + ":*" : name
    }
}

extension FilterArgument {
    /// Where the event's type is called so.
    func type() throws(FilterFault) -> RowPredicate {
        guard case .plain(let pieces) = value.form, relation == .has else {
            let pattern = try pattern(.whole)
            return types([pattern], TypeNames.full(whereShortMatches: pattern))
        }
        guard !pieces.hasWildcards else {
            let pattern = try pattern(.whole)
            let prefixed = try self.pattern([PatternPiece](TypeNames.prefix) + pieces, .whole)
            return types([pattern, prefixed], TypeNames.full(whereShortMatches: pattern))
        }
        let word = pieces.text
        let names = TypeNames.full(of: word)
        var patterns: [TextPattern] = []
        for pattern in TypeNames.patterns(of: word) { patterns.append(try self.pattern(Self.pieces(pattern), .whole)) }
        if !patterns.isEmpty || !names.isEmpty { return types(patterns, names) }
        if let meant = TypeNames.nearest(to: word) {
            throw fault("no type \"\(word)\": did you mean \(meant)? type=\(word) takes it as it is")
        }
        // One that B2 has added: by its name, its family or its last part.
        let prefix = [PatternPiece](TypeNames.prefix)
        let colon = [PatternPiece](":")
        for each in [pieces, prefix + pieces, prefix + pieces + colon + [.run], [.run] + colon + pieces] {
            patterns.append(try pattern(each, .whole))
        }
        return types(patterns, [])
    }

    private static func pieces(_ pattern: String) -> [PatternPiece] {
        pattern.unicodeScalars.map { $0 == "*" ? .run : .character($0.value) }
    }

    /// Where the full name matches, or is one of some.
    private func types(_ patterns: [TextPattern], _ names: [String]) -> RowPredicate {
        var parts = patterns.map { RowPredicate.text([.eventType], $0) }
        if !names.isEmpty { parts.append(.text([.eventType], .oneOf(names))) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }
}
