import Base
import Foundation
import History
import Notifications
import Testing
import TestSupport

@testable import Backblaze

@Suite struct ReconcileTests {
    private static let hour: Int64 = 3_600_000
    private static let now: Int64 = 1_767_262_272_000

    private let folder = TemporaryFolder()
    private let account: FakeAccount

    init() throws {
        account = try FakeAccount()
    }

    private func request(since: Int64 = now - 10 * hour, prefix: String = "", rule: String? = nil) -> ReconcileRequest {
        ReconcileRequest(
            bucket: FakeB2.bucketName, since: Timestamp(milliseconds: since), prefix: prefix, rule: rule,
            now: Timestamp(milliseconds: Self.now))
    }

    private func store(_ request: ReconcileRequest?) throws -> ReconcileStore {
        try ReconcileStore(folder.file("x/reconcile.sqlite"), beginning: request)
    }

    private func rule(_ types: [String] = RuleEventType.all, prefix: String = "") -> NotificationRule {
        NotificationRule(
            name: "all-events", eventTypes: types, prefix: prefix, url: "https://x.example/", secret: nil)
    }

    private func event(
        _ id: String, _ received: Int64, _ verdict: SignatureVerdict = .valid, _ kind: VersionKind = .created
    ) -> VersionEvent {
        VersionEvent(
            kind: kind, version: id, receivedAt: Timestamp(milliseconds: received), verdict: verdict,
            identity: "e\(id) \(verdict.word)")
    }

    /// Compares to the end.
    @discardableResult
    private func compare(
        _ store: ReconcileStore, rules: [NotificationRule]?, since: Int64? = 0, begins: Int64? = 0, pageSize: Int = 7,
        mostCalls: Int = .max
    ) throws -> Reconciliation.End {
        try Reconciliation(
            account.client, account.bucket, store,
            rules: rules?.map { ReconcileRule($0, since: since.map(Timestamp.init(milliseconds:))) },
            recordBegins: begins.map(Timestamp.init(milliseconds:))
        ).run(mostCalls: mostCalls, pageSize: pageSize) { _, _ in true }
    }

    @Test func whatWasRemovedFromTheRecordIsNotMissing() throws {
        let early = Self.now - 9 * Self.hour
        account.b2.put([
            FakeB2.Version(name: "a", id: "removed", uploaded: early),
            FakeB2.Version(name: "b", id: "missing", uploaded: early),
        ])
        let store = try store(request())
        try store.add([
            RemovedVersion(
                number: RemovedVersion.number(.created, "removed"), isValid: true, isReconciled: false, actions: nil),
            RemovedVersion(number: 7, isValid: true, isReconciled: false, actions: nil),
        ])
        try compare(store, rules: [rule()])
        #expect(try store.counts() == [.missing: 1, .matched: 1])
        var missing: [String] = []
        try store.visitMissing { missing.append($0.id) }
        #expect(missing == ["missing"])
    }

    @Test func whatWasReconciledIsNotMissing() throws {
        let early = Self.now - 9 * Self.hour
        account.b2.put(["a", "b", "c", "d"].map { FakeB2.Version(name: $0, id: $0, uploaded: early) })
        let store = try store(request())
        try store.add(
            [event("a", early, .invalid), event("a", early + 9, .reconciled), event("b", early, .unsigned)], through: 9)
        try store.add([
            RemovedVersion(
                number: RemovedVersion.number(.created, "b"), isValid: false, isReconciled: false, actions: ",4,"),
            RemovedVersion(
                number: RemovedVersion.number(.created, "c"), isValid: false, isReconciled: true, actions: ",5,"),
        ])
        try compare(store, rules: [rule()])
        #expect(try store.counts() == [.reconciled: 2, .missing: 2] && store.seen() == 9)
        var missing: [String] = []
        try store.visitMissing { missing.append($0.id) }
        #expect(missing == ["b", "d"])
        let candidates = try store.candidates(after: nil, limit: 2, for: 4)
        #expect(candidates.map(\.version.id) == ["a", "b"] && candidates.map(\.isDone) == [false, true])
        #expect(candidates.first?.others == ["ea invalid"] && candidates.first?.version.rule == "all-events")
        let rest = try store.candidates(after: candidates.last, limit: 5, for: nil)
        #expect(rest.map(\.version.id) == ["c", "d"] && rest.allSatisfy { !$0.isDone })
        #expect(try store.candidates(after: rest.last, limit: 5, for: 4).isEmpty)
    }

    @Test func aRuleThatMayBeYoungerMissesNothing() throws {
        let time = Self.now - 2 * Self.hour
        account.b2.put([
            FakeB2.Version(name: "a", id: "a", uploaded: time), FakeB2.Version(name: "b", id: "b", uploaded: time + 50),
        ])
        let store = try store(request())
        try compare(store, rules: [rule()], since: time + 50)
        #expect(try store.counts() == [.beforeRule: 1, .missing: 1])
    }

    @Test func tellsWhatIsMissingFromWhatIsUnknown() throws {
        let early = Self.now - 9 * Self.hour
        account.b2.put([
            FakeB2.Version(name: "a", id: "matched", uploaded: early),
            FakeB2.Version(name: "b", id: "late", uploaded: early),
            FakeB2.Version(name: "c", id: "missing", uploaded: early),
            FakeB2.Version(name: "d", id: "hidden", uploaded: early, action: "hide"),
            FakeB2.Version(name: "e", id: "invalid", uploaded: early),
            FakeB2.Version(name: "f", id: "recent", uploaded: Self.now - 60_000),
            FakeB2.Version(name: "g", id: "unfinished", uploaded: early, action: "start"),
            FakeB2.Version(name: "h", id: "old", uploaded: Self.now - 20 * Self.hour),
            FakeB2.Version(name: "i", id: "before", uploaded: Self.now - 10 * Self.hour),
        ])
        let store = try store(request())
        try store.add([event("matched", early + 1_000), event("invalid", early, .invalid)], through: 2)
        try store.add([event("late", early + 90_000), event("invalid", early, .missing)], through: 4)
        // Hiding is another event than creating.
        try store.add([event("missing", early, .valid, .hidden)], through: 5)
        #expect(try compare(store, rules: [rule()], begins: Self.now - 9 * Self.hour - 1) == .done)
        #expect(
            try store.counts() == [.matched: 1, .late: 1, .missing: 3, .recent: 1, .beforeRecord: 1])
        var missing: [String: Bool] = [:]
        try store.visitMissing { missing[$0.id] = $0.hasInvalid }
        #expect(missing == ["missing": false, "hidden": false, "invalid": true])
        #expect(try store.delays() == .seconds(90) ... .seconds(90))
        // The event has arrived in the meantime.
        try store.add([event("missing", early + 99_000)], through: 7)
        try store.settle()
        #expect(try store.counts()[.missing] == 2 && store.counts()[.late] == 2)
        var late: [String: Duration] = [:]
        try store.visitLate { late[$0.id] = $1 }
        #expect(late == ["late": .seconds(90), "missing": .seconds(99)])
    }

    @Test func takesTheValidEventWhateverTheOrder() throws {
        let time = Self.now - 2 * Self.hour
        account.b2.put([FakeB2.Version(name: "a", id: "x", uploaded: time)])
        let store = try store(request())
        try store.add(
            [event("x", time, .invalid), event("x", time + 5), event("x", time + 99_000)], through: 3)
        try compare(store, rules: nil)
        #expect(try store.counts() == [.matched: 1])
    }

    @Test func goesByTheRules() throws {
        let time = Self.now - 2 * Self.hour
        account.b2.put([
            FakeB2.Version(name: "in/a", id: "1", uploaded: time),
            FakeB2.Version(name: "out/b", id: "2", uploaded: time),
            FakeB2.Version(name: "in/c", id: "3", uploaded: time, action: "hide"),
            FakeB2.Version(name: "some/d", id: "4", uploaded: time),
            FakeB2.Version(name: "off/e", id: "5", uploaded: time),
        ])
        var off = rule(prefix: "off/")
        off.isEnabled = false
        let store = try store(request())
        let rules = [
            rule(["b2:ObjectCreated:*"], prefix: "in/"), rule(["b2:ObjectCreated:Copy"], prefix: "some/"), off,
        ]
        try compare(store, rules: rules)
        #expect(try store.counts() == [.missing: 1, .outsideRules: 3, .unsureType: 1])
    }

    @Test func goesOnWhereItWasLeft() throws {
        let time = Self.now - 2 * Self.hour
        account.b2.put((0..<5_000).map { FakeB2.Version(name: "n\($0)", id: "i\($0)", uploaded: time + Int64($0)) })
        var begun: ReconcileStore? = try store(request())
        try begun?.add((0..<5_000).filter { $0 % 10 != 0 }.map { event("i\($0)", time) }, through: 4_500)
        if let begun { #expect(try compare(begun, rules: [rule()], pageSize: 10_000, mostCalls: 2) == .limit) }
        begun = nil
        let again = try store(nil)
        #expect(try again.progress() == (2, false))
        #expect(try again.request() == request())
        #expect(try compare(again, rules: [rule()], pageSize: 10_000) == .done)
        #expect(try again.counts() == [.matched: 4_500, .missing: 500])
        again.delete()
        #expect(FakeAccount.problem { _ = try store(nil).request() } != nil)
    }

    @Test func groupsWhatIsMissingIntoGaps() throws {
        let time = Self.now - 5 * Self.hour
        account.b2.put(
            (0..<10).map { FakeB2.Version(name: "z\($0)", id: "a\($0)", uploaded: time + Int64($0) * 60_000) }
                + [FakeB2.Version(name: "a", id: "b", uploaded: time + Self.hour)])
        let store = try store(request())
        try compare(store, rules: nil)
        let gaps = try ReconcileGap.all(in: store)
        #expect(gaps.map(\.count) == [10, 1])
        #expect(gaps.first?.first.milliseconds == time)
        #expect(gaps.first?.last.milliseconds == time + 540_000)
    }

    @Test func isCancelledBetweenPages() throws {
        account.b2.put((0..<20).map { FakeB2.Version(name: "n\($0)", id: "i\($0)", uploaded: Self.now - Self.hour) })
        let store = try store(request(prefix: "n"))
        let end = try Reconciliation(account.client, account.bucket, store, rules: nil, recordBegins: nil).run(
            pageSize: 7
        ) {
            versions, calls in
            #expect(versions == 7 && calls == 1)
            return false
        }
        #expect(end == .cancelled)
        #expect(try store.counts() == [.beforeRecord: 7])
    }
}
