import Foundation
import Harness
import TestSupport
import Testing

/// `b2watch reconcile` after a listener was away.
@Suite(.blocking) struct ReconcileTests {
    private func reconcile(_ there: BackblazeHome, _ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, ["reconcile", "my-bucket"] + arguments, environment: there.home.environment)
    }

    @Test func findsWhatWasMissed() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        there.home.environment["B2WATCH_SIGNING_SECRET"] = "b2DashTestSecret0123456789abcdEF"
        let before = try reconcile(there)
        #expect(before.ending == .exited(4))

        // The hours of the record are made up: what is recorded now is of objects that are an hour old.
        let listener = try RunningListener(in: there.home)
        there.b2.putRules(
            """
            [{"name": "all-events", "eventTypes": ["b2:ObjectCreated:*", "b2:HideMarkerCreated:*"], "isEnabled": true,
            "objectNamePrefix": "", "targetConfiguration": {"targetType": "webhook", "url": "\(listener.url)",
            "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}}]
            """)
        let soon = Int64(Date.now.timeIntervalSince1970 * 1_000) + 1
        #expect(there.b2.upload("a", at: soon) == [200])
        try listener.stop()
        there.b2.upload("b", at: soon + 1_000)
        there.b2.hide("a", at: soon + 2_000)

        // All is too new to be missing.
        let young = try reconcile(there)
        #expect(young.ending == .exited(0), "\(young.error)")
        #expect(young.output.contains("3 versions: 0 matched, 0 late, 0 missing, 3 unknown; 10 class C calls"))
        #expect(young.output.contains("unknown: 3 of the last 15 minutes"))
        #expect(try reconcile(there).error.contains("the last time that took 10 class C calls"))

        let limited = try reconcile(there, "--max-calls", "1", "--json")
        #expect(limited.output.contains("\"recent\":3"))
        #expect(limited.output.contains("\"calls\":1"))
        #expect(try reconcile(there, "--resume").ending == .exited(1))
    }
}
