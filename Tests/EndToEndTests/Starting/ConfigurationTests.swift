import Foundation
import Harness
import Testing
import TestSupport

@Suite("The configuration", .blocking)
struct ConfigurationTests {
    private func home(_ configuration: String) throws -> Home {
        let home = try Home()
        try home.configure(configuration)
        return home
    }

    @Test("with mistakes ends with status 64 and all of them, with the file and the line")
    func wrong() throws {
        let home = try home(
            "them: dark\nlisten: nonsense\npath: hook\nmax-body: 1TiB\nstart-view: evnets\nbell: \"\\e[31m\"\n")
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(64))
        let file = home.configuration
        for part in [
            "b2watch: \(file):1:1: “them” is not a setting; did you mean theme?", "\(file):2:9: “listen”: ",
            "\(file):3:7: “path”: hook does not begin with /: write /hook", "\(file):4:11: “max-body”: 1TiB",
            "\(file):5:13: “start-view” is “evnets”; expected is one of events, table, deliveries, actions, rules, log, pulse; did you mean events?",
            "\(file):6:7: “bell” is “\\x1b[31m”",
        ] {
            #expect(outcome.error.contains(part), "\(outcome.error)")
        }
        #expect(!outcome.error.contains("listening") && outcome.output.isEmpty)
    }

    @Test("that names a missing secret file is reported with its line")
    func missingSecret() throws {
        let home = try home("utc: yes\nsecret-files: /nowhere/secret\n")
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains("\(home.configuration):2:15: the secret file /nowhere/secret"))
    }

    @Test("sets defaults, and an option has priority")
    func settings() throws {
        let home = try home("secret-files: ~/prod.txt\nmax-body: 1kB\n")
        _ = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        #expect(try client.answer(to: .event("a")).status == 401)
        #expect(try client.answer(to: .event("b", signedWith: Secrets.held)).status == 200)
        try listener.stop()

        let other = try home.secretFile(Secrets.otherValue, "other.txt")
        let overruled = try RunningListener(in: home, "--secret-file", other)
        #expect(try overruled.answer(to: .event("c", signedWith: Secrets.held)).status == 401)
    }
}

// MARK: - Places

@Suite("The places of files", .blocking)
struct PlacesTests {
    private func home(without variables: String...) throws -> Home {
        var home = try Home()
        for variable in variables { home.environment[variable] = nil }
        return home
    }

    @Test("can be set for a start by XDG_STATE_HOME alone")
    func state() throws {
        let listener = try RunningListener(in: try home(without: "HOME", "XDG_CONFIG_HOME"))
        #expect(try listener.answer(to: .event("a")).status == 200)
        try listener.stop()
        #expect(FileManager.default.fileExists(atPath: listener.home.history))
    }

    @Test("can be set for saved secrets by XDG_CONFIG_HOME, and unsigned requests are refused")
    func configuration() throws {
        let home = try home(without: "HOME", "XDG_STATE_HOME")
        try FileManager.default.createDirectory(
            atPath: home.folder.file("config/b2watch"), withIntermediateDirectories: true)
        _ = try home.folder.write("config/b2watch/secrets", "kept any \(Secrets.value)\n")
        let listener = try RunningListener(in: home, "--in-memory", "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("a")).status == 401)
        #expect(try client.answer(to: .event("b", signedWith: Secrets.held)).status == 200)
        #expect(try listener.deliveries(2).map(\.secret) == [nil, "kept"])
    }

    @Test("do not include an empty CREDENTIALS_DIRECTORY")
    func credentials() throws {
        var home = try Home()
        home.environment["CREDENTIALS_DIRECTORY"] = ""
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("a")).status == 200)
    }
}

// MARK: - Alerts

@Suite("Alerts, as configured", .blocking)
struct AlertTests {
    private func logged(_ parts: String..., in home: Home) throws {
        _ = try home.text(of: "state/b2watch/b2watch.log") { log in parts.allSatisfy { log.contains($0) } }
    }

    @Test("run the program on a problem only; SIGHUP reads the configuration again")
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
        try logged("nothing has arrived for 1 s", in: home)
        try home.configure("quiet-after: nonsense\n")
        listener.child.signal(SIGHUP)
        try logged("the configuration stays as it was", "config.yaml:1:14", in: home)
    }

    @Test("warn of a quiet time in watch")
    func watch() throws {
        let home = try Home(configuration: "start-view: log\nutc: true\nquiet-after: 1s\nbell: event\n")
        let session = try TerminalSession(in: home, columns: 120, rows: 30)
        try session.run(FirstStartTests.start)
        try session.see("[6 Log]", "UTC", "nothing has arrived for 1 s")
        try session.press("t", "1")
        try session.see("✓ valid")
    }
}
