import Foundation
import Harness
import TestSupport
import Testing

@Suite("Alerts, as configured")
struct AlertTests {
    private func home(_ configuration: String) throws -> Home {
        let home = try Home()
        try write(configuration, in: home)
        return home
    }

    private func write(_ configuration: String, in home: Home) throws {
        try home.configure(configuration)
    }

    private func seen(_ path: String, _ condition: (String) -> Bool) throws -> String {
        let end = ContinuousClock.now + .patience
        while true {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if condition(text) { return text }
            guard .now < end else { throw WaitedInVain(for: path, seeing: text) }
            usleep(20_000)
        }
    }

    @Test("listen runs the program on a problem, and not on what is right; SIGHUP reads the configuration again")
    func listen() throws {
        let home = try home("{}")
        let told = home.folder.file("told")
        let script = "echo \"$B2WATCH_PROBLEMS $B2WATCH_VERDICT $B2WATCH_OBJECT\" >> \(told); echo said"
        let command = "on-problem: [\"/bin/sh\", \"-c\", '\(script)']\nquiet-after: 1h\n"
        try write(command, in: home)
        let secret = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", secret)
        let client = try listener.connect()
        #expect(try client.answer(to: .event("good", signedWith: Secrets.held)).status == 200)
        #expect(try client.answer(to: .event("bad")).status == 401)
        #expect(try seen(told) { $0.contains("\n") }.hasPrefix("1 missing "))
        _ = try seen(home.log) { $0.contains("on-problem: said") }

        try write("quiet-after: 1s\n", in: home)
        listener.child.signal(SIGHUP)
        _ = try seen(home.log) { $0.contains("nothing has come for 1 s") }
        try write("quiet-after: nonsense\n", in: home)
        listener.child.signal(SIGHUP)
        _ = try seen(home.log) { $0.contains("the configuration stays as it was") && $0.contains("config.yaml:1:14") }
    }

    @Test("watch begins as configured, and warns when it is quiet")
    func watch() throws {
        let home = try home("start-view: log\nutc: true\nquiet-after: 1s\nbell: event\n")
        let session = try TerminalSession(in: home, columns: 120, rows: 30)
        try session.run(FirstStartTests.start)
        try session.see("[6 Log]", "UTC", "nothing has come for 1 s")
        try session.press("t", "1")
        try session.see("✓ valid")
    }
}
