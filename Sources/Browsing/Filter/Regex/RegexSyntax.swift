/// A regular expression as it was written.
indirect enum RegexNode: Sendable {
    case empty
    /// This character.
    case character(UInt32)
    /// Any character but a line's end.
    case any
    case set(RegexSet)
    /// `^`, `$`: the start, the end of the text.
    case start, end
    case sequence([RegexNode])
    case alternatives([RegexNode])
    /// So often, without an upper limit where `most` is nil.
    case repeated(RegexNode, least: Int, most: Int?)
}

/// Some characters, or all but some.
struct RegexSet: Sendable {
    /// To be put `inOrder` before characters are looked for.
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    static let digits = RegexSet(ranges: [0x30...0x39])
    static let words = RegexSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let blanks = RegexSet(ranges: [0x09...0x0D, 0x20...0x20])

    /// The same set with ranges that rise and lie apart, which is how characters are looked for.
    var inOrder: RegexSet {
        var joined: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return RegexSet(ranges: joined, isNegated: isNegated)
    }

    /// All characters that these ranges leave out.
    var complement: [ClosedRange<UInt32>] {
        var next: UInt32 = 0
        var rest: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { rest.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        rest.append(next...UInt32.max)
        return rest
    }

    /// Whether a character is in it; ignoring case, whether it is in any case.
    func contains(_ unit: UInt32, ignoresCase: Bool) -> Bool {
        var found = holds(unit)
        if ignoresCase, !found { found = holds(LetterCase.lower(unit)) || holds(LetterCase.upper(unit)) }
        return found != isNegated
    }

    private func holds(_ unit: UInt32) -> Bool {
        // By halves: of those that lie apart and rise, the last that begins at or before the character.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= unit { low = middle + 1 } else { high = middle }
        }
        return low > 0 && ranges[low - 1].upperBound >= unit
    }
}
