/// Looks for up to 64 characters of which some may be any, with one bit for each: one step for a character of the text.
///
/// Source: Baeza-Yates, Gonnet: A new approach to text searching (1992), the shift-and method.
struct WildcardSearch: Sendable {
    /// The most characters that it can look for.
    static let limit = 64

    private let ascii: [UInt64]
    /// Sorted by character.
    private let others: [(unit: UInt32, mask: UInt64)]
    private let anywhere: UInt64
    private let last: UInt64
    private let ignoresCase: Bool

    /// - Parameter units: 1 to 64 of them, `any` for any character; in lower case where case is ignored.
    init(_ units: [UInt32], ignoresCase: Bool) {
        var masks: [UInt32: UInt64] = [:]
        for (index, unit) in units.enumerated() { masks[unit, default: 0] |= 1 << UInt64(index) }
        let anywhere = masks.removeValue(forKey: Glob.any) ?? 0
        ascii = (0..<128).map { (masks[$0] ?? 0) | anywhere }
        others = masks.filter { $0.key >= 128 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value | anywhere) }
        self.anywhere = anywhere
        last = 1 << UInt64(units.count - 1)
        self.ignoresCase = ignoresCase
    }

    /// The end of the first occurrence that begins at `start` or later.
    func end(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        var (index, state) = (start, UInt64(0))
        while index < text.count {
            var unit = text.next(&index)
            if ignoresCase { unit = LetterCase.lower(unit) }
            state = (state << 1 | 1) & mask(of: unit)
            steps += 1
            if state & last != 0 { return index }
        }
        return nil
    }

    private func mask(of unit: UInt32) -> UInt64 {
        if unit < 128 { return ascii[Int(unit)] }
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle].unit < unit { low = middle + 1 } else { high = middle }
        }
        return low < others.count && others[low].unit == unit ? others[low].mask : anywhere
    }
}
