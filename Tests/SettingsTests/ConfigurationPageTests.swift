import Foundation
import Terminal
import TestSupport
import Testing

@testable import Settings

/// `docs/configuration.md` says what there is.
@Suite struct ConfigurationPageTests {
    private let page: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
    }

    @Test func everySettingIsThere() {
        let rows = Setting.all.map { "| `\($0.name)` | \($0.form) | \($0.fallback) |" }
        #expect(page.contains(rows.joined(separator: "\n")))
        for role in Role.allCases { #expect(page.contains("| `\(role.rawValue)` |")) }
    }

    @Test func theExampleHoldsAndSetsEverySetting() throws {
        let example = page.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first
        let text = try #require(example)
        let folder = try TemporaryFolder()
        let path = try folder.write("config.yaml", text)
        let configuration = try ConfigurationFile(path: path, home: "/home/ada").load()
        #expect(configuration != Configuration())
        #expect(configuration.keys.count == 3)
        for setting in Setting.all where setting.name != "actions" {
            #expect(text.contains("\n\(setting.name):"), "\(setting.name)")
        }
    }
}
