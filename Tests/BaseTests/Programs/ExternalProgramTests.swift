import Foundation
import Testing
import TestSupport

@testable import Base

@Suite("A program", .blocking)
struct ProgramTests {
    private let path = ["PATH": NeededProgram.folders]

    private func shell(
        _ script: String, input: [UInt8] = [], limit: Duration = .patience, until stop: ProgramStop? = nil
    ) -> (end: ProgramOutcome.End, said: String) {
        let outcome = ExternalProgram(["sh", "-c", script], environment: path, input: input, limit: limit).run(
            until: stop)
        return (outcome.end, String(decoding: outcome.output, as: UTF8.self))
    }

    @Test("receives its arguments unchanged: no shell reads them")
    func words() {
        let words = ["printf", "%s|", "a b", "$HOME", "`id`", "*", "", "'\"\\", "ü\u{202e}"]
        let outcome = ExternalProgram(words, environment: path, limit: .patience).run()
        #expect(String(decoding: outcome.output, as: UTF8.self) == "a b|$HOME|`id`|*||'\"\\|ü\u{202e}|")
        #expect(outcome.end == .exited(0) && !outcome.isCut)
    }

    @Test("receives the given environment, and nothing else")
    func environment() {
        let outcome = ExternalProgram(
            ["/usr/bin/env"], environment: ["B": "x\ny", "A": "a\0b=c"], limit: .patience
        ).run()
        #expect(String(decoding: outcome.output, as: UTF8.self) == "A=ab=c\nB=x\ny\n")
    }

    @Test("can read its input while it writes its output, however long they are")
    func input() {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(shell("wc -c", input: input).said.trimmingCharacters(in: .whitespaces) == "1048576\n")
        // If the output were not read during the writing, both sides would wait for each other.
        let outcome = ExternalProgram(["cat"], environment: path, input: input, limit: .patience).run()
        #expect(outcome.end == .exited(0) && outcome.isCut)
        #expect(outcome.output == [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10))
    }

    @Test("need not read its input")
    func unread() {
        let input = [UInt8](repeating: 0, count: 1 << 20)
        #expect(shell("exit 3", input: input).end == .exited(3))
        #expect(shell("exec <&-; echo closed; exit 4", input: input) == (.exited(4), "closed\n"))
        #expect(shell("cat").said == "")
    }

    @Test("reports how it ended")
    func ends() {
        #expect(shell("exit 75").end == .exited(75))
        #expect(shell("kill -KILL $$").end == .signalled(SIGKILL))
        #expect(shell("echo out; echo err >&2").said == "out\nerr\n")
    }

    @Test("starts with no signal blocked or ignored, with only three descriptors, and without a terminal")
    func surroundings() {
        var pipes: [Int32] = [-1, -1]
        #expect(pipe(&pipes) == 0)
        defer { pipes.forEach { close($0) } }
        let state = shell("grep -E '^Sig(Blk|Ign):' /proc/self/status; ls /proc/$$/fd; tty -s </dev/tty || echo none")
        let lines = state.said.split(separator: "\n").map(String.init)
        let signals = lines.filter { $0.hasPrefix("Sig") }.compactMap { line in
            line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        }
        // 32 and 33 belong to the C library, and nobody else can change them.
        #expect(signals.count == 2 && signals.allSatisfy { $0 & ~0x1_8000_0000 == 0 }, "\(lines)")
        #expect(Array(lines.drop { $0.hasPrefix("Sig") }.prefix(3)) == ["0", "1", "2"])
        #expect(lines.count == 7 && lines.last == "none", "\(lines)")
    }

    @Test("runs in the given folder")
    func folder() throws {
        let folder = TemporaryFolder()
        var program = ExternalProgram(["pwd"], environment: path, folder: folder.path, limit: .patience)
        #expect(String(decoding: program.run().output, as: UTF8.self) == folder.path + "\n")
        program.folder = folder.file("none")
        #expect(program.run().end == .notRun(ProgramProblem(ENOENT, .folder)))
        program.folder = try folder.write("file", "")
        #expect(program.run().end == .notRun(ProgramProblem(ENOTDIR, .folder)))
    }

    @Test("is found by PATH, and must be a program")
    func finding() throws {
        let folder = TemporaryFolder()
        func end(_ word: String, path: String) -> ProgramOutcome.End {
            ExternalProgram([word], environment: ["PATH": path], limit: .patience).run().end
        }
        _ = try folder.write("mine", "#!/bin/sh\nexit 5\n", mode: 0o700)
        _ = try folder.write("plain", "exit 5\n", mode: 0o600)
        let headless = try folder.write("headless", "exit 5\n", mode: 0o700)
        let lost = try folder.write("lost", "#!/nowhere/sh\nexit 5\n", mode: 0o700)
        #expect(end("mine", path: "/nowhere::.:\(folder.path)") == .exited(5))
        #expect(end("plain", path: folder.path) == .notRun(ProgramProblem(EACCES)))
        #expect(end("none", path: folder.path) == .notRun(ProgramProblem(ENOENT)))
        #expect(end(folder.path, path: "/bin") == .notRun(ProgramProblem(EISDIR)))
        #expect(end(headless, path: "/bin") == .notRun(ProgramProblem(ENOEXEC)))
        let windows = try folder.write("windows", "#!/bin/sh\r\nexit 5\r\n", mode: 0o700)
        #expect(end(windows, path: "/bin") == .notRun(ProgramProblem(ENOENT, .carriageReturn)))
        let marked = try folder.write("marked", "\u{FEFF}#!/bin/sh\nexit 5\n", mode: 0o700)
        #expect(end(marked, path: "/bin") == .notRun(ProgramProblem(ENOEXEC, .byteOrderMark)))
        #expect(end(lost, path: "/bin") == .notRun(ProgramProblem(ENOENT, .interpreter)))
        let long = ExternalProgram(
            ["true"], environment: path.merging(["X": String(repeating: "x", count: 3 << 20)]) { $1 },
            limit: .patience)
        #expect(long.run().end == .notRun(ProgramProblem(E2BIG)))
    }

    @Test("is asked to end with all its descendants when its time is over")
    func limit() throws {
        // A busy machine may begin it late.
        for limit in [1, 8, 64] {
            let lifeline = try Lifeline()
            let script = """
                exec 3>\(lifeline.path)
                trap 'echo parent; exit' TERM
                (trap 'echo child; exit' TERM; sleep 1000 & echo up >&3; wait) &
                wait
                """
            let outcome = shell(script, limit: .seconds(limit))
            #expect(outcome.end == .overdue)
            guard lifeline.isTaken(atMost: .zero) else { continue }
            #expect(lifeline.isLetGo())
            #expect(Set(outcome.said.split(separator: "\n")) == ["child", "parent"])
            return
        }
        Issue.record("it never began")
    }

    @Test(
        "is ended with descendants that have left its session, even if their parents have ended",
        arguments: [
            "setsid sh -c 'echo up >&3; exec sleep 1000' & wait",
            "(setsid sh -c 'echo up >&3; exec sleep 1000' >/dev/null 2>&1 &); exec sleep 1000",
            "(setsid sh -c 'trap \"\" TERM; echo up >&3; while :; do sleep 1000; done' >/dev/null 2>&1 &); exec sleep 1000",
            "(setsid sh -c '(setsid sh -c \"echo up >&3; exec sleep 1000\" &)' &); trap exit TERM; sleep 1000 & wait",
        ])
    func sessions(_ script: String) throws {
        // A busy machine may begin it late.
        for limit in [1, 8, 64] {
            let lifeline = try Lifeline()
            var program = ExternalProgram(
                ["sh", "-c", "exec 3>\(lifeline.path); \(script)"], environment: path, limit: .seconds(limit))
            program.grace = .milliseconds(300)
            #expect(program.run().end == .overdue)
            guard lifeline.isTaken(atMost: .zero) else { continue }
            #expect(lifeline.isLetGo(atMost: .seconds(20)))
            return
        }
        Issue.record("it never began")
    }

    @Test("is killed if it does not end when asked")
    func obstinate() {
        var program = ExternalProgram(
            ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1000; done"], environment: path,
            limit: .seconds(1))
        program.grace = .milliseconds(100)
        #expect(program.run().end == .overdue)
    }

    @Test("is ended in time even if it writes without end, and the beginning of its output is kept")
    func endless() {
        let outcome = ExternalProgram(["yes"], environment: path, limit: .milliseconds(500)).run()
        #expect(outcome.end == .overdue && outcome.isCut && outcome.output.count == 64 << 10)
    }

    @Test("delays nothing by processes that it leaves behind")
    func background() {
        let left = shell("sleep 1000 & echo $!; exit 7")
        #expect(left.end == .exited(7))
        if let process = pid_t(left.said.trimmingCharacters(in: .newlines)) { kill(process, SIGKILL) }
    }

    @Test("is ended by a stop, after which none begins")
    func stopping() throws {
        let stop = ProgramStop()
        let lifeline = try Lifeline()
        let ended = Watched<ProgramOutcome.End?>(nil)
        let worker = Worker("stopping")
        worker.async { [path] in
            var program = ExternalProgram(
                ["sh", "-c", "exec 3>\(lifeline.path); echo up >&3; exec sleep 1000"], environment: path,
                limit: .seconds(3_600))
            // A program that ends when asked is not waited for any longer.
            program.grace = .seconds(3_600)
            let end = program.run(until: stop).end
            ended.change { $0 = end }
        }
        #expect(lifeline.isTaken())
        stop.stop()
        #expect(try ended.require("the end") { $0 } == .stopped)
        #expect(shell("echo no", until: stop) == (.stopped, ""))
    }
}
