import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("b2watch replay", .blocking)
struct ReplayTests {
    /// A receiver in a separate home, with the usual secret unless another is given.
    private func receiver(secret value: String = Secrets.value) throws -> RunningListener {
        let home = try Home()
        return try RunningListener(in: home, "--secret-file", home.secretFile(value), "--format", "json")
    }

    private func replay(_ home: Home, _ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, ["replay"] + arguments, environment: home.environment)
    }

    @Test("sends the received bytes and header fields, so that the signature is valid there too")
    func elsewhere() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        var request = WireRequest.event("one", object: "ü \"b\".txt", signedWith: Secrets.held)
        request.target = "/hook?a=b"
        request.headers += [HeaderField("X-Own", "1"), HeaderField("x-own", "2"), HeaderField("Keep-Alive", "9")]
        #expect(try listener.answer(to: request).status == 200)

        let other = try receiver()
        // A listener runs, and is not asked.
        let outcome = try replay(home, "1", "--to", other.url + "elsewhere")
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        #expect(outcome.output.hasPrefix("1  200  ") && outcome.output.hasSuffix(" ms\n"))
        #expect(outcome.error == "Replay to \(other.url)elsewhere: 1 sent: 1 answered 200\n")
        let delivery = try #require(try other.deliveries(1).first)
        #expect(delivery.signature == "valid" && delivery.bytes == request.body)
        #expect(delivery.target == "/elsewhere" && delivery.method == "POST")
        let fields = delivery.headers.map { "\($0[0]): \($0[1])" }
        #expect(fields.contains("X-Own: 1") && fields.contains("x-own: 2"))
        #expect(fields.contains("User-Agent: B2/EventNotifications"))
        #expect(!fields.contains { $0.hasPrefix("Keep-Alive") || $0.contains("b2watch.example") })
        #expect(fields.contains("Host: 127.0.0.1:\(other.port)") || fields.contains("host: 127.0.0.1:\(other.port)"))
    }

    @Test("signs again on request, and reports failures by its status")
    func signs() throws {
        let recorded = try Recorded(["a", "b"], signedWith: Secrets.held)
        let other = try receiver(secret: Secrets.otherValue)
        let refused = try replay(recorded.home, "--filter", "", "--to", other.url, "--yes")
        #expect(refused.ending == .exited(1))
        #expect(refused.output.split(separator: "\n").map { $0.prefix(6) } == ["1  401", "2  401"])
        #expect(refused.error == "Replay to \(other.url): 2 sent: 2 answered 401\n")

        let file = try recorded.home.secretFile(Secrets.otherValue, "other.txt")
        let signed = try replay(
            recorded.home, "2", "1", "--to", other.url, "--sign-with", file, "--rate", "50/s", "--yes")
        #expect(signed.ending == .exited(0), "\(signed.error)")
        #expect(signed.output.split(separator: "\n").map { $0.prefix(6) } == ["2  200", "1  200"])
        let deliveries = try other.deliveries(4).suffix(2)
        #expect(deliveries.map(\.signature) == ["valid", "valid"])
        for delivery in deliveries {
            #expect(delivery.headers.count { $0[0].lowercased() == SignatureHeader.name } == 1)
        }
    }

    @Test("sends to the listener itself by default, where it is a duplicate like any other")
    func itself() throws {
        let home = try Home()
        let listener = try RunningListener(
            in: home, "--secret-file", home.secretFile(Secrets.value), "--path", "/hook", "--format", "json")
        var request = WireRequest.event("one", signedWith: Secrets.held)
        request.target = "/hook"
        #expect(try listener.answer(to: request).status == 200)
        let outcome = try replay(home, "1")
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        let address = listener.url + "hook"
        #expect(
            outcome.error
                == "to b2watch itself, at \(address)\nReplay to \(address): 1 sent: 1 answered 200\n")
        let deliveries = try listener.deliveries(2)
        #expect(deliveries.map(\.duplicate) == [false, true])
        #expect(deliveries.map(\.signature) == ["valid", "valid"])
        #expect(deliveries[0].bytes == deliveries[1].bytes)

        try listener.stop()
        let nobody = try replay(home, "1")
        #expect(nobody.ending == .exited(64))
        #expect(nobody.error.contains("no listener runs here to send to: give the URL with --to"))
    }

    @Test("refuses incomplete or missing deliveries, and continues with the rest")
    func refuses() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--path", "/hook")
        var request = WireRequest.event("one")
        request.target = "/hook"
        #expect(try listener.answer(to: request).status == 200)
        // Requests that are not notifications are recorded only in part.
        var long = WireRequest(body: [UInt8](repeating: UInt8(ascii: "a"), count: 9_000))
        (long.method, long.target) = ("PUT", "/hook")
        #expect(try listener.answer(to: long).status == 405)
        let other = try receiver()
        let outcome = try replay(home, "2", "7", "1", "--to", other.url, "--yes")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.hasPrefix("2  -\n7  -\n1  401  "), "\(outcome.output)")
        #expect(
            outcome.error.contains("delivery 2: only 4096 of the 9000 bytes of its body were kept"), "\(outcome.error)")
        #expect(outcome.error.contains("delivery 7: it is not in the history"))
        #expect(outcome.error.hasSuffix("\nReplay to \(other.url): 1 sent: 1 answered 401; 2 not sent\n"))
    }

    @Test(
        "reports wrong arguments",
        arguments: [
            (["1", "--to", "ftp://x"], "“ftp” is not a scheme for webhooks"),
            ([], "give numbers of deliveries, or --filter"),
            (["1", "--filter", ""], "exclude each other"),
            (["--filter", "(", "--to", "http://127.0.0.1:1/"], "--filter cannot"),
            (["--filter", "~/x/", "--to", "http://127.0.0.1:1/"], "regular expressions are for the screen and export"),
            (["1", "2", "--to", "http://127.0.0.1:1/"], "Send 2 deliveries to http://127.0.0.1:1/?"),
            (["1", "--rate", "0", "--to", "http://127.0.0.1:1/"], "'--rate"),
        ])
    func usage(arguments: [String], part: String) throws {
        let recorded = try Recorded(["a"])
        let outcome = try Program.run(
            Program.path, ["replay"] + arguments, environment: recorded.home.environment)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains(part), "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    @Test("reports that nothing answers, and asks in a terminal before many are sent")
    func terminal() throws {
        let recorded = try Recorded(["a", "b"])
        let gone = try receiver()
        try gone.stop()
        let unanswered = try replay(recorded.home, "1", "--to", gone.url)
        #expect(unanswered.ending == .exited(1))
        #expect(unanswered.output == "1  -\n")
        #expect(unanswered.error.contains("delivery 1: "), "\(unanswered.error)")
        #expect(unanswered.error.hasSuffix("\nReplay to \(gone.url): 1 not sent\n"), "\(unanswered.error)")

        let other = try receiver()
        let session = try TerminalSession(in: recorded.home, columns: 120)
        try session.run("\(Program.path) replay --filter '' --to \(other.url); echo status $?")
        try session.see("Send 2 deliveries to \(other.url)? [y/N]")
        try session.press("Enter")
        try session.see("status 1")
        try session.run("clear; \(Program.path) replay --filter '' --to \(other.url); echo status $?")
        try session.see("[y/N]")
        try session.press("y", "Enter")
        try session.see("Replay to \(other.url): 2 sent: 2 answered 401", "status 1")
    }

    @Test("reports what was not sent, and how to allow plain http")
    func notSent() throws {
        let recorded = try Recorded(["a"], signedWith: Secrets.held)
        let plain = try replay(recorded.home, "1", "--to", "http://receiver.example/")
        #expect(plain.ending == .exited(64) && plain.error.contains("--allow-http"), "\(plain.error)")
        // Nobody listens on this port.
        let away = try replay(recorded.home, "1", "--to", "http://127.0.0.1:1/", "--rate", "60/m")
        #expect(away.ending == .exited(1) && away.output == "1  -\n")
        #expect(away.error.hasSuffix("\nReplay to http://127.0.0.1:1/: 1 not sent\n"), "\(away.error)")
        #expect(try replay(recorded.home, "1", "--to", "http://127.0.0.1:1/", "--rate", "60/x").ending == .exited(64))
    }
}
