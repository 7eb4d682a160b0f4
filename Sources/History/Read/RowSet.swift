/// A set of row ids, a bit each: a million rows take 125 kB. Ids begin at 1 and have few gaps.
public struct RowSet: Sendable, Hashable {
    private var words: [UInt64] = []
    /// How many there are.
    public private(set) var count = 0

    /// None.
    public init() {}

    /// Whether an id is in the set.
    public func contains(_ id: Int64) -> Bool {
        guard id >= 0, let word = Int(exactly: id / 64), word < words.count else { return false }
        return words[word] >> UInt64(id % 64) & 1 == 1
    }

    /// Adds an id; one less than 0 is left out.
    public mutating func insert(_ id: Int64) {
        guard id >= 0, let word = Int(exactly: id / 64) else { return }
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        let bit: UInt64 = 1 << UInt64(id % 64)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    /// The nearest id in the set that is less than this one.
    public func last(before id: Int64) -> Int64? {
        guard id > 0 else { return nil }
        var word = Int(clamping: (id - 1) / 64)
        var bits: UInt64 = 0
        if word < words.count {
            bits = words[word] & (UInt64.max >> UInt64(63 - (id - 1) % 64))
        } else {
            word = words.count
        }
        while bits == 0 {
            guard word > 0 else { return nil }
            word -= 1
            bits = words[word]
        }
        return Int64(word * 64 + 63 - bits.leadingZeroBitCount)
    }

    /// The nearest id in the set that is greater than this one.
    public func first(after id: Int64) -> Int64? {
        guard id < .max else { return nil }
        let next = max(0, id + 1)
        guard var word = Int(exactly: next / 64), word < words.count else { return nil }
        var bits = words[word] & (UInt64.max << UInt64(next % 64))
        while bits == 0 {
            word += 1
            guard word < words.count else { return nil }
            bits = words[word]
        }
        return Int64(word * 64 + bits.trailingZeroBitCount)
    }

    /// How many ids in the set are not greater than this one.
    public func count(upTo id: Int64) -> Int {
        guard id >= 0 else { return 0 }
        let word = Int(clamping: id / 64)
        guard word < words.count else { return count }
        let whole = words[..<word].reduce(0) { $0 + $1.nonzeroBitCount }
        return whole + (words[word] & (UInt64.max >> UInt64(63 - id % 64))).nonzeroBitCount
    }

    /// The ids less than this one, the greatest first; with none, all.
    public func descending(from id: Int64 = .max) -> some Sequence<Int64> {
        sequence(state: id) { id in
            guard let found = last(before: id) else { return nil }
            id = found
            return found
        }
    }

    /// The ids greater than this one, the least first; with none, all.
    public func ascending(from id: Int64 = -1) -> some Sequence<Int64> {
        sequence(state: id) { id in
            guard let found = first(after: id) else { return nil }
            id = found
            return found
        }
    }
}
