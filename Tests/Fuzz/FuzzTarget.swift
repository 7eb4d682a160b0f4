/// A part of b2watch that reads bytes from outside. libFuzzer drives it (`.ci/fuzz`), and so do the tests.
struct FuzzTarget: Sendable {
    /// The name on the command line.
    let name: String
    /// The longest input, in bytes.
    let longest: Int
    /// The inputs to begin with.
    let seeds: [[UInt8]]
    /// The inputs that have broken it once.
    let regressions: [[UInt8]]
    /// The words that mean something to it.
    let words: [String]
    /// Whether an input takes more than a millisecond.
    let isSlow: Bool
    /// Reads an input, and throws `Broken` where a promise is not kept.
    let run: @Sendable (_ input: [UInt8]) throws -> Void

    init(
        _ name: String, longest: Int, seeds: [[UInt8]], regressions: [[UInt8]] = [], words: [String] = [],
        isSlow: Bool = false, run: @escaping @Sendable (_ input: [UInt8]) throws -> Void
    ) {
        self.name = name
        self.longest = longest
        self.seeds = seeds
        self.regressions = regressions
        self.words = words
        self.isSlow = isSlow
        self.run = run
    }

    /// All targets.
    static let all: [FuzzTarget] = [
        .verdict, .events, .json, .diagnosis, .safeText, .filter, .keys, .control, .configuration, .requests,
        .forwarded, .proxyHeader,
    ]
}

extension FuzzTarget: CustomStringConvertible {
    var description: String { name }
}

// MARK: - Promises

/// A promise that is not kept for an input.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

/// Checks a promise.
///
/// - Throws: `Broken`.
func hold(_ isKept: Bool, _ promise: @autoclosure () -> String) throws(Broken) {
    guard isKept else { throw Broken(description: promise()) }
}

// MARK: - Reading inputs

/// The parts of an input: numbers first, which choose what is done, and then texts.
struct Parts {
    private(set) var rest: ArraySlice<UInt8>

    init(_ input: [UInt8]) {
        rest = input[...]
    }

    /// Removes the first byte; 0 behind the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// Removes what is before the next byte of this value, and that byte; all of it where there is none.
    mutating func text(to end: UInt8) -> [UInt8] {
        let index = rest.firstIndex(of: end) ?? rest.endIndex
        defer { rest = rest[index...].dropFirst() }
        return Array(rest[..<index])
    }

    /// The bytes that are left.
    var bytes: [UInt8] { Array(rest) }
}

/// Returns an input of some leading bytes and a text.
func seed(_ numbers: UInt8..., text: String) -> [UInt8] { numbers + Array(text.utf8) }

// MARK: - Neighbours

/// Inputs that differ a little from another one. Those of an input are always the same, so what they reach or break is reached
/// or broken by that input again.
struct Neighbours {
    private let input: [UInt8]
    private let longest: Int
    private let words: [[UInt8]]
    /// The state of an xorshift generator; never 0.
    private var state: UInt64

    /// - Parameters:
    ///   - longest: The longest neighbour, in bytes.
    ///   - words: The words that may be put in.
    init(of input: [UInt8], longest: Int, words: [[UInt8]]) {
        self.input = input
        self.longest = longest
        self.words = words
        // FNV-1a.
        state = input.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } | 1
    }

    /// Returns the next neighbour, which differs from the input.
    mutating func next() -> [UInt8] {
        var neighbour = input
        repeat {
            for _ in 0...number(below: 3) { change(&neighbour) }
        } while neighbour == input
        return neighbour
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = number(below: max(1, bytes.count))
        switch number(below: 8) {
        case _ where bytes.isEmpty: bytes.append(random())
        case 0: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 1: bytes[place] = random()
        case 2: bytes[place] = bytes[number(below: bytes.count)]
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + number(below: 4)))
        case 4 where bytes.count < longest: bytes.insert(random(), at: place)
        case 5:
            let part = bytes[place..<min(bytes.count, place + 1 + number(below: 8))]
            if bytes.count + part.count <= longest { bytes.insert(contentsOf: part, at: number(below: bytes.count)) }
        case 6 where !words.isEmpty:
            let word = words[number(below: words.count)]
            if bytes.count + word.count <= longest { bytes.insert(contentsOf: word, at: place) }
        default:
            let other = number(below: bytes.count)
            bytes.swapAt(place, other)
        }
    }

    private mutating func number(below bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(truncatingIfNeeded: state >> 33) % bound
    }

    private mutating func random() -> UInt8 { UInt8(truncatingIfNeeded: number(below: 256)) }
}
