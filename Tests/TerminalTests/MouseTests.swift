import Base
import Testing

@testable import Terminal

@Suite struct MouseTests {
    private func decode(_ bytes: [UInt8], hasMouse: Bool = true) -> [Input] {
        var decoder = InputDecoder(hasMouse: hasMouse)
        let inputs = decoder.decode(bytes)
        return inputs + [decoder.settle()].compactMap { $0 }
    }

    private func decode(_ text: String, hasMouse: Bool = true) -> [Input] {
        decode(Array(text.utf8), hasMouse: hasMouse)
    }

    @Test(
        arguments: [
            ("0;1;1M", MouseEvent(.press, .left, at: Point(column: 0, row: 0))),
            ("0;1;1m", MouseEvent(.release, .left, at: Point(column: 0, row: 0))),
            ("1;80;24M", MouseEvent(.press, .middle, at: Point(column: 79, row: 23))),
            ("2;300;200M", MouseEvent(.press, .right, at: Point(column: 299, row: 199))),
            ("64;5;6M", MouseEvent(.wheelUp, at: Point(column: 4, row: 5))),
            ("65;5;6M", MouseEvent(.wheelDown, at: Point(column: 4, row: 5))),
            ("28;5;6M", MouseEvent(.press, .left, at: Point(column: 4, row: 5), modifiers: [.shift, .alt, .control])),
            ("80;5;6M", MouseEvent(.wheelUp, at: Point(column: 4, row: 5), modifiers: .control)),
            ("0;32767;32767M", MouseEvent(.press, .left, at: Point(column: 32_766, row: 32_766))),
        ])
    func knowsReportsInTheFormOfSGR(report: String, event: MouseEvent) {
        #expect(decode("\u{1b}[<\(report)q") == [.mouse(event), .key(.character("q"))])
    }

    @Test(
        arguments: [
            ([32, 33, 33], MouseEvent(.press, .left, at: Point(column: 0, row: 0))),
            ([34, 255, 255], MouseEvent(.press, .right, at: Point(column: 222, row: 222))),
            ([35, 33, 34], MouseEvent(.release, at: Point(column: 0, row: 1))),
            ([96, 33, 33], MouseEvent(.wheelUp, at: Point(column: 0, row: 0))),
            ([97, 33, 33], MouseEvent(.wheelDown, at: Point(column: 0, row: 0))),
            ([48, 33, 33], MouseEvent(.press, .left, at: Point(column: 0, row: 0), modifiers: .control)),
        ] as [([UInt8], MouseEvent)])
    func knowsReportsOfOldTerminals(bytes: [UInt8], event: MouseEvent) {
        #expect(decode(MouseReport.beginX10 + bytes + [0x71]) == [.mouse(event), .key(.character("q"))])
    }

    /// Movements, a wheel to the side, further buttons, and malformed sequences.
    @Test(arguments: [
        "32;1;1M", "35;1;1M", "66;1;1M", "67;1;1M", "128;1;1M", "64;1;1m", "3;1;1M", "0;0;1M", "0;1;0M", "0;1M",
        "0;1;1;1M", "0;-1;1M", ";;M", "M", "m", "0;1;x1M", "0;40000;1M", "0;99999999999999999999;1M", "0;1;1~",
        "0;1:1M",
    ])
    func dropsOtherReportsWhole(report: String) {
        #expect(decode("\u{1b}[<\(report)") == [] || report.contains("x"))
        #expect(decode("\u{1b}[<\(report)q").last == .key(.character("q")))
        #expect(!decode("\u{1b}[<\(report)").contains { if case .mouse = $0 { true } else { false } })
    }

    @Test(arguments: [[32, 31, 33], [32, 32, 33], [64, 33, 33], [10, 33, 33], [98, 33, 33]] as [[UInt8]])
    func dropsOtherReportsOfOldTerminalsWhole(bytes: [UInt8]) {
        #expect(decode(MouseReport.beginX10 + bytes + [0x71]) == [.key(.character("q"))])
    }

    @Test func aReportThatBreaksOffPressesNothing() {
        #expect(decode("\u{1b}[M !") == [])
        #expect(decode("\u{1b}[M \u{1b}[A") == [.key(.up)])
        #expect(decode("\u{1b}[<0;1\u{1b}[A") == [.key(.up)])
    }

    @Test func aReportMayComeInPieces() {
        for report in [Array("\u{1b}[<0;2;3M".utf8), MouseReport.beginX10 + [32, 34, 35]] {
            var decoder = InputDecoder(hasMouse: true)
            for byte in report.dropLast() {
                #expect(decoder.decode([byte]) == [])
                #expect(decoder.isUndecided)
            }
            let event = MouseEvent(.press, .left, at: Point(column: 1, row: 2))
            #expect(decoder.decode([report.last ?? 0]) == [.mouse(event)])
        }
    }

    @Test func whoDidNotAskIsToldNothing() {
        #expect(decode("\u{1b}[<0;1;1Mq", hasMouse: false) == [.key(.character("q"))])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func survivesNoise(seed: UInt64) {
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        let alphabet = Array("\u{1b}[<M;0123456789mMq~ \u{7f}".utf8) + [0xff]
        let noise = (0..<2_000).map { _ -> UInt8 in
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return alphabet[Int(random >> 24) % alphabet.count]
        }
        var decoder = InputDecoder(hasMouse: true)
        for case .mouse(let event) in decoder.decode(noise) {
            #expect((0..<32_767).contains(event.point.column) && (0..<32_767).contains(event.point.row))
        }
        _ = decoder.settle()
        #expect(decoder.decode([0x71]) == [.key(.character("q"))])
    }
}

@Suite struct DoublePressTests {
    private let start = ContinuousClock.now
    private let press = MouseEvent(.press, .left, at: Point(column: 3, row: 4))

    /// Returns the kinds of events at these times, in milliseconds.
    private func classify(_ events: (MouseEvent, Int)...) -> [MouseEvent.Kind] {
        var presses = DoublePress()
        return events.map { presses.classify($0.0, at: start + .milliseconds($0.1)).kind }
    }

    private func press(_ button: MouseEvent.Button = .left, column: Int = 3, _ keys: MouseEvent.Modifiers = [])
        -> MouseEvent
    {
        MouseEvent(.press, button, at: Point(column: column, row: 4), modifiers: keys)
    }

    @Test func twoAtOnceAreOne() {
        let release = MouseEvent(.release, .left, at: press.point)
        #expect(
            classify((press, 0), (release, 50), (press, 200), (release, 250)) == [
                .press, .release, .doublePress, .release,
            ])
        #expect(classify((press, 0), (press, 400)) == [.press, .doublePress])
        #expect(classify((press, 0), (press, 401)) == [.press, .press])
        #expect(classify((press, 0), (press, 401), (press, 801)) == [.press, .press, .doublePress])
    }

    @Test func theThirdIsAFirstAgain() {
        #expect(
            classify((press, 0), (press, 100), (press, 200), (press, 300))
                == [.press, .doublePress, .press, .doublePress])
    }

    @Test func theyAreAlike() {
        #expect(classify((press, 0), (press(column: 4), 100)) == [.press, .press])
        #expect(classify((press, 0), (press(.right), 100)) == [.press, .press])
        #expect(classify((press, 0), (press(.left, .control), 100)) == [.press, .press])
        #expect(
            classify((press, 0), (MouseEvent(.wheelDown, at: press.point), 50), (press, 100))
                == [.press, .wheelDown, .press])
    }
}
