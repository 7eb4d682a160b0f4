import Foundation
import Harness
import TestSupport
import Testing

@Suite("The configuration", .blocking)
struct ConfigurationTests {
    private func home(_ configuration: String) throws -> Home {
        let home = try Home()
        try home.configure(configuration)
        return home
    }

    @Test("64 for what is wrong in it, all at once, with the file and the line")
    func wrong() throws {
        let home = try home(
            "them: dark\nlisten: nonsense\npath: hook\nmax-body: 1TiB\nstart-view: evnets\nbell: \"\\e[31m\"\n")
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(64))
        let file = home.configuration
        for part in [
            "b2watch: \(file):1:1: “them” is no setting; did you mean theme?", "\(file):2:9: “listen”: ",
            "\(file):3:7: “path”: hook does not begin with /: write /hook", "\(file):4:11: “max-body”: 1TiB",
            "\(file):5:13: “start-view” is “evnets”; expected is one of events, table, deliveries, actions, log, pulse; did you mean events?",
            "\(file):6:7: “bell” is “\\x1b[31m”",
        ] {
            #expect(outcome.error.contains(part), "\(outcome.error)")
        }
        #expect(!outcome.error.contains("listening") && outcome.output.isEmpty)
    }

    @Test("a secret's file that is not there is reported with the line that names it")
    func missingSecret() throws {
        let home = try home("utc: yes\nsecret-files: /nowhere/secret\n")
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains("\(home.configuration):2:15: the secret file /nowhere/secret"))
    }

    @Test("its settings hold, and an option wins over them")
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
