import Log
import Synchronization
import TestSupport
import Testing

/// Lines on their way to somebody who may not take them.
@Suite(.blocking) struct LineOutletTests {
    /// Takes lines, one at a time as it is let.
    private final class Reader: Sendable {
        let taken = Mutex<[String]>([])
        private let gate = Mutex<Void>(())

        func take(_ bytes: [UInt8]) {
            gate.withLock { _ in taken.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        }

        /// Takes nothing while the body runs.
        func whileStuck(_ body: () -> Void) {
            gate.withLock { _ in body() }
        }
    }

    private func outlet(_ reader: Reader) -> LineOutlet {
        LineOutlet("test") {
            Array("\($0) dropped".utf8)
        } write: {
            reader.take($0)
        }
    }

    @Test func linesKeepTheirOrder() {
        let reader = Reader()
        let outlet = outlet(reader)
        for index in 0..<500 { outlet.add(Array("\(index)".utf8)) }
        outlet.flush(within: .patience)
        #expect(reader.taken.withLock(\.self) == (0..<500).map { "\($0)" })
    }

    @Test func whoTakesNoneHoldsUpNothingAndMissesAreCounted() {
        let reader = Reader()
        let outlet = outlet(reader)
        reader.whileStuck {
            for index in 0..<LineOutlet.mostWaiting + 77 { outlet.add(Array("\(index)".utf8)) }
        }
        outlet.flush(within: .patience)
        let taken = reader.taken.withLock(\.self)
        #expect(taken == (0..<LineOutlet.mostWaiting).map { "\($0)" } + ["77 dropped"])
        outlet.add(Array("later".utf8))
        outlet.flush(within: .patience)
        #expect(reader.taken.withLock { $0.last } == "later")
    }
}
