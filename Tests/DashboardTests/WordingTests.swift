import Base
import Notifications
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Wording")
struct WordingTests {
    @Test(
        "sizes",
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_258_291, "1.2 MiB"), (1_048_524, "1023.9 KiB"),
            (1_048_575, "1.0 MiB"), (10_485_760, "10.0 MiB"), (-2_048, "-2.0 KiB"), (Int64.max, "8.0 EiB"),
            (Int64.min, "-8.0 EiB"),
        ])
    func bytes(count: Int64, text: String) {
        #expect(Wording.bytes(count) == text)
    }

    @Test(
        "durations",
        arguments: [(300, "0.3 ms"), (9_949, "9.9 ms"), (9_950, "10 ms"), (12_400, "12 ms"), (3_200_000, "3.2 s")])
    func duration(microseconds: Int, text: String) {
        #expect(Wording.duration(microseconds: microseconds) == text)
    }

    @Test(
        "delays",
        arguments: [
            (0, "0 ms later"), (-400, "400 ms earlier"), (1_500, "1.5 s later"), (125_000, "2 min 5 s later"),
            (7_260_000, "2 h 1 min later"), (864_000_000, "10 days later"),
        ])
    func delay(milliseconds: Int64, text: String) {
        #expect(Wording.delay(milliseconds: milliseconds) == text)
    }

    @Test("counts and groups")
    func counts() {
        #expect(Wording.count(1, "delivery", "deliveries") == "1 delivery")
        #expect(Wording.count(2_000, "delivery", "deliveries") == "2,000 deliveries")
        #expect(Wording.grouped(-1_234_567) == "-1,234,567")
        #expect(Wording.grouped(999) == "999")
    }

    @Test("days")
    func days() {
        #expect(CalendarTime(Timestamp(milliseconds: 0), secondsFromUTC: 0)?.dayName == "Thu 1 January 1970")
        #expect(
            CalendarTime(Timestamp(milliseconds: 1_709_164_800_000), secondsFromUTC: 0)?.dayName
                == "Thu 29 February 2024")
    }

    @Test("what was judged again")
    func rejudged() {
        #expect(RejudgeSummary(deliveries: [.valid: 1]).sentence(.standard) == "1 delivery verified again: 1 valid")
        #expect(
            RejudgeSummary(deliveries: [.invalid: 2, .valid: 35]).sentence(.standard)
                == "37 deliveries verified again: 35 valid, 2 invalid")
        #expect(
            RejudgeSummary(deliveries: [.valid: 340_000], remaining: 660_000, stage: .running).sentence(.standard)
                == "Verifying again: 340,000 of 1,000,000 … X cancels")
        #expect(
            RejudgeSummary(deliveries: [:], remaining: 5, stage: .cancelled).sentence(.standard)
                == "Verifying again was cancelled at 0 of 5: the others keep their verdicts. X resumes")
        #expect(RejudgeSummary(deliveries: [:]).sentence(.standard) == "No recorded delivery to verify again")
    }
}
