/// Reads a regular expression: literals, `.`, `[…]`, `\d \w \s`, `^ $`, groups, `|`, `* + ? {m,n}`.
struct RegexParser {
    private let scalars: ArraySlice<Unicode.Scalar>
    private var index: Int
    private var depth = 0

    /// The deepest nesting of groups, and the highest number in `{m,n}`.
    static let deepest = 50
    static let mostRepeats = 255

    /// - Parameter scalars: Of the expression; faults are told by its indices.
    static func parse(_ scalars: ArraySlice<Unicode.Scalar>) throws(FilterFault) -> RegexNode {
        var parser = RegexParser(scalars: scalars, index: scalars.startIndex)
        let node = try parser.alternatives()
        guard parser.next == nil else {
            throw FilterFault(
                parser.index..<parser.index + 1, "no parenthesis is open here; \\) is a parenthesis itself")
        }
        return node
    }

    private var next: Unicode.Scalar? { index < scalars.endIndex ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(FilterFault) -> RegexNode {
        var all = [try sequence()]
        while take("|") { all.append(try sequence()) }
        return all.count == 1 ? all[0] : .alternatives(all)
    }

    private mutating func sequence() throws(FilterFault) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            parts.append(try repeated(try atom()))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ node: RegexNode) throws(FilterFault) -> RegexNode {
        let start = index
        let result: RegexNode
        switch next {
        case "*": result = .repeated(node, least: 0, most: nil)
        case "+": result = .repeated(node, least: 1, most: nil)
        case "?": result = .repeated(node, least: 0, most: 1)
        case "{": result = try counted(node)
        default: return node
        }
        if scalars[start] != "{" { index += 1 }
        // A lazy one finds the same texts.
        _ = take("?")
        if let again = next, ["*", "+", "?", "{"].contains(again) {
            throw FilterFault(index..<index + 1, "nothing to repeat here; put what is repeated twice in parentheses")
        }
        return result
    }

    private mutating func counted(_ node: RegexNode) throws(FilterFault) -> RegexNode {
        let start = index
        index += 1
        let least = number()
        var most = least
        if take(",") { most = number() }
        guard take("}"), let least else {
            throw FilterFault(start..<index, "a number of times is expected here, such as {2} or {2,5}; \\{ is a brace")
        }
        guard least <= Self.mostRepeats, most ?? 0 <= Self.mostRepeats else {
            throw FilterFault(start..<index, "\(Self.mostRepeats) times at most")
        }
        guard least <= most ?? least else {
            throw FilterFault(start..<index, "the first number must not be above the second")
        }
        return .repeated(node, least: least, most: most)
    }

    private mutating func number() -> Int? {
        let start = index
        var value = 0
        while let digit = next.flatMap(FilterNumber.digit) {
            value = min(value * 10 + digit, 1_000_000)
            index += 1
        }
        return index > start ? value : nil
    }

    private mutating func atom() throws(FilterFault) -> RegexNode {
        let start = index
        guard let scalar = next else { return .empty }
        index += 1
        switch scalar {
        case ".": return .any
        case "^": return .start
        case "$": return .end
        case "[": return .set(try set(from: start))
        case "(": return try group(from: start)
        case "\\":
            switch try escape(from: start) {
            case .character(let unit): return .character(unit)
            case .set(let set): return .set(set)
            }
        case "*", "+", "?", "{":
            throw FilterFault(start..<index, "nothing to repeat here; \\\(scalar) is the character itself")
        default: return .character(scalar.value)
        }
    }

    private mutating func group(from start: Int) throws(FilterFault) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw FilterFault(start..<index, "groups are nested too deep, \(Self.deepest) at most")
        }
        if take("?"), !take(":") {
            throw FilterFault(start..<index, "of groups there are (…) and (?:…) only; a trailing i ignores case")
        }
        let node = try alternatives()
        guard take(")") else { throw FilterFault(start..<start + 1, "this parenthesis is not closed") }
        return node
    }

    private enum Escaped {
        case character(UInt32)
        case set(RegexSet)
    }

    private mutating func escape(from start: Int) throws(FilterFault) -> Escaped {
        guard let scalar = next else { throw FilterFault(start..<index, "a character is expected after \\") }
        index += 1
        switch scalar {
        case "d": return .set(.digits)
        case "w": return .set(.words)
        case "s": return .set(.blanks)
        case "D": return .set(RegexSet(ranges: RegexSet.digits.ranges, isNegated: true))
        case "W": return .set(RegexSet(ranges: RegexSet.words.ranges, isNegated: true))
        case "S": return .set(RegexSet(ranges: RegexSet.blanks.ranges, isNegated: true))
        case "n": return .character(0x0A)
        case "r": return .character(0x0D)
        case "t": return .character(0x09)
        case "a"..."z", "A"..."Z", "0"..."9":
            throw FilterFault(
                start..<index, "there is no \\\(scalar); of such there are \\d \\w \\s \\D \\W \\S \\n \\r \\t")
        default: return .character(scalar.value)
        }
    }

    private mutating func set(from start: Int) throws(FilterFault) -> RegexSet {
        var set = RegexSet()
        set.isNegated = take("^")
        var isFirst = true
        while isFirst || next != "]" {
            isFirst = false
            let place = index
            guard let low = try member(of: &set, from: start) else { continue }
            guard next == "-", index + 1 < scalars.endIndex, scalars[index + 1] != "]" else {
                set.ranges.append(low...low)
                continue
            }
            index += 1
            guard let high = try member(of: &set, from: start), low <= high else {
                throw FilterFault(place..<index, "a range must rise, such as a-z; \\- is a hyphen")
            }
            set.ranges.append(low...high)
        }
        index += 1
        return set.inOrder
    }

    /// A character, or nil where it was a set, which is added.
    private mutating func member(of set: inout RegexSet, from start: Int) throws(FilterFault) -> UInt32? {
        guard let scalar = next else { throw FilterFault(start..<start + 1, "this bracket is not closed") }
        let place = index
        index += 1
        guard scalar == "\\" else { return scalar.value }
        switch try escape(from: place) {
        case .character(let unit): return unit
        case .set(let other):
            set.ranges += other.isNegated ? other.complement : other.ranges
            return nil
        }
    }
}
