import Base
import Notifications
import Receiving
import Testing
import TestSupport

/// The way of a connection from one request to the next, and its end.
@Suite(.blocking) struct ConnectionTests {
    @Test func servesOneAfterAnother() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            for number in 0..<50 {
                try client.send(post("/\(number)"))
                #expect(try client.response() == ok)
            }
            #expect(receiver.received.map(\.delivery.target) == (0..<50).map { "/\($0)" })
        }
    }

    @Test(arguments: [true, false])
    func answersWhatIsSentAheadInOrder(isAtOnce: Bool) throws {
        let receiver = TestReceiver(isAtOnce ? .atOnce(.accepted) : .elsewhere(.accepted))
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send((0..<500).map { post("/\($0)", body: "{\"n\": \($0)}") }.joined())
            for _ in 0..<500 { #expect(try client.response() == ok) }
            #expect(receiver.received.map(\.delivery.target) == (0..<500).map { "/\($0)" })
        }
    }

    @Test func tellsHowLongEachAnswerTook() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let client = try server.client()
            let start = ContinuousClock.now
            for number in 1...3 as ClosedRange<Int64> {
                try client.send(post())
                let request = try #require(receiver.next())
                #expect(receiver.answered[number] == nil)
                request.answer(.accepted)
                // Only the first call is an answer.
                request.answer(.accepted)
                #expect(try client.response() == ok)
            }
            // The report comes before the next request is read.
            #expect(Set(receiver.answered.keys).isSuperset(of: [1, 2]))
            for time in receiver.answered.values { #expect(time > .zero && time < .now - start) }
        }
    }

    @Test func takesOneRequestAtATime() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send(post("/1") + post("/2"))
            let first = try #require(receiver.next())
            #expect(receiver.received.count == 1)
            first.answer(.invalidSignature)
            // A second call is ignored.
            first.answer(.accepted)
            let second = try #require(receiver.next())
            first.answer(.accepted)
            second.answer(.accepted)
            #expect(try client.response().status == 401)
            #expect(try client.response() == ok)
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
        "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ])
    func closesWhereNoOtherMayFollow(_ request: String) throws {
        try withListener { server in
            let client = try server.client()
            try client.send(request)
            let response = try client.response()
            #expect(response.status == 200)
            #expect(response.closes)
            #expect(try client.rest() == "")
        }
    }

    @Test func answersAClientThatHasEnded() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send(post("/1") + post("/2"))
            client.endSending()
            try #require(receiver.next()).answer(.accepted)
            try #require(receiver.next()).answer(.accepted)
            #expect(try client.response().status == 200)
            #expect(try client.response().status == 200)
            #expect(try client.rest() == "")
        }
    }

    @Test func asksForABodyThatWaits() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try client.response().status == 100)
            try client.send("{}")
            #expect(try client.response() == ok)
            #expect(receiver.received.first?.delivery.body == Array("{}".utf8))
        }
    }

    @Test func doesNotAskForABodyThatIsNotWanted() throws {
        let receiver = TestReceiver(.elsewhere(.notFound))
        try withListener(receiver, { $0.paths = ["/hook"] }) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 404)
            #expect(response.closes)
            #expect(receiver.received.first?.delivery.bodyLength == 0)

            let other = try server.client()
            try other.send(
                "POST /hook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
            #expect(try other.response().status == 413)
        }
    }

    @Test func finishesWhatHasBegun() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let idle = try server.client()
            try idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try idle.response()
            let half = try server.client()
            try half.send("POST /half HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try half.response().status == 100)
            let busy = try server.client()
            try busy.send(post("/busy"))
            let first = try #require(receiver.next())

            let stopping = Worker("stopping")
            stopping.async { server.listener.stop(within: .patience) }
            #expect(try idle.rest() == "")
            first.answer(.accepted)
            let response = try busy.response()
            #expect(response.status == 200)
            #expect(response.closes)
            #expect(try busy.rest() == "")
            try half.send("{}")
            try #require(receiver.next()).answer(.accepted)
            #expect(try half.response().closes)
            #expect(stopping.wait(atMost: .patience))
            #expect(throws: RawClient.Problem.self) { try server.client() }
        }
    }

    @Test func cutsWhatDoesNotEnd() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send(post())
            let received = try #require(receiver.next())
            server.listener.stop(within: .milliseconds(50))
            received.answer(.accepted)
            #expect(try client.rest() == "")
        }
    }
}
