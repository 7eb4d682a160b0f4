import Foundation
import Harness
import TestSupport
import Testing

/// `b2watch reconcile` after the listener was stopped for a while.
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

        // The clock of the record is simulated: events recorded now are for objects that are an hour old.
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
        there.b2.upload("b", at: Self.now())
        there.b2.hide("a", at: Self.now() + 1)

        // All versions are too new to be missing.
        let young = try reconcile(there)
        #expect(young.ending == .exited(0), "\(young.error)")
        #expect(young.output.contains("3 versions: 1 matched, 0 late, 0 missing, 2 unknown; 1 class C call"))
        #expect(young.output.contains("unknown: 2 too new"))
        #expect(try reconcile(there).error.contains("the last time that took 1 class C call,"))

        let strict = try reconcile(there, "--grace", "0s")
        #expect(strict.ending == .exited(1))
        #expect(strict.output.contains("1 matched, 0 late, 2 missing, 0 unknown"), "\(strict.output)")
        #expect(strict.output.contains("2 objects without a notification; b2watch was stopped from"))
        let csv = try reconcile(there, "--grace", "0s", "--csv").output.split(separator: "\n")
        #expect(csv.first == "outcome,uploaded,action,size,version,name,rule,delay")
        #expect(
            csv.count == 3 && csv.last?.hasSuffix(",a,all-events,") == true && csv.last?.contains(",hide,0,") == true)

        // A comparison that does not begin leaves none to continue.
        #expect(try reconcile(there, "--rule", "nothing").error.contains("has no rule “nothing”"))
        let nothing = try reconcile(there, "--resume")
        #expect(nothing.ending == .exited(1) && nothing.error.contains("there is no comparison to continue"))
        let limited = try reconcile(there, "--max-calls", "1", "--json")
        #expect(limited.output.contains("\"recent\":2"))
        #expect(limited.output.contains("\"calls\":1,"))
        #expect(try reconcile(there, "--resume").ending == .exited(1))
    }

    private static func now() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) }

    private func rules(_ url: String) -> String {
        """
        [{"name": "all-events", "eventTypes": ["b2:ObjectCreated:*", "b2:HideMarkerCreated:*"], "isEnabled": true,
        "objectNamePrefix": "", "targetConfiguration": {"targetType": "webhook", "url": "\(url)",
        "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}}]
        """
    }

    /// A home with a secret, and an action that writes the table `rows.csv`.
    private func stand() throws -> BackblazeHome {
        var there = try BackblazeHome()
        there.home.environment["B2WATCH_SIGNING_SECRET"] = "b2DashTestSecret0123456789abcdEF"
        try there.home.configure(
            "actions:\n  sheet:\n    kind: csv\n    file: \(there.home.folder.file("rows.csv"))\n    when: sig:valid\n")
        return there
    }

    /// Returns the version ids in the table, with repetitions.
    private func versions(_ home: Home) -> [String] {
        let text = (try? String(contentsOfFile: home.folder.file("rows.csv"), encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).dropFirst().map {
            String($0.split(separator: ",", omittingEmptySubsequences: false).last ?? "")
        }
    }

    /// Uploads on several threads.
    ///
    /// - Parameter before: Receives, before each upload, the number of remaining uploads.
    private func load(_ b2: FakeB2, _ names: [String], before: @Sendable (Int) -> Void) {
        let queue = Watched(names)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            while let (name, left) = queue.change({ $0.isEmpty ? nil : ($0.removeFirst(), $0.count) }) {
                before(left)
                _ = name.hasPrefix("hide") ? b2.hide(name, at: Self.now()) : b2.upload(name, at: Self.now())
            }
        }
    }

    @Test(arguments: [false, true]) func aListenerStoppedUnderLoadLeavesOneRowForEachVersion(_ isAway: Bool) throws {
        let there = try stand()
        defer { there.server.stop() }
        var listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        #expect(there.b2.upload("first", at: Self.now() + 1) == [200])
        // It is killed during the uploads; some events are sent again later, or B2 suspends the rule.
        let victim = listener.child
        load(there.b2, (0..<120).map { $0 % 10 == 0 ? "hide\($0)" : "load\($0)" }) { left in
            if left == 80 { victim.signal(SIGKILL) }
        }
        #expect(victim.end() == .signalled(SIGKILL))
        let all = Set(there.b2.versionIDs)
        #expect(all.count == 121)

        // The rule points to the restarted listener.
        listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        if isAway { try listener.stop() }
        #expect(there.b2.undelivered > 0)
        if !isAway { there.b2.deliverLate(3) }
        let first = try reconcile(there, "--grace", "0s", "--act", "sheet")
        #expect(first.ending == .exited(0), "\(first.output)\(first.error)")
        #expect(first.output.contains("queued for sheet: "))
        if isAway {
            listener = try RunningListener(in: there.home)
            there.b2.putRules(rules(listener.url))
        }
        there.b2.deliverLate(3)
        let second = try reconcile(there, "--grace", "0s", "--act", "sheet")
        #expect(second.ending == .exited(0), "\(second.output)\(second.error)")
        #expect(second.output.contains(" 0 missing, 0 unknown"), "\(second.output)")
        there.b2.deliverLate()
        #expect(there.b2.undelivered == 0)
        // The last new event shows that all earlier ones were processed.
        #expect(there.b2.upload("last", at: Self.now()) == [200])
        let last = try #require(there.b2.versionIDs.subtracting(all).first)
        _ = try wait(for: "the last row") { versions(there.home).contains(last) ? true : nil }
        try listener.stop()
        let rows = versions(there.home)
        #expect(rows.count == 122, "\(rows.count) rows")
        #expect(Set(rows) == all.union([last]))

        let export = try Program.run("export", "--filter", "sig:reconciled", "--format", "csv", in: there.home)
        #expect(export.output.contains("b2:ObjectCreated:Reconciled"), "\(export.error)")
        let text = try String(contentsOfFile: there.home.folder.file("rows.csv"), encoding: .utf8)
        #expect(text.contains("b2:ObjectCreated:Reconciled"))
        #expect(try reconcile(there, "--grace", "0s").ending == .exited(0))
    }

    @Test func aStopLeavesOneRowForEachVersionInASheet() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        there.home.environment["B2WATCH_SIGNING_SECRET"] = "b2DashTestSecret0123456789abcdEF"
        let stand = try GoogleStand()
        defer { stand.stop() }
        let key = try there.home.folder.write("key.json", stand.google.keyFile())
        try there.home.configure("actions:\n  sheet:\n" + stand.settings(keyFile: key))
        var listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        #expect(there.b2.upload("first", at: Self.now() + 1) == [200])
        let victim = listener.child
        load(there.b2, (0..<40).map { $0 % 8 == 0 ? "hide\($0)" : "load\($0)" }) { left in
            if left == 20 { victim.signal(SIGTERM) }
        }
        #expect(victim.end() == .exited(0))
        let all = Set(there.b2.versionNames)
        #expect(all.count == 41 && there.b2.undelivered > 0)

        // Twice while nobody listens: then b2watch runs the action itself.
        for isFirst in [true, false] {
            let outcome = try reconcile(there, "--grace", "0s", "--act", "sheet")
            #expect(outcome.ending == .exited(0), "\(outcome.output)\(outcome.error)")
            #expect(outcome.output.contains("queued for sheet: 0") == !isFirst, "\(outcome.output)")
            #expect(stand.names.sorted() == all.sorted())
        }
        // The late notifications add nothing.
        listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        there.b2.deliverLate()
        #expect(there.b2.undelivered == 0)
        #expect(there.b2.upload("last", at: Self.now()) == [200])
        _ = try wait(for: "the last row") { stand.names.contains("last") ? true : nil }
        try listener.stop()
        #expect(stand.names.sorted() == (all.union(["last"])).sorted())
    }

    /// A million versions: see `docs/connect.md` for the memory.
    @Test(.enabled(if: LongTests.areWanted)) func aMillionVersionsNeedLittleMemory() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        there.home.environment["B2WATCH_SIGNING_SECRET"] = "b2DashTestSecret0123456789abcdEF"
        let listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        #expect(there.b2.upload("first", at: Self.now() + 1) == [200])
        try listener.stop()
        let start = Self.now()
        let zeros = String(repeating: "0", count: 60)
        there.b2.put(
            (0..<1_000_000).map { number in
                let digits = String(1_000_000 + number)
                return FakeB2.Version(
                    name: "photos/2026/\(digits).jpg", id: "4_z\(zeros)_\(digits)", size: 10,
                    uploaded: start + Int64(number / 10_000))
            })
        // Only a parent learns the most memory that a program has had.
        let measure = """
            import resource, subprocess, sys
            status = subprocess.call(sys.argv[1:])
            print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
            sys.exit(status)
            """
        let clock = ContinuousClock.now
        let (output, error) = (PipeEnds(), PipeEnds())
        let child = try Child(
            "python3", ["-c", measure, Program.path, "reconcile", "my-bucket", "--grace", "0s"],
            environment: there.home.environment, streams: .init(output: output.writing, error: error.writing))
        [output, error].forEach { close($0.writing) }
        let (said, complained) = (Output(output.reading), Output(error.reading))
        #expect(child.end(within: .seconds(3_600)) == .exited(1))
        let report = try said.whole()
        #expect(
            report.contains("1000001 versions: 1 matched, 0 late, 1000000 missing, 0 unknown; 1001 class C calls"),
            "\(report)")
        #expect(report.contains(": 1000000 objects without a notification; b2watch was stopped from "))
        let peak = try #require(Int(try complained.line(with: "peak ").dropFirst(5)))
        print("a million versions: \(ContinuousClock.now - clock), \(peak >> 10) MiB at most")
        #expect(peak >> 10 < 200)
    }

    @Test func aScheduleComparesAndReportsWhatFails() throws {
        let there = try stand()
        defer { there.server.stop() }
        let mark = there.home.folder.file("mark")
        let program = try there.home.folder.write(
            "note",
            "#!/bin/sh\necho $B2WATCH_PROBLEM $B2WATCH_BUCKET_PROBLEM $B2WATCH_BUCKET $B2WATCH_PROBLEMS > \(mark)\n",
            mode: 0o700)
        try there.home.configure(
            "on-problem: [\(program)]\nreconcile:\n  my-bucket:\n  other-bucket:\n    every: 1h\n    since: 1d\n")
        let listener = try RunningListener(in: there.home)
        there.b2.putRules(rules(listener.url))
        there.b2.upload("first", at: Self.now() + 1)
        try listener.error.line(with: "other-bucket could not be compared with the record")
        let text = try wait(for: "the program") {
            (try? String(contentsOfFile: mark, encoding: .utf8)).flatMap { $0.isEmpty ? nil : $0 }
        }
        #expect(text == "bucket failed other-bucket 0\n")
        _ = try wait(for: "the comparison") {
            let log = (try? String(contentsOfFile: there.home.log, encoding: .utf8)) ?? ""
            return log.contains("reconcile: my-bucket: 1 version: 1 matched") ? true : nil
        }
        try listener.stop()
    }

    @Test func aScheduleNamesAnActionThatIsDeclared() throws {
        let there = try stand()
        defer { there.server.stop() }
        try there.home.configure("reconcile:\n  my-bucket:\n    act: shet\n    evry: 1h\n")
        let outcome = try Program.run("listen", in: there.home)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains("“evry” is not a setting of a bucket; did you mean every?"))
    }
}
