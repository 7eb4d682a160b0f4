import Harness
import Foundation
import TestSupport
import Testing

@Suite("b2watch send", .blocking)
struct SendTests {
    @Test("sends what its options describe, as B2 does, and prints each answer")
    func options() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", file, "--format", "json")
        let outcome = try Program.run(
            "send", listener.url + "hook?a=b", "--secret-file", file, "--type", "delete", "--object", "a/ü \"b\".txt",
            "--size",
            "12345", "--bucket", "my-bucket", "--rule", "my-rule", "--batch", "3", "--count", "2", in: home)
        #expect(outcome.ending == .exited(0))
        let answers = outcome.output.split(separator: "\n")
        #expect(answers.count == 2 && answers.allSatisfy { $0.hasPrefix("200 OK ") }, "\(outcome.output)")

        let deliveries = try listener.deliveries(2)
        #expect(deliveries.map(\.signature) == ["valid", "valid"])
        #expect(deliveries.map(\.duplicate) == [false, false])
        #expect(Set(deliveries.flatMap(\.events).map(\.eventId)).count == 6)
        for delivery in deliveries {
            #expect(delivery.target == "/hook?a=b")
            let headers = Dictionary(delivery.headers.map { ($0[0].lowercased(), $0[1]) }) { one, _ in one }
            #expect(headers["user-agent"] == "B2/EventNotifications")
            #expect(headers["content-type"] == "application/json; charset=UTF-8")
            #expect(delivery.body?.contains("\n  \"events\": [\n") == true, "it is not laid out as B2's")
            let body = try #require(JSONSerialization.jsonObject(with: Data(delivery.bytes)) as? [String: Any])
            let events = try #require(body["events"] as? [[String: Any]])
            #expect(events.count == 3)
            #expect(events.first?["eventType"] as? String == "b2:ObjectDeleted:Delete")
            #expect(events.first?["bucketName"] as? String == "my-bucket")
            #expect(events.first?["matchedRuleName"] as? String == "my-rule")
        }
    }

    @Test("sends many different ones: from a file of names, by repeated options, mixed, some signed wrongly")
    func many() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let names = home.folder.file("names.txt")
        try "one.txt\r\n\ntwo/ü.txt\n".write(toFile: names, atomically: true, encoding: .utf8)
        let listener = try RunningListener(in: home, "--secret-file", file, "--format", "json")
        let outcome = try Program.run(
            "send", listener.url, "--secret-file", file, "--names", names, "--type", "upload", "--type", "delete",
            "--size",
            "1KiB..2KiB", "--bucket", "a", "--bucket", "b", "--count", "4", "--bad-every", "2", "--mixed", in: home)
        #expect(outcome.ending == .exited(1))
        let deliveries = try listener.deliveries(4)
        #expect(deliveries.map(\.signature) == ["valid", "invalid", "valid", "invalid"])
        let events = try deliveries.map { delivery in
            let body = try #require(JSONSerialization.jsonObject(with: Data(delivery.bytes)) as? [String: Any])
            return try #require((body["events"] as? [[String: Any]])?.first)
        }
        #expect(events.map { $0["objectName"] as? String } == ["one.txt", "two/ü.txt", "one.txt", "two/ü.txt"])
        #expect(events.map { $0["bucketName"] as? String } == ["a", "b", "a", "b"])
        #expect(
            events.map { $0["eventType"] as? String }[0...1] == ["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete"])
        #expect(events.allSatisfy { (1_024...2_048).contains($0["objectSize"] as? Int ?? 0) })
    }

    @Test(
        "reports wrong options",
        arguments: [
            (["--size", "2..1"], "--size 2..1: write a number of bytes"), (["--size", "-5"], "--size -5"),
            (["--names", "/nowhere"], "--names /nowhere: cannot be read"),
            (["--names", "/dev/null"], "--names /dev/null: has no name in it"),
            (["--bad-every", "0"], "--bad-every 0: write 1 or more"),
            (["--names", "x", "--object", "y"], "--names and --object exclude each other"),
        ])
    func wrongOptions(options: [String], sentence: String) throws {
        let words = ["send", "http://127.0.0.1:1/"] + options
        let outcome = try Program.run(Program.path, words, environment: Home().environment)
        #expect(outcome.ending != .exited(0))
        #expect(outcome.error.contains(sentence), "\(outcome.error)")
    }

    @Test(
        "gives each type the fields that B2 gives it",
        arguments: [
            ("upload", "b2:ObjectCreated:Upload", true), ("b2:ObjectCreated:Copy", "b2:ObjectCreated:Copy", true),
            ("test", "b2:TestEvent", false),
        ])
    func types(word: String, type: String, hasObject: Bool) throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let outcome = try Program.run(
            "send", listener.url, "--type", word, "--object", "name.txt", "--size", "7", in: home)
        #expect(outcome.ending == .exited(0))
        let delivery = try #require(try listener.deliveries(1).first)
        let body = try #require(JSONSerialization.jsonObject(with: Data(delivery.bytes)) as? [String: Any])
        let event = try #require((body["events"] as? [[String: Any]])?.first)
        #expect(event["eventType"] as? String == type)
        #expect(event["objectName"] as? String == (hasObject ? "name.txt" : nil))
        #expect(event["objectSize"] as? Int == (hasObject ? 7 : nil))
    }

    @Test(
        "with a wrong or no signature prints the reason of the refusal, and exits 1",
        arguments: [
            ("--bad-signature", "401 Invalid signature ", "invalid"),
            ("--no-signature", "401 Missing signature header ", "missing"),
        ])
    func refused(option: String, answer: String, verdict: String) throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home, "--format", "json")
        let outcome = try Program.run("send", listener.url, option, "--count", "2", in: home)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.split(separator: "\n").allSatisfy { $0.hasPrefix(answer) }, "\(outcome.output)")
        #expect(try listener.deliveries(2).map(\.signature) == [verdict, verdict])
        #expect(!(outcome.output + outcome.error).contains(Secrets.value))
    }

    @Test("reads the secret from the environment; without one it does not sign")
    func environment() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", file, "--format", "json")
        #expect(try Program.run("send", listener.url, in: home).ending == .exited(1))
        var other = home
        other.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        #expect(try Program.run("send", listener.url, in: other).ending == .exited(0))
        #expect(try listener.deliveries(2).map(\.signature) == ["missing", "valid"])
    }

    @Test("keeps a rate")
    func rate() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let start = ContinuousClock.now
        #expect(try Program.run("send", listener.url, "--count", "6", "--rate", "20", in: home).ending == .exited(0))
        // The sixth is due a quarter of a second after the first.
        #expect(.now - start >= .milliseconds(250))
        #expect(try listener.deliveries(6).count == 6)
    }

    @Test("reports that nothing answered, and exits 1")
    func nobody() throws {
        var home = try Home()
        let listener = try RunningListener(in: home)
        let url = listener.url
        try listener.stop()
        let outcome = try Program.run("send", url, in: home)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.contains("127.0.0.1:\(listener.port)"), "\(outcome.error)")
        // If it is the proxy that is not there, the proxy is named.
        home.environment["HTTPS_PROXY"] = "http://127.0.0.1:\(listener.port)"
        let proxied = try Program.run("send", "https://webhook.invalid/", in: home)
        #expect(proxied.ending == .exited(1))
        let words = "cannot send to webhook.invalid: nothing listens at 127.0.0.1:\(listener.port), which is the proxy"
        #expect(proxied.error.contains(words), "\(proxied.error)")
    }

    @Test("exits 64 for a missing secret file, and for an unknown type")
    func usage() throws {
        let home = try Home()
        let missing = try Program.run(
            "send", "http://127.0.0.1:1/", "--secret-file", home.folder.file("missing"), in: home)
        #expect(missing.ending == .exited(64))
        #expect(missing.error.contains("missing"))
        let type = try Program.run("send", "http://127.0.0.1:1/", "--type", "nonsense", in: home)
        #expect(type.ending == .exited(64))
        #expect(type.error.contains("nonsense") && type.error.contains("upload"))
    }
}
