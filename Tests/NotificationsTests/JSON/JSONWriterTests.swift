import Foundation
import Notifications
import TestSupport
import Testing

@Suite struct JSONWriterTests {
    private func written(_ text: String?) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func compacted(_ json: String) -> String {
        var writer = JSONWriter()
        writer.compact(json.utf8)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("", #""""#), ("cat.jpg", #""cat.jpg""#), (#"a"b\c/d"#, #""a\"b\\c/d""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{0}\u{1}\u{1b}\u{1f}", #""\u0000\u0001\u001b\u001f""#), ("\u{7f}", #""\u007f""#),
            ("\u{80}\u{9b}\u{9f}", #""\u0080\u009b\u009f""#), ("\u{202e}gpj\u{2066}", #""\u202egpj\u2066""#),
            ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("\u{200b}\u{feff}", #""\u200b\ufeff""#),
            ("\u{e0001}", #""\udb40\udc01""#), ("é日😀", #""é日😀""#),
        ])
    func writesAString(text: String, json: String) {
        #expect(written(text) == json)
    }

    @Test func writesNullForNone() {
        #expect(written(nil) == "null")
    }

    @Test func writesTheOtherValues() {
        var writer = JSONWriter()
        writer.syntax("[")
        writer.integer(Int64.min)
        writer.syntax(",")
        writer.boolean(true)
        writer.syntax(",")
        writer.boolean(false)
        writer.syntax("]")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[-9223372036854775808,true,false]")
    }

    @Test func everyScalarReadsBackTheSameAndNoneCanControlATerminal() throws {
        // Those of the other planes are private, or not assigned.
        for plane in LongTests.areWanted ? Array(0...16) : [0, 1, 14] {
            var text = ""
            for code in UInt32(plane) << 16..<UInt32(plane + 1) << 16 {
                if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
            }
            let json = written(text)
            let read = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? String
            #expect(read.map { Array($0.utf8) } == Array(text.utf8), "plane \(plane)")
            #expect(FieldValue(json: Array(json.utf8)).string.map { Array($0.utf8) } == Array(text.utf8))
            let controls = json.unicodeScalars.filter {
                $0.properties.generalCategory == .control || $0.properties.isBidiControl
                    || $0.properties.generalCategory == .lineSeparator
            }
            #expect(controls.isEmpty, "plane \(plane)")
        }
    }

    @Test(
        arguments: [
            (" { \"a\" : [ 1 , 2 ] }\n", #"{"a":[1,2]}"#), (#"" a : b ""#, #"" a : b ""#),
            (#"{"a":"\" , \\","b":1}"#, #"{"a":"\" , \\","b":1}"#), (#"[ "\\" , "x" ]"#, #"["\\","x"]"#),
            ("\"\u{9b}2J\u{202e}\u{7f}\"", #""\u009b2J\u202e\u007f""#),
            (#"["\u001b","\u0041"]"#, #"["\u001b","\u0041"]"#),
            (
                "[ 1.50E+03 , -0 , 123456789012345678901234567890 , 0.10 ]",
                "[1.50E+03,-0,123456789012345678901234567890,0.10]"
            ),
            ("\t1\r\n", "1"), ("\"é日😀\u{e0001}\"", #""é日😀\udb40\udc01""#),
        ])
    func makesCompactAndKeepsEveryValue(json: String, compact: String) {
        #expect(compacted(json) == compact)
    }

    @Test(arguments: SignatureVectors.all.cases.filter { $0.statusWithoutSecret == 200 })
    func compactTextMeansTheSame(vector: SignatureVector) throws {
        let compact = compacted(String(decoding: vector.body, as: UTF8.self))
        let one = try JSONSerialization.jsonObject(with: Data(vector.body), options: .fragmentsAllowed) as? NSObject
        let other = try JSONSerialization.jsonObject(with: Data(compact.utf8), options: .fragmentsAllowed) as? NSObject
        #expect(one == other)
        #expect(!compact.contains("\n"))
    }
}
