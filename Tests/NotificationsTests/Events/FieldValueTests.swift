import Notifications
import Testing

@Suite struct FieldValueTests {
    @Test(
        arguments: [
            (.absent, ""), (.null, ""), (.string(""), ""), (.string("a"), "a"), (.integer(0), "0"),
            (.integer(-5), "-5"), (.other(json: "[1]"), "[1]"),
        ] as [(FieldValue, String)])
    func isText(value: FieldValue, text: String) {
        #expect(value.text == text)
        #expect(value.isEmpty == text.isEmpty)
    }

    @Test func givesItsStringAndItsInteger() {
        #expect(FieldValue.string("a").string == "a")
        #expect(FieldValue.integer(5).integer == 5)
        #expect(FieldValue.integer(5).string == nil)
        #expect(FieldValue.string("5").integer == nil)
        #expect(FieldValue.other(json: "5.0").integer == nil)
        #expect(FieldValue.null.string == nil)
    }
}
