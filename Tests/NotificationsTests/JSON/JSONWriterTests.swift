import Base
import Foundation
import Notifications
import Testing
import TestSupport

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
        // Characters of the other planes are private, or not assigned.
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

// MARK: - Output

@Suite struct OutputBytesTests {
    @Test(arguments: [Int64.min, -10, -1, 0, 1, 9, 10, 99, 100, 999_999_999_999, .max - 1, .max])
    func writesNumbersAsTheStandardLibraryDoes(number: Int64) {
        var output = OutputBytes()
        output.append(integer: number)
        #expect(String(decoding: output.array, as: UTF8.self) == String(number))
    }

    @Test(arguments: [0, -1, 1_767_262_272_345, -62_167_219_200_000, 253_402_300_799_999, .min, .max, 951_782_400_000])
    func writesMomentsAsTimestampsAreWritten(milliseconds: Int64) {
        let moment = Timestamp(milliseconds: milliseconds)
        var output = OutputBytes()
        output.append(moment)
        #expect(String(decoding: output.array, as: UTF8.self) == moment.rfc3339)
    }

    @Test func aMomentIsWrittenByItsParts() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let moment = Timestamp(
                milliseconds: Int64.random(in: -62_167_219_200_000..<253_402_300_800_000, using: &random))
            let time = CalendarTime(moment, secondsFromUTC: 0)
            #expect(time.map { "\($0.date)T\($0.timeOfDay).\($0.fraction)Z" } == moment.rfc3339)
        }
    }

    @Test func growsCutsAndBeginsAgain() {
        var output = OutputBytes()
        var expected: [UInt8] = []
        var random = SeededGenerator(seed: 5)
        for round in 0..<500 {
            switch random.next() % 6 {
            case 0:
                output.append(UInt8(truncatingIfNeeded: round))
                expected.append(UInt8(truncatingIfNeeded: round))
            case 1:
                output.append(0x20, times: round % 300)
                expected += Array(repeating: 0x20, count: round % 300)
            case 2:
                output.append("é日 \(round)" as String)
                expected += Array("é日 \(round)".utf8)
            case 3:
                output.append([UInt8](repeating: 7, count: round))
                expected += [UInt8](repeating: 7, count: round)
            case 4:
                let length = Int(random.next() % UInt64(expected.count + 3))
                output.cut(to: length)
                expected = Array(expected.prefix(length))
            default:
                output.append(integer: Int64(round))
                expected += Array(String(round).utf8)
            }
            #expect(output.count == expected.count)
            #expect(output.array == expected)
        }
        output.removeAll()
        #expect(output.count == 0 && output.array.isEmpty)
        // A change of one copy does not change the other.
        output.append(1)
        var other = output
        other.append(2)
        #expect(output.array == [1])
        #expect(other.array == [1, 2])
    }

    @Test(arguments: [
        "[]", #"[["A","b"]]"#, #" [ [ "A" , "" ] , [ "a\"\\\/\u0041\ud83d\ude00","é\n" ] ] "#,
        "[[\"x\u{9b}\",\"\u{202e}\"]]",
    ])
    func headerFieldsAreWrittenFromTheirRecordAsFromTheirStrings(json: String) throws {
        var one = JSONWriter()
        one.headers(try HeaderField.fields(fromJSON: json))
        var other = JSONWriter()
        try Array(json.utf8).withUnsafeBytes { try other.headers(recorded: $0) }
        #expect(one.bytes == other.bytes)
    }

    @Test(arguments: ["", "{}", #"[["a"]]"#, #"[["a","b","c"]]"#, #"[["a",1]]"#, "[[]]", "[] x"])
    func whatIsNoRecordOfHeaderFieldsIsRefused(json: String) {
        #expect(throws: JSONError.self) { try HeaderField.fields(fromJSON: json) }
        #expect(throws: JSONError.self) {
            var writer = JSONWriter()
            try Array(json.utf8).withUnsafeBytes { try writer.headers(recorded: $0) }
        }
    }

    @Test func bytesThatAreNotUTF8AreNoString() {
        for text in [[0xFF], [0x61, 0xC3], Array(repeating: 0x61, count: 3_000) + [0xED, 0xA0, 0x80]] as [[UInt8]] {
            var writer = JSONWriter()
            writer.syntax("x")
            #expect(!text.withUnsafeBytes { writer.string(utf8: $0) })
            #expect(writer.bytes == Array("x".utf8))
        }
    }

    @Test func aLongStringIsWrittenAsAShortOne() {
        // Characters of each length lie across the pieces in which it is copied.
        for offset in 0..<5 {
            let text =
                String(repeating: "a", count: 1_020 + offset) + "é日😀\u{1b}\u{e0001}\""
                + String(repeating: "b", count: 2_000)
            var writer = JSONWriter()
            writer.string(text)
            let expected =
                "\"" + String(repeating: "a", count: 1_020 + offset) + #"é日😀\u001b\udb40\udc01\""#
                + String(repeating: "b", count: 2_000) + "\""
            #expect(writer.bytes == Array(expected.utf8))
        }
    }
}
