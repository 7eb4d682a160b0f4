import Foundation
import Harness
import TestSupport
import Testing

@Suite("Alerts, as configured", .blocking)
struct AlertTests {
    private func logged(_ parts: String..., in home: Home) throws {
        _ = try home.text(of: "state/b2watch/b2watch.log") { log in parts.allSatisfy { log.contains($0) } }
    }

    @Test("listen runs the program on a problem, and not on what is right; SIGHUP reads the configuration again")
    func listen() throws {
        let home = try Home(configuration: "{}")
        let told = home.folder.file("told")
        let script = "echo \"$B2WATCH_PROBLEMS $B2WATCH_VERDICT $B2WATCH_OBJECT\" >> \(told); echo said"
        let command = "on-problem: [\"/bin/sh\", \"-c\", '\(script)']\nquiet-after: 1h\n"
        try home.configure(command)
        let secret = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", secret)
        let client = try listener.connect()
        #expect(try client.answer(to: .event("good", signedWith: Secrets.held)).status == 200)
        #expect(try client.answer(to: .event("bad")).status == 401)
        #expect(try home.text(of: "told") { $0.contains("\n") }.hasPrefix("1 missing "))
        try logged("on-problem: said", in: home)

        try home.configure("quiet-after: 1s\n")
        listener.child.signal(SIGHUP)
        try logged("nothing has come for 1 s", in: home)
        try home.configure("quiet-after: nonsense\n")
        listener.child.signal(SIGHUP)
        try logged("the configuration stays as it was", "config.yaml:1:14", in: home)
    }

    @Test("watch begins as configured, and warns when it is quiet")
    func watch() throws {
        let home = try Home(configuration: "start-view: log\nutc: true\nquiet-after: 1s\nbell: event\n")
        let session = try TerminalSession(in: home, columns: 120, rows: 30)
        try session.run(FirstStartTests.start)
        try session.see("[6 Log]", "UTC", "nothing has come for 1 s")
        try session.press("t", "1")
        try session.see("✓ valid")
    }
}
