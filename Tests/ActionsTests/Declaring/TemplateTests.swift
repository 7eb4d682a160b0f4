import Notifications
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("A template")
struct TemplateTests {
    private func rendered(_ text: String, _ event: SampleEvent = SampleEvent()) throws -> String {
        try Template(text).render(.sample(event)) { $0 }
    }

    @Test("receives the event's values by their names")
    func values() throws {
        #expect(
            try rendered("{{type}}: {{ object }} ({{size}}, {{bytes}} B) in {{bucket}} by {{rule}}")
                == "Created:Upload: photos/2026/cat.jpg (10.0 MiB, 10495842 B) in mySampleBucket by dashAllEvents")
        #expect(
            try rendered("{{time}}|{{received}}|{{verdict}}|{{version}}|{{full-type}}")
                == "2026-01-01T10:11:12.345Z|2026-01-01T10:11:13.000Z|valid"
                + "|4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c|b2:ObjectCreated:Upload")
        #expect(
            try rendered("{{account}} {{bucket-id}} {{delivery}} {{from}}")
                == "e85c6a500333 aea8c5bc362ae55070130333 126 203.0.113.7")
        #expect(
            try rendered("{{event-id}}") == "8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa")
    }

    @Test("accepts every placeholder, each with its help", arguments: Placeholder.all.map(\.name))
    func placeholders(name: String) throws {
        #expect(try !rendered("{{\(name)}}").isEmpty)
        #expect(Placeholder.all.filter { $0.name == name }.count == 1)
        #expect(Placeholder.all.first { $0.name == name }?.help.isEmpty == false)
    }

    @Test("shows a missing value as a dash")
    func absent() throws {
        #expect(try rendered("{{object}} {{size}} {{type}}", .test()) == "- - Test")
        let unknown = SampleEvent(type: "b2:New:Thing").with("objectSize", json: "1.5").with(
            "eventTimestamp", json: "[1]")
        #expect(try rendered("{{type}} {{size}} {{time}}", unknown) == "b2:New:Thing 1.5 [1]")
    }

    @Test("can contain braces, and never reads values as placeholders")
    func braces() throws {
        #expect(try rendered("{{{{object}} = {{object}}") == "{{object}} = photos/2026/cat.jpg")
        #expect(try rendered("{a} }} {") == "{a} }} {")
        #expect(try rendered("{{object}}", SampleEvent(object: "{{bucket}}")) == "{{bucket}}")
        #expect(try rendered("") == "")
    }

    @Test("makes values harmless and then escapes them, but not its own text")
    func escaping() throws {
        let hostile = SampleEvent(object: "a\n<!channel>\u{1b}[2J\u{202e}b")
        let escaped = try Template("<{{object}}>").render(.sample(hostile)) { $0.replacing("<", with: "&lt;") }
        #expect(escaped == "<a\\n&lt;!channel>\\x1b[2J\\u{202e}b>")
    }

    @Test("cuts a long value unless the whole value is requested")
    func length() throws {
        let long = String(repeating: "ä", count: 600)
        let item = ActionItem.sample(SampleEvent(object: long))
        let template = try Template("{{object}}!")
        #expect(template.render(item) { $0 } == String(repeating: "ä", count: 499) + "…!")
        #expect(template.render(item, longestValue: nil) { $0 } == long + "!")
        #expect(template.render(item, longestValue: 600) { $0 } == long + "!")
        let huge = ActionItem.sample(SampleEvent(object: String(repeating: "\u{301}", count: 100_000)))
        #expect(template.render(huge) { $0 }.count == 501)
    }

    @Test("reports problems with their place")
    func errors() {
        func error(_ text: String) -> String {
            do {
                _ = try Template(text)
                return "none"
            } catch {
                return error.description
            }
        }
        let unknown = error("über {{objekt}}")
        #expect(
            unknown.hasPrefix("“{{objekt}}” at column 6 of the template is not a placeholder; did you mean object?; "))
        #expect(unknown.contains("there are object, bucket, type, ") && unknown.contains("from; {{{{ gives two braces"))
        #expect(error("a\nbc {{").hasPrefix("“{{” at line 2, column 4 of the template has no “}}” behind it"))
        #expect(error("{{}}").hasPrefix("“{{}}” at column 1"))
        #expect(error("{{ }}").hasPrefix("“{{}}” at column 1"))
        #expect(error("{{{object}}}").hasPrefix("“{{{object}}” at column 1"))
    }

    @Test("is read from the settings, with the line of a problem")
    func settings() {
        var reading = ActionReading.sample("sms", [("template", .text("{{nothing}}"))])
        #expect(reading.template(standard: "{{object}}") == nil)
        #expect(reading.problems.map(\.position?.line) == [2])
        reading = .sample("sms", [])
        #expect(reading.template(standard: "{{object}}")?.text == "{{object}}")
    }
}
