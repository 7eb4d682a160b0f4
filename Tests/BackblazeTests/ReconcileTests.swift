import Foundation
import Notifications
import TestSupport
import Testing

@testable import Backblaze

@Suite struct ReconcileTests {
    private static let hour: Int64 = 3_600_000
    private static let now: Int64 = 1_767_262_272_000

    private let folder: TemporaryFolder
    private let account: FakeAccount

    init() throws {
        folder = try TemporaryFolder()
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

    private func event(_ id: String, _ received: Int64, isValid: Bool = true) -> ReconcileStore.Event {
        ReconcileStore.Event(version: id, receivedAt: Timestamp(milliseconds: received), isValid: isValid)
    }

    /// Compares to the end.
    @discardableResult
    private func compare(
        _ store: ReconcileStore, rules: [NotificationRule]?, begins: Int64? = 0, pageSize: Int = 7,
        mostCalls: Int = .max
    ) throws -> Reconciliation.End {
        try Reconciliation(
            account.client, account.bucket, store, rules: rules,
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
        try compare(store, rules: [rule()])
        #expect(try store.counts()[.missing] == 2)
        try store.match(["removed", "other"])
        #expect(try store.counts()[.missing] == 1 && store.counts()[.matched] == 1)
        var missing: [String] = []
        try store.visitMissing { missing.append($0.id) }
        #expect(missing == ["missing"])
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
        try store.add([event("matched", early + 1_000), event("invalid", early, isValid: false)])
        try store.add([event("late", early + 90_000), event("invalid", early, isValid: false)])
        #expect(try compare(store, rules: [rule()], begins: Self.now - 9 * Self.hour - 1) == .done)
        #expect(
            try store.counts() == [.matched: 1, .late: 1, .missing: 3, .recent: 1, .beforeRecord: 1])
        var missing: [String: Bool] = [:]
        try store.visitMissing { missing[$0.id] = $0.hasInvalid }
        #expect(missing == ["missing": false, "hidden": false, "invalid": true])
        #expect(try store.longestDelay() == .seconds(90))
    }

    @Test func takesTheValidEventWhateverTheOrder() throws {
        let time = Self.now - 2 * Self.hour
        account.b2.put([FakeB2.Version(name: "a", id: "x", uploaded: time)])
        let store = try store(request())
        try store.add([
            event("x", time, isValid: false), event("x", time + 5, isValid: true), event("x", time + 99_000),
        ])
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
        try begun?.add((0..<5_000).filter { $0 % 10 != 0 }.map { event("i\($0)", time) })
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
