import NIOCore
import NIOPosix
import TestSupport
import Testing
import Workers

@testable import Listener

@Suite(.blocking) struct RefusalCounterTests {
    @Test func tellsTheRestWhenTheMinuteIsOver() throws {
        let lines = Monitor<[String]>([])
        let counter = RefusalCounter(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(), minute: .milliseconds(20)
        ) { line in lines.change { $0.append(line) } }
        counter.count(.notHTTP, from: "a")
        #expect(lines.withLock { $0 } == ["a: request refused: not valid HTTP (400)"])
        // Told now if the minute is not yet over, else as the first of a new one.
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
