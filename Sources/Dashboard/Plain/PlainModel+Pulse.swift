import History
import Notifications
import SafeText

extension PlainModel {
    /// As many names are told.
    private static let names = 5

    /// Takes the counts once all is counted.
    mutating func take(_ result: Result<Pulse, EffectFailure>) {
        switch result {
        case .failure(let failure):
            requests.pulse = nil
            say("The history could not be counted: \(failure.sentence)")
        case .success(let pulse):
            guard pulse.isComplete else { return }
            requests.pulse = nil
            tell(pulse)
        }
    }

    private mutating func tell(_ pulse: Pulse) {
        guard pulse.latest != nil else { return say("Nothing has arrived yet.") }
        let clock = model.session.clock
        say(
            "\(Wording.count(pulse.deliveries, "delivery", "deliveries")) from \(time(pulse.start, clock)) to \(time(pulse.end, clock))."
        )
        let verdicts = SignatureVerdict.allCases.compactMap { verdict -> SafeText? in
            let count = pulse.bars.indices.reduce(0) { $0 + pulse[$1, verdict] }
            return count > 0 ? "\(Wording.grouped(count)) \(verdict.title)" : nil
        }
        if !verdicts.isEmpty { say("By verdict: " + verdicts.joined(separator: ", ")) }
        let bars = pulse.bars.map { $0.reduce(0, +) }
        if let most = bars.max(), most > 0, let bar = bars.firstIndex(of: most) {
            let start = Timestamp(milliseconds: pulse.start.milliseconds + Int64(bar) * pulse.request.barWidth)
            let width = Wording.span(microseconds: Int(pulse.request.barWidth) * 1_000)
            say("Most at once: \(Wording.grouped(most)) within \(width) from \(time(start, clock)).")
        }
        shares("By type", pulse.types)
        shares("By bucket", pulse.buckets)
        timings("From the event to its arrival", pulse.delays, microsecondsPerUnit: 1_000)
        timings("Time to answer", pulse.answers, microsecondsPerUnit: 1)
        let late = pulse.answers.countAbove(DeliveryLine.late)
        if late > 0 { say("\(Wording.grouped(late)) answers took longer than the 3 seconds that B2 waits.") }
    }

    private mutating func shares(_ title: SafeText, _ shares: PulseShares) {
        guard shares.total > 0 else { return }
        let named = shares.largest(Self.names).map { share -> SafeText in
            let percent = Wording.percent(share.count, of: shares.total)
            return PlainRow.name(share.name) + " \(Wording.grouped(share.count)), \(percent) percent"
        }
        say(title + ": " + named.joined(separator: "; "))
    }

    private mutating func timings(_ title: SafeText, _ histogram: TimeHistogram, microsecondsPerUnit: Int) {
        guard histogram.count > 0 else { return }
        func text(_ amount: Int) -> String {
            Wording.span(microseconds: amount.multipliedReportingOverflow(by: microsecondsPerUnit).partialValue)
        }
        say(
            title
                + ": half within \(text(histogram.percentile(50))), 90 percent within \(text(histogram.percentile(90))), 99 percent within \(text(histogram.percentile(99))), at most \(text(histogram.largest))."
        )
    }

    private func time(_ moment: Timestamp, _ clock: WallClock) -> String {
        clock.time(moment).map { "\($0.dayName) \($0.timeOfDay) \(clock.zone(at: moment))" } ?? "?"
    }
}
