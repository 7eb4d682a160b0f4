// MARK: - Syntax

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

    /// Returns whether a character is in it; if case is ignored, whether it is in any case.
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

// MARK: - Parser

/// Reads a regular expression: literals, `.`, `[…]`, `\d \w \s`, `^ $`, groups, `|`, `* + ? {m,n}`.
struct RegexParser {
    private let scalars: ArraySlice<Unicode.Scalar>
    private var index: Int
    private var depth = 0

    /// The deepest nesting of groups, and the highest number in `{m,n}`.
    static let deepest = 50
    static let mostRepeats = 255

    /// - Parameter scalars: Of the expression; faults are reported by its indices.
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

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(FilterFault) -> RegexNode {
        var all = [try sequence()]
        while accept("|") { all.append(try sequence()) }
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
        _ = accept("?")
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
        if accept(",") { most = number() }
        guard accept("}"), let least else {
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
        if accept("?"), !accept(":") {
            throw FilterFault(start..<index, "of groups there are (…) and (?:…) only; a trailing i ignores case")
        }
        let node = try alternatives()
        guard accept(")") else { throw FilterFault(start..<start + 1, "this parenthesis is not closed") }
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
                start..<index, "\\\(scalar) is not supported; use \\d \\w \\s \\D \\W \\S \\n \\r \\t")
        default: return .character(scalar.value)
        }
    }

    private mutating func set(from start: Int) throws(FilterFault) -> RegexSet {
        var set = RegexSet()
        set.isNegated = accept("^")
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

    /// Reads a member of a set: returns a character, or nil after a class such as `\d`, which it adds to the set.
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

// MARK: - Program

/// A regular expression as a machine that follows all ways at once, so that no text makes it go back (Thompson, 1968).
struct RegexProgram: Sendable {
    enum Instruction: Sendable {
        case character(UInt32)
        case any
        /// A character of the set with this index.
        case set(Int)
        case jump(Int)
        case split(Int, Int)
        case start, end
        case found
    }

    /// The most instructions, which bounds what a character of the text costs.
    static let limit = 2_000

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [RegexSet] = []
    let ignoresCase: Bool
    /// The steps that may be taken for one text.
    let stepLimit: Int
    private var work = 0
    /// For each byte, whether a character that begins with it may begin a match; nil where a match may begin with none.
    private(set) var firstBytes: [Bool]?

    /// - Throws: `FilterFault` without a place where the program would be too large.
    init(_ node: RegexNode, ignoresCase: Bool, stepLimit: Int = 1_000_000) throws(RegexTooLarge) {
        self.ignoresCase = ignoresCase
        self.stepLimit = stepLimit
        try emit(node)
        instructions.append(.found)
        firstBytes = possibleFirstBytes()
    }

    private func possibleFirstBytes() -> [Bool]? {
        var bytes = Array(repeating: false, count: 256)
        var seen = Array(repeating: false, count: instructions.count)
        var pending = [0]
        while let place = pending.popLast() {
            guard !seen[place] else { continue }
            seen[place] = true
            switch instructions[place] {
            case .found, .start, .end: return nil
            case .jump(let target): pending.append(target)
            case .split(let one, let other): pending += [one, other]
            case .character, .any, .set:
                for unit in UInt32(0)..<128 where passes(place, unit) { bytes[Int(unit)] = true }
                let isASCII = if case .character(let unit) = instructions[place] { unit < 128 } else { false }
                // What is above ASCII is not told apart.
                if !isASCII { for byte in 128..<256 { bytes[byte] = true } }
            }
        }
        return bytes
    }

    /// Whether an instruction takes a character.
    @inline(__always)
    func passes(_ place: Int, _ unit: UInt32) -> Bool {
        switch instructions[place] {
        case .character(let wanted): unit == wanted || ignoresCase && LetterCase.lower(unit) == wanted
        case .any: unit != 0x0A
        case .set(let set): sets[set].contains(unit, ignoresCase: ignoresCase)
        case .jump, .split, .start, .end, .found: false
        }
    }

    /// A program that would be too large.
    struct RegexTooLarge: Error {}

    private mutating func emit(_ node: RegexNode) throws(RegexTooLarge) {
        work += 1
        guard instructions.count < Self.limit, work < 10 * Self.limit else { throw RegexTooLarge() }
        switch node {
        case .empty: break
        case .character(let unit): instructions.append(.character(ignoresCase ? LetterCase.lower(unit) : unit))
        case .any: instructions.append(.any)
        case .start: instructions.append(.start)
        case .end: instructions.append(.end)
        case .set(let set):
            instructions.append(.set(sets.count))
            sets.append(set)
        case .sequence(let parts):
            for part in parts { try emit(part) }
        case .alternatives(let parts): try emit(alternatives: parts)
        case .repeated(let part, let least, let most): try emit(part, least: least, most: most)
        }
    }

    private mutating func emit(alternatives parts: [RegexNode]) throws(RegexTooLarge) {
        var exits: [Int] = []
        for part in parts.dropLast() {
            let split = instructions.count
            instructions.append(.split(split + 1, 0))
            try emit(part)
            exits.append(instructions.count)
            instructions.append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        if let last = parts.last { try emit(last) }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    private mutating func emit(_ part: RegexNode, least: Int, most: Int?) throws(RegexTooLarge) {
        for _ in 0..<least { try emit(part) }
        guard let most else {
            let split = instructions.count
            instructions.append(.split(split + 1, 0))
            try emit(part)
            instructions.append(.jump(split))
            instructions[split] = .split(split + 1, instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(instructions.count)
            instructions.append(.split(instructions.count + 1, 0))
            try emit(part)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }
}

// MARK: - Run

extension RegexProgram {
    /// Returns whether it finds something anywhere in a text. A text that takes more steps than `stepLimit` does not
    /// match.
    func matches(_ text: UTF8Text, steps: inout Int) -> Bool {
        let size = instructions.count
        return instructions.withUnsafeBufferPointer { instructions in
            // The ways being followed, those for the next character, those still to look at, and for each instruction the
            // last character that it was looked at for. A split adds two at most, so the third has twice the room.
            withUnsafeTemporaryAllocation(of: Int.self, capacity: 5 * size) { memory in
                memory.initialize(repeating: -1)
                var run = RegexRun(
                    instructions: instructions, text: text, ways: memory[rebase: 0..<size],
                    pending: memory[rebase: size..<3 * size], nextWays: memory[rebase: 3 * size..<4 * size],
                    marks: memory[rebase: 4 * size..<5 * size])
                return run.finds(self, steps: &steps)
            }
        }
    }
}

/// One search through one text.
private struct RegexRun {
    let instructions: UnsafeBufferPointer<RegexProgram.Instruction>
    let text: UTF8Text
    var ways: UnsafeMutableBufferPointer<Int>
    let pending: UnsafeMutableBufferPointer<Int>
    var nextWays: UnsafeMutableBufferPointer<Int>
    let marks: UnsafeMutableBufferPointer<Int>
    var count = 0
    var nextCount = 0

    mutating func finds(_ program: RegexProgram, steps: inout Int) -> Bool {
        var index = 0
        var taken = 0
        defer { steps += taken }
        while true {
            // One may begin at each character; where none has begun, what cannot begin one is passed over.
            if nextCount == 0, let firstBytes = program.firstBytes {
                while index < text.count, !firstBytes[Int(text[index])] { index += 1 }
                if index == text.count { return false }
            }
            if follow(0, at: index, &taken) { return true }
            swap(&ways, &nextWays)
            (count, nextCount) = (nextCount, 0)
            guard index < text.count, taken < program.stepLimit else { return false }
            let unit = text.next(&index)
            for way in 0..<count {
                let place = ways[way]
                taken += 1
                if program.passes(place, unit), follow(place + 1, at: index, &taken) { return true }
            }
            taken += 1
        }
    }

    /// Adds what can be reached from an instruction without a character; true where that is the end.
    private mutating func follow(_ first: Int, at index: Int, _ taken: inout Int) -> Bool {
        var top = 0
        pending[0] = first
        top = 1
        while top > 0 {
            top -= 1
            let place = pending[top]
            guard marks[place] != index else { continue }
            marks[place] = index
            taken += 1
            switch instructions[place] {
            case .found: return true
            case .jump(let target):
                pending[top] = target
                top += 1
            case .split(let one, let other):
                pending[top] = other
                pending[top + 1] = one
                top += 2
            case .start:
                guard index == 0 else { continue }
                pending[top] = place + 1
                top += 1
            case .end:
                guard index == text.count else { continue }
                pending[top] = place + 1
                top += 1
            case .character, .any, .set:
                nextWays[nextCount] = place
                nextCount += 1
            }
        }
        return false
    }
}

extension UnsafeMutableBufferPointer {
    fileprivate subscript(rebase range: Range<Int>) -> UnsafeMutableBufferPointer {
        UnsafeMutableBufferPointer(rebasing: self[range])
    }
}
