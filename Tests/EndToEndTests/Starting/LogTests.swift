import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("The log of listen", .blocking)
struct LogTests {
    private func log(_ home: Home) throws -> String { try String(contentsOfFile: home.log, encoding: .utf8) }

    @Test("records everything from the start to the end, is accessible only to its user, and never contains a secret")
    func startToEnd() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", "prod=\(file)", "--format", "json")
        #expect(try listener.answer(to: .event("e", signedWith: Secrets.held)).status == 200)
        #expect(try listener.answer(to: .event("f", signedWith: Secrets.other)).status == 401)
        _ = try listener.deliveries(2)
        try Secrets.otherValue.write(toFile: file, atomically: false, encoding: .utf8)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "verified again")
        try listener.stop()

        let lines = try log(home).split(separator: "\n").map(String.init)
        let source = "listen[\(listener.child.id)]"
        #expect(lines.allSatisfy { $0.contains(" \(source) ") && $0.contains("Z ") })
        let start = try #require(lines.first { $0.contains(" listens at ") })
        #expect(start.contains("info \(source) b2watch 0.1.0 listens at \(listener.url)"))
        #expect(start.contains("records into \(home.history)"))
        #expect(start.contains("with prod (\(Secrets.held.fingerprint))"))
        #expect(lines.contains { $0.contains("signing secrets read again: prod (\(Secrets.other.fingerprint))") })
        #expect(lines.contains { $0.hasSuffix("verifying recorded deliveries again") })
        #expect(lines.contains { $0.hasSuffix("1 delivery verified again: 1 valid") })
        #expect(lines.contains { $0.hasSuffix("ending by SIGTERM") })
        #expect(lines.last?.hasSuffix(" ended") == true)
        #expect(try TemporaryFolder.mode(of: home.log) == 0o600)
        // Standard error has its usual form, without times.
        #expect(try listener.error.whole().hasPrefix("listening on http://"))
        #expect(try #require(listener.output).whole().split(separator: "\n").count == 2)
        for secret in [Secrets.value, Secrets.otherValue] { #expect(try !log(home).contains(secret)) }
    }

    @Test("names the process in each line, also when several append their standard error to one file")
    func shared() throws {
        let home = try Home()
        let file = home.folder.file("errors")
        let listeners = try (1...2).map { number in
            try Child(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" listen --listen 127.0.0.1:0 --history \"$1\" 2>> \"$2\"", Program.path,
                    home.folder.file("\(number).sqlite"), file,
                ], environment: home.environment)
        }
        let names = listeners.map { "listen[\($0.id)]" }
        let text = try home.text(of: "errors") { $0.split(separator: "\n").count >= 2 && $0.hasSuffix("\n") }
        for name in names {
            #expect(text.split(separator: "\n").contains { $0.hasPrefix("\(name): listening on http://") }, "\(text)")
        }
        for listener in listeners {
            listener.signal(SIGTERM)
            #expect(listener.end() == .exited(0))
        }
        for line in try log(home).split(separator: "\n") {
            #expect(names.contains { line.contains(" \($0) ") }, "\(line)")
        }
    }

    @Test("is not written if the record is in memory")
    func inMemory() throws {
        let listener = try RunningListener(in: try Home(), "--in-memory")
        try listener.stop()
        #expect(!FileManager.default.fileExists(atPath: listener.home.log))
    }

    @Test("that cannot be written is reported, and everything else continues")
    func unwritable() throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: home.log, withIntermediateDirectories: true)
        let listener = try RunningListener(in: home)
        try listener.error.line(with: "nothing is logged: the log \(home.log)")
        #expect(try listener.answer(to: .event("e")).status == 200)
        try listener.stop()
    }

    @Test("records a failed start")
    func failedStart() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:\(listener.port)", in: home)
        #expect(outcome.ending == .exited(4) || outcome.ending == .exited(3))
        let log = try log(home)
        #expect(log.split(separator: "\n").contains { $0.contains(" error listen[") })
        try listener.stop()
    }
}
