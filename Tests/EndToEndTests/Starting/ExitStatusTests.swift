import Base
import Foundation
import Harness
import Testing
import TestSupport

@Suite("The start ends with a reason and a status", .blocking)
struct ExitStatusTests {
    @Test(
        "64 for wrong usage, with a remedy",
        arguments: [
            (["listen", "--listen", "nonsense"], "--listen"),
            (["listen", "--listen", "127.0.0.1:99999"], "99999"),
            (["listen", "--listen", "127.0.0.1:"], "--listen"),
            (["listen", "--listen", "::1:8080"], "--listen"),
            (["listen", "--path", "hook"], "/hook"),
            (["listen", "--path", "/hook?x"], "--path"),
            (["listen", "--max-body", "0"], "--max-body"),
            (["listen", "--max-body", "1TiB"], "--max-body"),
            (["listen", "--format", "xml"], "xml"),
            (["listen", "--nonsense"], "--nonsense"),
            (["--nonsense"], "--nonsense"),
            (["listen", "--in-memory", "--history", "x"], "--in-memory"),
            (["nonsense"], "nonsense"),
            (["send"], "url"),
            (["send", "ftp://127.0.0.1/"], "ftp"),
            (["send", "http://127.0.0.1:1/", "--batch", "51"], "--batch"),
            (["send", "http://127.0.0.1:1/", "--count", "0"], "--count"),
            (["send", "http://127.0.0.1:1/", "--rate", "0"], "--rate"),
            (["send", "http://127.0.0.1:1/", "--rate", "1e-300"], "0.001 to 100000"),
            (["send", "http://127.0.0.1:1/", "--rate", "-1"], "0.001 to 100000"),
            (["send", "http://127.0.0.1:1/", "--size", "-1"], "--size -1: write a number of bytes, such as 512"),
            (["send", "http://127.0.0.1:1/", "--count", "-1"], "--count -1: write 1 or more"),
            (["listen", "--secret-file", "prod@buket:x=sec"], "LABEL@bucket:NAME=FILE"),
            (["send", "http://127.0.0.1:1/", "--secret-file", "prod@buket:x=sec"], "LABEL@bucket:NAME=FILE"),
            (["send", "http://127.0.0.1:1/", "--bad-signature", "--no-signature"], "--no-signature"),
        ])
    func usage(arguments: [String], part: String) throws {
        let outcome = try Program.run(Program.path, arguments, environment: try Home().environment)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains(part), "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    @Test(
        "64 for a command that does not exist, with a short usage and the nearest command",
        arguments: [
            (["lisen"], "did you mean “listen”?"), (["exprot", "--format", "csv"], "did you mean “export”?"),
            (["--in-memory", "Atach"], "did you mean “attach”?"), (["lissten", "--listen", "x"], "“listen”"),
            (["foo"], "the nearest is “send”"),
            (["actions", "rety", "rows"], "b2watch actions has no command “rety”; did you mean “retry”?"),
        ])
    func unknownCommand(arguments: [String], nearest: String) throws {
        let outcome = try Program.run(Program.path, arguments, environment: try Home().environment)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains(nearest), "\(outcome.error)")
        #expect(outcome.error.contains("\nUsage: b2watch ") && outcome.error.contains("--help"), "\(outcome.error)")
        let lines = outcome.error.split(separator: "\n")
        #expect(lines.count <= 19 && lines.allSatisfy { $0.count <= 110 }, "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    private static let hostile = "a\u{1B}[2J\u{9B}1m\nforged: \u{202E}x\r\nforged"

    @Test(
        "errors that quote arguments print no control characters, and no additional lines",
        arguments: [
            [hostile], ["--\(hostile)"], ["--\(hostile)=1"], ["-\(hostile)"], ["listen", hostile],
            ["listen", "--listen", hostile], ["listen", "--listen=\(hostile)"], ["listen", "--path", hostile],
            ["listen", "--max-body", hostile], ["listen", "--format", hostile], ["listen", "--secret-file", hostile],
            ["listen", "--secret-file", "prod@\(hostile)=x"], ["listen", "--history", "/dev/null/\(hostile)/x"],
            ["listen", "--in-memory", "--history", hostile, "--format=\(hostile)"],
            ["attach", "--plain", "--history", hostile],
            ["send", hostile], ["send", "http://127.0.0.1:1/\(hostile)"],
            ["send", "http://127.0.0.1:1/", "--type", hostile],
            ["send", "http://127.0.0.1:1/", "--count", hostile],
            ["send", "http://127.0.0.1:1/", "--secret-file", hostile],
            ["export", hostile], ["export", "--filter", "size>\(hostile)"], ["export", "--columns", hostile],
            ["export", "--columns", "status,\(hostile)"],
            ["export", "--format", hostile], ["export", "--timestamps", hostile], ["export", "--history", hostile],
            ["verify", "--signature", hostile, "/nowhere/\(hostile)"], ["verify", "--delivery", hostile],
            ["verify", "--signature", "v1=0", hostile, hostile], ["actions", hostile], ["actions", "test", hostile],
            ["actions", "run", hostile, "--filter", "type:x"], ["actions", "retry", hostile],
            ["actions", "skip", hostile],
            ["actions", "pause", hostile], ["replay", hostile], ["replay", "1", "--to", hostile],
            ["replay", "1", "--rate", hostile], ["replay", "--filter", hostile + "(", "--to", "http://127.0.0.1:1/"],
            ["\n"], ["listen", "--format", "\n"],
        ])
    func escapes(arguments: [String]) throws {
        let outcome = try Program.run(Program.path, arguments, environment: try Home().environment)
        #expect(outcome.ending != .exited(0), "\(outcome.output)")
        let text = outcome.error + outcome.output
        #expect(!text.isEmpty)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !SafeText.mustEscape($0) }, "\(text)")
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("forged") || $0.hasPrefix("'") }, "\(text)")
    }

    @Test(
        "64 for a missing secret that was named",
        arguments: [
            ("missing", "missing.txt"), ("empty", "empty.txt"), ("blank", "blank.txt"), ("a folder", "folder"),
            ("no text", "bytes"), ("another's label", "LABEL"), ("an empty variable", "B2WATCH_SIGNING_SECRET"),
            ("the secret itself", "looks like a signing secret"),
        ])
    func secrets(kind: String, part: String) throws {
        var home = try Home()
        var arguments = ["listen", "--listen", "127.0.0.1:0"]
        switch kind {
        case "missing": arguments += ["--secret-file", home.folder.file("missing.txt")]
        case "empty": arguments += ["--secret-file", try home.folder.write("empty.txt", "")]
        case "blank": arguments += ["--secret-file", try home.folder.write("blank.txt", " \n\t\n")]
        case "no text": arguments += ["--secret-file", try home.folder.write("bytes", [0xFF, 0xFE])]
        case "the secret itself": arguments += ["--secret-file", "prod=" + Secrets.value]
        case "an empty variable": home.environment["B2WATCH_SIGNING_SECRET"] = ""
        case "a folder":
            try FileManager.default.createDirectory(
                atPath: home.folder.file("folder"), withIntermediateDirectories: true)
            arguments += ["--secret-file", home.folder.file("folder")]
        default:
            arguments += ["--secret-file", "LABEL=" + (try home.secretFile(Secrets.value, "one"))]
            arguments += ["--secret-file", "LABEL=" + (try home.secretFile(Secrets.otherValue, "two"))]
        }
        let outcome = try Program.run(Program.path, arguments, environment: home.environment)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains(part), "\(outcome.error)")
        #expect(!outcome.error.contains("listening"))
        #expect(!outcome.error.contains(Secrets.value) && !outcome.error.contains(Secrets.otherValue))
    }

    @Test("64 if nothing determines the places of files")
    func noHome() throws {
        let outcome = try Program.run(Program.path, ["listen", "--listen", "127.0.0.1:0"], environment: [:])
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains("HOME"))
    }

    @Test("3 for a port in use, with the address and a remedy", arguments: ["listen", ""])
    func portInUse(command: String) throws {
        let first = try RunningListener(in: try Home())
        let words = [command].filter { !$0.isEmpty } + ["--listen", "127.0.0.1:\(first.port)"]
        let outcome = try Program.run(Program.path, words, environment: try Home().environment)
        #expect(outcome.ending == .exited(3))
        #expect(outcome.error.contains("127.0.0.1:\(first.port)"))
        #expect(outcome.error.contains("--listen"))
        #expect(try first.answer(to: .event("still there")).status == 200)
    }

    @Test("3 for an address that is not of this machine")
    func foreignAddress() throws {
        // An address reserved for documentation (RFC 5737).
        let outcome = try Program.run("listen", "--listen", "203.0.113.1:0", in: try Home())
        #expect(outcome.ending == .exited(3))
        #expect(outcome.error.contains("203.0.113.1"))
    }

    @Test("4 for a history in use by another listener, with its process")
    func secondListener() throws {
        let home = try Home()
        let first = try RunningListener(in: home)
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains("process \(first.child.id)"), "\(outcome.error)")
        #expect(outcome.error.contains(home.history))
        #expect(try first.answer(to: .event("still there")).status == 200)
    }

    @Test("4 for a file that is not a history, which stays unchanged")
    func foreignFile() throws {
        let home = try Home()
        let text = String(repeating: "This is a diary, and no history.\n", count: 100)
        let path = try home.folder.write("diary.txt", text)
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", "--history", path, in: home)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains(path))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("4 for a history in an impossible folder")
    func impossibleFolder() throws {
        let home = try Home()
        let path = try home.folder.write("file", "") + "/below/history.sqlite"
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", "--history", path, in: home)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains(path))
    }

    @Test("0 for the version")
    func version() throws {
        let outcome = try Program.run("--version", in: try Home())
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == "b2watch 0.1.0\n")
    }

    @Test("0 for help, which lists the statuses")
    func help() throws {
        let outcome = try Program.run("--help", in: try Home())
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output.contains("64 usage"))
    }
}
