import Testing
import TestSupport

@testable import History

@Suite("Regular expressions")
struct RegexTests {
    private func program(_ pattern: String, ignoresCase: Bool = false, stepLimit: Int = 1_000_000) throws
        -> RegexProgram
    {
        try RegexProgram(
            try RegexParser.parse(Array(pattern.unicodeScalars)[...]), ignoresCase: ignoresCase, stepLimit: stepLimit)
    }

    private func finds(_ pattern: String, in text: String, ignoresCase: Bool = false) throws -> Bool {
        let matcher = PatternMatcher.regular(try program(pattern, ignoresCase: ignoresCase))
        return Array(text.utf8).withUnsafeBytes(matcher.matches)
    }

    @Test(
        "find",
        arguments: [
            ("", ""), ("", "x"), ("a", "cat"), ("^cat$", "cat"), ("c.t", "c猫t"), ("[a-c]+", "xbx"), ("[^a]", "é"),
            ("[]a]", "]"), ("[a-]", "-"), ("[\\d-]", "-"), ("\\d{4}", "ab2026"), ("(ab|cd)*e", "e"),
            ("^(ab|cd)+$", "abcdab"),
            ("a{2,}", "caat"), ("^a{0,2}$", "aa"), ("^a{2}$", "aa"), ("(a*)*b", "aaab"), ("(|a)+$", ""), ("\\.", "a.b"),
            ("\\s", "a\tb"), ("\\W", "-"), ("\\/", "/"), ("a|", "x"), ("x??y", "y"), ("(?:a)", "a"), ("^$", ""),
            ("[\\W\\d]", "5"),
            ("$", "a"), ("[é-ü]", "ö"), ("\u{1F408}+", "🐈🐈"), ("[\\S]", "é"), ("a{3}|b", "b"),
        ])
    func find(pattern: String, text: String) throws {
        #expect(try finds(pattern, in: text))
    }

    @Test(
        "do not match",
        arguments: [
            ("a", ""), ("^cat$", "cats"), ("c.t", "c\nt"), ("[^a]", "a"), ("\\d{4}", "202"), ("^(ab|cd)+$", "abc"),
            ("^a{0,2}$", "aaa"), ("^a{2}$", "a"), ("a^b", "ab"), ("b$a", "ba"), ("\\w", "é-"), ("[a\\-z]", "b"),
            ("CAT", "cat"),
        ])
    func notFind(pattern: String, text: String) throws {
        #expect(try !finds(pattern, in: text))
    }

    @Test("ignore case on request")
    func anyCase() throws {
        for (pattern, text) in [
            ("cat", "CAT"), ("CAT", "cat"), ("[a-c]", "B"), ("[A-C]", "b"), ("é", "É"), ("[É]", "é"),
        ] {
            #expect(try finds(pattern, in: text, ignoresCase: true), "\(pattern)")
            #expect(try !finds(pattern, in: text), "\(pattern)")
        }
        #expect(try !finds("[^a]", in: "A", ignoresCase: true))
    }

    /// Compares with Swift's own expressions, in the syntax that both have.
    @Test("agree with Swift's for random expressions")
    func random() throws {
        var generator = SeededGenerator(seed: 4)
        let atoms = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "(a|)", "\\w", "^", "$"]
        let repeats = ["", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}"]
        for _ in 0..<1_500 {
            var pattern = ""
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let atom = atoms.randomElement(using: &generator) ?? "a"
                let isAnchor = atom == "^" || atom == "$"
                pattern += atom + (isAnchor ? "" : repeats.randomElement(using: &generator) ?? "")
                if Int.random(in: 0..<8, using: &generator) == 0 { pattern += "|" }
            }
            let regex = try Regex(pattern)
            for _ in 0..<4 {
                let text = String(
                    (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                        "abc".randomElement(using: &generator) ?? "a"
                    })
                #expect(try finds(pattern, in: text) == (text.firstMatch(of: regex) != nil), "\(pattern) in \(text)")
            }
        }
    }

    @Test(
        "need time proportional to the text",
        arguments: ["(a*)*b", "(a|a)*b", "(a+)+$x", "a?a?a?a?aaaab", "(.*)(.*)(.*)x"])
    func linear(pattern: String) throws {
        let program = try program(pattern)
        let bytes = Array(String(repeating: "a", count: 5_000).utf8)
        var steps = 0
        #expect(!bytes.withUnsafeBytes { PatternMatcher.regular(program).matches($0, steps: &steps) })
        #expect(steps <= 2 * (program.instructions.count + 1) * (bytes.count + 1))
    }

    @Test("contain any characters in brackets, in any order, also overlapping")
    func brackets() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let ranges = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                let low = UInt32.random(in: 0x61...0x7A, using: &generator)
                return low...UInt32.random(in: low...0x7A, using: &generator)
            }
            let set = RegexSet(ranges: ranges, isNegated: Bool.random(using: &generator))
            for unit in UInt32(0x60)...0x7B {
                let isIn = ranges.contains { $0.contains(unit) } != set.isNegated
                #expect(set.inOrder.contains(unit, ignoresCase: false) == isIn, "\(ranges) \(unit)")
            }
        }
    }

    @Test("sort the characters in brackets, for a fast search")
    func manyInBrackets() throws {
        let node = try RegexParser.parse(Array("[zyxa-cbm\\dw\\W]".unicodeScalars)[...])
        guard case .set(let set) = node else {
            Issue.record("no set")
            return
        }
        #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    }

    @Test("end at the limit of steps")
    func limited() throws {
        let bytes = Array((String(repeating: "a", count: 5_000) + "b").utf8)
        var steps = 0
        let program = try program("(a|a)*b", stepLimit: 1_000)
        #expect(!bytes.withUnsafeBytes { PatternMatcher.regular(program).matches($0, steps: &steps) })
        #expect(steps < 1_100)
        #expect(try finds("(a|a)*b", in: String(decoding: bytes, as: UTF8.self)))
    }

    @Test("are read or refused, whatever the text")
    func fuzz() {
        var generator = SeededGenerator(seed: 5)
        let signs = Array("ab()[]{}|*+?.^$\\dw-,12:é".unicodeScalars)
        for _ in 0..<5_000 {
            let scalars = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                signs.randomElement(using: &generator) ?? "a"
            }
            do {
                let node = try RegexParser.parse(scalars[...])
                let matcher = PatternMatcher.regular(try RegexProgram(node, ignoresCase: true))
                _ = Array("aabb12é".utf8).withUnsafeBytes(matcher.matches)
            } catch let fault as FilterFault {
                #expect(fault.range.lowerBound >= 0 && fault.range.upperBound <= scalars.count + 1)
            } catch {
                #expect(error is RegexProgram.RegexTooLarge)
            }
        }
    }
}
