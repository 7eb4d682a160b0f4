import Foundation
import Harness
import TestSupport
import Testing

@Suite("The file that b2watch export writes", .blocking)
struct ExportFileTests {
    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("is complete, accessible only to its user, and replaces an earlier file")
    func whole() throws {
        let recorded = try Recorded(["a", "b"])
        let file = recorded.home.folder.file("out.csv")
        _ = try recorded.home.folder.write("out.csv", "before", mode: 0o644)
        let outcome = try recorded.export("--output", file)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output.isEmpty && outcome.error.isEmpty)
        #expect(try String(contentsOfFile: file, encoding: .utf8).components(separatedBy: "\r\n").count == 4)
        #expect(try TemporaryFolder.mode(of: file) == 0o600)
    }

    @Test("may have a name of one character in any folder", arguments: ["x", "~", "../x"])
    func short(name: String) throws {
        let recorded = try Recorded(["a"])
        let outcome = try Program.run(
            "/bin/sh",
            ["-c", "cd \"$HOME/state\" && exec \"$0\" export --output \"$1\"", Program.path, name],
            environment: recorded.home.environment)
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        let file = recorded.home.folder.file(name == "../x" ? "x" : "state/\(name)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("Event Timestamp,"))
    }

    @Test("that does not fit leaves no partial file, and keeps the earlier one")
    func full() throws {
        let recorded = try Recorded((0..<40).map { String(repeating: "\($0 % 10)", count: 900) })
        let folder = TemporaryFolder()
        _ = try folder.write("out.jsonl", "before")
        // Blocks of 512 bytes: enough for the index next to the history.
        let outcome = try Program.run(
            "/bin/sh",
            [
                "-c", "ulimit -f 128; exec \"$0\" export --format jsonl --output \"$1\"", Program.path,
                folder.file("out.jsonl"),
            ],
            environment: recorded.home.environment)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.contains("out.jsonl cannot be written: File too large"), "\(outcome.error)")
        #expect(try files(folder.path) == ["out.jsonl"])
        #expect(try String(contentsOfFile: folder.file("out.jsonl"), encoding: .utf8) == "before")
    }

    @Test("fails on a full device", arguments: [true, false])
    func device(isNamed: Bool) throws {
        let recorded = try Recorded(["a"])
        let command = isNamed ? "exec \"$0\" export --output /dev/full" : "exec \"$0\" export > /dev/full"
        let outcome = try Program.run(
            "/bin/sh", ["-c", command, Program.path], environment: recorded.home.environment)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.contains("No space left on device"))
    }

    @Test("is appended to if it is standard output, also by its name")
    func standardOutput() throws {
        let recorded = try Recorded(["a"])
        let file = try recorded.home.folder.write("all.csv", "before\n", mode: 0o644)
        let outcome = try Program.run(
            "/bin/sh", ["-c", "exec \"$0\" export --output /dev/stdout >> \"$1\"", Program.path, file],
            environment: recorded.home.environment)
        #expect(outcome.ending == .exited(0))
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("before\nEvent Timestamp,"))
    }

    @Test("can never be the history")
    func history() throws {
        let recorded = try Recorded(["a"])
        for suffix in ["", ".lock"] {
            let outcome = try recorded.export("--output", recorded.home.history + suffix)
            #expect(outcome.ending == .exited(64))
            #expect(outcome.error.contains("is the history itself"))
        }
        #expect(try recorded.export().ending == .exited(0))
    }

    @Test("may be a pipe; a signal ends the export even while nobody reads")
    func unreadPipe() throws {
        let recorded = try Recorded(["a"])
        let pipe = recorded.home.folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let child = try Child(Program.path, ["export", "--output", pipe], environment: recorded.home.environment)
        // From then on the command handles signals itself.
        try wait(for: "its hold on signals") {
            let status = try? String(contentsOfFile: "/proc/\(child.id)/status", encoding: .utf8)
            return status?.contains(/SigBlk:\s*0*[1-9a-f]/) == true ? () : nil
        }
        child.signal(SIGTERM)
        #expect(child.end() == .signalled(SIGTERM))
    }

    @Test(
        "disappears when a signal ends the export, and the earlier file stays",
        arguments: [SIGINT, SIGTERM, SIGQUIT, SIGHUP])
    func signalled(number: Int32) throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        let body = SampleBody.notification([SampleEvent(object: String(repeating: "a", count: 1_000_000))])
        for _ in 0..<30 { _ = try client.answer(to: WireRequest(body: body)) }
        try listener.stop()
        let folder = TemporaryFolder()
        _ = try folder.write("out.jsonl", "before")

        // A long history, so that the signal arrives before the end.
        let child = try Child(
            Program.path,
            ["export", "--format", "jsonl", "--filter", "body:~/(a|b)*(a|c)*d/", "-o", folder.file("out.jsonl")],
            environment: home.environment)
        try wait(for: "the file that it writes") { try files(folder.path).count < 2 ? nil : () }
        child.signal(number)
        #expect(child.end() == .signalled(number))
        #expect(try files(folder.path) == ["out.jsonl"])
        #expect(try String(contentsOfFile: folder.file("out.jsonl"), encoding: .utf8) == "before")
    }
}
