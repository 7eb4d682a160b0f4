import Foundation

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
        borders = Self.borders(of: needle)
    }

    /// The end of the first occurrence that begins at `start` or later.
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

    /// Knuth, Morris and Pratt.
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

    /// The first place of one of two bytes, eight bytes at a time.
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

    /// How often a byte is met in names, types and JSON, roughly.
    private static func commonness(_ byte: UInt8) -> Int {
        let common = Array("\"eatoinsrldchu,/.:0mpgb12-_fjyvkw3456789 x{}zq".utf8)
        guard let rank = common.firstIndex(of: byte | (byte >= 0x41 && byte <= 0x5A ? 0x20 : 0)) else { return 0 }
        return common.count - rank
    }

    private static func borders(of needle: [UInt8]) -> [Int] {
        var borders = [0, 0]
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[length] != needle[index] { length = borders[length] }
            if needle[length] == needle[index] { length += 1 }
            borders.append(length)
        }
        return borders
    }
}
