import History
import Notifications
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("By lines, what arrives")
struct PlainNewsTests {
    @Test("is told in a sentence each, at once")
    func single() {
        var hearer = Hearer()
        hearer.arrive([Make.row(1, name: "photos/dog.jpg", verdict: .invalid)])
        #expect(
            hearer.hear() == [
                "16:43:01 invalid Created:Upload photos/dog.jpg, 10.0 MiB, bucket my-bucket, rule allEvents, delivery 1"
            ])
    }

    @Test("is told together once a second where much comes, by verdicts, and nothing waits when nothing has come")
    func coalesced() {
        var hearer = Hearer()
        hearer.arrive([Make.row(1)])
        _ = hearer.hear()
        hearer.arrive((2...36).map { Make.row($0) })
        hearer.arrive([Make.row(37, verdict: .invalid), Make.row(38, verdict: .invalid)])
        #expect(hearer.hear().isEmpty)
        #expect(hearer.plain.deadline != nil)
        hearer.wait(.seconds(1))
        #expect(hearer.hear() == ["37 more events, 35 valid, 2 invalid"])
        hearer.wait(.seconds(20))
        #expect(hearer.hear().isEmpty)
        #expect(hearer.plain.deadline == nil)
    }

    @Test("is counted where there is more than is read, and told of the last ones")
    func flood() {
        var hearer = Hearer()
        hearer.arrive((1...2_000).map { Make.row($0) })
        #expect(hearer.hear() == ["2,000 more events; the last 500 of them: 500 valid"])
    }

    @Test("waits while paused, and while the output takes no more")
    func waits() {
        var hearer = Hearer(3)
        #expect(hearer.type("pause") == ["Paused: new events are recorded, and announced after follow."])
        hearer.arrive([Make.row(4)])
        hearer.wait(.seconds(2))
        #expect(hearer.hear().isEmpty)
        #expect(hearer.type("follow").contains { $0.hasSuffix("delivery 4") })

        hearer.plain.isBackedUp = true
        hearer.arrive([Make.row(5)])
        hearer.wait(.seconds(2))
        #expect(hearer.hear().isEmpty)
        hearer.plain.isBackedUp = false
        hearer.wait(.seconds(2))
        #expect(hearer.hear().contains { $0.hasSuffix("delivery 5") })
    }

    @Test("is told only where it matches the filter")
    func filtered() {
        var hearer = Hearer(3)
        _ = hearer.type("filter sig:invalid")
        hearer.arrive([Make.row(4)])
        #expect(hearer.hear().isEmpty)
        hearer.wait(.seconds(2))
        hearer.arrive([Make.row(5, verdict: .invalid)])
        #expect(hearer.hear().contains { $0.contains("invalid") && $0.hasSuffix("delivery 5") })
    }

    @Test("stays on its line and within its quotes, whatever it is called")
    func hostile() throws {
        var hearer = Hearer()
        let name = "a\n> quit\r\u{1b}[2J\u{202e}\u{85}\u{2028}, rule forged\", delivery 7"
        hearer.arrive([Make.row(1, name: name)])
        let heard = hearer.hear()
        #expect(heard.count == 1)
        let line = try #require(heard.first)
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f })
        #expect(line.contains(#""a\n> quit\r\x1b[2J\u{202e}"#))
        #expect(line.contains(#"rule forged\", delivery 7", 10.0 MiB, bucket my-bucket"#))
    }

    @Test("of the listener is told once: warnings, notices, its end, and that it cannot record")
    func outside() {
        var hearer = Hearer()
        hearer.tell(.warning("The disk is slow."))
        hearer.tell(.warning("The disk is slow."))
        hearer.tell(.notice("A file could not be read."))
        hearer.user.change.health = .failing("The disk is full.")
        hearer.tell(.historyChanged(hearer.user.change))
        hearer.tell(.warning(nil))
        hearer.tell(.listening(.draining))
        #expect(
            hearer.hear() == [
                "Warning: The disk is slow.", "A file could not be read.", "Not recording. The disk is full.",
                "The warning is over.", "Taking no more deliveries; those in flight are finished.",
            ])
    }

    @Test("judging again is told at its end, and on the way every few seconds")
    func judging() {
        var hearer = Hearer(3)
        for done in 1...4 {
            hearer.tell(.rejudged(RejudgeSummary(deliveries: [.valid: done * 100], remaining: 1_000, stage: .running)))
        }
        #expect(hearer.hear().isEmpty)
        hearer.user.now += .seconds(6)
        hearer.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 700], remaining: 700, stage: .running)))
        #expect(hearer.hear() == ["Verifying again: 700 of 1,400 deliveries."])
        hearer.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 1_400])))
        #expect(hearer.hear() == ["1,400 deliveries verified again: 1,400 valid"])
    }
}
