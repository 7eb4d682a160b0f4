import Notifications
import TestSupport
import Testing

@testable import History

/// What is queued for events that a leaked secret has verified goes on hold.
@Suite(.blocking) struct OutboxLeakTests {
    private func judged(_ id: String, by secret: String?) -> JudgedDelivery {
        .sample(.sample([SampleEvent(id: id)]), secret == nil ? .invalid : .valid, secret: secret)
    }

    @Test func whatWaitsForItsEventsGoesOnHoldAndNothingElse() throws {
        let history = try History(.memory)
        let action = try history.declare()
        for (id, secret) in [("a", "one"), ("b", "two"), ("c", "one"), ("d", nil), ("e", "one"), ("f", "one")] {
            try history.keepNow(judged(id, by: secret))
        }
        _ = try history.walkAll(action, matching: .everything)
        let entries = try history.reader.outboxDue(action, at: .at(9), limit: 99).map(\.id)
        #expect(entries.count == 6)
        // The third is done, the fifth runs, the sixth has failed.
        #expect(try history.outbox.begin([entries[2], entries[4], entries[5]], batch: 1, at: .at(1)).count == 3)
        try history.outbox.settle(
            [.init(entries[2], .done), .init(entries[5], .failed, due: .at(5), reason: "no answer")], exchange: nil,
            at: .at(2))
        let before = history.current.outbox
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == 2)
        #expect(history.current.outbox > before)
        func state(_ index: Int) throws -> OutboxEntry? { try history.reader.outboxEntry(entries[index])?.row.entry }
        #expect(
            try (0..<6).map { try state($0)?.state } == [.onHold, .queued, .done, .queued, .running, .onHold])
        #expect(try state(0)?.reason == "leaked")
        #expect(try history.reader.outboxDue(action, at: .at(9), limit: 99).map(\.id) == [entries[1], entries[3]])
        #expect(try history.reader.actions().first?[.onHold] == 2)
        // Nothing of it is begun, until a person decides.
        #expect(try history.outbox.begin([entries[0]], batch: 2, at: .at(4)) == [])
        #expect(try history.allRows.first?.actions == .onHold)
        #expect(try history.outbox.retry([entries[0]], at: .at(5)) == 1)
        #expect(try history.outbox.skip([entries[5]], at: .at(5)) == 1)
        #expect(try state(0)?.state == .queued)
    }

    @Test func moreThanATransactionHoldsIsHeldToo() throws {
        let history = try History(.memory)
        let action = try history.declare()
        for number in 0..<(Outbox.most / 40 + 3) {
            let events = (0..<45).map { SampleEvent(id: "\(number) \($0)") }
            try history.keepNow(.sample(.sample(events), .valid, secret: "one"))
        }
        let count = try history.walkAll(action)
        #expect(count > Outbox.most)
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == count)
        #expect(try history.outbox.hold(verifiedBy: "one", because: "leaked", at: .at(3)) == 0)
    }
}
