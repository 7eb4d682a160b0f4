import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("A verdict is evidence", .blocking)
struct VerdictTests {
    /// Returns the verdicts in the words of an export, in the order of arrival.
    private func exported(_ home: Home, _ key: String = "signature") throws -> [String] {
        let outcome = try Program.run("export", "--format", "jsonl", in: home)
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        return try outcome.output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?[key] as? String ?? "null"
        }
    }

    /// Returns the bytes of all files of a history.
    private func bytes(_ home: Home) throws -> [String: Data] {
        let files = ["", "-wal", "-shm"].map { home.history + $0 }.filter { FileManager.default.fileExists(atPath: $0) }
        return try Dictionary(
            uniqueKeysWithValues: files.map { ($0, try Data(contentsOf: URL(fileURLWithPath: $0))) })
    }

    private func record(_ home: Home, _ secrets: [SigningSecret]) throws {
        let listener = try RunningListener(in: home)
        for (number, secret) in secrets.enumerated() {
            _ = try listener.answer(to: .event("event \(number)", signedWith: secret))
        }
        try listener.stop()
    }

    @Test(
        "A start that fails has written nothing",
        arguments: [
            "port in use", "foreign address", "bad address", "bad option", "no secret file", "bad configuration",
        ])
    func failedStart(reason: String) throws {
        let home = try Home()
        try record(home, [Secrets.held, Secrets.other, Secrets.held])
        let before = try bytes(home)
        // The secret is new, and would verify two of them.
        var arguments = ["listen", "--secret-file", try home.secretFile(Secrets.value), "--listen"]
        let blocker = try RunningListener(in: try Home())
        switch reason {
        case "port in use": arguments.append("127.0.0.1:\(blocker.port)")
        case "foreign address": arguments.append("203.0.113.1:0")
        case "bad address": arguments.append("nonsense")
        case "bad option": arguments += ["127.0.0.1:0", "--path", "hook"]
        case "no secret file": arguments += ["127.0.0.1:0", "--secret-file", home.folder.file("missing")]
        default:
            try home.configure("nonsense: 1\n")
            arguments.append("127.0.0.1:0")
        }
        let outcome = try Program.run(Program.path, arguments, environment: home.environment)
        #expect(outcome.ending != .exited(0) && !outcome.error.contains("listening on"), "\(outcome.error)")
        #expect(try bytes(home) == before)
        #expect(try exported(home) == ["unverified", "unverified", "unverified"])

        // Without a history, none is created.
        let empty = try Home()
        if reason == "bad configuration" { try empty.configure("nonsense: 1\n") }
        _ = try Program.run(Program.path, arguments, environment: empty.environment)
        #expect(!FileManager.default.fileExists(atPath: empty.history))
    }

    @Test("A start with other secrets, fewer or none changes no verdict")
    func starts() throws {
        let home = try Home()
        let (held, other) = (
            try home.secretFile(Secrets.value), try home.secretFile(Secrets.otherValue, "other.txt")
        )
        func start(_ files: String...) throws -> [String] {
            let listener = try RunningListener(in: home, command: ["listen"] + files.flatMap { ["--secret-file", $0] })
            try listener.stop()
            return try exported(home)
        }
        do {
            let listener = try RunningListener(in: home, "--secret-file", held)
            for secret in [Secrets.held, Secrets.other, nil] {
                _ = try listener.answer(to: .event("one of three", signedWith: secret))
            }
            try listener.stop()
        }
        let verdicts = ["valid", "invalid", "missing"]
        #expect(try exported(home) == verdicts)
        #expect(try start() == verdicts)
        #expect(try start(held) == verdicts)
        #expect(try start() == verdicts)
        // A new secret verifies deliveries that are not valid, and withdraws nothing.
        let listener = try RunningListener(in: home, "--secret-file", other)
        try listener.error.line(with: "2 deliveries verified again: 1 valid, 1 missing")
        try listener.stop()
        #expect(try exported(home) == ["valid", "valid", "missing"])
        #expect(try exported(home, "secret") == ["prod", "other", "null"])
        #expect(
            try exported(home, "secretFingerprint") == [Secrets.held.fingerprint, Secrets.other.fingerprint, "null"])
        #expect(try start() == ["valid", "valid", "missing"])
    }

    private func pasted(_ home: Home) throws -> TerminalSession {
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.paste(Secrets.value)
        try session.see("Add a secret")
        try session.press("Enter")
        try session.see("The secret main is current now.")
        try session.press("q")
        try session.press("t")
        try session.see("✓ valid", "✓ 1")
        return session
    }

    @Test("Quitting with a secret in memory asks whether to save it; without it the verdicts stay")
    func quitsUnsaved() throws {
        let home = try Home()
        let session = try pasted(home)
        try session.press("q")
        try session.see("The secret main is in memory only.", "s save and quit", "y quit without", "n stay")
        try session.press("n")
        try session.see("where nothing is asked") { !$0.contains("in memory only") && $0.contains("LISTENING") }
        try session.press("q")
        try session.see("in memory only")
        try session.press("y")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("$") }
        #expect(!FileManager.default.fileExists(atPath: home.secrets))

        try session.run(FirstStartTests.start)
        try session.see("no secret", "✓ valid", "✓ 1")
        try session.press("Left")
        // The sentence is wrapped at the terminal's width.
        try session.see(
            "[Signature]", "✓ valid", "the fingerprint \(Secrets.held.fingerprint), and stays: b2watch",
            "has that secret no longer.")
        try session.press("s")
        try session.see("main", Secrets.held.fingerprint, "gone", "no longer verifies; its verdicts stay")
        try session.press("q", "q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("$") }
        #expect(try exported(home) == ["valid"])
    }

    @Test("Save and quit saves it for the next start")
    func savesAndQuits() throws {
        let home = try Home()
        let session = try pasted(home)
        try session.press("q")
        try session.see("in memory only")
        try session.press("s")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("$") }
        #expect(try String(contentsOfFile: home.secrets, encoding: .utf8).contains("main any \(Secrets.value)"))
        try session.run(FirstStartTests.start)
        try session.see("main (", "✓ valid", "✓ 1")
    }

    @Test("Deleting one asks whether it was rotated or leaked", arguments: ["rotated", "leaked"])
    func deletes(reason: String) throws {
        let home = try Home()
        let session = try pasted(home)
        try session.press("s", "f")
        try session.see("Delete main (\(Secrets.held.fingerprint))?", "r rotated", "l leaked", "n leave it")
        try session.press("n")
        try session.see("where nothing is asked") { !$0.contains("Delete main") }
        try session.press("f")
        try session.see("Delete main")
        if reason == "rotated" {
            try session.press("Enter")
            try session.see("its verdicts stay", "gone")
            try session.press("q")
            try session.see("✓ valid", "✓ 1", "no secret")
            #expect(try exported(home) == ["valid"])
            // Later it turns out that it was leaked.
            try session.press("s", "f")
            try session.see("Was main (\(Secrets.held.fingerprint)) leaked?")
        }
        try session.press("l")
        try session.see("was leaked", "valid, secret removed")
        try session.press("q")
        try session.see("⊘ valid, secret removed", "⊘ 1")
        #expect(try exported(home) == ["valid, secret removed"])
        #expect(try exported(home, "secret") == ["main"])
        try session.press("f")
        try session.type("sig:removed")
        try session.press("Enter")
        try session.see("1 of 1", "⊘ valid, secret removed")
        // Separately: together they would be Alt-q.
        try session.press("Escape")
        try session.see("where the filter is cleared") { !$0.contains("sig:removed") }
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("$") }

        // A file that still contains it does not restore the verdicts; a person who pastes it does.
        let file = try home.secretFile(Secrets.value)
        try session.run("\(FirstStartTests.start) --secret-file prod=\(file)")
        try session.see("was deleted as leaked", "⊘ valid, secret removed", "⊘ 1")
        #expect(try exported(home) == ["valid, secret removed"])
        let verified = try Program.run("verify", "--delivery", "1", "--secret-file", file, in: home)
        #expect(verified.output.hasPrefix("valid, secret removed\n"), "\(verified.output)")
        #expect(verified.ending == .exited(1))
    }

    @Test("A request that is not checked looks different from one that could not be checked")
    func notChecked() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        _ = try listener.answer(to: .event("one", object: "one.jpg"))
        _ = try listener.answer(to: .get("/favicon.ico"))
        let lines = try #require(try listener.output?.lines(2))
        #expect(lines[0].contains("  unverified   ") && lines[1].contains("  not checked  "))
        let session = try TerminalSession(in: home)
        try session.run("\(Program.path) attach --history \(home.history)")
        try session.see("? unverified", "· not checked", "GET /favicon.ico")
        try session.press("3")
        try session.see("[3 Deliveries]", "? unverified", "· not checked")
        try session.press("q")
        #expect(try exported(home) == ["unverified", "unjudged"])
    }
}
