import Base
import Foundation
import Harness
import TestSupport
import Testing

@testable import Postgres

/// Notifications, wake-ups, and the ends of connections.
@Suite(.blocking) struct WaitingTests {
    private let cluster: PostgresCluster
    private let channel = "channel \"\(UUID().uuidString)\""

    init() throws {
        cluster = try PostgresCluster.shared.get()
    }

    private static let notify = PostgresStatement("SELECT pg_notify($1, $2)")

    @Test("notifications arrive while it waits, and while it runs statements")
    func notifications() throws {
        let (reader, writer) = (try cluster.connect(), try cluster.connect())
        try reader.listen(to: channel, by: .soon)
        func notify(_ payload: String) throws {
            try writer.run(Self.notify, [PostgresValue(channel), PostgresValue(payload)], by: .soon)
        }
        try notify("one")
        let first = PostgresNotification(channel: channel, payload: "one", process: writer.server.backend.process)
        #expect(try reader.wait(until: .soon) == .notified([first]))
        try notify("two")
        // Sent before the answer, so it has arrived with it.
        #expect(try reader.number("SELECT 1::int8") == 1)
        guard case .notified(let others) = try reader.wait(until: .now) else {
            Issue.record("no notification")
            return
        }
        #expect(others.map(\.payload) == ["two"])
        #expect(try reader.wait(until: .now) == .timedOut)
    }

    @Test("a flood of notifications is bounded, and the newest is kept")
    func flood() throws {
        let (reader, writer) = (try cluster.connect(), try cluster.connect())
        try reader.listen(to: channel, by: .soon)
        try writer.run(
            "SELECT count(pg_notify($1, n::text)) FROM generate_series(1, 5000) n", [PostgresValue(channel)])
        #expect(try reader.number("SELECT 1::int8") == 1)
        var payloads: [String] = []
        while payloads.last != "5000" {
            guard case .notified(let some) = try reader.wait(until: .soon) else { break }
            #expect(some.count <= PostgresConnection.mostNotifications)
            payloads = some.map(\.payload)
        }
        #expect(payloads.last == "5000")
    }

    @Test("another thread wakes it; a wish is kept until the next wait, and statements go on")
    func wakeups() throws {
        let (cluster, wakeup) = (cluster, try PostgresWakeup())
        let waiting = elsewhere {
            let connection = try cluster.connect(wakeup: wakeup)
            return [try connection.wait(until: nil), try connection.wait(until: .now)]
        }
        wakeup.wake()
        #expect(try waiting.wait() == [.woken, .timedOut])

        let connection = try cluster.connect(wakeup: wakeup)
        wakeup.wake()
        #expect(try connection.number("SELECT 1::int8") == 1)
        #expect(try connection.wait(until: .now) == .woken)
        #expect(try connection.wait(until: .now) == .timedOut)
    }

    @Test("a cancellation ends a statement here and at the server")
    func cancelling() throws {
        let (cluster, wakeup) = (cluster, try PostgresWakeup())
        let mark = "SELECT pg_sleep(60) /* \(UUID().uuidString) */"
        let waiting = elsewhere {
            let connection = try cluster.connect(wakeup: wakeup)
            defer { #expect(!connection.isOpen) }
            _ = try connection.run(mark)
        }
        let running = "SELECT count(*) FROM pg_stat_activity WHERE query = '\(mark)' AND state = 'active'"
        _ = try wait(for: "the statement") { () -> Bool? in try cluster.sql(running) == "1" ? true : nil }
        wakeup.cancel()
        #expect(throws: PostgresError.cancelled) { try waiting.wait() }
        _ = try wait(for: "the server to end the statement") { () -> Bool? in
            try cluster.sql(running) == "0" ? true : nil
        }
    }

    @Test("a thread that waits sleeps until something happens")
    func idle() throws {
        let (cluster, wakeup) = (cluster, try PostgresWakeup())
        let thread = Watched<String?>(nil)
        let channel = channel
        let waiting = elsewhere {
            let connection = try cluster.connect(wakeup: wakeup)
            try connection.listen(to: channel, by: .soon)
            let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            thread.change { $0 = "/proc/\(path)/status" }
            return try connection.wait(until: nil)
        }
        let status = try thread.require("the waiting thread") { $0 }
        func switches() throws -> [Substring] {
            try String(contentsOfFile: status, encoding: .utf8).split(separator: "\n").filter {
                $0.contains("ctxt_switches")
            }
        }
        /// Half a second of another session's work, which makes no difference to it.
        func work() throws { try cluster.sql("SELECT pg_notify('other', 'x') FROM pg_sleep(0.5)") }
        try work()
        let before = try switches()
        try work()
        #expect(!before.isEmpty)
        #expect(try switches() == before)
        wakeup.wake()
        #expect(try waiting.wait() == .woken)
    }
}

/// Connections that end without being asked to.
@Suite(.blocking) struct LossTests {
    private let cluster: PostgresCluster

    init() throws {
        cluster = try PostgresCluster.shared.get()
    }

    private func expectLost(
        _ error: PostgresError, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .lost = error else {
            Issue.record("\(comment): \(error)", sourceLocation: sourceLocation)
            return
        }
        #expect(error.isOutcomeUnknown && error.isTemporary)
    }

    @Test("an administrator who ends the session is noticed while it waits, and named while a statement runs")
    func terminated() throws {
        let cluster = cluster
        let connection = try cluster.connect()
        try cluster.endSessions(where: "pid = \(connection.server.backend.process)")
        expectLost(try failure { _ = try connection.wait(until: .soon) }, "while it waited")
        #expect(!connection.isOpen)

        let process = Watched<Int32?>(nil)
        let running = elsewhere {
            let connection = try cluster.connect()
            process.change { $0 = connection.server.backend.process }
            try connection.run("SELECT pg_sleep(60)")
        }
        let id = try process.require("the session") { $0 }
        _ = try wait(for: "the statement") { () -> Bool? in
            try cluster.endSessions(where: "pid = \(id) AND state = 'active' AND query LIKE 'SELECT pg_sleep%'") == 1
                ? true : nil
        }
        let error = try failure { try running.wait() }
        expectLost(error, "while a statement ran")
        #expect("\(error)".contains("administrator"))
    }

    @Test(
        "a server that is killed, stopped or restarted ends the connection, and the next one works",
        arguments: ["kill", "fast", "immediate"])
    func restarted(how: String) throws {
        let own = try PostgresCluster()
        let connection = try own.connect()
        try connection.script("CREATE TABLE item (id int8); INSERT INTO item VALUES (1)", by: .soon)
        switch how {
        case "kill": try own.kill()
        case "fast": try own.stop(.fast)
        case _: try own.stop(.immediate)
        }
        expectLost(try failure { _ = try connection.run("INSERT INTO item VALUES (2)") }, "\(how)")
        let refused = try failure { _ = try own.connect() }
        guard case .cannotConnect(let refusals) = refused else { throw refused }
        #expect(refusals.map(\.cause) == [.refused])
        try own.start()
        // What was committed is there, and nothing else.
        #expect(try own.connect().number("SELECT count(*) FROM item") == 1)
    }

    @Test(
        "a connection that is cut, or closed by half, is lost at once",
        arguments: ["cut", "to client", "to server", "gone"])
    func cut(how: String) throws {
        let proxy = try TCPProxy(to: cluster.port)
        let connection = try cluster.connect(port: proxy.port)
        switch how {
        case "cut": proxy.cut()
        case "to client": proxy.halfClose(.toClient)
        case "to server": proxy.halfClose(.toServer)
        case _: proxy.stop()
        }
        expectLost(try failure { _ = try connection.wait(until: .soon) }, "\(how)")
    }

    @Test("a server that stalls costs the time of the deadline, in every direction", arguments: [true, false])
    func stalled(isBoth: Bool) throws {
        let proxy = try TCPProxy(to: cluster.port)
        let connection = try cluster.connect(port: proxy.port)
        proxy.stall(isBoth ? [.toServer, .toClient] : [.toClient])
        let error = try failure { try connection.run(PostgresStatement("SELECT 1"), by: .now + .milliseconds(50)) }
        guard case .deadline = error else { throw error }
        #expect(error.isOutcomeUnknown && error.isTemporary)
        #expect(!connection.isOpen)
    }

    @Test("more than fits into the buffers of a stalled connection costs no more either")
    func stalledOutput() throws {
        let proxy = try TCPProxy(to: cluster.port)
        let connection = try cluster.connect(port: proxy.port)
        proxy.stall()
        let parameters = [PostgresValue([UInt8](repeating: 1, count: 16 << 20))]
        let error = try failure {
            try connection.run(PostgresStatement("SELECT length($1)"), parameters, by: .now + .milliseconds(50))
        }
        guard case .deadline = error else { throw error }
    }

    @Test("a commit whose answer never arrived is known once its session is gone")
    func unknownOutcome() throws {
        let table = "item\(UInt32.random(in: 0 ... .max))"
        let observer = try cluster.connect()
        try observer.script("CREATE TABLE \(table) (id int8 PRIMARY KEY)", by: .soon)
        let proxy = try TCPProxy(to: cluster.port)

        // The answer is lost, the commit is not.
        let first = try cluster.connect(port: proxy.port)
        proxy.stall([.toClient])
        guard
            case .deadline = try failure({
                try first.run(PostgresStatement("INSERT INTO \(table) VALUES (1)"), by: .now + .milliseconds(100))
            })
        else {
            Issue.record("an answer")
            return
        }
        try observer.end(first.server.backend, by: .soon)
        proxy.resume()

        // The session waits for a lock, and would commit long after its client has gone.
        try observer.script("BEGIN; LOCK TABLE \(table)", by: .soon)
        let second = try cluster.connect(port: proxy.port)
        guard
            case .deadline = try failure({
                try second.run(PostgresStatement("INSERT INTO \(table) VALUES (2)"), by: .now + .milliseconds(50))
            })
        else {
            Issue.record("an answer")
            return
        }
        let third = try cluster.connect()
        try third.end(second.server.backend, by: .soon)
        try observer.script("COMMIT", by: .soon)
        let gone = try third.number(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", [PostgresValue(second.server.backend.process)])
        #expect(gone == 0)
        // Read only after the lock is free: the second row can never appear any more.
        try third.script("BEGIN; LOCK TABLE \(table); COMMIT", by: .soon)
        #expect(try third.number("SELECT count(*) FROM \(table) WHERE id = 2") == 0)
    }

    @Test("ending a session waits until it is gone, however long that takes")
    func endingSlowly() throws {
        let (one, other) = (try cluster.connect(), try cluster.connect())
        let backend = one.server.backend
        // A process that is stopped ends only when it goes on.
        kill(backend.process, SIGSTOP)
        defer { kill(backend.process, SIGCONT) }
        guard case .deadline = try failure({ try other.end(backend, by: .now + .milliseconds(100)) }) else {
            Issue.record("the session is there")
            return
        }
        kill(backend.process, SIGCONT)
        let third = try cluster.connect()
        try third.end(backend, by: .soon)
        #expect(
            try third.number("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", [PostgresValue(backend.process)])
                == 0)
    }

    @Test("ending a session that is gone, or another one with its number, does nothing")
    func endingNothing() throws {
        let (one, other) = (try cluster.connect(), try cluster.connect())
        let backend = one.server.backend
        try other.end(PostgresBackend(process: backend.process, started: PostgresTime(microseconds: 1)), by: .soon)
        #expect(try one.number("SELECT 1::int8") == 1)
        try other.end(backend, by: .soon)
        expectLost(try failure { _ = try one.run("SELECT 1") }, "it was ended")
        try other.end(backend, by: .soon)
    }
}

/// Poolers between b2watch and the server.
@Suite(.blocking) struct PoolerTests {
    @Test(
        "a transaction pooler is refused, and the error has a remedy",
        arguments: [(1, false), (3, false), (3, true)])
    func transactions(sessions: Int, isRoundRobin: Bool) throws {
        let pooler = try FakePooler(
            to: PostgresCluster.shared.get().port, idle: sessions, isRoundRobin: isRoundRobin)
        let address = try PostgresAddress("postgresql://b2watch@127.0.0.1:\(pooler.port)/b2watch")
        let error = try failure { _ = try PostgresConnection.open(address, by: .soon) }
        guard case .pooled = error else { throw error }
        #expect("\(error)".contains("pool_mode = session"))
        #expect(!error.isTemporary)
    }

    @Test("a session pooler is accepted")
    func sessions() throws {
        let pooler = try FakePooler(to: PostgresCluster.shared.get().port, keepsSessions: true)
        let address = try PostgresAddress("postgresql://b2watch@127.0.0.1:\(pooler.port)/b2watch")
        let connection = try PostgresConnection.open(address, by: .soon)
        #expect(connection.server.isBehindPooler)
        #expect(try connection.number("SELECT 1::int8") == 1)
    }
}
