import Foundation
import History
import Notifications
import TestSupport
import Testing

@testable import Alerts

@Suite("Rows that somebody is told of", .blocking)
struct AlertRowsTests {
    @Test("are not tests, unless one from elsewhere is a problem")
    func tests() throws {
        let history = try History(.memory)
        let kept = Watched(0)
        func keep(
            _ type: String, _ verdict: SignatureVerdict, from address: String, answering answer: Answer = .accepted
        ) {
            let body = Array(#"{"events":[{"eventType":"\#(type)","objectName":"a"}]}"#.utf8)
            let delivery = Delivery(
                receivedAt: Timestamp(milliseconds: 0), remoteAddress: address, method: "POST", target: "/",
                headers: [], body: body)
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict, secret: nil), answer: answer,
                events: Payload(scanning: body).events, generation: 1)
            let before = kept.now
            #expect(history.record(judged) { _ in kept.change { $0 += 1 } })
            #expect(kept.wait { $0 > before ? true : nil } == true)
        }
        keep("b2:TestEvent", .valid, from: "127.0.0.1")
        keep("b2:TestEvent", .invalid, from: "127.0.0.1")
        keep("b2:TestEvent", .missing, from: "::1")
        keep("b2:TestEvent", .invalid, from: "203.0.113.7")
        keep("b2:ObjectCreated:Upload", .invalid, from: "127.0.0.1")
        keep("b2:ObjectCreated:Upload", .valid, from: "203.0.113.7")
        // What the screen lists as a problem is one here.
        keep("b2:ObjectCreated:Upload", .valid, from: "203.0.113.7", answering: .invalidJSON)
        func rows(_ predicate: RowPredicate) throws -> [Int64] {
            try history.reader.rows(matching: predicate, after: 0, through: 7, limit: 10).rows.map(\.id)
        }
        #expect(try rows(AlertRows.events) == [5, 6, 7])
        #expect(try rows(AlertRows.problems) == [4, 5, 7])
    }
}
