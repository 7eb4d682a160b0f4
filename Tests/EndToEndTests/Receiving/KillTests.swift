import Harness
import Foundation
import TestSupport
import Testing

@Suite("A kill -9 under load", .blocking)
struct KillTests {
    private static let kills = LongTests.count(3, long: 50)
    /// The deliveries that are acknowledged from one start to the next kill, on average.
    private static let acknowledgedBetween = LongTests.count(200, long: 500)
    private static let inFlight = 32

    @Test("loses no acknowledged delivery, several times on the same history")
    func noneIsLost() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let ledger = Ledger()
        var acknowledged: [String] = []
        for round in 1...Self.kills {
            let before = acknowledged.count
            let listener = try RunningListener(in: home, "--format", "json")
            let count = Int.random(in: 1..<2 * Self.acknowledgedBetween)
            acknowledged += try Self.load(listener, ledger, round: round, killingAfter: count)
            #expect(listener.child.end() == .signalled(SIGKILL))
            #expect(acknowledged.count >= before + count)
        }

        #expect(ledger.accepted == acknowledged.count)
        #expect(try ledger.problems(in: home) == [])
        print("kill -9: \(Self.kills) times, \(ledger.accepted) acknowledged deliveries, none lost or changed")

        // What is on record is known by it: sent again, each is a duplicate, and none that never was sent is.
        let listener = try RunningListener(in: home, "--format", "json")
        try Self.send(acknowledged + ["never sent before"], to: listener)
        let lines = try listener.deliveries(acknowledged.count + 1)
        let fresh = lines.filter { !$0.duplicate }.compactMap { $0.events.first?.eventId }
        #expect(fresh == ["never sent before"])
        #expect(lines.map(\.signature).allSatisfy { $0 == "valid" })
        // Row ids go on where the last run left off: at least one for each acknowledged delivery.
        let ids = lines.map(\.id)
        #expect(try #require(ids.first) > acknowledged.count)
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        #expect(Set(lines.compactMap { $0.events.first?.eventId }) == Set(acknowledged + ["never sent before"]))
        try listener.stop()
    }

    @Test("and a stop of a history of more than 32 MiB lose nothing, and it is opened again")
    func large() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let ledger = Ledger()
        let object = String(repeating: "x", count: 90_000)
        for end in [SIGTERM, SIGKILL, SIGTERM] {
            let listener = try RunningListener(in: home, "--quiet")
            let client = try listener.connect()
            for _ in 0..<200 {
                #expect(try ledger.send("\(ledger.accepted)", object: object, on: client) == 200)
            }
            try listener.stop(end, expecting: end == SIGKILL ? .signalled(SIGKILL) : .exited(0))
        }
        var status = stat()
        #expect(stat(home.history, &status) == 0 && status.st_size > 40 << 20)
        #expect(try ledger.problems(in: home) == [])
        let last = try RunningListener(in: home, "--quiet")
        try last.stop()
    }

    /// Keeps requests in flight and kills the listener when enough are acknowledged.
    ///
    /// - Returns: The events of the deliveries that were acknowledged, those included whose answers were still on
    ///   their way when the listener died.
    private static func load(
        _ listener: RunningListener, _ ledger: Ledger, round: Int, killingAfter count: Int
    ) throws -> [String] {
        var client = try LoadClient(inFlight, host: listener.host, port: listener.port)
        defer { client.close() }
        var sent = 0
        var current = [String](repeating: "", count: inFlight)
        var acknowledged: [String] = []
        client.run(
            make: { connection in
                sent += 1
                current[connection] = "kill \(round), delivery \(sent)"
                return ledger.delivery(current[connection]).bytes
            },
            arrived: { arrival in
                ledger.note(current[arrival.connection], arrival.answer.status)
                guard arrival.answer.status == 200 else { return }
                acknowledged.append(current[arrival.connection])
                if acknowledged.count == count { listener.child.signal(SIGKILL) }
            })
        return acknowledged
    }

    /// Sends these events, a few at a time.
    private static func send(_ events: [String], to listener: RunningListener) throws {
        var client = try LoadClient(8, host: listener.host, port: listener.port)
        defer { client.close() }
        var rest = events[...]
        var answers: [Int: Int] = [:]
        client.run(
            make: { _ in rest.popFirst().map { WireRequest.event($0, signedWith: Secrets.held).bytes } },
            arrived: { answers[$0.answer.status, default: 0] += 1 })
        #expect(answers == [200: events.count])
    }
}
