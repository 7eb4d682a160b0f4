import Harness
import Foundation
import Notifications
import TestSupport
import Testing

@Suite("A secret is not revealed", .blocking)
struct SecrecyTests {
    @Test("by the environment, the output, the record and every other file")
    func nowhere() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let file = try home.secretFile(Secrets.otherValue, "second.txt")
        let listener = try RunningListener(in: home, "--secret-file", "second=\(file)", "--format", "json")
        let client = try listener.connect()
        for secret in [Secrets.held, Secrets.other] {
            #expect(try client.answer(to: .event("e", signedWith: secret)).status == 200)
        }
        #expect(try listener.deliveries(2).map(\.secret) == ["environment", "second"])

        let environment = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(listener.child.id)/environ"))
        #expect(environment.contains(Data("XDG_STATE_HOME".utf8)), "the environment is not to be seen at all")
        #expect(!environment.contains(Data(Secrets.value.utf8)))
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "read again")
        try listener.stop()

        #expect(!listener.error.text.contains(Secrets.value) && !listener.error.text.contains(Secrets.otherValue))
        let output = try #require(listener.output).whole()
        #expect(!output.contains(Secrets.value) && !output.contains(Secrets.otherValue))
        try Self.expectNone(in: home, but: file)
    }

    /// Checks that no file below the home contains a secret, except its own.
    static func expectNone(in home: Home, but exception: String) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: home.folder.path)
        #expect(names.contains("state/b2watch/history.sqlite"))
        for path in names.map(home.folder.file) where path != exception {
            guard let bytes = FileManager.default.contents(atPath: path) else { continue }
            for secret in [Secrets.value, Secrets.otherValue] {
                #expect(!bytes.contains(Data(secret.utf8)), "\(path) contains a secret")
            }
        }
    }

    @Test("The record is accessible only to its user, whatever the umask")
    func permissions() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, wrapper: "umask 0")
        #expect(try listener.answer(to: .event("e")).status == 200)
        #expect(try TemporaryFolder.mode(of: home.folder.file("state/b2watch")) == 0o700)
        for suffix in ["", "-wal", "-shm", ".lock"] {
            #expect(try TemporaryFolder.mode(of: home.history + suffix) == 0o600, "history.sqlite\(suffix)")
        }
    }

    @Test("A secret file that others may read is used, with a warning")
    func openFile() throws {
        let home = try Home()
        let file = try home.folder.write("open.txt", Secrets.value, mode: 0o644)
        let listener = try RunningListener(in: home, "--secret-file", file)
        #expect(try listener.error.line(with: "open.txt").contains("0600") || listener.error.text.contains("chmod"))
        #expect(try listener.answer(to: .event("e", signedWith: Secrets.held)).status == 200)
    }

    @Test("Every secret's file that others may read is named in a warning, wherever it is configured")
    func openFiles() throws {
        var home = try Home()
        let credentials = TemporaryFolder()
        home.environment["CREDENTIALS_DIRECTORY"] = credentials.path
        let open = [
            try credentials.write("cred", "1" + Secrets.value, mode: 0o644),
            try home.folder.write("configured", "2" + Secrets.value, mode: 0o640),
            try home.folder.write("sid", "AC0123456789abcdef0123456789abcdef", mode: 0o644),
            try home.folder.write("token", "0123456789abcdef0123456789abcdef", mode: 0o604),
        ]
        try home.configure(
            """
            secret-files: [\(open[1])]
            actions:
              sms:
                kind: twilio
                account-file: \(open[2])
                token-file: \(open[3])
                from: "+15005550006"
                to: "+15005550009"
            """)
        _ = try home.folder.write("config/b2watch/secrets", "kept any 3\(Secrets.value)\n", mode: 0o644)
        let listener = try RunningListener(in: home)
        for path in open + [home.secrets] {
            let line = try listener.error.line(with: "\(path) can be read by other users")
            #expect(line.hasSuffix("chmod 600 it"))
        }
        try listener.stop()
        let log = try String(contentsOfFile: home.log, encoding: .utf8)
        for path in open + [home.secrets] { #expect(log.contains(" warning listen[") && log.contains(path)) }
    }

    @Test("A command that reads a secret's file warns as the listener does")
    func commands() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("e")).status == 200)
        let file = try home.folder.write("open.txt", Secrets.value, mode: 0o644)
        let body = try home.folder.write("body", "{}")
        for arguments in [
            ["send", listener.url, "--secret-file", file],
            ["verify", "--secret-file", file, "--signature", Secrets.held.signature(of: Array("{}".utf8)), body],
            ["replay", "1", "--to", listener.url, "--sign-with", file],
        ] {
            let outcome = try Program.run(Program.path, arguments, environment: home.environment)
            #expect(outcome.ending == .exited(0), "\(outcome.error)")
            #expect(outcome.error.contains("\(file) can be read by other users: chmod 600 it"), "\(outcome.error)")
        }
        try listener.stop()
    }

    @Test("Without a secret, listening beyond this machine warns")
    func exposure() throws {
        let listener = try RunningListener(in: try Home(), listen: "0.0.0.0:0")
        try listener.error.line(with: "without a signing secret")
    }

    @Test("A match outside a secret's binding is invalid")
    func binding() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(
            in: home, "--secret-file", "prod@bucket:mySampleBucket=\(file)", "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        var request = WireRequest(body: SampleBody.notification([SampleEvent(bucket: "anotherBucket")]))
        request.headers.append(HeaderField(SignatureHeader.name, Secrets.held.signature(of: request.body)))
        #expect(try client.answer(to: request).status == 401)
        #expect(try listener.deliveries(2).map(\.signature) == ["valid", "invalid"])
    }
}
