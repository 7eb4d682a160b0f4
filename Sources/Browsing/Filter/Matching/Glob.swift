/// A text with wildcards that a whole text matches or not.
///
/// It is split at each `*`: the first part must stand at the start, the last at the end, and each one between is looked
/// for once, behind the one before it. So the time is linear in the text.
struct Glob: Sendable {
    /// Stands for any one character.
    static let any = UInt32.max

    private let start: [UInt32]
    private let middle: [GlobPart]
    /// Nil where there is no `*`.
    private let end: [UInt32]?
    private let ignoresCase: Bool

    /// Nil where a part with `?` between two `*` is longer than `WildcardSearch.limit`.
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

    /// Whether all of a text matches.
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

    /// Where the end of a text begins that matches, or nil where it does not.
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

/// What stands between two `*`, or what is looked for anywhere.
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
