import SafeText
import Testing

@Suite struct ASCIITests {
    @Test(arguments: [
        ("plain", "plain"), ("✓ ✗ – … • ─│▌ → ●", "+ x - ~ * -|| ~ o"), ("é", #"\u{e9}"#), ("日", #"\u{65e5}"#),
        ("\u{1b}é", #"\x1b\u{e9}"#),
    ])
    func givesStandIns(text: String, ascii: String) {
        #expect(SafeText(text).inASCII() == ascii)
    }

    @Test func standsInWithASCIIOnly() {
        for scalar in "✓✗–…▌─│▲▼•→●○×▸›‹◂↑↓▁▂▃▄▅▆▇█░▒▓".unicodeScalars {
            #expect(SafeText.asciiStandIn(for: scalar)?.isASCII == true)
        }
        #expect(SafeText.asciiStandIn(for: "日") == nil)
    }

    /// `<` and `>` are keys: no symbol becomes one of them.
    @Test func standsInWithNoKey() {
        for value in UInt32(0xa0)...0xffff {
            guard let scalar = Unicode.Scalar(value), let standIn = SafeText.asciiStandIn(for: scalar) else { continue }
            #expect(standIn != "<" && standIn != ">", "\(scalar)")
        }
    }

    /// The words of the verdicts have glyphs of their own; in ASCII they must still differ.
    @Test func keepsTheVerdictsApart() {
        let glyphs = "✓✗–!v?".unicodeScalars.compactMap(SafeText.asciiStandIn(for:))
        #expect(Set(glyphs).count == 6)
    }
}
