import Base
import Notifications
import TestSupport
import Testing

@testable import History

/// A history as the copy of a shared one: its rows have the ids that they have there.
@Suite struct SharedCopyTests {
    private let folder = TemporaryFolder()

    private var path: String { folder.file("copy.sqlite") }

    private func open() throws -> History {
        let history = try History(.file(path), for: .copying)
        _ = try history.copy.begin()
        return history
    }

    private func copied(
        _ id: Int64, row: Int64, _ events: String?..., verdict: SignatureVerdict = .valid, node: Int64 = 7,
        generation: Int64? = nil
    ) -> CopiedDelivery {
        CopiedDelivery(
            id: id, firstRow: row, node: node, sequence: 100 + id,
            judged: JudgedDelivery(
                delivery: .sample(events.map { SampleEvent(id: $0) }), judgement: Judgement(verdict),
                answer: .accepted,
                events: Payload(scanning: Delivery.sample(events.map { SampleEvent(id: $0) }).body).events,
                generation: generation))
    }

    @Test func rowsHaveTheIDsOfTheSharedHistory() throws {
        let history = try open()
        let followed = Watched<[Int64]>([])
        history.follow { recorded in followed.change { $0 += recorded.map(\.record.id) } }
        try history.copy.add([copied(5, row: 11, "a", "b"), copied(6, row: 13, "c")], through: 6)
        // Removed ones leave gaps.
        try history.copy.add([copied(9, row: 20, "a")], through: 12)
        #expect(try history.allRows.map(\.id) == [11, 12, 13, 20])
        #expect(try history.allRows.map(\.deliveryID) == [5, 5, 6, 9])
        #expect(try history.allRows.map(\.isDuplicate) == [false, false, false, true])
        #expect(followed.now == [5, 6, 9])
        #expect(history.current.latestDelivery == 9)
        #expect(history.current.tally[.valid] == 3)
        #expect(try history.copy.origin(of: 6) == SharedCopy.Origin(node: 7, sequence: 106))
        history.close()
    }

    @Test func rowsNameTheProcessThatReceivedThem() throws {
        let history = try open()
        try history.copy.add([copied(1, row: 1, "a", node: 7), copied(2, row: 2, "b", node: 8)], through: 2)
        #expect(try history.allRows.map(\.node) == [nil, nil])
        try history.copy.name([7: "berlin", 8: "paris"])
        #expect(try history.allRows.map(\.node) == ["berlin", "paris"])
        #expect(try history.reader.values(of: .node, limit: 10).map(\.value) == ["berlin", "paris"])
        let context = FilterContext(now: Timestamp(milliseconds: 0), secondsFromUTC: { _ in 0 })
        let filter = try Filter("node:ber", in: context)
        let ids = try history.reader.read { db in
            try MatchQuery.ids(matching: filter.predicate, in: 1...9, by: "event.id", limit: 9, { false }, db)
        }
        #expect(ids == [1])
        let others = try Filter("not node:ber", in: context)
        let rest = try history.reader.read { db in
            try MatchQuery.ids(matching: others.predicate, in: 1...9, by: "event.id", limit: 9, { false }, db)
        }
        #expect(rest == [2])
        history.close()
    }

    @Test func aCopyContinuesWhereItWas() throws {
        var history = try open()
        let first = try history.copy.state()
        #expect(first.delivery == 0 && first.node.count == 32 && first.record.isEmpty)
        try history.copy.meet("the record")
        try history.copy.add([copied(1, row: 1, "a")], through: 3)
        try history.copy.apply([], through: 8)
        history.close()
        history = try open()
        let state = try history.copy.state()
        #expect(state == SharedCopy.State(record: "the record", node: first.node, delivery: 3, revision: 8))
        // The identity of the shared history is never replaced.
        try history.copy.meet("another")
        #expect(try history.copy.state().record == "the record")
        history.close()
    }

    @Test func aDeliveryIsCopiedWholeOrNotAtAll() throws {
        let history = try open()
        try history.copy.add([copied(1, row: 1, "a")], through: 1)
        #expect(throws: (any Error).self) {
            try history.copy.add([copied(2, row: 2, "b"), copied(1, row: 3, "c")], through: 2)
        }
        #expect(try history.allRows.map(\.id) == [1])
        #expect(try history.copy.state().delivery == 1)
        try history.copy.add([copied(2, row: 2, "b")], through: 2)
        #expect(try history.allRows.map(\.id) == [1, 2])
        history.close()
    }

    @Test func verdictsChangeAsTheyDoThere() throws {
        let history = try open()
        try history.copy.add(
            [copied(1, row: 1, "a", verdict: .unverified), copied(2, row: 2, "b", verdict: .unverified)], through: 2)
        let secret = SecretIdentity.sample("prod")
        let verdict = CopiedVerdict(
            delivery: 2, judgement: Judgement(.valid, secret: secret), judgedAt: Timestamp(milliseconds: 77))
        // The second is no change, and the third of a delivery that was removed.
        try history.copy.apply(
            [verdict, verdict, CopiedVerdict(delivery: 3, judgement: Judgement(.valid), judgedAt: nil)], through: 4)
        #expect(try history.allRows.map(\.verdict) == [.unverified, .valid])
        #expect(try history.reader.delivery(2)?.judgement.secret == secret)
        #expect(try history.reader.delivery(2)?.judgedAt == Timestamp(milliseconds: 77))
        #expect(history.current.tally[.valid] == 1 && history.current.tally[.unverified] == 1)
        history.close()
    }

    /// Another process may lack a secret that this one has.
    @Test func secretsAreTriedOnWhatOthersCouldNotVerify() throws {
        let history = try open()
        let generation = try history.adopt("prod")
        let observer = Observer(history)
        try history.copy.add([copied(1, row: 1, "a", verdict: .valid)], through: 1)
        #expect(observer.stales == 0)
        try history.copy.add([copied(2, row: 2, "b", verdict: .unverified, generation: 0)], through: 2)
        #expect(observer.stales == 1)
        #expect(try history.reader.toJudge() == ToJudge(newest: 2...2, count: 1))

        var found = Rejudgement(of: 2...2, generation: generation, at: Timestamp(milliseconds: 5))
        let judgement = Judgement(.valid, secret: .sample("prod"))
        found.add(judgement, of: 2, recorded: .init(.unverified))
        #expect(
            try history.copy.runs(of: found)
                == [SharedCopy.VerdictRun(deliveries: 2...2, before: Judgement(.unverified), after: judgement)])
        #expect(try history.copy.verified(found))
        #expect(try history.reader.toJudge() == nil)
        // The verdict itself arrives from the shared history.
        #expect(try history.allRows.map(\.verdict) == [.valid, .unverified])
        history.close()
    }

    @Test func ownAndCopiedDeliveriesAreNeverMixed() async throws {
        let history = try open()
        try history.copy.add([copied(1, row: 1, "a")], through: 1)
        history.close()
        #expect(throws: HistoryError.copy(path: path)) { try History(.file(path)) }
        #expect(throws: HistoryError.copy(path: path)) {
            try History(.file(path), for: .command("b2watch actions run"))
        }
        _ = try History.compact(path)

        let other = folder.file("own.sqlite")
        let own = try History(.file(other))
        #expect(await own.keep(.sample()))
        own.close()
        #expect(throws: HistoryError.ownDeliveries(path: other)) { try History(.file(other), for: .copying) }
    }

    @Test func anAbsentSharedHistoryIsReported() throws {
        let history = try open()
        let observer = Observer(history)
        history.copy.report(away: "PostgreSQL does not answer")
        #expect(history.current.health == .failing("PostgreSQL does not answer"))
        try history.copy.add([copied(1, row: 1, "a")], through: 1)
        #expect(history.current.health == .failing("PostgreSQL does not answer"))
        history.copy.report(away: nil)
        #expect(history.current.health == .recording)
        #expect(observer.changes.map(\.health).last == .recording)

        history.copy.report(behind: "10 are missing")
        history.copy.report(behind: "5 are missing")
        history.copy.report(behind: nil)
        #expect(
            observer.events.filter { if case .lasting = $0 { true } else { false } } == [
                .lasting(news: "10 are missing", all: "10 are missing"), .lasting(news: nil, all: "5 are missing"),
                .lasting(news: nil, all: nil),
            ])
        history.close()
    }
}
