import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("b2watch verify", .blocking)
struct VerifyTests {
    private let body = SampleBody.notification([SampleEvent()])

    private func verify(_ arguments: String..., in home: Home) throws -> Program.Outcome {
        try Program.run(Program.path, ["verify"] + arguments, environment: home.environment)
    }

    @Test("reports a valid signature by its status and its first word")
    func valid() throws {
        let home = try Home()
        let secret = try home.secretFile(Secrets.value)
        let file = try home.folder.write("body", body)
        let signature = Secrets.held.signature(of: body)
        let outcome = try verify("--secret-file", secret, "--signature", signature, file, in: home)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output.hasPrefix("valid\n"))
        #expect(outcome.error.isEmpty)
        // A pasted header line is accepted.
        let line = "\(SignatureHeader.name): \(signature)"
        #expect(try verify("--secret-file", secret, "--signature", line, file, in: home).ending == .exited(0))
        // One of several secrets.
        let other = try home.secretFile(Secrets.otherValue, "other.txt")
        #expect(
            try verify("--secret-file", other, "--secret-file", secret, "--signature", signature, file, in: home).ending
                == .exited(0))
    }

    @Test("reads each byte of standard input, and explains an additional one")
    func newline() throws {
        let home = try Home()
        let secret = try home.secretFile(Secrets.value)
        let signature = Secrets.held.signature(of: body)
        func run(_ bytes: [UInt8]) throws -> Program.Outcome {
            let file = try home.folder.write("body", bytes)
            return try Program.run(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" verify --secret-file \"$1\" --signature \"$2\" - < \"$3\"", Program.path, secret,
                    signature, file,
                ],
                environment: home.environment)
        }
        #expect(try run(body).ending == .exited(0))
        let broken = try run(body + [10])
        #expect(broken.ending == .exited(1))
        #expect(broken.output.hasPrefix("invalid\n"))
        #expect(broken.output.contains("\nWhy\n  The digest received is right"))
        #expect(broken.output.contains("newline"))
        #expect(broken.output.contains("\nWhat to do\n"))
    }

    @Test("verifies a delivery of the history with the current secrets")
    func delivery() throws {
        let recorded = try Recorded(["a\u{1B}[2J"], signedWith: Secrets.held)
        let right = try recorded.home.secretFile(Secrets.value)
        let wrong = try recorded.home.secretFile(Secrets.otherValue, "other.txt")
        #expect(try verify("--secret-file", right, "--delivery", "1", in: recorded.home).ending == .exited(0))
        let outcome = try verify("--secret-file", wrong, "--delivery", "1", in: recorded.home)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.hasPrefix("invalid\n"))

        var home = recorded.home
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        #expect(try verify("--delivery", "1", in: home).ending == .exited(0))
        // It is current, but it was not named.
        let named = try verify("--secret-file", wrong, "--delivery", "1", in: home)
        #expect(named.ending == .exited(1))
        #expect(named.output.contains("was not named with --secret-file"))
        #expect(named.output.contains("\nWhat to do\n  Name that one"))
        #expect(!named.output.contains("Ruled out"))
    }

    @Test("leaves requests unjudged that are not notifications, however they are signed")
    func unjudged() throws {
        let home = try Home()
        let secret = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", secret)
        #expect(try listener.answer(to: .get("/")).status == 405)
        try listener.stop()
        let outcome = try verify("--secret-file", secret, "--delivery", "1", in: home)
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.output.hasPrefix(
                "unjudged\nThis request is not a notification, so b2watch does not check its signature.\n"),
            "\(outcome.output)")
        #expect(outcome.output.hasSuffix("\nRecorded\n  not checked\n"), "\(outcome.output)")
    }

    @Test("prints nothing that could control a terminal")
    func escapes() throws {
        let home = try Home()
        let secret = try home.secretFile(Secrets.value)
        let file = try home.folder.write("body", body)
        let outcome = try verify("--secret-file", secret, "--signature", "v1=\u{1B}[2J\n\u{202E}x", file, in: home)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.contains(#"v1=\x1b[2J\n\u{202e}x"#), "\(outcome.output)")
        #expect(!outcome.output.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
    }

    @Test("has no verdict without a secret, a body or a delivery: 64, and 4 without a history")
    func nothingToJudge() throws {
        let recorded = try Recorded(["a"])
        let home = recorded.home
        let secret = try home.secretFile(Secrets.value)
        let file = try home.folder.write("body", body)
        let cases: [(arguments: [String], status: Int32, part: String)] = [
            ([], 64, "--signature"),
            (["--signature", "v1=0", "--secret-file", secret], 64, "body"),
            ([file, "--secret-file", secret], 64, "--signature"),
            (["--signature", "v1=0", file], 64, "no signing secret"),
            (["--delivery", "1"], 64, "no signing secret"),
            (["--signature", "v1=0", "--secret-file", secret, "/nowhere"], 64, "/nowhere"),
            (["--signature", "v1=0", "--secret-file", secret, home.folder.path], 64, "directory"),
            (["--signature", "v1=0", "--secret-file", "/nowhere", file], 64, "/nowhere"),
            (["--delivery", "99", "--secret-file", secret], 64, "the newest is 1"),
            (["--delivery", "-1", "--secret-file", secret], 64, "the newest is 1"),
            (["--delivery", "1", file], 64, "--delivery"),
            (["--delivery", "1", "--secret-file", secret, "--history", "/nowhere"], 4, "no history at /nowhere"),
        ]
        for each in cases {
            let outcome = try Program.run(Program.path, ["verify"] + each.arguments, environment: home.environment)
            #expect(outcome.ending == .exited(each.status), "\(each.arguments)")
            #expect(outcome.error.contains(each.part), "\(each.arguments): \(outcome.error)")
            #expect(outcome.output.isEmpty)
        }
    }
}
