import Base
import NIOCore
import NIOPosix
import Testing
import TestSupport

@testable import Receiving

@Suite struct RefusalTallyTests {
    private let large = Refusal.bodyTooLarge(limit: 1 << 20)

    @Test func tellsTheFirstAtOnceAndTheRestByTheMinute() {
        var tally = RefusalTally()
        #expect(tally.count(large, from: "203.0.113.9") == "203.0.113.9: request refused: body over 1 MiB (413)")
        for _ in 0..<17 {
            let line = tally.count(large, from: "203.0.113.9")
            #expect(line == nil)
        }
        let lines = tally.turn()
        #expect(lines == ["203.0.113.9: 17 more requests refused in the last minute: body over 1 MiB (413)"])
    }

    @Test func tellsAddressesAndReasonsApart() {
        var tally = RefusalTally()
        let first = [
            tally.count(large, from: "a"), tally.count(.notHTTP, from: "a"), tally.count(large, from: "b"),
        ]
        #expect(first.allSatisfy { $0 != nil })
        #expect(tally.count(.notHTTP, from: "a") == nil)
        #expect(tally.turn() == ["a: 1 more request refused in the last minute: not valid HTTP (400)"])
    }

    @Test func staysAwakeOnlyWhileSomethingIsCounted() {
        var tally = RefusalTally()
        #expect(tally.isEmpty)
        _ = tally.count(large, from: "a")
        #expect(!tally.isEmpty)
        #expect(tally.turn() == [])
        #expect(tally.isEmpty)
    }

    @Test func knowsWhoKeptOnForAnotherMinute() {
        var tally = RefusalTally()
        _ = tally.count(large, from: "a")
        _ = tally.count(large, from: "a")
        #expect(tally.turn().count == 1)
        #expect(tally.count(large, from: "a") == nil)
        #expect(tally.turn() == ["a: 1 more request refused in the last minute: body over 1 MiB (413)"])
        #expect(tally.turn() == [])
        #expect(tally.count(large, from: "a") != nil)
    }

    @Test func sumsUpTooManyAddresses() {
        var tally = RefusalTally(capacity: 2)
        let lines = (0..<10).map { tally.count(large, from: "address \($0)") }
        #expect(lines.filter { $0 != nil }.count == 2)
        #expect(tally.turn() == ["other addresses: 8 more requests refused in the last minute: body over 1 MiB (413)"])
        #expect(tally.isEmpty)
    }

    @Test(arguments: [(1 << 20, "1 MiB"), (1_536, "1536 bytes"), (4_096, "4 KiB"), (3 << 30, "3 GiB"), (0, "0 bytes")])
    func saysSizes(_ bytes: Int, _ text: String) {
        #expect("\(Refusal.bodyTooLarge(limit: bytes))" == "body over \(text) (413)")
    }
}

@Suite(.blocking) struct RefusalCounterTests {
    @Test func tellsTheRestWhenTheMinuteIsOver() throws {
        let lines = Monitor<[String]>([])
        let counter = RefusalCounter(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(), minute: .milliseconds(20)
        ) { line in lines.change { $0.append(line) } }
        counter.count(.notHTTP, from: "a")
        #expect(lines.withLock { $0 } == ["a: request refused: not valid HTTP (400)"])
        // Reported now if the minute is not over yet, otherwise as the first of a new one.
        counter.count(.notHTTP, from: "a")
        counter.count(.notHTTP, from: "a")
        #expect(try lines.require("another line") { $0.count > 1 ? $0[1].hasPrefix("a: ") : nil })
    }

    @Test func tellsTheRestAtTheEnd() {
        let lines = LogLines()
        let counter = RefusalCounter(eventLoop: MultiThreadedEventLoopGroup.singleton.any(), log: lines.append)
        for _ in 0..<3 { counter.count(.tls, from: "a") }
        #expect(lines.lines.count == 1)
        counter.finish()
        #expect(
            lines.lines.last
                == "a: 2 more requests refused in the last minute: HTTPS on a port that speaks HTTP (400)")
        counter.finish()
        #expect(lines.lines.count == 2)
    }
}
