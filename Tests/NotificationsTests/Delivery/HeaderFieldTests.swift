import Notifications
import TestSupport
import Testing

@Suite struct HeaderFieldTests {
    @Test(
        arguments: [
            [], [HeaderField("Host", "a")], [HeaderField("", "")],
            [HeaderField("X", "1"), HeaderField("x", "2"), HeaderField("X", "1")],
            [HeaderField("Quote", "\"\\/\u{8}\n\r\t"), HeaderField("C1", "\u{9b}\u{7f}\u{202e}\u{0}")],
            [HeaderField("Bytes", bytes: [0x61, 0xE9, 0xFF, 0x22]), HeaderField("X", "1")],
            [HeaderField("Text", "é日😀\u{FFFD}\u{e0001}"), HeaderField("JSON", #"[["a","b"]]"#)],
        ] as [[HeaderField]])
    func readsBackWhatItWrote(fields: [HeaderField]) throws {
        let json = HeaderField.json(fields)
        #expect(try HeaderField.fields(fromJSON: json) == fields)
        // Swift's strings are equal where they only look the same.
        let read = try HeaderField.fields(fromJSON: json)
        #expect(read.map { Array($0.value.utf8) } == fields.map { Array($0.value.utf8) })
    }

    @Test func writesPairsInOrder() {
        #expect(HeaderField.json([HeaderField("B", "2"), HeaderField("a", "1")]) == #"[["B","2"],["a","1"]]"#)
        #expect(HeaderField.json([]) == "[]")
        #expect(
            HeaderField.json([HeaderField("B", bytes: [0x61, 0xE9])]) == "[[\"B\",\"a\u{FFFD}\",[97,233]]]")
    }

    @Test(arguments: [
        "", "{}", "[", #"["a","b"]"#, #"[["a"]]"#, #"[["a","b","c"]]"#, #"[["a","b",[256]]]"#,
        #"[["a","b",[1],[2],"c"]]"#, #"[["a",1]]"#, "[[]]", "[] x",
    ])
    func refusesAnythingElse(json: String) {
        #expect(throws: JSONError.self) { try HeaderField.fields(fromJSON: json) }
    }

    @Test func aReplacedByteIsMarked() {
        #expect(HeaderField("X", "a\u{FFFD}b").isAltered)
        #expect(!HeaderField("X", "aé").isAltered)
        let kept = HeaderField("X", bytes: [0x61, 0xE9])
        #expect(kept.value == "a\u{FFFD}")
        #expect(kept.isAltered && !kept.hasLostBytes)
        #expect(HeaderField("X", bytes: Array("aé".utf8)) == HeaderField("X", "aé"))
    }

    @Test func aDeliveryGivesTheValuesOfANameInOrder() {
        let delivery = Delivery.sample(headers: [
            HeaderField("X-A", "1"), HeaderField("x-b", "2"), HeaderField("x-a", "3"), HeaderField("X-AB", "4"),
        ])
        #expect(delivery.values(of: "x-A") == ["1", "3"])
        #expect(delivery.values(of: "X_A").isEmpty)
        #expect(delivery.values(of: "").isEmpty)
    }

    @Test func aDeliveryIsCutWhereMoreWasReceivedThanKept() {
        #expect(!Delivery.sample().isCut)
        var cut = Delivery.sample()
        cut.bodyLength = 5_000
        #expect(cut.isCut)
    }
}
