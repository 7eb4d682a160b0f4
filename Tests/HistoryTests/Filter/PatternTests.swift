import Notifications
import Testing
import TestSupport

@testable import History

@Suite("Patterns")
struct PatternTests {
    private func pieces(_ text: String) -> [PatternPiece] {
        text.unicodeScalars.map { $0 == "*" ? .run : $0 == "?" ? .one : .character($0.value) }
    }

    /// A plain matcher by characters, with backtracking.
    private func plainly(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>, exactly: Bool)
        -> Bool
    {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return (text.startIndex...text.endIndex).contains {
                plainly(pattern.dropFirst(), text[$0...], exactly: exactly)
            }
        }
        guard let scalar = text.first else { return false }
        let isSame = first == scalar || !exactly && lower(first) == lower(scalar)
        return (first == "?" || isSame) && plainly(pattern.dropFirst(), text.dropFirst(), exactly: exactly)
    }

    private func lower(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let mapped = scalar.properties.lowercaseMapping.unicodeScalars
        guard let only = mapped.first, mapped.count == 1, only.isASCII == scalar.isASCII else { return scalar }
        return only
    }

    private func random(_ letters: [Unicode.Scalar], upTo length: Int, using random: inout SeededGenerator) -> String {
        let count = Int.random(in: 0...length, using: &random)
        return String(String.UnicodeScalarView((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" }))
    }

    @Test("match the same texts as a plain matcher")
    func random() throws {
        var generator = SeededGenerator(seed: 8)
        let letters = Array("aabbABéÉ猫🐈İıσΣς".unicodeScalars)
        for _ in 0..<20_000 {
            let few = Array(letters[0..<Int.random(in: 2...letters.count, using: &generator)])
            let pattern = random(few + ["*", "?", "*"], upTo: 8, using: &generator)
            let text = random(few, upTo: 14, using: &generator)
            let written = pieces(pattern)
            let exactly = written.hasUpperCase
            let whole = try #require(PatternMatcher(whole: written))
            let bytes = Array(text.utf8)
            let expected = plainly(
                Array(pattern.unicodeScalars)[...], Array(text.unicodeScalars)[...], exactly: exactly)
            #expect(bytes.withUnsafeBytes(whole.matches) == expected, "\(pattern) for \(text)")
            let part = try #require(PatternMatcher(within: written))
            let around = written.hasWildcards ? pattern : "*\(pattern)*"
            let isWithin = plainly(Array(around.unicodeScalars)[...], Array(text.unicodeScalars)[...], exactly: exactly)
            #expect(bytes.withUnsafeBytes(part.matches) == isWithin, "\(pattern) in \(text)")
        }
    }

    @Test("find long texts in long texts, by words of eight bytes and by the remaining bytes")
    func long() throws {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<3_000 {
            let text = random(["a", "b", "A", "-"], upTo: 80, using: &generator)
            let pattern = random(["a", "b", "-"], upTo: 6, using: &generator)
            let matcher = try #require(PatternMatcher(within: pieces(pattern)))
            let found = Array(text.utf8).withUnsafeBytes(matcher.matches)
            #expect(found == (pattern.isEmpty || text.lowercased().contains(pattern)), "\(pattern) in \(text)")
        }
    }

    @Test("read the same characters forwards and backwards in any bytes")
    func anyBytes() throws {
        var generator = SeededGenerator(seed: 10)
        let interesting: [UInt8] = [0x41, 0x80, 0xBF, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0xED, 0xA0, 0xFF, 0xC0]
        for _ in 0..<5_000 {
            let count = Int.random(in: 1...10, using: &generator)
            let bytes = (0..<count).map { _ in interesting.randomElement(using: &generator) ?? 0 }
            try bytes.withUnsafeBytes { raw in
                let text = try #require(UTF8Text(raw))
                var (forwards, backwards): ([UInt32], [UInt32]) = ([], [])
                var index = 0
                while index < text.count { forwards.append(text.next(&index)) }
                while index > 0 { backwards.append(text.previous(&index)) }
                #expect(forwards == backwards.reversed())
                #expect(try #require(PatternMatcher(whole: Array(repeating: .one, count: forwards.count))).matches(raw))
            }
        }
        #expect(try #require(PatternMatcher(within: [])).matches(UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    @Test(
        "need time proportional to the text",
        arguments: [
            "*a*a*a*a*b", "*a*a*a*a*a*a*a*a*a*a*b*", "*a?a?a?b*", "\(String(repeating: "a", count: 900))b",
            "*\(String(repeating: "a", count: 900))b*c", "*\(String(repeating: "a?", count: 30))b*", "ab", "ba",
            "\(String(repeating: "é", count: 300))b", "b\(String(repeating: "a", count: 900))",
        ])
    func linear(pattern: String) throws {
        for letter in ["a", "A", "é", "ab", "aé"] {
            let bytes = Array(String(repeating: letter, count: 20_000).utf8)
            let matcher = try #require(PatternMatcher(within: pieces(pattern)))
            var steps = 0
            _ = bytes.withUnsafeBytes { matcher.matches($0, steps: &steps) }
            #expect(steps <= 8 * bytes.count + 2_000, "\(pattern): \(steps) for \(bytes.count)")
        }
    }

    @Test("with a ? between two * may contain 64 characters there")
    func tooManyCharacters() {
        #expect(filterError("object:*\(String(repeating: "a?", count: 32))*") == nil)
        #expect(filterError("object:*\(String(repeating: "a?", count: 33))*")?.range == 7..<75)
        #expect(filterError("object:\(String(repeating: "a?", count: 500))*") == nil)
    }

    @Test("match letters in both cases")
    func everyLetter() throws {
        for value in stride(from: UInt32(0x80), to: 0x1_F000, by: 1) {
            guard let scalar = Unicode.Scalar(value), scalar.properties.changesWhenLowercased else { continue }
            let lower = lower(scalar)
            guard lower != scalar else { continue }
            let matcher = try #require(PatternMatcher(within: [.character(lower.value)]))
            #expect(Array(String(scalar).utf8).withUnsafeBytes(matcher.matches), "\(scalar) as \(lower)")
        }
    }
}
