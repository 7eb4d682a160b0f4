import Foundation
import Harness
import TestSupport
import Testing

/// The causes of a gap in the report of `b2watch reconcile`: what b2watch did in that time, and what B2 did.
@Suite(.blocking) struct GapCausesTests {
    private static let secret = "b2DashTestSecret0123456789abcdEF"

    private func home() throws -> BackblazeHome {
        var there = try BackblazeHome()
        there.home.environment["B2WATCH_SIGNING_SECRET"] = Self.secret
        return there
    }

    private static func now() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) }

    /// Starts a listener, to which a rule leads, and receives a first event.
    private func listen(_ there: BackblazeHome) throws -> RunningListener {
        let listener = try RunningListener(in: there.home)
        lead(there, listener.url)
        #expect(there.b2.upload("first", at: Self.now() + 1) == [200])
        return listener
    }

    private func lead(_ there: BackblazeHome, _ url: String, secret: String = secret) {
        there.b2.putRules(
            """
            [{"name": "all-events", "eventTypes": ["b2:ObjectCreated:*", "b2:HideMarkerCreated:*"], "isEnabled": true,
            "objectNamePrefix": "", "targetConfiguration": {"targetType": "webhook", "url": "\(url)",
            "hmacSha256SigningSecret": "\(secret)"}}]
            """)
    }

    /// Compares, and returns the line of the only gap.
    private func gap(_ there: BackblazeHome, _ objects: String) throws -> String {
        let outcome = try Program.run("reconcile", "my-bucket", "--grace", "0s", in: there.home)
        #expect(outcome.ending == .exited(1), "\(outcome.error)")
        let lines = outcome.output.split(separator: "\n").filter { $0.contains(" without a notification") }
        #expect(lines.count == 1, "\(outcome.output)")
        let line = try #require(lines.first)
        #expect(line.contains(": \(objects) without a notification"), "\(outcome.output)")
        return String(line)
    }

    @Test func aStopOfB2watch() throws {
        let there = try home()
        defer { there.server.stop() }
        try listen(there).stop()
        let down = [there.b2.upload("a", at: Self.now()), there.b2.upload("b", at: Self.now())]
        #expect(down == [[0], [0]])
        let line = try gap(there, "2 objects")
        #expect(line.contains("; b2watch was stopped from ") && line.hasSuffix(" until now"), "\(line)")
        // It has started again: the stretch has an end, and contains the gap.
        let listener = try RunningListener(in: there.home)
        lead(there, listener.url)
        let time = "([0-9-]+T[0-9:.]+Z)"
        let form = try Regex(
            "^\(time) to \(time): 2 objects without a notification; b2watch was stopped from \(time) to \(time)$",
            as: (Substring, Substring, Substring, Substring, Substring).self)
        let closed = try gap(there, "2 objects")
        let found = try #require(closed.wholeMatch(of: form)?.output, "\(closed)")
        #expect(found.3 <= found.1 && found.1 <= found.2 && found.2 <= found.4)
        try listener.stop()
    }

    @Test func aKill() throws {
        let there = try home()
        defer { there.server.stop() }
        try listen(there).stop(SIGKILL, expecting: .signalled(SIGKILL))
        there.b2.upload("a", at: Self.now())
        let listener = try RunningListener(in: there.home)
        let line = try gap(there, "1 object")
        #expect(
            line.contains("; b2watch ended without a word, after ") && line.contains(", and was started again at "),
            "\(line)")
        try listener.stop()
    }

    @Test func refusalsAndASuspension() throws {
        let there = try home()
        defer { there.server.stop() }
        let listener = try listen(there)
        // Somebody has given the rule another secret: B2 tries each of five notifications three times, and suspends it.
        lead(there, listener.url, secret: "anotherSecret0123456789abcdefGHI")
        for name in ["a", "b", "c"] { #expect(there.b2.upload(name, at: Self.now()) == [401]) }
        let refused = try gap(there, "3 objects")
        #expect(
            refused.hasSuffix(
                "(3 with an event that is not valid); b2watch refused 9 notifications in that time, most with 401"),
            "\(refused)")
        for name in ["d", "e", "f"] { there.b2.upload(name, at: Self.now()) }
        #expect(there.b2.rule("all-events")?["isSuspended"] as? Bool == true)
        let line = try gap(there, "6 objects")
        #expect(
            line.hasSuffix(
                "(5 with an event that is not valid); b2watch refused 15 notifications in that time, most with 401;"
                    + " the rule all-events is suspended by B2 (Too many failed deliveries)"), "\(line)")
        try listener.stop()
    }

    @Test func aDiskThatHangs() throws {
        var there = try home()
        defer { there.server.stop() }
        let hang = there.home.folder.file("hang")
        try FaultShim.add("hang", file: hang, to: &there.home)
        let listener = try listen(there)
        _ = try there.home.folder.write("hang", "")
        // What hangs may be recorded in the end; what comes behind it is not.
        there.b2.upload("a", at: Self.now())
        #expect(there.b2.upload("b", at: Self.now()) == [503])
        #expect(there.b2.upload("c", at: Self.now()) == [503])
        try listener.error.line(with: "NOT RECORDING, answering 503")
        #expect(unlink(hang) == 0)
        try listener.error.line(with: "recording again")
        try listener.stop()
        let outcome = try Program.run("reconcile", "my-bucket", "--grace", "0s", in: there.home)
        #expect(outcome.ending == .exited(1), "\(outcome.error)")
        let line = try #require(outcome.output.split(separator: "\n").first { $0.contains(" without a notification") })
        #expect(line.contains("; b2watch could not record, and answered 503, from "), "\(outcome.output)")
    }
}
