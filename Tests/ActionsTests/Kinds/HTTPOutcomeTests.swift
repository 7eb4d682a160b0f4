import Base
import Notifications
import Sending
import Testing

@testable import Actions

@Suite("The meaning of an answer for an action")
struct HTTPOutcomeTests {
    private let outcome = HTTPOutcome("It", lost: { .uncertain($0) })
    private let now = Timestamp(milliseconds: 784_111_740_000)

    @Test("is success for any 2xx", arguments: [200, 201, 204, 299])
    func done(_ status: Int) {
        #expect(outcome.classify(OutgoingAnswer(status: status), at: now) == .done)
    }

    @Test("is a pause for the requested time", arguments: [429, 503])
    func waiting(_ status: Int) {
        func judged(_ value: String?) -> Duration?? {
            let headers = value.map { [OutgoingField("retry-after", $0)] } ?? []
            guard
                case .retry(_, let after, .action) = outcome.classify(
                    OutgoingAnswer(status: status, headers: headers), at: now)
            else { return nil }
            return .some(after)
        }
        #expect(judged("7") == .some(.seconds(7)))
        #expect(judged("Sun, 06 Nov 1994 08:49:37 GMT") == .some(.seconds(37)))
        #expect(judged(nil) == .some(nil))
    }

    @Test("is another attempt after a failure of the server", arguments: [408, 500, 502, 504])
    func retried(_ status: Int) {
        guard case .retry(let text, nil, .item) = outcome.classify(OutgoingAnswer(status: status), at: now) else {
            Issue.record("\(status)")
            return
        }
        #expect(text.hasPrefix("It answered \(status) "))
        let asked = OutgoingAnswer(status: status, headers: [OutgoingField("retry-after", "5")])
        guard case .retry(_, .seconds(5), .action) = outcome.classify(asked, at: now) else {
            Issue.record("\(status) and Retry-After")
            return
        }
    }

    @Test("is not final if the server asks to wait", arguments: [403, 408, 409, 413, 500, 502, 504])
    func asked(_ status: Int) {
        let answer = OutgoingAnswer(status: status, headers: [OutgoingField("Retry-After", "5")])
        guard case .retry(_, .seconds(5)?, .action) = outcome.classify(answer, at: now) else {
            Issue.record("\(status)")
            return
        }
    }

    @Test("includes the start of the answer, escaped, if nothing else is known about it")
    func words() {
        let answer = OutgoingAnswer(status: 400, body: Array("{\"error\":\n \"no\u{1b}[2J\"}".utf8))
        guard case .dead(let text) = outcome.classify(answer, at: now) else {
            Issue.record("not dead")
            return
        }
        #expect(text.hasSuffix("; it answered “{\"error\": \"no\\x1b[2J\"}”"), "\(text)")
        let page = OutgoingAnswer(
            status: 200, headers: [OutgoingField("Content-Type", "text/html")], body: [0x3C, 0x68])
        #expect(page.summary == "200 OK, text/html, “<h”")
        #expect(OutgoingAnswer(status: 502).summary == "502 Bad Gateway, without a body")
        #expect(OutgoingAnswer(status: 200, body: [0xFF, 0]).summary == "200 OK, “2 bytes that are not text”")
    }

    @Test(
        "is a hold of the action if no event would be accepted",
        arguments: [301, 307, 401, 402, 403, 404, 405, 410, 415])
    func held(_ status: Int) {
        guard case .hold(let text, nil) = outcome.classify(OutgoingAnswer(status: status), at: now) else {
            Issue.record("\(status)")
            return
        }
        #expect(text.hasPrefix("It answered \(status) "))
    }

    @Test("is a remedy if one event is refused", arguments: [400, 409, 413, 422])
    func dead(_ status: Int) {
        guard case .dead(let text) = outcome.classify(OutgoingAnswer(status: status), at: now) else {
            Issue.record("\(status)")
            return
        }
        #expect(text.hasPrefix("It answered \(status) "), "\(text)")
    }

    @Test("depends on whether anything was received")
    func failures() {
        #expect(outcome.classify(.notSent("a")) == .retry("a", scope: .action))
        #expect(outcome.classify(.lost("a")) == .uncertain("a"))
        #expect(outcome.classify(.forbidden("a")) == .hold("a"))
        #expect(outcome.classify(.cancelled) == .retry("b2watch is ending", scope: .action))
    }
}
