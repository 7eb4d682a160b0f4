import Notifications
import TestSupport
import Testing

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
        #expect(output.isEmpty && output.array.isEmpty)
        // What two have is not changed for both.
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
