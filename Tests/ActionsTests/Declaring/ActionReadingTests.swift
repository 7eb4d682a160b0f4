import Settings
import Testing

@testable import Actions

@Suite("The settings of an action")
struct ActionReadingTests {
    private func entry(_ key: String, _ text: String, line: Int) -> ConfigurationNode.Entry {
        ConfigurationNode.Entry(
            key: Located(key, at: SourcePosition(line: line, column: 3)),
            value: ConfigurationNode(.scalar(text, isPlain: true), at: SourcePosition(line: line, column: 10)))
    }

    @Test("that nobody has taken are refused with their line")
    func unknown() {
        let node = ConfigurationNode(
            .map([entry("file", "a.csv", line: 4), entry("fiel", "b.csv", line: 5)]),
            at: SourcePosition(line: 3, column: 3))
        var reading = ActionReading(name: "rows", node, folder: "/etc/b2watch", home: nil)
        #expect(reading.path("file", expected: "a path")?.value == "/etc/b2watch/a.csv")
        reading.finish()
        #expect(reading.problems.map(\.position?.line) == [5])
        #expect(reading.problems.first?.text.contains("“fiel” is no setting of “rows”") == true)
    }
}
