/// Decides whether texts match a pattern, in steps that can be counted.
///
/// A pattern with an upper-case letter is exact; a pattern without one ignores case.
enum PatternMatcher: Sendable {
    /// These bytes and no others.
    case exact([UInt8])
    /// A text at any place.
    case anywhere(GlobPart)
    /// A pattern for a whole text.
    case whole(Glob)
    case regular(RegexProgram)

    /// Creates a matcher for a text at any place, or with wildcards for a whole text. Returns nil if `Glob` does not
    /// support it.
    init?(within pieces: [PatternPiece]) {
        if pieces.hasWildcards {
            self.init(whole: pieces)
            return
        }
        let ignoresCase = !pieces.hasUpperCase
        let units = pieces.compactMap { piece -> UInt32? in
            guard case .character(let unit) = piece else { return nil }
            return ignoresCase ? LetterCase.lower(unit) : unit
        }
        guard let part = GlobPart(units, ignoresCase: ignoresCase) else { return nil }
        self = .anywhere(part)
    }

    /// Creates a matcher for a whole text. Returns nil if `Glob` does not support it.
    init?(whole pieces: [PatternPiece]) {
        guard let glob = Glob(pieces, ignoresCase: !pieces.hasUpperCase) else { return nil }
        self = .whole(glob)
    }

    /// Returns whether a text matches.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var steps = 0
        return matches(bytes, steps: &steps)
    }

    /// Returns whether a text matches, and counts the steps, each of which takes about as long.
    func matches(_ bytes: UnsafeRawBufferPointer, steps: inout Int) -> Bool {
        guard let text = UTF8Text(bytes) else {
            return withUnsafeBytes(of: UInt8(0)) { matches(.init(rebasing: $0.prefix(0)), steps: &steps) }
        }
        switch self {
        case .exact(let wanted):
            steps += 1
            guard wanted.count == bytes.count else { return false }
            steps += wanted.count
            return wanted.withUnsafeBytes { $0.elementsEqual(bytes) }
        case .anywhere(let part): return part.end(in: text, from: 0, steps: &steps) != nil
        case .whole(let glob): return glob.matches(text, steps: &steps)
        case .regular(let program): return program.matches(text, steps: &steps)
        }
    }
}

extension TextPattern {
    /// Returns the pattern of a text and no other.
    static func exactly(_ text: String) -> TextPattern {
        oneOf([text])
    }

    /// Returns the pattern of any of some texts, and no other.
    static func oneOf(_ texts: [String]) -> TextPattern {
        let matchers = texts.map { PatternMatcher.exact(Array($0.utf8)) }
        return TextPattern("=" + texts.map(key).joined(separator: "|"), literals: texts) { bytes in
            matchers.contains { $0.matches(bytes) }
        }
    }

    /// Creates a pattern from a matcher, which `source` must describe completely.
    init(_ source: String, _ matcher: PatternMatcher) {
        self.init(Self.key(source)) { matcher.matches($0) }
    }

    /// Returns a key in ASCII, so that texts that are equal by Unicode's rules but not by their bytes stay apart.
    private static func key(_ text: String) -> String {
        text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
    }
}

// MARK: - Pieces

/// A piece of a pattern.
enum PatternPiece: Sendable, Hashable {
    /// This character.
    case character(UInt32)
    /// `?`: any one character.
    case one
    /// `*`: any characters, or none.
    case run
}

extension [PatternPiece] {
    /// Creates the pieces for these characters, without wildcards.
    init(_ text: some StringProtocol) {
        self = text.unicodeScalars.map { .character($0.value) }
    }

    /// The text, with wildcards as they are written.
    var text: String {
        var scalars = String.UnicodeScalarView()
        for piece in self {
            switch piece {
            case .character(let value): scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case .one: scalars.append("?")
            case .run: scalars.append("*")
            }
        }
        return String(scalars)
    }

    var hasWildcards: Bool { contains { $0 == .one || $0 == .run } }

    /// Whether one letter of it is upper case, so that all of it is meant exactly.
    var hasUpperCase: Bool {
        contains { piece in
            guard case .character(let unit) = piece else { return false }
            return LetterCase.isUpper(unit)
        }
    }
}

// MARK: - Globs

/// A text with wildcards that a whole text matches or not.
///
/// It is split at each `*`: the first part must be at the start, the last at the end, and each one between is searched
/// once, behind the one before it. So the time is linear in the text.
struct Glob: Sendable {
    /// The unit that matches any one character.
    static let any = UInt32.max

    private let start: [UInt32]
    private let middle: [GlobPart]
    /// Nil without a `*`.
    private let end: [UInt32]?
    private let ignoresCase: Bool

    /// Returns nil if a part with `?` between two `*` is longer than `WildcardSearch.limit`.
    init?(_ pieces: [PatternPiece], ignoresCase: Bool) {
        var parts: [[UInt32]] = [[]]
        for piece in pieces {
            switch piece {
            case .character(let unit): parts[parts.count - 1].append(ignoresCase ? LetterCase.lower(unit) : unit)
            case .one: parts[parts.count - 1].append(Self.any)
            case .run: parts.append([])
            }
        }
        self.ignoresCase = ignoresCase
        start = parts[0]
        end = parts.count > 1 ? parts[parts.count - 1] : nil
        var middle: [GlobPart] = []
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let part = GlobPart(part, ignoresCase: ignoresCase) else { return nil }
            middle.append(part)
        }
        self.middle = middle
    }

    /// Returns whether all of a text matches.
    func matches(_ text: UTF8Text, steps: inout Int) -> Bool {
        var index = 0
        guard begins(text, &index, steps: &steps) else { return false }
        guard let end else { return index == text.count }
        guard let limit = ending(end, of: text, steps: &steps), limit >= index else { return false }
        for part in middle {
            guard let found = part.end(in: text, from: index, steps: &steps), found <= limit else { return false }
            index = found
        }
        return true
    }

    private func begins(_ text: UTF8Text, _ index: inout Int, steps: inout Int) -> Bool {
        for unit in start {
            guard index < text.count else { return false }
            steps += 1
            guard equals(text.next(&index), unit) else { return false }
        }
        return true
    }

    /// Returns the index at which the matching end of a text begins; nil if it does not match.
    private func ending(_ units: [UInt32], of text: UTF8Text, steps: inout Int) -> Int? {
        var index = text.count
        for unit in units.reversed() {
            guard index > 0 else { return nil }
            steps += 1
            guard equals(text.previous(&index), unit) else { return nil }
        }
        return index
    }

    @inline(__always)
    private func equals(_ unit: UInt32, _ wanted: UInt32) -> Bool {
        wanted == Self.any || unit == wanted || ignoresCase && LetterCase.lower(unit) == wanted
    }
}

/// A part between two `*`, or a part that is searched anywhere.
enum GlobPart: Sendable {
    case bytes(ByteSearch)
    case characters(CharacterSearch)
    case wildcards(WildcardSearch)

    /// - Parameter units: `Glob.any` for any character; in lower case where case is ignored.
    init?(_ units: [UInt32], ignoresCase: Bool) {
        if units.contains(Glob.any) {
            guard units.count <= WildcardSearch.limit else { return nil }
            self = .wildcards(WildcardSearch(units, ignoresCase: ignoresCase))
        } else if ignoresCase, units.contains(where: { $0 >= 0x80 && LetterCase.isCased($0) }) {
            self = .characters(CharacterSearch(units))
        } else {
            let scalars = String.UnicodeScalarView(units.compactMap { Unicode.Scalar($0) })
            self = .bytes(ByteSearch(Array(String(scalars).utf8), ignoresCase: ignoresCase))
        }
    }

    func end(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        switch self {
        case .bytes(let search): search.end(in: text, from: start, steps: &steps)
        case .characters(let search): search.end(in: text, from: start, steps: &steps)
        case .wildcards(let search): search.end(in: text, from: start, steps: &steps)
        }
    }
}
