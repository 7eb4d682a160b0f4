import Testing

@testable import Actions

@Suite("The text of an SMS")
struct SMSTextTests {
    @Test(
        "goes in so many segments",
        arguments: [
            ("", 1, true), (String(repeating: "a", count: 160), 1, true), (String(repeating: "a", count: 161), 2, true),
            (String(repeating: "a", count: 306), 2, true), (String(repeating: "a", count: 307), 3, true),
            // Two places each, never divided: 76 of them in a segment of 153.
            (String(repeating: "€", count: 80), 1, true), (String(repeating: "€", count: 81), 2, true),
            (String(repeating: "€", count: 152), 2, true), (String(repeating: "€", count: 153), 3, true),
            ("[a]{b}^\\~|\n\rÄöñü¿ßΩ", 1, true),
            ("ç", 1, false), ("`", 1, false), (String(repeating: "я", count: 70), 1, false),
            (String(repeating: "я", count: 71), 2, false), (String(repeating: "я", count: 134), 2, false),
            (String(repeating: "я", count: 135), 3, false),
            // Two units each, never divided: 33 of them in a segment of 67.
            (String(repeating: "😀", count: 35), 1, false), (String(repeating: "😀", count: 36), 2, false),
            (String(repeating: "😀", count: 66), 2, false), (String(repeating: "😀", count: 67), 3, false),
            (String(repeating: "a", count: 69) + "я", 1, false), (String(repeating: "a", count: 70) + "я", 2, false),
        ])
    func segments(text: String, segments: Int, isGSM: Bool) {
        let sms = SMSText(text)
        #expect(sms.segments == segments)
        #expect(sms.encoding == (isGSM ? .gsm7 : .ucs2))
    }

    @Test("is cut to the segments that are allowed, and says so")
    func cutting() {
        let long = SMSText(String(repeating: "a", count: 200), atMost: 1)
        #expect(long.text == String(repeating: "a", count: 157) + "..." && long.segments == 1)
        let russian = SMSText(String(repeating: "я", count: 200), atMost: 1)
        #expect(russian.text == String(repeating: "я", count: 69) + "…" && russian.segments == 1)
        let two = SMSText(String(repeating: "a", count: 400), atMost: 2)
        #expect(two.text.count == 306 && two.segments == 2)
        // What forced the other alphabet is cut away with the end.
        let mixed = SMSText(String(repeating: "a", count: 180) + "я", atMost: 1)
        #expect(mixed.encoding == .gsm7 && mixed.text.count == 160)
        #expect(SMSText("short", atMost: 1).text == "short")
        let most = SMSText(String(repeating: "a", count: 100_000), atMost: 20)
        #expect(most.text.utf16.count == 1_600)
    }

    @Test("is told in words")
    func words() {
        #expect(SMSText("a").summary == "1 character, GSM-7, 1 segment")
        #expect(SMSText(String(repeating: "я", count: 71)).summary == "71 characters, UCS-2, 2 segments")
    }
}
