import Notifications
import TestSupport
import Testing

@Suite struct PrettyJSONTests {
    private func text(_ pretty: PrettyJSON) -> String {
        pretty.lines
            .map { String(repeating: "  ", count: $0.level) + $0.tokens.map(\.text).joined() }
            .joined(separator: "\n")
    }

    private func laidOut(_ json: String) throws -> String { text(try PrettyJSON(Array(json.utf8))) }

    @Test func laysABodyOutAsB2SendsIt() throws {
        let body = SampleBody.notification([SampleEvent(), .test()])
        #expect(text(try PrettyJSON(body)) == String(decoding: body, as: UTF8.self))
    }

    @Test(
        arguments: [
            ("1", "1"), (#" "a" "#, #""a""#), ("[]", "[]"), ("{ }", "{}"), ("[ [ ] , { } ]", "[\n  [],\n  {}\n]"),
            (
                #"{"a":[1,{"b":null}],"c":true}"#,
                "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": true\n}"
            ),
            (#"["a:b","{","[,]"]"#, "[\n  \"a:b\",\n  \"{\",\n  \"[,]\"\n]"),
        ])
    func laysOut(json: String, pretty: String) throws {
        #expect(try laidOut(json) == pretty)
    }

    @Test func everyTokenIsKeptAsReceived() throws {
        let json = #"{"a\u0062" : [ 1.50E+03 , -0 , "\u00e9é\/" , 12345678901234567890 ] , "a\u0062" : false }"#
        let tokens = try PrettyJSON(Array(json.utf8)).lines.flatMap(\.tokens)
        #expect(
            tokens.filter { $0.kind != .punctuation }.map(\.text) == [
                #""a\u0062""#, "1.50E+03", "-0", #""\u00e9é\/""#, "12345678901234567890", #""a\u0062""#, "false",
            ])
        #expect(
            tokens.filter { $0.kind != .punctuation }.map(\.kind)
                == [.name, .number, .number, .string, .number, .name, .word])
    }

    @Test(arguments: SignatureVectors.all.cases.filter { $0.statusWithoutSecret == 200 })
    func theTokensTogetherAreTheCompactText(vector: SignatureVector) throws {
        let tokens = try PrettyJSON(vector.body).lines.flatMap(\.tokens)
        let joined = tokens.map { $0.text == ": " ? ":" : $0.text }.joined()
        var fromTokens = JSONWriter()
        fromTokens.compact(joined.utf8)
        var fromBody = JSONWriter()
        fromBody.compact(vector.body)
        #expect(fromTokens.bytes == fromBody.bytes)
    }

    @Test(arguments: ["", "{", "[1,]", "\u{FEFF}{}"])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try PrettyJSON(Array(text.utf8)) }
    }
}

// MARK: - Folds

@Suite struct PrettyJSONFoldTests {
    private let body = Array(#"{"a":{"b":[1,2,3],"c":{"d":null}},"e":[],"f":"x"}"#.utf8)

    @Test func theContainersAreFoundInTheOrderInWhichTheyOpen() throws {
        let folds = try PrettyJSON(body).folds
        #expect(folds.map(\.lines) == [0...13, 1...10, 2...6, 7...9])
        #expect(folds.map(\.count) == [3, 2, 3, 1])
        #expect(folds.map(\.isObject) == [true, true, false, true])
    }

    @Test func everyLineKnowsTheValueThatBeginsOnIt() throws {
        let values = try PrettyJSON(body).lines.map { String(decoding: body[$0.value], as: UTF8.self) }
        #expect(
            values == [
                String(decoding: body, as: UTF8.self), #"{"b":[1,2,3],"c":{"d":null}}"#, "[1,2,3]", "1", "2", "3", "",
                #"{"d":null}"#, "null", "", "", "[]", #""x""#, "",
            ])
    }
}
