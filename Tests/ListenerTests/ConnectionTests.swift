import Listener
import Notifications
import Testing

/// How a connection goes from one request to the next, and how it ends.
@Suite struct ConnectionTests {
    @Test func servesOneAfterAnother() async throws {
        let receiver = TestReceiver()
        try await withListener(receiver) { server in
            let client = try server.client()
            for number in 0..<50 {
                try await client.send(post("/\(number)"))
                #expect(try await client.response() == ok)
            }
            #expect(receiver.received.map(\.delivery.target) == (0..<50).map { "/\($0)" })
        }
    }

    @Test(arguments: [true, false])
    func answersWhatIsSentAheadInOrder(isAtOnce: Bool) async throws {
        let receiver = TestReceiver(isAtOnce ? .atOnce(.accepted) : .elsewhere(.accepted))
        try await withListener(receiver) { server in
            let client = try server.client()
            try await client.send((0..<500).map { post("/\($0)", body: "{\"n\": \($0)}") }.joined())
            for _ in 0..<500 { #expect(try await client.response() == ok) }
            #expect(receiver.received.map(\.delivery.target) == (0..<500).map { "/\($0)" })
        }
    }

    @Test func tellsHowLongEachAnswerTook() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver) { server in
            let client = try server.client()
            let start = ContinuousClock.now
            for number in 1...3 as ClosedRange<Int64> {
                try await client.send(post())
                let request = try #require(await receiver.next())
                #expect(receiver.answered[number] == nil)
                request.answer(.accepted)
                // Only the first call is an answer.
                request.answer(.accepted)
                #expect(try await client.response() == ok)
            }
            // What is told comes before the next request is taken.
            #expect(Set(receiver.answered.keys).isSuperset(of: [1, 2]))
            for time in receiver.answered.values { #expect(time > .zero && time < .now - start) }
        }
    }

    @Test func takesOneRequestAtATime() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver) { server in
            let client = try server.client()
            try await client.send(post("/1") + post("/2"))
            let first = try #require(await receiver.next())
            #expect(receiver.received.count == 1)
            first.answer(.invalidSignature)
            // A second call is ignored.
            first.answer(.accepted)
            let second = try #require(await receiver.next())
            first.answer(.accepted)
            second.answer(.accepted)
            #expect(try await client.response().status == 401)
            #expect(try await client.response() == ok)
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
        "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ])
    func closesWhereNoOtherMayFollow(_ request: String) async throws {
        try await withListener { server in
            let client = try server.client()
            try await client.send(request)
            let response = try await client.response()
            #expect(response.status == 200)
            #expect(response.closes)
            #expect(try await client.rest() == "")
        }
    }

    @Test func answersAClientThatHasEnded() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver) { server in
            let client = try server.client()
            try await client.send(post("/1") + post("/2"))
            client.endSending()
            try #require(await receiver.next()).answer(.accepted)
            try #require(await receiver.next()).answer(.accepted)
            #expect(try await client.response().status == 200)
            #expect(try await client.response().status == 200)
            #expect(try await client.rest() == "")
        }
    }

    @Test func asksForABodyThatWaits() async throws {
        let receiver = TestReceiver()
        try await withListener(receiver) { server in
            let client = try server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await client.response().status == 100)
            try await client.send("{}")
            #expect(try await client.response() == ok)
            #expect(receiver.received.first?.delivery.body == Array("{}".utf8))
        }
    }

    @Test func doesNotAskForABodyThatIsNotWanted() async throws {
        let receiver = TestReceiver(.elsewhere(.notFound))
        try await withListener(receiver, { $0.path = "/hook" }) { server in
            let client = try server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            let response = try await client.response()
            #expect(response.status == 404)
            #expect(response.closes)
            #expect(receiver.received.first?.delivery.bodyLength == 0)

            let other = try server.client()
            try await other.send(
                "POST /hook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
            #expect(try await other.response().status == 413)
        }
    }

    @Test func finishesWhatHasBegun() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver) { server in
            let idle = try server.client()
            try await idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.response()
            let half = try server.client()
            try await half.send("POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
            let busy = try server.client()
            try await busy.send(post("/busy"))
            let first = try #require(await receiver.next())

            async let stopped: Void = server.listener.stop(within: .seconds(30))
            #expect(try await idle.rest() == "")
            first.answer(.accepted)
            let response = try await busy.response()
            #expect(response.status == 200)
            #expect(response.closes)
            #expect(try await busy.rest() == "")
            try await half.send("}")
            try #require(await receiver.next()).answer(.accepted)
            #expect(try await half.response().closes)
            await stopped
            #expect(throws: RawClient.Problem.self) { try server.client() }
        }
    }

    @Test func cutsWhatDoesNotEnd() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver) { server in
            let client = try server.client()
            try await client.send(post())
            let received = try #require(await receiver.next())
            await server.listener.stop(within: .milliseconds(50))
            received.answer(.accepted)
            #expect(try await client.rest() == "")
        }
    }
}
