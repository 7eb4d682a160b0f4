import Base
import Foundation
import History
import Notifications
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("A command", .blocking)
struct CommandActionTests {
    private let folder = TemporaryFolder()

    private func read(
        _ settings: [(String, ConfigurationNode.Content)],
        environment: [String: String] = ["PATH": NeededProgram.folders]
    ) -> (action: (any Action)?, problems: [String]) {
        var reading = ActionReading.sample("hook", settings)
        let surroundings = ActionSurroundings(
            http: InProcessHTTP([:]), environment: environment, folder: "/etc/b2watch", home: folder.path,
            now: { Timestamp(milliseconds: 1_795_452_185_123) })
        let action = ActionKind.command.read(&reading, surroundings)
        reading.finish()
        return (action, reading.problems.map(\.text))
    }

    private func action(
        _ script: String, _ settings: [(String, ConfigurationNode.Content)] = [],
        environment: [String: String] = ["PATH": NeededProgram.folders]
    ) throws -> any Action {
        try #require(read([("run", .texts(["sh", "-c", script]))] + settings, environment: environment).action)
    }

    private func said(_ report: ActionReport) -> String {
        String(decoding: report.exchange?.answer ?? [], as: UTF8.self)
    }

    @Test("receives the event on its standard input and in variables, never in its arguments")
    func event() throws {
        let report = try action("cat; env | sort").perform([.sample(attempt: 2)], batch: 1)
        #expect(report.outcomes == [.done])
        let lines = said(report).split(separator: "\n").map(String.init)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(json["action"] as? String == "hook" && json["attempt"] as? Int == 2 && json["id"] as? Int == 126)
        #expect(json["signature"] as? String == "valid" && json["secret"] as? String == "prod")
        #expect(json["position"] as? Int == 1 && json["duplicate"] as? Bool == false)
        let event = try #require(json["event"] as? [String: Any])
        #expect(event["objectName"] as? String == "photos/2026/cat.jpg" && event["eventVersion"] as? Int == 1)
        #expect(
            lines.dropFirst().filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") && !$0.hasPrefix("SHLVL=") } == [
                "B2WATCH_EVENT_ACCOUNT=e85c6a500333", "B2WATCH_EVENT_ATTEMPT=2",
                "B2WATCH_EVENT_BUCKET=mySampleBucket", "B2WATCH_EVENT_BUCKET_ID=aea8c5bc362ae55070130333",
                "B2WATCH_EVENT_DELIVERY=126", "B2WATCH_EVENT_FROM=203.0.113.7",
                "B2WATCH_EVENT_ID=8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa",
                "B2WATCH_EVENT_OBJECT=photos/2026/cat.jpg", "B2WATCH_EVENT_RECEIVED=2026-01-01T10:11:13.000Z",
                "B2WATCH_EVENT_RULE=dashAllEvents", "B2WATCH_EVENT_SIZE=10495842",
                "B2WATCH_EVENT_TIME=2026-01-01T10:11:12.345Z", "B2WATCH_EVENT_TIMESTAMP=1767262272345",
                "B2WATCH_EVENT_TYPE=b2:ObjectCreated:Upload", "B2WATCH_EVENT_VERDICT=valid",
                "B2WATCH_EVENT_VERSION=4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c", "PATH=\(NeededProgram.folders)",
            ])
    }

    @Test("receives a hostile name as a value like any other")
    func hostile() throws {
        let name = "$(touch pwned) `touch pwned`; touch pwned\n--help \u{1b}[2J'\""
        let report = try action("printf '%s' \"$B2WATCH_EVENT_OBJECT\"; ls").perform(
            [.sample(SampleEvent(object: name))], batch: 1)
        #expect(report.outcomes == [.done] && said(report) == name)
        let request = report.exchange?.request ?? []
        #expect(!request.contains(0x1b), "what is kept for reading is escaped")
        let zero = try action("printf '%s' \"$B2WATCH_EVENT_OBJECT\"").perform(
            [.sample(SampleEvent(object: "a\0b"))], batch: 1)
        #expect(said(zero) == "ab")
    }

    @Test("is not run for a name with a NUL, which would end the variable early")
    func long() throws {
        let report = try action("exit 0").perform(
            [.sample(SampleEvent(object: String(repeating: "x", count: 40_000)))], batch: 1)
        guard case .dead(let sentence) = report.outcomes[0] else {
            Issue.record("\(report.outcomes)")
            return
        }
        #expect(sentence.contains("B2WATCH_EVENT_OBJECT is 40000 bytes long"))
    }

    @Test("receives empty variables for missing fields")
    func absent() throws {
        let report = try action("printf '%s' \"[${B2WATCH_EVENT_OBJECT?}${B2WATCH_EVENT_SIZE?}]\"").perform(
            [.sample(.test())], batch: 1)
        #expect(said(report) == "[]")
    }

    @Test(
        "decides the event's outcome by its exit status",
        arguments: [
            ("exit 0", "done"), ("echo why; exit 75", "retry: sh asks to be tried again (status 75): why"),
            ("echo a; echo b >&2; exit 1", "retry: sh ended with status 1: b"),
            ("exec /nowhere", "hold: sh ended with status 127"), ("exit 126", "hold: sh ended with status 126"),
            ("kill -9 $$", "retry: sh was ended by signal 9"),
        ])
    func ends(script: String, expected: String) throws {
        let report = try action(script).perform([.sample()], batch: 1)
        let words =
            switch report.outcomes[0] {
            case .done: "done"
            case .retry(let reason, _, .item): "retry: \(reason)"
            case .hold(let reason, nil): "hold: \(reason)"
            default: "\(report.outcomes)"
            }
        #expect(words.hasPrefix(expected), "\(words)")
        #expect(report.exchange?.startedAt == Timestamp(milliseconds: 1_795_452_185_123))
    }

    @Test("is ended when its time is over, and retried")
    func limit() throws {
        let report = try action("echo up; exec sleep 1000", [("time-limit", .text("1s"))]).perform(
            [.sample()], batch: 1)
        #expect(report.outcomes == [.retry("sh was ended: it ran for more than 1 s")])
        #expect(report.exchange?.outcome == "ended after 1 s")
    }

    @Test("is ended with b2watch, and run again later")
    func closing() throws {
        let lifeline = try Lifeline()
        let action = try action("exec 3>\(lifeline.path); echo up >&3; exec sleep 1000")
        let ended = Watched<ActionReport?>(nil)
        let worker = Worker("closing")
        worker.async {
            let report = action.perform([.sample()], batch: 1)
            ended.change { $0 = report }
        }
        #expect(lifeline.isTaken())
        action.stop()
        #expect(
            try ended.require("the end") { $0 }.outcomes == [
                .retry("sh was ended because b2watch ended", after: .zero)
            ])
    }

    @Test("that cannot be run puts the action on hold with a remedy")
    func missing() throws {
        func reason(_ words: [String], _ settings: [(String, ConfigurationNode.Content)] = []) throws -> String {
            let action = try #require(read([("run", .texts(words))] + settings).action)
            #expect(throws: ActionProblem.self) { try action.test(.sample()) }
            // A child process that another test has just forked may have the script open for writing. Then it is
            // retried.
            for _ in 0..<100 {
                if case .hold(let sentence, nil) = action.perform([.sample()], batch: 1).outcomes[0] { return sentence }
            }
            return ""
        }
        #expect(try reason(["b2watch-nothing"]).contains("in no folder of PATH (\(NeededProgram.folders))"))
        #expect(try reason(["bin/x"]) == "/etc/b2watch/bin/x is missing: put it there, or correct “run”")
        #expect(try reason(["././/bin/x"]).hasPrefix("/etc/b2watch/bin/x is missing"))
        let plain = try folder.write("plain", "")
        #expect(try reason([plain]).contains("chmod +x"))
        let script = try folder.write("script", "#! /nowhere/sh -e\n")
        #expect(chmod(script, 0o755) == 0)
        #expect(try reason([script]).contains("what its first line names is missing"))
        let bare = try folder.write("bare", "echo no first line\n", mode: 0o700)
        #expect(try reason([bare]).contains("a script needs a first line such as #!/bin/sh"))
        let windows = try folder.write("windows", "#!/bin/sh\r\n", mode: 0o700)
        #expect(try reason([windows]).contains("ends with a carriage return"))
        #expect(try reason(["~/plain"]).hasPrefix("/home/me/plain is missing"))
        #expect(try reason(["sh"], [("folder", .text("/nowhere"))]).contains("the folder /nowhere is missing"))
    }

    @Test("receives only the allowed variables, and secrets among them are masked in records")
    func environment() throws {
        let process = [
            "PATH": NeededProgram.folders, "LC_ALL": "C", "LC_TIME": "C", "SHELL": "/bin/sh", "MY_TOKEN": "s3cretvalue",
            "B2WATCH_SIGNING_SECRET": "no", "B2_APPLICATION_KEY": "no",
        ]
        let standard = said(try action("env", environment: process).perform([.sample()], batch: 1))
        #expect(standard.contains("LC_TIME=C") && standard.contains("PATH=\(NeededProgram.folders)"))
        #expect(!standard.contains("SHELL=") && !standard.contains("TOKEN") && !standard.contains("no\n"))
        let listed = try action(
            "test \"$MY_TOKEN\" = s3cret\"value\" && env", [("environment", .texts(["PATH", "MY_*"]))],
            environment: process)
        let report = listed.perform([.sample()], batch: 1)
        #expect(report.outcomes == [.done])
        #expect(said(report).contains("MY_TOKEN=•••") && !said(report).contains("LC_"))
        let kept = (report.exchange?.request ?? []) + [0x0a] + (try listed.preview([.sample()]))
        #expect(!String(decoding: kept, as: UTF8.self).contains("s3cretvalue"))
        #expect(String(decoding: kept, as: UTF8.self).contains("MY_TOKEN=•••"))
    }

    @Test("can be previewed and tested without being run")
    func testing() throws {
        let action = try action("touch ran")
        #expect(try action.test(.sample()).contains("/sh is there and may be run, in \(folder.path). It was not run."))
        let preview = String(decoding: try action.preview([.sample()]), as: UTF8.self)
        #expect(
            preview.hasPrefix("run: [\"sh\", \"-c\", \"touch ran\"]\nfolder: \(folder.path)\n\nB2WATCH_EVENT_ACCOUNT="))
        #expect(preview.contains("\n\n{\"action\":\"hook\",\"attempt\":1,"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("ran")))
        #expect(action.summary == "runs sh -c touch ran")
    }

    @Test("reports wrong settings")
    func settings() {
        func problem(_ settings: [(String, ConfigurationNode.Content)]) -> String {
            let (action, problems) = read(settings)
            #expect(action == nil && problems.count == 1, "\(problems)")
            return problems.first ?? ""
        }
        #expect(problem([]).contains("needs “run”"))
        #expect(problem([("run", .text("notify-send hello"))]).contains("a line for a shell, and none reads it"))
        #expect(problem([("run", .texts(["x", "{{object}}"]))]).contains("B2WATCH_EVENT_OBJECT"))
        #expect(problem([("run", .texts([]))]).contains("names no program; expected is a list: a program and its"))
        #expect(problem([("run", .texts([""]))]).contains("a program and its arguments"))
        let run: (String, ConfigurationNode.Content) = ("run", .text("true"))
        #expect(problem([run, ("time-limit", .text("2h"))]).contains("at most 1h"))
        for name in ["B2WATCH_SIGNING_SECRET", "B2WATCH_X", "B2*", "B2_APPLICATION_KEY"] {
            #expect(problem([run, ("environment", .texts([name]))]).contains("stay with b2watch"))
        }
        for name in ["*", "A B", "1X", "A=B", ""] {
            #expect(problem([run, ("environment", .texts([name]))]).contains("is not the name of a variable"))
        }
        #expect(read([run]).problems.isEmpty)
    }
}
