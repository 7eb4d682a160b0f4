import Listener
import Notifications
import Testing

/// Each waits for the listener's own close. The limits leave a busy machine time to send what is to be too slow.
@Suite struct TimeLimitTests {
    private let short = Duration.milliseconds(500)

    @Test func endsASlowHead() async throws {
        try await withListener(TestReceiver(), { $0.times.head = short }) { server in
            let client = try server.client()
            try await client.send("POST / HTTP/1.1\r\nHo")
            #expect(try await client.response().status == 408)
            #expect(try await client.rest() == "")
            #expect(server.log.lines == ["127.0.0.1: request refused: the head took too long (408)"])
        }
    }

    @Test func endsASlowSecondHead() async throws {
        try await withListener(TestReceiver(), { $0.times.head = short }) { server in
            let client = try server.client()
            try await client.send(post())
            #expect(try await client.response() == ok)
            try await client.send("P")
            #expect(try await client.response().status == 408)
        }
    }

    @Test func endsASlowBody() async throws {
        try await withListener(TestReceiver(), { $0.times.request = short }) { server in
            let client = try server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
            #expect(try await client.response().status == 408)
            #expect(server.log.lines == ["127.0.0.1: request refused: the request took too long (408)"])
        }
    }

    @Test func endsASilentConnection() async throws {
        try await withListener(TestReceiver(), { $0.times.head = short }) { server in
            let client = try server.client()
            #expect(try await client.rest() == "")
            #expect(server.log.lines.isEmpty)
        }
    }

    @Test func endsAnIdleConnection() async throws {
        try await withListener(TestReceiver(), { $0.times.idle = short }) { server in
            let client = try server.client()
            try await client.send(post())
            #expect(try await client.response() == ok)
            #expect(try await client.rest() == "")
            #expect(server.log.lines.isEmpty)
        }
    }

    @Test func waitsForTheAnswer() async throws {
        let receiver = TestReceiver(.held)
        try await withListener(receiver, { $0.times = ListenerTimes(all: short) }) { server in
            let other = try server.client()
            let client = try server.client()
            try await client.send(post())
            let received = try #require(await receiver.next())
            // The other connection has come and gone by its time limit; this one is still there.
            #expect(try await other.rest() == "")
            let another = try server.client()
            #expect(try await another.rest() == "")
            received.answer(.accepted)
            #expect(try await client.response() == ok)
        }
    }

    @Test func endsALingeringConnection() async throws {
        try await withListener(TestReceiver(), { $0.times.linger = short }) { server in
            let client = try server.client()
            try await client.send("hello\r\n\r\n")
            #expect(try await client.response().status == 400)
            #expect(try await client.rest() == "")
            // Our half is still open; sending ends in an error when the other side is gone.
            await #expect(throws: RawClient.Problem.self) {
                while true { try await client.send("x") }
            }
        }
    }
}

extension ListenerTimes {
    fileprivate init(all time: Duration) {
        self.init()
        head = time
        request = time
        idle = time
        linger = time
    }
}
