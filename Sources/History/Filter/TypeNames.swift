import Notifications

/// The words by which event types are called: any part of the short name that lists show, or of the full name.
enum TypeNames {
    /// The beginning of all full names.
    static let prefix = "b2:"

    /// A family of types: what their full names begin with, and what it is called.
    private struct Family {
        let prefix: String
        /// The first part of the short names, in lower case.
        let word: String
        /// Further words for it; a part of one is a word for it too.
        let others: [String]

        var labels: [String] { [word] + others }
    }

    private static let families = [
        Family(prefix: "b2:ObjectCreated:", word: "created", others: []),
        Family(prefix: "b2:ObjectDeleted:", word: "deleted", others: ["deletions"]),
        // B2's hide marker is S3's delete marker: it hides the object as a deletion does.
        Family(
            prefix: "b2:HideMarkerCreated:", word: "hidemarker",
            others: ["hide-marker", "hidden", "delete", "deletemarker", "delete-marker", "deletions"]),
        Family(prefix: "b2:MultipartUploadCreated:", word: "multipart", others: []),
    ]

    /// The words that completion offers.
    static let words =
        ["created", "deleted", "delete", "hide", "upload", "multipart", "copy", "replica", "lifecycle", "test"]
        + EventType.known.map(\.short).filter { $0.contains(":") }

    /// The words that a mistyped word may have been meant to be.
    private static let spellings =
        (words + families.flatMap(\.labels)
        + EventType.known.flatMap { name, _ in [bare(name), firstPart(of: bare(name))] }).map { $0.lowercased() }

    /// Returns the word that was meant, where one is nearly right.
    static func nearest(to word: String) -> String? { Spelling.nearest(to: word.lowercased(), among: spellings) }

    /// Returns the full names of the known types that have a word: in their short name or in another word for their
    /// family; or where none has it there, in their full name. Case is ignored.
    static func known(with word: String) -> [String] {
        let word = word.lowercased()
        let called = EventType.known.filter { name, short in
            labels(of: name, short: short).contains { $0.contains(word) }
        }
        guard called.isEmpty else { return called.map(\.name) }
        return EventType.known.map(\.name).filter { $0.lowercased().contains(word) }
    }

    private static func labels(of name: String, short: String) -> [String] {
        let family = families.first { name.hasPrefix($0.prefix) }
        let own = name == "b2:HideMarkerCreated:LifecycleRule" ? ["hidelifecycle"] : []
        return [short.lowercased()] + (family?.others ?? []) + own
    }

    /// Returns the pattern for a word: the known types that have it, and others with it in their name.
    static func pattern(of word: String) -> TextPattern? {
        let word = word.lowercased()
        guard let part = PatternMatcher(within: [PatternPiece](word)) else { return nil }
        let known = Set(known(with: word))
        let isCalled = EventType.known.contains { name, short in
            labels(of: name, short: short).contains { $0.contains(word) }
        }
        let names = EventType.known.map { (Array($0.name.utf8), known.contains($0.name)) }
        // Types of known families that B2 may add.
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let added = families.map { family in
            (
                prefix: Array(family.prefix.utf8), isMeant: family.labels.contains { $0.contains(word) },
                tail: parts.count == 2 && family.word.hasSuffix(parts[0]) ? Array(parts[1].utf8) : nil
            )
        }
        return TextPattern("type \(word.unicodeScalars.map { $0.escaped(asASCII: true) }.joined())") { bytes in
            if let (_, isMeant) = names.first(where: { $0.0.count == bytes.count && bytes.elementsEqual($0.0) }) {
                return isMeant
            }
            guard let family = added.first(where: { bytes.starts(with: $0.prefix) }) else { return part.matches(bytes) }
            if family.isMeant { return true }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[family.prefix.count...])
            if let tail = family.tail, rest.starts(with: tail, by: { LetterCase.lower(UInt32($0)) == UInt32($1) }) {
                return true
            }
            return part.matches(rest) || !isCalled && part.matches(bytes)
        }
    }

    /// Returns the full names of the types whose short name matches though their full name does not.
    static func full(whereShortMatches pattern: TextPattern) -> [String] {
        EventType.known.filter { matches(pattern, $0.short) && !matches(pattern, $0.name) }.map(\.name)
    }

    /// Returns the full name of a type that is shown by its short name.
    static func full(ofShown name: String) -> String {
        EventType.known.first { $0.short == name }?.name ?? name
    }

    private static func matches(_ pattern: TextPattern, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes(pattern.matches)
    }

    private static func bare(_ name: String) -> String { String(name.dropFirst(prefix.count)) }

    private static func firstPart(of name: String) -> String { String(name.prefix { $0 != ":" }) }
}

// MARK: - Spelling

/// Words that are nearly right.
enum Spelling {
    /// Returns the candidate that is at most two letters away, and fewer than half of the word.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= 40 else { return nil }
        let ranked = candidates.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let (candidate, distance) = ranked, distance <= 2, distance * 2 < word.utf8.count else { return nil }
        return candidate
    }

    /// Returns a list such as `a, b or c`.
    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// Returns how many letters must be inserted, removed or changed (Levenshtein).
    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let changed = diagonal + (letter == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[other.count]
    }
}
