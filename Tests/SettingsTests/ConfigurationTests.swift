import Foundation
import Notifications
import Terminal
import TestSupport
import Testing

@testable import Settings

@Suite struct ConfigurationTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func load(_ text: String) throws -> Configuration {
        try ConfigurationFile(path: try folder.write("config.yaml", text), home: "/home/ada").load()
    }

    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "---\n...\n", "{}", "\u{feff}# nothing\n", "~"])
    func nothingSetsNothing(text: String) throws {
        #expect(try load(text) == Configuration())
    }

    @Test func aMissingFileSetsNothing() throws {
        #expect(try ConfigurationFile(path: folder.file("config.yaml")).load() == Configuration())
        #expect(try ConfigurationFile(path: folder.file("no/folder/config.yaml")).load() == Configuration())
    }

    @Test func theDefaultsAreThoseOfAQuietTool() {
        let configuration = Configuration()
        #expect(configuration.theme == Theme(.auto))
        #expect(!configuration.utc && configuration.mouse && configuration.follow)
        #expect(configuration.bell == .no && configuration.onProblem == nil && configuration.quietAfter == nil)
        #expect(configuration.timestamps == .rfc3339 && configuration.startView == nil)
    }

    @Test func everySettingIsRead() throws {
        let configuration = try load(
            """
            theme: light
            utc: yes
            mouse: off
            follow: "no"
            bell: event
            on-problem: [notify-send, "", $(reboot)]
            quiet-after: 2h
            timestamps: epoch
            start-view: table
            listen: "[::1]:8080"
            path: /hook
            max-body: 65536
            secret-files: [~/one, prod@rule:all=/two]
            """)
        #expect(configuration.theme.kind == .light)
        #expect(configuration.utc && !configuration.mouse && !configuration.follow)
        #expect(configuration.bell == .event)
        #expect(configuration.onProblem == ["notify-send", "", "$(reboot)"])
        #expect(configuration.quietAfter == .seconds(7_200))
        #expect(configuration.timestamps == .epoch)
        #expect(configuration.startView == Located("table", at: SourcePosition(line: 9, column: 13)))
        #expect(configuration.listen == Located("[::1]:8080", at: SourcePosition(line: 10, column: 9)))
        #expect(configuration.path?.value == "/hook")
        #expect(configuration.maxBody?.value == "65536")
        #expect(
            configuration.secretFiles.map(\.value) == [
                SecretFile(path: "/home/ada/one"), SecretFile(label: "prod", binding: .rule("all"), path: "/two"),
            ])
    }

    @Test(
        arguments: [
            ("no", nil), ("90s", 90), ("30m", 1_800), ("1d", 86_400), ("\"2h\"", 7_200),
        ] as [(String, Int?)])
    func timesHaveUnits(text: String, seconds: Int?) throws {
        #expect(try load("quiet-after: \(text)").quietAfter == seconds.map { .seconds($0) })
    }

    @Test func keysKeepTheirPlaces() throws {
        let keys = try load("keys:\n  next-problem: e\n  help: [\"?\", F1, ctrl-D]\n  quit: []\n").keys
        #expect(keys.map(\.command.value) == ["next-problem", "help", "quit"])
        #expect(keys.map(\.command.position.line) == [2, 3, 4])
        #expect(
            keys.map { $0.keys.map(\.value) } == [
                [.character("e")], [.character("?"), .function(1), .control("d")], [],
            ])
        #expect(keys[1].keys[1].position == SourcePosition(line: 3, column: 15))
    }

    @Test func looksAreForAllThemesOrOne() throws {
        let text = """
            colours:
              good: green bold
              bad: "#ff0000"
              notice: default underline
              accent: 75
              light: {good: dim}
              dark:
                good: Bright-Cyan
            """
        let theme = try load(text + "\ntheme: dark").theme
        #expect(
            theme.changes == [
                .good: Look(Colour(14)), .bad: Look(Colour(196)), .notice: Look(underlined: true),
                .accent: Look(Colour(75)),
            ])
        #expect(try load(text + "\ntheme: light").theme.changes[.good] == Look(dim: true))
        #expect(try load(text).theme.changes[.good] == Look(Colour(2), bold: true))
    }

    @Test func actionsAreHandedOnWithTheirPlaces() throws {
        let actions = try load("actions:\n  - name: x\n    run: [a, \"b\"]\n").actions
        let item = ConfigurationNode(
            .map([
                ConfigurationNode.Entry(
                    key: Located("name", at: SourcePosition(line: 2, column: 5)),
                    value: ConfigurationNode(.scalar("x", isPlain: true), at: SourcePosition(line: 2, column: 11))),
                ConfigurationNode.Entry(
                    key: Located("run", at: SourcePosition(line: 3, column: 5)),
                    value: ConfigurationNode(
                        .list([
                            ConfigurationNode(.scalar("a", isPlain: true), at: SourcePosition(line: 3, column: 11)),
                            ConfigurationNode(.scalar("b", isPlain: false), at: SourcePosition(line: 3, column: 14)),
                        ]), at: SourcePosition(line: 3, column: 10))),
            ]), at: SourcePosition(line: 2, column: 5))
        #expect(actions?.content == .list([item]))
    }
}
