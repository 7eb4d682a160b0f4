import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("The actions of a configuration")
struct ActionDeclarationTests {
    private let kinds = [
        ActionKind("csv") { reading, _ in
            guard let file = reading.path("file", expected: "a path") else { return nil }
            var manner = ActionManner()
            manner.keepsOrder = true
            manner.largestBatch = 500
            return ScriptedAction(file.value, manner: manner)
        },
        ActionKind("slack") { _, _ in ScriptedAction("slack") },
    ]
    private let surroundings = ActionSurroundings(
        http: NoHTTP(), environment: [:], folder: "/etc/b2watch", now: { Timestamp(milliseconds: 0) })

    private func read(
        _ yaml: String, kinds: [ActionKind]? = nil
    ) throws -> (declarations: [ActionDeclaration], problems: [String]) {
        let kinds = kinds ?? self.kinds
        let folder = TemporaryFolder()
        let path = try folder.write("config.yaml", yaml)
        let configuration = try ConfigurationFile(path: path).load()
        let (declarations, problems) = ActionDeclaration.read(configuration.actions, kinds: kinds, surroundings)
        return (
            declarations,
            problems.map { "\($0.position?.line ?? 0):\($0.position?.column ?? 0): \($0.text)" }
        )
    }

    @Test("that write a sheet are of existing kinds")
    func sheets() {
        #expect(Set(ActionStatus.sheetKinds).isSubset(of: ActionKind.all.map(\.name)))
    }

    @Test("can name another action for their failures; a circle is refused")
    func onFailure() throws {
        func actions(_ lines: String...) -> String {
            "actions:\n"
                + ["a", "b", "c"].enumerated().map { index, name in
                    "  \(name):\n    kind: slack\n" + (lines[index].isEmpty ? "" : "    on-failure: \(lines[index])\n")
                }.joined()
        }
        let chain = try read(actions("b", "c", ""))
        #expect(chain.problems == [] && chain.declarations.map(\.onFailure) == ["b", "c", nil])
        #expect(try read(actions("a", "", "")).problems == ["4:17: “on-failure” of “a” names itself"])
        #expect(
            try read(actions("b", "c", "a")).problems == [
                "4:17: “on-failure” of “a” leads back to it: a, b, c, a",
                "7:17: “on-failure” of “b” leads back to it: b, c, a, b",
                "10:17: “on-failure” of “c” leads back to it: c, a, b, c",
            ])
        #expect(
            try read(actions("", "bb", "")).problems.first?.hasPrefix(
                "6:17: “on-failure” of “b” is “bb”, which is not an action in this file") == true)
    }

    @Test("have the common settings")
    func whole() throws {
        let (declarations, problems) = try read(
            """
            actions:
              rows:
                kind: csv
                file: rows.csv
              alerts_2:
                kind: slack
                when: type:created bucket:my*
                retry-for: 2h
                concurrency: 4
                rate: 120/m
              kept:
                kind: slack
                order: keep
              free:
                kind: csv
                file: /tmp/x.csv
                order: free
            """)
        #expect(problems == [])
        #expect(declarations.map(\.name) == ["rows", "alerts_2", "kept", "free"])
        let rows = try #require(declarations.first)
        #expect(rows.kind == "csv" && rows.action.summary == "/etc/b2watch/rows.csv")
        #expect(rows.filter.text == "sig:valid !type:test")
        #expect(rows.manner.keepsOrder && rows.manner.lanes == 1 && rows.manner.patience == .seconds(259_200))
        #expect(rows.manner.largestBatch == 500)
        let alerts = declarations[1]
        #expect(alerts.filter.text == "type:created bucket:my*")
        #expect(alerts.manner.patience == .seconds(7_200))
        #expect(alerts.manner.lanes == 4 && !alerts.manner.keepsOrder && alerts.manner.pace == .milliseconds(500))
        #expect(declarations[2].manner.keepsOrder)
        #expect(!declarations[3].manner.keepsOrder)
    }

    @Test("of a kind that runs one batch at a time have no other concurrency", arguments: ["csv", "google-sheet"])
    func lanes(kind: String) throws {
        let settings = [
            "csv": "file: rows.csv", "google-sheet": "spreadsheet: 1AbCdEfGhIjKl\n    sheet: A\n    key-file: key.json",
        ]
        func read(_ concurrency: Int) throws -> (declarations: [ActionDeclaration], problems: [String]) {
            try self.read(
                "actions:\n  rows:\n    kind: \(kind)\n    concurrency: \(concurrency)\n    \(settings[kind] ?? "")\n",
                kinds: ActionKind.all)
        }
        #expect(
            try read(2).problems == [
                "4:18: “concurrency” of “rows” is 2, but \(kind) takes one batch at a time at most: leave it out"
            ])
        #expect(try read(1).declarations.map(\.manner.lanes) == [1])
    }

    @Test("may be missing")
    func none() throws {
        #expect(try read("utc: yes").declarations.isEmpty)
        #expect(try read("actions:").problems == [])
    }

    @Test("report all problems with their places")
    func wrong() throws {
        let (declarations, problems) = try read(
            """
            actions:
              "a b":
                kind: csv
              nothing:
              text: yes
              kindless:
                file: x
              other:
                kind: slak
              typo:
                kind: csv
                file: a.csv
                wehn: x
              filters:
                kind: slack
                when: type:created ~/x/
              bounds:
                kind: slack
                retry-for: 3 days
                concurrency: 17
                rate: 60
                order: maybe
              both:
                kind: slack
                concurrency: 2
                order: keep
              good:
                kind: slack
            """)
        #expect(declarations.map(\.name) == ["good"])
        let starts = [
            "2:3: “a b” is not a valid name for an action", "4:3: “nothing” is nothing; expected are its settings",
            "5:9: “text” is “yes”", "7:5: “kindless” needs “kind”: one of csv, slack",
            "9:11: “kind” of “other” is “slak”; expected is one of csv, slack; did you mean slack?",
            "13:5: “wehn” is not a setting of “typo”; there are kind, when, retry-for, concurrency, rate, order, on-failure, file; did you mean when?",
            "16:11: “when” of “filters”: column 14: ",
            "19:16: “retry-for” of “bounds” is “3 days”", "20:18: “concurrency” of “bounds” is “17”",
            "21:11: “rate” of “bounds” is “60”", "22:12: “order” of “bounds” is “maybe”; expected is keep or free",
            "26:12: “order” of “both” is “keep”",
        ]
        #expect(problems.count == starts.count)
        for (problem, start) in zip(problems, starts) {
            #expect(problem.hasPrefix(start), "\(problem)")
        }
        #expect(problems.contains { $0.contains("regular expressions") || $0.contains("~/") })
        #expect(
            try read("actions: [a]").problems.first?.hasPrefix("1:10: “actions” is a list; expected is a map") == true)
    }

    @Test("cannot have a name that the command line would read as a number or an option", arguments: ["12", "-p"])
    func ambiguous(name: String) throws {
        let (declarations, problems) = try read("actions:\n  \(name):\n    kind: slack\n")
        #expect(declarations.isEmpty && problems.count == 1)
        #expect(problems[0].hasPrefix("2:3: “\(name)” is not a valid name for an action: on the command line"))
    }
}

// MARK: - Settings

@Suite("The settings of an action")
struct ActionReadingTests {
    private func entry(_ key: String, _ text: String, line: Int) -> ConfigurationNode.Entry {
        ConfigurationNode.Entry(
            key: Located(key, at: SourcePosition(line: line, column: 3)),
            value: ConfigurationNode(.scalar(text, isPlain: true), at: SourcePosition(line: line, column: 10)))
    }

    @Test("that no kind knows are refused with their line")
    func unknown() {
        let node = ConfigurationNode(
            .map([entry("file", "a.csv", line: 4), entry("fiel", "b.csv", line: 5)]),
            at: SourcePosition(line: 3, column: 3))
        var reading = ActionReading(name: "rows", node, folder: "/etc/b2watch", home: nil)
        #expect(reading.path("file", expected: "a path")?.value == "/etc/b2watch/a.csv")
        reading.finish()
        #expect(reading.problems.map(\.position?.line) == [5])
        #expect(reading.problems.first?.text.contains("“fiel” is not a setting of “rows”") == true)
    }
}

// MARK: - Secrets

@Suite("The secret of an action")
struct ActionSecretTests {
    private func read(
        _ settings: [(String, ConfigurationNode.Content)], environment: [String: String] = [:]
    ) -> (secret: ActionSecret?, problems: [String]) {
        var reading = ActionReading.sample("sms", settings)
        let secret = reading.secret("token", what: "the auth token", environment: environment)
        return (secret, reading.problems.map(\.text))
    }

    @Test("is read from a file or a variable, without white space at its ends")
    func sources() throws {
        let folder = TemporaryFolder()
        let path = try folder.write("token", "s3cret\n")
        let file = try #require(read([("token-file", .text(path))]).secret)
        #expect(try file.value() == "s3cret")
        _ = try folder.write("token", "another\n")
        #expect(try file.value() == "another")
        let variable = try #require(read([("token-environment", .text("TOKEN"))], environment: ["TOKEN": " x "]).secret)
        #expect(try variable.value() == "x")
    }

    @Test("must be given exactly once")
    func problems() {
        #expect(read([]).problems.first?.hasPrefix("“sms” needs the auth token: give “token-file”") == true)
        let unset = read([("token-environment", .text("s3cret"))]).problems
        #expect(unset.first?.contains("names a variable that is not set") == true)
        #expect(unset.first?.contains("s3cret") == false)
        let both = read(
            [("token-file", .text("a")), ("token-environment", .text("TOKEN"))], environment: ["TOKEN": "x"])
        #expect(
            both.secret == nil && both.problems == ["“sms” has both “token-file” and “token-environment”: keep one"])
    }

    @Test("has a file whose problems are reported")
    func files() throws {
        let folder = TemporaryFolder()
        func error(_ path: String) -> String {
            do {
                return try ActionSecret(file: path).value()
            } catch {
                return error.description
            }
        }
        #expect(error(folder.file("none")).hasSuffix("none is missing: put the secret into it"))
        #expect(error(try folder.write("empty", " \n")).contains("is empty"))
        #expect(error(try folder.write("two", "one\ntwo\n")).contains("contains more than one line"))
        #expect(error(folder.path).contains("is not a regular file"))
    }

    @Test("is never printed")
    func description() {
        let secret = ActionSecret(variable: "TOKEN", value: "s3cret")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("s3cret"))
    }
}
