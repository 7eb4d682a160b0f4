import Foundation

// MARK: - Text

/// UTF-8 read a character (a Unicode scalar) at a time, forwards or backwards.
///
/// A byte outside of a well-formed sequence counts as a character of its own that equals no letter. Both directions see
/// the same characters, because a well-formed sequence has its one lead byte at its start.
struct UTF8Text {
    let base: UnsafeRawPointer
    let count: Int

    /// Returns nil for a buffer without memory, which has no text.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return nil }
        (self.base, count) = (base, bytes.count)
    }

    @inline(__always)
    subscript(index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    /// The character at an index below `count`, which moves behind it.
    @inline(__always)
    func next(_ index: inout Int) -> UInt32 {
        let lead = self[index]
        if lead < 0x80 {
            index += 1
            return UInt32(lead)
        }
        return longer(lead, &index)
    }

    /// Returns the character before an index above 0, and moves the index in front of it.
    func previous(_ index: inout Int) -> UInt32 {
        let last = self[index - 1]
        if last < 0x80 {
            index -= 1
            return UInt32(last)
        }
        var start = index - 1
        while start > 0, index - start < 4, self[start] & 0xC0 == 0x80 { start -= 1 }
        var end = start
        let unit = next(&end)
        if end == index {
            index = start
            return unit
        }
        index -= 1
        return Self.stray(last)
    }

    /// Returns the unit for a byte outside of a well-formed sequence.
    private static func stray(_ byte: UInt8) -> UInt32 { 0x11_0000 + UInt32(byte) }

    private func longer(_ lead: UInt8, _ index: inout Int) -> UInt32 {
        let (length, least, bits): (Int, UInt32, UInt32)
        switch lead {
        case 0xC2...0xDF: (length, least, bits) = (2, 0x80, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (length, least, bits) = (3, 0x800, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (length, least, bits) = (4, 0x1_0000, UInt32(lead & 0x07))
        default: (length, least, bits) = (0, 0, 0)
        }
        var value = bits
        if length > 0, index + length <= count {
            var offset = 1
            while offset < length, self[index + offset] & 0xC0 == 0x80 {
                value = value << 6 | UInt32(self[index + offset] & 0x3F)
                offset += 1
            }
            if offset == length, value >= least, value <= 0x10_FFFF, !(0xD800...0xDFFF).contains(value) {
                index += length
                return value
            }
        }
        index += 1
        return Self.stray(lead)
    }
}

// MARK: - Letter case

/// Letters without regard to case: Unicode's simple lower-casing, one character to one.
///
/// A letter other than ASCII never becomes ASCII: the Kelvin sign does not become `k`. So a pattern in ASCII can be
/// compared byte by byte.
enum LetterCase {
    /// The lower case of the characters of one and two bytes, which are Latin, Greek, Cyrillic and the like.
    private static let table: [UInt32] = (0..<0x800).map { computed($0) }

    /// Returns the lower case of a character.
    static func lower(_ unit: UInt32) -> UInt32 {
        unit < 0x800 ? table[Int(unit)] : computed(unit)
    }

    /// Returns the upper case of a character, if that is one character.
    static func upper(_ unit: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        return single(scalar.properties.uppercaseMapping, instead: unit)
    }

    /// Returns whether a character equals some other one if case is ignored.
    static func isCased(_ unit: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(unit)?.properties else { return false }
        return properties.changesWhenLowercased || properties.changesWhenUppercased
            || properties.changesWhenTitlecased || properties.isCased
    }

    /// Returns whether a pattern with this character is exact.
    static func isUpper(_ unit: UInt32) -> Bool {
        lower(unit) != unit
    }

    private static func computed(_ unit: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        return single(scalar.properties.lowercaseMapping, instead: unit)
    }

    private static func single(_ mapping: String, instead unit: UInt32) -> UInt32 {
        let scalars = mapping.unicodeScalars
        guard let only = scalars.first, scalars.count == 1, only.isASCII == (unit < 0x80) else { return unit }
        return only.value
    }
}

// MARK: - Bytes

/// Looks for bytes in bytes: by the rarest of them, which is found many at a time, and where that is deceived too often,
/// by Knuth, Morris and Pratt, so that the time is linear in the text whatever both are.
struct ByteSearch: Sendable {
    private let needle: [UInt8]
    private let ignoresCase: Bool
    /// The index in `needle` of the byte to look for.
    private let anchor: Int
    /// For each length of a match, the length of its longest proper end that is also a beginning.
    private let borders: [Int]

    /// - Parameters:
    ///   - needle: In lower case where case is ignored.
    ///   - ignoresCase: Whether ASCII letters match in both cases; other letters must not be in `needle` then.
    init(_ needle: [UInt8], ignoresCase: Bool) {
        self.needle = needle
        self.ignoresCase = ignoresCase
        anchor = needle.indices.min { Self.commonness(needle[$0]) < Self.commonness(needle[$1]) } ?? 0
        borders = needle.borders
    }

    /// Returns the end of the first occurrence that begins at `start` or later.
    func end(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        guard !needle.isEmpty else { return start }
        let last = text.count - needle.count
        var at = start
        var compared = 0
        while at <= last {
            guard let found = firstAnchor(in: text, from: at + anchor, to: last + anchor + 1) else {
                steps += compared + text.count - at
                return nil
            }
            at = found - anchor
            let length = agreement(with: text, at: at)
            compared += length + 1
            if length == needle.count {
                steps += compared + at - start
                return at + length
            }
            at += 1
            if compared > 4 * (at - start) + 64 {
                steps += compared + at - start
                return surely(in: text, from: at, steps: &steps)
            }
        }
        steps += compared + at - start
        return nil
    }

    @inline(__always)
    private func agreement(with text: UTF8Text, at start: Int) -> Int {
        needle.withUnsafeBufferPointer { needle in
            var length = 0
            if ignoresCase {
                while length < needle.count, Self.lower(text[start + length]) == needle[length] { length += 1 }
            } else {
                while length < needle.count, text[start + length] == needle[length] { length += 1 }
            }
            return length
        }
    }

    /// Finds the end by Knuth, Morris and Pratt.
    private func surely(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        var length = 0
        for index in start..<max(start, text.count) {
            let byte = ignoresCase ? Self.lower(text[index]) : text[index]
            while length > 0, needle[length] != byte {
                length = borders[length]
                steps += 1
            }
            steps += 1
            if needle[length] == byte { length += 1 }
            if length == needle.count { return index + 1 }
        }
        return nil
    }

    private func firstAnchor(in text: UTF8Text, from start: Int, to end: Int) -> Int? {
        let byte = needle[anchor]
        if ignoresCase, UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte {
            return Self.first(of: byte, or: byte & 0xDF, in: text, from: start, to: end)
        }
        guard start < end, let found = memchr(text.base + start, Int32(byte), end - start) else { return nil }
        return UnsafeRawPointer(found) - text.base
    }

    /// Returns the first place of one of two bytes; looks at eight bytes at a time.
    private static func first(
        of one: UInt8, or other: UInt8, in text: UTF8Text, from start: Int, to end: Int
    ) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let (allOne, allOther) = (ones &* UInt64(one), ones &* UInt64(other))
        var index = start
        while index + 8 <= end {
            let word = UInt64(littleEndian: text.base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // The top bit of a byte that was zero, and perhaps of some above it: the lowest is right.
            let (left, right) = (word ^ allOne, word ^ allOther)
            let hits = ((left &- ones) & ~left | (right &- ones) & ~right) & tops
            if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end {
            if text[index] == one || text[index] == other { return index }
            index += 1
        }
        return nil
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Returns how frequent a byte is in names, types and JSON, roughly.
    private static func commonness(_ byte: UInt8) -> Int {
        let common = Array("\"eatoinsrldchu,/.:0mpgb12-_fjyvkw3456789 x{}zq".utf8)
        guard let rank = common.firstIndex(of: byte | (byte >= 0x41 && byte <= 0x5A ? 0x20 : 0)) else { return 0 }
        return common.count - rank
    }
}

extension Array where Element: Equatable {
    /// For each length of a beginning of these elements, the length of its longest proper end that is also a beginning:
    /// the table of Knuth, Morris and Pratt.
    fileprivate var borders: [Int] {
        var borders = [0, 0]
        var length = 0
        for index in indices.dropFirst() {
            while length > 0, self[length] != self[index] { length = borders[length] }
            if self[length] == self[index] { length += 1 }
            borders.append(length)
        }
        return borders
    }
}

// MARK: - Characters

/// Looks for letters that have case and are not ASCII without regard to it, by Knuth, Morris and Pratt over characters.
struct CharacterSearch: Sendable {
    private let needle: [UInt32]
    private let borders: [Int]

    /// - Parameter needle: In lower case.
    init(_ needle: [UInt32]) {
        self.needle = needle
        borders = needle.borders
    }

    /// Returns the end of the first occurrence that begins at `start` or later.
    func end(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        guard !needle.isEmpty else { return start }
        var (index, length) = (start, 0)
        while index < text.count {
            let unit = LetterCase.lower(text.next(&index))
            while length > 0, needle[length] != unit {
                length = borders[length]
                steps += 1
            }
            steps += 1
            if needle[length] == unit { length += 1 }
            if length == needle.count { return index }
        }
        return nil
    }
}

// MARK: - Wildcards

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

    /// Returns the end of the first occurrence that begins at `start` or later.
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
