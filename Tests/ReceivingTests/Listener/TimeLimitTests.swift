import Notifications
import Receiving
import Testing
import TestSupport

/// Each test waits until the listener closes. The limits leave a busy machine time to send what must be too slow.
@Suite(.blocking) struct TimeLimitTests {
    private let short = Duration.milliseconds(500)

    @Test func endsASlowHead() throws {
        try withListener(TestReceiver(), { $0.times.head = short }) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHo")
            #expect(try client.response().status == 408)
            #expect(try client.rest() == "")
            #expect(server.log.lines == ["127.0.0.1: request refused: the head took too long (408)"])
        }
    }

    @Test func endsASlowSecondHead() throws {
        try withListener(TestReceiver(), { $0.times.head = .seconds(2) }) { server in
            let client = try server.client()
            try client.send(post())
            #expect(try client.response() == ok)
            try client.send("P")
            #expect(try client.response().status == 408)
        }
    }

    @Test func endsASlowBody() throws {
        try withListener(TestReceiver(), { $0.times.request = short }) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
            #expect(try client.response().status == 408)
            #expect(server.log.lines == ["127.0.0.1: request refused: the request took too long (408)"])
        }
    }

    @Test func endsASilentConnection() throws {
        try withListener(TestReceiver(), { $0.times.head = short }) { server in
            let client = try server.client()
            #expect(try client.rest() == "")
            #expect(server.log.lines.isEmpty)
        }
    }

    @Test func endsAnIdleConnection() throws {
        try withListener(TestReceiver(), { $0.times.idle = short }) { server in
            let client = try server.client()
            try client.send(post())
            #expect(try client.response() == ok)
            #expect(try client.rest() == "")
            #expect(server.log.lines.isEmpty)
        }
    }

    @Test func waitsForTheAnswer() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver, { $0.times = ListenerTimes(all: short) }) { server in
            let other = try server.client()
            let client = try server.client()
            try client.send(post())
            let received = try #require(receiver.next())
            // The other connection was closed by its time limit; this one is still open.
            #expect(try other.rest() == "")
            let another = try server.client()
            #expect(try another.rest() == "")
            received.answer(.accepted)
            #expect(try client.response() == ok)
        }
    }

    @Test func endsALingeringConnection() throws {
        try withListener(TestReceiver(), { $0.times.linger = short }) { server in
            let client = try server.client()
            try client.send("hello\r\n\r\n")
            #expect(try client.response().status == 400)
            #expect(try client.rest() == "")
            // This half is still open; sending fails when the other side is gone.
            #expect(throws: RawClient.Problem.self) {
                while true { try client.send("x") }
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
