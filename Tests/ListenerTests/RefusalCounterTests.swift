import NIOCore
import NIOPosix
import Testing

@testable import Listener

@Suite struct RefusalCounterTests {
    @Test func tellsTheRestWhenTheMinuteIsOver() async {
        let (lines, log) = AsyncStream<String>.makeStream()
        let counter = RefusalCounter(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(), minute: .milliseconds(20)
        ) { log.yield($0) }
        counter.count(.notHTTP, from: "a")
        var iterator = lines.makeAsyncIterator()
        #expect(await iterator.next() == "a: request refused: not valid HTTP (400)")
        // Told now if the minute is not yet over, else as the first of a new one.
        counter.count(.notHTTP, from: "a")
        counter.count(.notHTTP, from: "a")
        let line = await iterator.next()
        #expect(line?.hasPrefix("a: ") == true)
    }

    @Test func tellsTheRestAtTheEnd() async {
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
