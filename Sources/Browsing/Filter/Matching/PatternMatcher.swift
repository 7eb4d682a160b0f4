import History

/// Tells whether texts match what was written, in steps that can be counted.
///
/// A pattern with an upper-case letter is meant exactly; one without ignores case.
enum PatternMatcher: Sendable {
    /// These bytes and no others.
    case exact([UInt8])
    /// A text that stands anywhere.
    case anywhere(GlobPart)
    /// A pattern for a whole text.
    case whole(Glob)
    case regular(RegexProgram)

    /// A text that stands anywhere, or with wildcards a whole text. Nil where `Glob` has nothing for it.
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

    /// A whole text. Nil where `Glob` has nothing for it.
    init?(whole pieces: [PatternPiece]) {
        guard let glob = Glob(pieces, ignoresCase: !pieces.hasUpperCase) else { return nil }
        self = .whole(glob)
    }

    /// Whether a text matches.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var steps = 0
        return matches(bytes, steps: &steps)
    }

    /// Whether a text matches, and in how many steps, each of which takes about as long.
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
    /// A text and no other.
    static func exactly(_ text: String) -> TextPattern {
        oneOf([text])
    }

    /// Any of some texts, and no other.
    static func oneOf(_ texts: [String]) -> TextPattern {
        let matchers = texts.map { PatternMatcher.exact(Array($0.utf8)) }
        return TextPattern("=" + texts.map(key).joined(separator: "|"), literals: texts) { bytes in
            matchers.contains { $0.matches(bytes) }
        }
    }

    /// What a matcher tells, of which `source` says all.
    init(_ source: String, _ matcher: PatternMatcher) {
        self.init(Self.key(source)) { matcher.matches($0) }
    }

    /// ASCII only, so that texts that are equal by Unicode's rules but not by their bytes stay apart.
    private static func key(_ text: String) -> String {
        text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
    }
}
