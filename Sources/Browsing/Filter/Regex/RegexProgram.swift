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
