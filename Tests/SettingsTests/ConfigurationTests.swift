import Base
import Foundation
import Notifications
import Testing
import TestSupport

@testable import Settings

@Suite struct ConfigurationTests {
    private let folder = TemporaryFolder()

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
            path: [/hook, /other]
            max-body: 65536
            keep: 90d
            free-space: 1GiB
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
        #expect(configuration.paths.map(\.value) == ["/hook", "/other"])
        #expect(configuration.keep.map(\.value) == ["90d"] && configuration.freeSpace?.value == "1GiB")
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

    @Test func bucketsAreComparedOnASchedule() throws {
        let all = try load(
            """
            reconcile:
              my-bucket: {every: 6h, since: 30d, prefix: in/, rule: all-events, act: sheet, max-calls: 9, key-file: /key,
                silent-after: 2d}
              other:
            """
        ).reconcile
        #expect(all.map(\.bucket.value) == ["my-bucket", "other"])
        #expect(all[0].every == .seconds(21_600) && all[0].since == .seconds(30 * 86_400))
        #expect(all[0].prefix == "in/" && all[0].rule == "all-events" && all[0].action?.value == "sheet")
        #expect(all[0].mostCalls == 9 && all[0].keyFile == "/key")
        #expect(all[0].silentAfter == .seconds(2 * 86_400))
        #expect(all[1] == ReconcileSetting(bucket: all[1].bucket))
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

// MARK: - Errors

@Suite struct ConfigurationErrorTests {
    private let folder = TemporaryFolder()

    /// Returns the problems of a text, a line each, without the file's name.
    private func problems(_ bytes: [UInt8], mode: Int = 0o600) throws -> [String] {
        let path = try folder.write("config.yaml", bytes, mode: mode)
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: path, home: nil).load() }
        return (error?.description ?? "").split(separator: "\n").map { line in
            #expect(line.hasPrefix(path) || line.hasPrefix("…"))
            return String(line.hasPrefix(path) ? line.dropFirst(path.count + 1) : line)
        }
    }

    private func problems(_ text: String) throws -> [String] { try problems(Array(text.utf8)) }

    @Test(
        arguments: [
            ("them: dark", "1:1: “them” is not a setting; did you mean theme?"),
            ("\ncolors: {}", "2:1: “colors” is not a setting; did you mean colours?"),
            (
                "theme: drak",
                "1:8: “theme” is “drak”; expected is one of auto, dark, light, monochrome; did you mean dark?"
            ),
            ("utc: maybe", "1:6: “utc” is “maybe”; expected is yes or no"),
            ("utc: [yes]", "1:6: “utc” is a list; expected is yes or no"),
            ("bell: loud", "1:7: “bell” is “loud”; expected is one of no, problem, event"),
            ("quiet-after: 30", "1:14: “quiet-after” is “30”; expected is no, or a number of seconds"),
            ("reconcile: {a: {every: 5s}}", "1:24: “every” is “5s”; expected is a number of minutes, hours or days"),
            ("reconcile: {a: {max-calls: 0}}", "1:28: “max-calls” is “0”; expected is a number above 0"),
            ("reconcile: {a: {evry: 1h}}", "1:17: “evry” is not a setting of a bucket; did you mean every?"),
            ("reconcile: {a: {key-file: key}}", "1:27: “key-file” is “key”; expected is a path that begins with"),
            ("quiet-after: 0m", "1:14: “quiet-after” is “0m”"),
            ("quiet-after: 99999999999999999999d", "1:14: “quiet-after” is “99999999999999999999d”"),
            ("on-problem: reboot now", "1:13: “on-problem” is “reboot now”; expected is a list of a program"),
            ("on-problem: []", "1:13: “on-problem” is a list; expected is a list of a program"),
            ("on-problem: [\"\"]", "1:14: “on-problem” is “”"),
            ("on-problem: [a, \"b\\0\"]", "1:17: “on-problem” is"),
            ("on-problem: [a, [b]]", "1:17: “on-problem” is a list"),
            ("on-problem: [a, {b: c}]", "1:17: “on-problem” is a map"),
            ("listen:", "1:8: “listen” is nothing; expected is HOST:PORT"),
            ("secret-files: relative", "1:15: “secret-files” has “relative”: write a path that begins with /"),
            ("secret-files: [a@b=/c]", "1:16: “secret-files” has “b” for a binding"),
            ("keys: [e]", "1:7: “keys” is a list; expected is a map from commands to keys"),
            ("keys: {help: ctrl-i}", "1:14: “help” is “ctrl-i”; expected is a key: one character"),
            ("keys: {help: [a, alt-x]}", "1:18: “help” is “alt-x”; expected is a key"),
            ("colours: {goood: red}", "1:11: “goood” is not a role; did you mean good?"),
            ("colours: {drak: {}}", "1:11: “drak” is not a role; did you mean dark?"),
            ("colours: {good: redd}", "1:17: “good” is “redd”; expected is a colour"),
            ("colours: {good: red blue}", "1:17: “good” is “red blue”; expected is a colour"),
            ("colours: {dark: {light: {}}}", "1:18: “light” is not a role"),
            ("colours:\n  good: #87d787\n", "2:8: “good” is nothing; expected is a colour"),
            ("- a", "1:1: “the configuration” is a list; expected is a map of settings"),
            ("theme dark", "1:1: “the configuration” is “theme dark”"),
            ("a: b: c", "1:5: no valid YAML: mapping values are not allowed"),
            ("keys:\n\thelp: x", "2:1: a tab: YAML indents with spaces only"),
            ("keys:\n  a: b\n \thelp: x", "3:2: a tab"),
            ("utc: yes\n---\nutc: no", "2:1: a second document begins here"),
            ("utc: !!bool yes", "1:6: a tag (tag:yaml.org,2002:bool): leave it out"),
            ("utc: *x", "1:6: no valid YAML: found undefined alias"),
            ("a: &x yes\nutc: *x", "2:6: an alias (*x): write the value out"),
            ("? [a]\n: b", "1:3: a list or a map as a key"),
            ("path: \"unended", "1:7: no valid YAML"),
            ("theme: [dark\n", "1:8: no valid YAML"),
            ("utc: yes\ntheme: [dark\n\n", "2:8: no valid YAML"),
            ("äö: \u{1}", "1:5: a control character (U+0001)"),
            ("a\nb: \u{9b}", "2:4: a control character (U+009B)"),
        ])
    func thePlaceAndTheCauseAreNamed(text: String, problem: String) throws {
        let problems = try problems(text)
        #expect(problems.first?.hasPrefix(problem) == true, "\(problems)")
        #expect(problems.count == 1)
    }

    @Test func allThatIsWrongIsSaidAtOnceInTheOrderOfTheFile() throws {
        let problems = try problems(
            """
            bell: loud
            theme: dark
            theme: light
            nonsense: 1
            keys:
              help: nokey
              quit: q
              "help": w
            bell: no
            """)
        #expect(problems.map { $0.prefix { $0 != " " } } == ["1:7:", "3:1:", "4:1:", "6:9:", "8:3:", "9:1:"])
        #expect(problems[1] == "3:1: “theme” is there a second time, after line 2: leave one out")
        #expect(problems[2].contains("(settings: theme, utc,"))
    }

    @Test(arguments: ["{utc: no, utc: yes}", "keys: {a: b,\na: c}"])
    func aKeyThatIsTwiceInOneLineIsNamed(text: String) throws {
        let problems = try problems(text)
        #expect(problems.count == 1 && problems[0].contains("is there twice"), "\(problems)")
    }

    @Test func manyProblemsAreCounted() throws {
        let lines = (1...80).map { "unknown-thing-\($0): x\n" }.joined()
        let problems = try problems(lines)
        #expect(problems.count == 51)
        #expect(problems.last == "… and 30 more")
    }

    /// Nested nine deep with ten aliases each: a thousand million values.
    @Test func aBombOfAliasesIsNotUnfolded() throws {
        var text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        for (before, name) in zip("abcdefgh", "bcdefghi") {
            text += "\(name): &\(name) [" + Array(repeating: "*\(before)", count: 10).joined(separator: ",") + "]\n"
        }
        #expect(try problems(text).map { String($0.prefix(16)) } == ["2:8: an alias (*"])
        #expect(try problems(text + "? *i\n: x\n").map { String($0.prefix(16)) } == ["2:8: an alias (*"])
    }

    @Test func sizeAndDepthAreBounded() throws {
        #expect(try problems([UInt8](repeating: 0x23, count: (1 << 20) + 1)) == ["is larger than 1024 KiB"])
        let many = try problems("actions: [" + String(repeating: "a,", count: 30_000) + "]")
        #expect(many.count == 1 && many[0].hasSuffix("more than 20000 values"))
        let deep = try problems("actions: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100))
        #expect(deep.count == 1 && deep[0].hasSuffix("nested deeper than 32 levels"))
        let deepest = try problems("actions: " + String(repeating: "[", count: 500_000))
        #expect(deepest.count == 1 && deepest[0].contains("no valid YAML"))
    }

    @Test func whatIsNoTextIsRefused() throws {
        #expect(try problems([0x61, 0x3a, 0x20, 0xff]) == ["1:4: no UTF-8 from here on: save the file as UTF-8"])
        #expect(try problems(Array("utc: yes\n# é".utf8) + [0xe9]).first?.hasPrefix("2:4: no UTF-8") == true)
    }

    @Test func whatIsNoFileOrNotToBeTrustedIsRefused() throws {
        #expect(
            try problems(Array("utc: yes".utf8), mode: 0o666).first?.contains("can be changed by everybody") == true)
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: folder.path).load() }
        #expect(error?.problems.first?.text == "is not a file")
        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: pipe).load() }
    }

    @Test func whatItsGroupMayChangeIsRefusedUnlessTheGroupIsTheUsersOwn() throws {
        var status = stat()
        (status.st_mode, status.st_uid, status.st_gid) = (S_IFREG | 0o660, geteuid(), 4711)
        try ConfigurationFile.check(status) { $0 == 4711 }
        let problem = #expect(throws: FileProblem.self) { try ConfigurationFile.check(status) { _ in false } }
        #expect(problem?.reason.contains("can be changed by its group (4711)") == true)
        status.st_mode = S_IFREG | 0o644
        try ConfigurationFile.check(status) { _ in false }
    }

    @Test func carriageReturnsAreNoMatter() throws {
        let path = try folder.write("config.yaml", "utc: yes\r\n# x\r\nbell: loud\r\nbell: no\r\n")
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: path).load() }
        #expect(error?.problems.compactMap(\.position?.line) == [3, 4])
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func noTextCrashesIt(seed: UInt64) throws {
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        let pieces = [
            "utc", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "\"", "'", "|", ">", "?", "&a", "*a", "!!str", "#",
            "é",
            "keys", "colours", "e", "\t", "---", "%", "@", "yes", "\\", "\r\n", "\u{1}",
        ]
        let text = (0..<80).map { _ -> String in
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return pieces[Int(random >> 24) % pieces.count]
        }.joined()
        let path = try folder.write("config.yaml", text)
        do throws(ConfigurationError) {
            _ = try ConfigurationFile(path: path).load()
        } catch {
            #expect(!error.problems.isEmpty)
            #expect(!error.description.isEmpty)
        }
    }
}

@Suite struct SuggestionTests {
    @Test(
        arguments: [
            ("them", "theme"), ("mosue", "mouse"), ("Theme", "theme"), ("zzz", nil), ("", nil), ("utz", "utc"),
            (String(repeating: "x", count: 1_000), nil),
        ] as [(String, String?)])
    func theNearestIsNamed(name: String, nearest: String?) {
        #expect(Suggestion.nearest(to: name, among: ["theme", "mouse", "utc"]) == nearest)
    }
}

// MARK: - The page of the docs

/// `docs/configuration.md` lists everything.
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
        let folder = TemporaryFolder()
        let path = try folder.write("config.yaml", text)
        let configuration = try ConfigurationFile(path: path, home: "/home/ada").load()
        #expect(configuration != Configuration())
        #expect(configuration.keys.count == 3)
        for setting in Setting.all where setting.name != "actions" {
            #expect(text.contains("\n\(setting.name):"), "\(setting.name)")
        }
    }
}
