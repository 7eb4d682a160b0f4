import Foundation
import TestSupport
import Testing

@testable import Notifications

// MARK: - Acceptance

/// Valid and invalid JSON, in the spirit of JSONTestSuite (Nicolas Seriot: Parsing JSON is a minefield).
@Suite struct JSONAcceptanceTests {
    private func isJSON(_ text: String) -> Bool { Payload(scanning: Array(text.utf8)).isJSON }

    /// The places of a value: alone, in arrays and objects, and where events and their fields are read.
    static let places: [(before: String, after: String)] = [
        ("", ""), (" \t\r\n", " \t\r\n"), ("[", "]"), ("[1,", ",2]"), (#"{"a":"#, "}"), (#"{"a":[{"b":"#, "}]}"),
        (#"{"events":"#, "}"), (#"{"events":["#, "]}"), (#"{"events":[{"eventId":"#, "}]}"),
        (#"{"events":[{"other":"#, #","eventId":"x"}]}"#), (#"{"events":[{"objectName":["#, "]}]}"),
    ]

    @Test(arguments: [
        "null", "true", "false", "{}", "[]", "[ ]", "{ }", #""""#, "[[]]", "[[],{}]", #"{"a":{},"b":[]}"#,
        // Numbers.
        "0", "-0", "1", "-1", "10", "1234567890", "0.0", "-0.1", "1.5", "1e0", "1E5", "1e+5", "1e-5", "0e0", "0E+01",
        "1.5e300", "123456789012345678901234567890", "1e400", "-1e-400", "0.00000000000000000000000000001",
        "9223372036854775807", "9223372036854775808",
        // Strings.
        #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\u65E5""#, #""\ud83d\udc08""#, #""é日😀""#, "\"\u{7f}\"",
        "\"\u{2028}\u{2029}\u{FFFF}\u{10FFFF}\"", #""\u0000""#, #""\\""#, #""\\\"""#,
        // Surrogates without their other half are in the grammar (RFC 8259, 8.2).
        #""\ud83d""#, #""\udc08""#, #""\udc08\ud83d""#, #""\ud83dx""#, #""\uD83D\u0041""#,
        // Members that appear twice, empty names.
        #"{"a":1,"a":2}"#, #"{"":0}"#, #"{"a" : 1 , "b" : [ 1 , 2 ] }"#,
    ])
    func accepts(text: String) {
        for place in Self.places {
            #expect(isJSON(place.before + text + place.after), "\(place.before)…\(place.after)")
        }
    }

    @Test(arguments: [
        "n", "nul", "nulll", "Null", "NULL", "True", "tru", "undefined", "NaN", "Infinity", "-Infinity", "nan",
        // Numbers.
        "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1E-", "1ee5", "1.5.5", "0x10", "1_000",
        "1 2", "- 1", "0e", "1e5.5", "１", "--1", "1a", "0b1",
        // Strings.
        "\"", "\"a", "'a'", #""\""#, #""\x41""#, #""\u""#, #""\u004""#, #""\u004g""#, #""\u{41}""#, #""\U0041""#,
        #""\a""#, #""\0""#, #""\'""#, "\"\\\n\"", "\"a\nb\"", "\"\u{0}\"", "\"\u{1}\"", "\"\t\"", "\"\u{1f}\"",
        #""a"b"#, #""a" "b""#, #""\é""#, #""\u12 4""#,
        // Arrays.
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[}", "[\"a\"", "[1]]", "[[]",
        // Objects.
        "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":1,"#, #"{"a":1,}"#, #"{,}"#, #"{,"a":1}"#,
        #"{"a":1 "b":2}"#, #"{"a" 1}"#, #"{"a"::1}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, #"{"a":1]"#, #"{"a":1}}"#,
        #"{"a":1,,"b":2}"#, #"{null:1}"#, #"{"a",1}"#,
        // Comments, other white space, things behind the end.
        "/**/1", "1//", "#", "1 /* */", "\u{A0}1", "1\u{A0}", "\u{B}1", "\u{C}1", "\u{0}", "1\u{0}", "\u{2028}1",
        "\u{FEFF}1", "{}{}", "[][]", "1;", "{}x", "\u{1}",
    ])
    func refuses(text: String) {
        for place in Self.places {
            #expect(!isJSON(place.before + text + place.after), "\(place.before)…\(place.after)")
        }
    }

    @Test(arguments: ["", " ", "\n", "\t\r\n "])
    func refusesNothingAtAll(text: String) {
        #expect(!isJSON(text))
        #expect(!isJSON(#"{"a":\#(text)}"#))
        #expect(!isJSON(#"[1,\#(text)]"#))
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xDF], [0xE0, 0x80, 0xAF],
            [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE6, 0x97], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF],
            [0xF0, 0x80, 0x80, 0xAF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x90], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0x61, 0xFF, 0x62],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(bytes: [UInt8]) {
        for place in Self.places {
            let quoted = Array("\(place.before)\"".utf8) + bytes + Array("\"\(place.after)".utf8)
            #expect(!Payload(scanning: quoted).isJSON)
            let bare = Array(place.before.utf8) + bytes + Array(place.after.utf8)
            #expect(!Payload(scanning: bare).isJSON)
            let name = Array("{\"".utf8) + bytes + Array("\":1}".utf8)
            #expect(!Payload(scanning: name).isJSON)
        }
        #expect(!Payload(scanning: Array("\"".utf8) + bytes).isJSON)
    }

    @Test(
        arguments: [
            [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
            [0xEF, 0xBB, 0xBF], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ] as [[UInt8]])
    func acceptsTheEdgesOfUTF8(bytes: [UInt8]) {
        #expect(Payload(scanning: [0x22] + bytes + [0x22]).isJSON)
    }

    @Test(arguments: ["utf-16", "utf-16 with its mark"])
    func refusesOtherEncodings(name: String) {
        let units = Array(#"{"events":[]}"#.utf16)
        let mark: [UInt16] = name == "utf-16" ? [] : [0xFEFF]
        #expect(!Payload(scanning: (mark + units).flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }).isJSON)
        #expect(!Payload(scanning: (mark + units).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }).isJSON)
    }

    @Test func everyPrefixOfAnObjectIsRefused() {
        let text = Array(#"{"events":[{"eventId":"\u00e9é","n":-1.5e+3,"x":[true,null,{}]}, 1 ]}"#.utf8)
        #expect(Payload(scanning: text).isJSON)
        for length in 0..<text.count {
            guard case .notJSON(let error) = Payload(scanning: Array(text.prefix(length))) else {
                Issue.record("accepted the first \(length) bytes")
                continue
            }
            #expect(error.offset <= length)
        }
    }

    @Test(
        arguments: [
            ("", "the text ends after byte 0 where a value was expected"),
            (#"{"a" 1}"#, "expected a colon at byte 6"),
            (#"{"a":1"#, "the text ends after byte 6 where a comma or } was expected"),
            ("[1,]", "expected a value at byte 4"),
            ("[1] x", "expected the end of the text at byte 5"),
            ("\"a\nb\"", "an unescaped control character in a string at byte 3"),
            ("\u{FEFF}{}", "a byte-order mark at the start"),
            ("-", "the text ends after byte 1 where a digit was expected"),
        ])
    func saysWhatIsWrongAndWhere(text: String, message: String) {
        guard case .notJSON(let error) = Payload(scanning: Array(text.utf8)) else {
            Issue.record("accepted")
            return
        }
        #expect(error.description == message)
    }
}

// MARK: - Depth

/// Nesting is accepted up to 512 levels, at any place.
@Suite struct JSONDepthTests {
    enum Kind: CaseIterable { case arrays, objects, mixture }

    /// Returns this number of nested arrays and objects.
    private func nested(_ depth: Int, _ kind: Kind, around inner: String = "") -> String {
        var before = ""
        var after = ""
        for level in 0..<depth {
            let isLast = level == depth - 1
            if kind == .arrays || (kind == .mixture && level.isMultiple(of: 3)) {
                before += "["
                after = "]" + after
            } else {
                before += isLast && inner.isEmpty ? "{" : #"{"a":"#
                after = "}" + after
            }
        }
        return before + inner + after
    }

    private func isJSON(_ text: String) -> Bool { Payload(scanning: Array(text.utf8)).isJSON }

    /// The text around the nesting, and its own number of levels.
    static let places: [(before: String, after: String, levels: Int)] = [
        ("", "", 0), ("[1,", "]", 1), (#"{"other":"#, "}", 1), (#"{"events":"#, "}", 1), (#"{"events":["#, "]}", 2),
        (#"{"events":[1,"#, ",1]}", 2), (#"{"events":[{"eventId":"#, "}]}", 3), (#"{"events":[{"x":1,"y":"#, "}]}", 3),
    ]

    @Test(arguments: Kind.allCases, places.indices)
    func takes512LevelsAndNot513(kind: Kind, index: Int) {
        let place = Self.places[index]
        for inner in ["", "1", #""text""#] {
            let deepest = nested(512 - place.levels, kind, around: inner)
            let tooDeep = nested(513 - place.levels, kind, around: inner)
            #expect(isJSON(place.before + deepest + place.after))
            #expect(!isJSON(place.before + tooDeep + place.after))
        }
    }

    @Test func saysThatItIsTooDeep() {
        guard case .notJSON(let error) = Payload(scanning: Array(nested(513, .arrays).utf8)) else {
            Issue.record("accepted")
            return
        }
        #expect(error == JSONError(offset: 512, problem: .tooDeep))
    }

    @Test func widthIsNoDepth() {
        let wide = "[" + Array(repeating: nested(511, .mixture), count: 20).joined(separator: ",") + "]"
        #expect(isJSON(wide))
    }

    @Test(arguments: ["[", #"{"a":"#, #"{"events":["#, #"{"events":[{"a":"#])
    func aMegabyteOfOpeningsIsRefusedAtOnce(opening: String) {
        let text = String(repeating: opening, count: (1 << 20) / opening.utf8.count)
        #expect(!isJSON(text))
    }
}

// MARK: - Mutations

/// Bodies changed at random, compared with Foundation's parser.
///
/// Known differences, which the mutations below leave out or allow for:
/// - Foundation accepts a byte-order mark and UTF-16 and UTF-32, which RFC 8259 forbids to send: no zero bytes and no
///   marks are made here.
/// - Foundation accepts a comma after the last element or member, which the grammar does not have.
/// - Foundation refuses an escaped surrogate without its other half, which the grammar allows.
/// - Foundation refuses numbers that do not fit into a `Double`, which the grammar allows.
@Suite struct JSONMutationTests {
    private static let seeds: [[UInt8]] = [
        SampleBody.notification([SampleEvent(), .test(id: "test")]),
        Array(#"{"events":[{"eventId":"a\u00e9\n\"","n":-1.5e+3,"x":[true,false,null,{}]},1,"😀"],"":[0.5,[]]}"#.utf8),
        Array(#" [ 1 , -0 , 0.1e-2 , "\\\/\b\f\r\t" , { "a" : { "b" : [ ] } } ] "#.utf8),
    ]
    /// Bytes with a meaning in JSON, and some that break UTF-8.
    private static let bytes =
        Array(#"{}[]:,"\/0123456789+-.eEutrfalsn"#.utf8) + [0x20, 0x0A, 0x09, 0x1F, 0x7F, 0x80, 0xC3, 0xE6, 0xF0, 0xFF]

    private func mutate(_ body: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var body = body
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: 0..<max(1, body.count), using: &random)
            let byte = Self.bytes.randomElement(using: &random) ?? 0x20
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where !body.isEmpty: body.remove(at: index)
            case 1: body.insert(byte, at: min(index, body.count))
            case 2 where !body.isEmpty: body[index] = byte
            case 3 where !body.isEmpty: body.removeSubrange(index..<min(body.count, index + 8))
            default: body.insert(contentsOf: body.prefix(index).suffix(6), at: min(index, body.count))
            }
        }
        return body
    }

    /// Returns Foundation's result; nil for a known difference.
    private func foundation(_ body: [UInt8]) -> Bool? {
        let text = String(decoding: body, as: UTF8.self)
        if (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) != nil {
            return text.contains(/,\s*[\]}]/) ? nil : true
        }
        let mayDiffer = text.contains(/\\u[dD][89a-fA-F]/) || text.contains(/[0-9][eE]\+?[0-9]{3,}|[0-9]{300}/)
        return mayDiffer ? nil : false
    }

    @Test(arguments: 0..<3)
    func isJudgedAsFoundationDoes(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var accepted = 0
        var refused = 0
        for _ in 0..<6_000 {
            let body = mutate(Self.seeds[seed], &random)
            guard let expected = foundation(body) else { continue }
            expected ? (accepted += 1) : (refused += 1)
            #expect(Payload(scanning: body).isJSON == expected, "\(String(decoding: body, as: UTF8.self))")
        }
        // Both results are frequent, so that the comparison means something.
        #expect(accepted > 100)
        #expect(refused > 1_000)
    }

    @Test func whatIsAcceptedCanBeLaidOutAndMadeCompact() throws {
        var random = SeededGenerator(seed: 7)
        for seed in Self.seeds {
            for _ in 0..<500 {
                let body = mutate(seed, &random)
                guard Payload(scanning: body).isJSON else {
                    #expect(body.withUnsafeBytes { Payload.ranges(in: $0) }.isEmpty)
                    #expect(throws: JSONError.self) { try PrettyJSON(body) }
                    continue
                }
                let ranges = body.withUnsafeBytes { Payload.ranges(in: $0) }
                #expect(ranges == Payload(scanning: body).events.map(\.range))
                var compact = JSONWriter()
                compact.compact(body)
                #expect(Payload(scanning: compact.bytes).isJSON)
                _ = try PrettyJSON(body)
            }
        }
    }
}
