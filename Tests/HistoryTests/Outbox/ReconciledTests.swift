import Base
import GRDB
import Notifications
import Testing
import TestSupport

@testable import History

@Suite(.blocking) struct ReconciledTests {
    private static let now = Timestamp(milliseconds: 1_767_262_272_000)

    private let history: History
    private let action: Int64
    private let other: Int64

    init() throws {
        history = try History(
            .memory,
            bounds: HistoryBounds(
                notifications: .init(requests: 64), others: .init(requests: 64), valid: .init(requests: 64),
                tombstones: 1_000))
        let ids = try history.outbox.declare([
            .init(name: "sheet", kind: "csv", summary: ""), .init(name: "chat", kind: "slack", summary: ""),
        ])
        (action, other) = (try #require(ids["sheet"]), try #require(ids["chat"]))
    }

    private func version(_ id: String, _ kind: VersionKind = .created, others: [String] = []) -> ReconciledVersion {
        ReconciledVersion(
            kind: kind, id: id, name: "photos/\(id).jpg", size: 7, uploaded: Timestamp(milliseconds: 5), accountID: "a",
            bucketID: "b", bucket: "my-bucket", rule: "all-events", others: others)
    }

    private func event(
        _ id: String, of version: String, _ verdict: SignatureVerdict = .valid, type: String = "b2:ObjectCreated:Upload"
    ) -> JudgedDelivery {
        .sample(
            .sample([SampleEvent(id: id, type: type, version: version, bucket: "my-bucket")]), verdict)
    }

    private func reconcile(
        _ versions: [ReconciledVersion], for action: Int64? = nil, seen: Int64 = 0
    ) throws -> Outbox.Addition {
        try history.reconcile(versions, for: action ?? self.action, seen: seen, at: Self.now)
    }

    private func walk(_ action: Int64) throws -> Int {
        var added = 0
        while true {
            let walk = try history.outbox.walk(
                action, through: history.current.latestRow, matching: .everything, at: Self.now)
            added += walk.added
            if walk.cursor >= history.current.latestRow { return added }
        }
    }

    private func finish(_ action: String) throws {
        let entries = try history.reader.outbox(
            OutboxRequest(action: action, states: [.queued], .oldest, before: 0, after: 1_000)
        ).rows.map(\.entry.id)
        let begun = try history.outbox.begin(entries, batch: 1, at: Self.now)
        try history.outbox.settle(begun.map { .init($0, .done) }, exchange: nil, at: Self.now)
    }

    @Test func aVersionWithoutAnEventIsRecordedAndQueuedOnce() throws {
        defer { history.close() }
        #expect(try reconcile([version("v1"), version("v2", .hidden)]) == .init(added: 2))
        #expect(try reconcile([version("v1"), version("v2", .hidden)]) == .init(there: 2))
        let rows = try history.allRows
        #expect(rows.map(\.verdict) == [.reconciled, .reconciled])
        #expect(
            rows.map(\.eventType.text) == ["b2:ObjectCreated:Reconciled", "b2:HideMarkerCreated:Reconciled"])
        #expect(rows.first?.objectVersionId.text == "v1" && rows.first?.objectName.text == "photos/v1.jpg")
        #expect(rows.first?.objectSize == .integer(7) && rows.first?.eventTimestamp == .integer(5))
        // No walk queues them; another action runs for them only on request.
        #expect(try walk(action) == 0 && walk(other) == 0)
        #expect(try history.reader.missed(other, matching: .everything).count == 0)
        #expect(try reconcile([version("v1")], for: other) == .init(added: 1))
        #expect(try history.allRows.count == 2)
        #expect(history.current.tally[.reconciled] == 2)
    }

    @Test func aLateEventDoesNotActAgain() throws {
        defer { history.close() }
        #expect(try reconcile([version("v1"), version("v2", .hidden)]) == .init(added: 2))
        try history.keepNow(event("late", of: "v1"))
        try history.keepNow(event("deleted", of: "v2", type: "b2:ObjectDeleted:Delete"))
        try history.keepNow(event("hidden", of: "v2", type: "b2:HideMarkerCreated:Hide"))
        // The deletion is another event; the other action has not run for anything.
        #expect(try walk(action) == 1)
        #expect(try walk(other) == 3)
        let late = try #require(try history.allRows.first { $0.eventId.text == "late" })
        #expect(late.sheet == .queued)
        #expect(try history.add(action, rows: [late.id], at: Self.now) == .init(there: 1))
        var plan = OutboxPlan(most: 5)
        try history.reader.plan("sheet", for: [late.id], into: &plan)
        #expect(plan.there == 1 && plan.count == 0)
        #expect(try history.reader.missed(action, matching: .everything).count == 0)
    }

    @Test func byHandAnActionRunsOnceForAVersion() throws {
        defer { history.close() }
        // Before and after the reconciled events, others of the same versions arrive, for which the other action runs.
        try history.keepNow(event("early", of: "v2", .unsigned))
        #expect(
            try reconcile([version("v1"), version("v2"), version("v3"), version("v4", .hidden)]) == .init(added: 4))
        try history.keepNow(event("late", of: "v1"))
        try history.keepNow(event("deleted", of: "v3", type: "b2:ObjectDeleted:Delete"))
        try history.keepNow(event("created", of: "v4"))
        #expect(try walk(other) == 4)
        let rows = try history.allRows.filter { $0.verdict == .reconciled }.map(\.id)
        // The deletion and the creation are other changes than those that were reconciled.
        #expect(try history.add(other, rows: rows, at: Self.now) == .init(added: 2, there: 2))
        #expect(try history.add(other, rows: rows, at: Self.now) == .init(there: 4))
        #expect(try history.add(action, rows: rows, at: Self.now) == .init(there: 4))
    }

    @Test func anEventThatHasActedIsNotQueuedAgain() throws {
        defer { history.close() }
        try history.keepNow(event("unsigned", of: "v1", .unsigned))
        #expect(try walk(action) == 1)
        // It is known from the comparison, or has arrived since then.
        let seen = history.current.latestRow
        #expect(try reconcile([version("v1", others: ["eunsigned"])], seen: seen) == .init(there: 1))
        #expect(try reconcile([version("v1")]) == .init(there: 1))
        #expect(try reconcile([version("v1")], for: other, seen: seen) == .init(added: 1))
        // A valid event that has arrived is enough.
        try history.keepNow(event("valid", of: "v2"))
        #expect(try reconcile([version("v2")], seen: seen) == .init(there: 1))
        #expect(try history.allRows.count { $0.verdict == .reconciled } == 1)
    }

    @Test func whatIsRemovedStaysKnown() throws {
        defer { history.close() }
        #expect(try reconcile([version("v1")]) == .init(added: 1))
        try history.keepNow(event("unsigned", of: "v3", .unsigned))
        #expect(try walk(action) == 1)
        try finish("sheet")
        // Two days later, so that no daily limit needs the entries.
        let later = Timestamp(milliseconds: Self.now.milliseconds + 2 * 86_400_000)
        for number in 1...70 {
            for verdict in [SignatureVerdict.valid, .invalid] {
                let name = "\(verdict.word)\(number)"
                var delivery = event(name, of: name).delivery
                delivery.receivedAt = later
                try history.keepNow(.sample(delivery, verdict))
            }
            _ = try walk(action) + walk(other)
            try finish("sheet")
            try finish("chat")
        }
        for _ in 0..<400 { _ = try history.writer.write { _ in 0 } }
        try #require(
            try history.allRows.allSatisfy { !$0.objectVersionId.text.hasPrefix("v1") && $0.verdict != .unsigned })

        var removed: [RemovedVersion] = []
        try history.reader.removedVersions { removed += $0 }
        let v1 = removed.first { $0.number == RemovedVersion.number(.created, "v1") }
        #expect(v1?.isReconciled == true && v1?.actions == ",\(action),")
        let v3 = removed.first { $0.number == RemovedVersion.number(.created, "v3") }
        #expect(v3?.isReconciled == false && v3?.isValid == false)

        #expect(try reconcile([version("v1"), version("v3", others: ["eunsigned"])]) == .init(there: 2))
        #expect(try reconcile([version("v1")], for: other) == .init(added: 1))
        try history.keepNow(event("late", of: "v1"))
        #expect(try walk(action) == 0)
    }

    @Test func versionsAreRead() throws {
        defer { history.close() }
        try history.keepNow(event("1", of: "v1"))
        try history.keepNow(event("2", of: "v1", type: "b2:ObjectDeleted:Delete"))
        try history.keepNow(event("3", of: "v2", .invalid, type: "b2:HideMarkerCreated:Hide"))
        _ = try reconcile([version("v9")], seen: 3)
        let stretch = try history.reader.versionEvents(
            of: "my-bucket", since: Timestamp(milliseconds: 0), after: 0, through: history.current.latestRow)
        #expect(stretch.events.map(\.version) == ["v1", "v2", "v9"])
        #expect(stretch.events.map(\.kind) == [.created, .hidden, .created])
        #expect(stretch.events.map(\.verdict) == [.valid, .invalid, .reconciled])
        #expect(stretch.events.map(\.identity) == ["e1", "e3", "ereconciled:created:v9"])
        #expect(stretch.through == history.current.latestRow)
    }
}
