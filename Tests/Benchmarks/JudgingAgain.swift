import Base
import CCrypto
import Foundation
import Harness
import History
import Notifications
import Receiving
import TestSupport

/// The speed of verifying a long history with a pasted secret, and its effect on answers.
enum JudgingAgain {
    private static let value = "b2DashTestSecret0123456789abcdEF"
    private static let deliveries =
        ProcessInfo.processInfo.environment["B2WATCH_DELIVERIES"].flatMap(Int.init) ?? 200_000
    private static let time = Duration.seconds(3)

    private struct Problem: Error {
        let what: String
    }

    static func measure(_ findings: inout Findings) throws {
        print("judging \(deliveries) deliveries again")
        let folder = TemporaryFolder()
        let history = try History(.file(folder.file("history.sqlite")))
        let end = Watched(RejudgeReport())
        let keys = try KeyringHolder(Keyring(), history: history, now: { Timestamp(milliseconds: 1) }) { report in
            end.change { $0 = report }
        }
        defer {
            keys.stop()
            history.close()
            withExtendedLifetime(folder) {}
        }
        let bodies = try fill(history)
        // Verdicts are never withdrawn: deliveries that match no secret remain to be tried, and the matching secret
        // comes last.
        try answers(history, keys, end, &findings)
        var (hmac, best) = (0.0, 0.0)
        // Uses both cores and the writer, so the result depends on what else the machine does.
        var cost = Double.infinity
        for round in 0..<5 {
            // In turns of equal length, and the best of some rounds, because a machine may be busy with other work.
            hmac = max(hmac, hmacRate(bodies))
            let secret =
                round < 4
                ? SigningSecret.sample("wrong", "wrong secret \(round)") : SigningSecret.sample("pasted", value)
            let before = ProcessorTime.own
            let pasted = try verify(with: try Keyring([secret]), keys, end)
            cost = min(cost, (ProcessorTime.own - before).seconds / Double(max(1, pasted.report.total)))
            let rate = Double(pasted.report.total) / pasted.time.seconds
            findings.report("a secret pasted", "\(Int(rate)) a second, \(pasted.report.deliveries[.valid] ?? 0) valid")
            best = max(best, rate)
        }
        findings.report(
            "processor time of a delivery", "\(twoPlaces(cost * 1_000_000)) µs, HMAC \(twoPlaces(1_000_000 / hmac)) µs")
        findings.report("HMAC, one core", "\(Int(hmac)) a second; prepared once, \(Int(preparedRate(bodies)))")
        findings.expect(
            "a secret pasted, of HMAC", "\(Int(best / hmac * 100)) %", "50 % or more", holds: best / hmac >= 0.5)
    }

    /// Records as many deliveries as B2 would send, one in twenty signed with another secret.
    private static func fill(_ history: History) throws -> [[UInt8]] {
        let secret = SigningSecret.sample("pasted", value)
        let stranger = SigningSecret.sample("stranger", "who knows")
        let samples = (0..<5_000).map { number in
            Delivery.sample(
                [SampleEvent(id: "benchmark \(number)", object: "photos/2026/cat-\(number).jpg")],
                signedWith: number.isMultiple(of: 20) ? stranger : secret)
        }
        let answered = Watched(0)
        var sent = 0
        while sent < deliveries {
            let delivery = samples[sent % samples.count]
            let isQueued = history.record(
                JudgedDelivery(
                    delivery: delivery, judgement: Judgement(.unverified), answer: .accepted,
                    events: Payload(scanning: delivery.body).events, generation: 1)
            ) { _ in answered.change { $0 += 1 } }
            if isQueued { sent += 1 } else { Thread.sleep(forTimeInterval: 0.001) }
        }
        guard answered.wait(for: { $0 == sent ? true : nil }) != nil else { throw Problem(what: "recording is stuck") }
        return samples.map(\.body)
    }

    private static func hmacRate(_ bodies: [[UInt8]]) -> Double {
        let key = Array(value.utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        let turns = max(1, deliveries / bodies.count)
        var sum: UInt8 = 0
        let start = ContinuousClock.now
        for _ in 0..<turns {
            for body in bodies {
                HMAC(EVP_sha256(), key, Int32(key.count), body, body.count, &digest, nil)
                sum ^= digest[0]
            }
        }
        withExtendedLifetime(sum) {}
        return Double(bodies.count * turns) / (.now - start).seconds
    }

    /// Returns the rate of HMACs whose key is prepared once, as b2watch computes them.
    private static func preparedRate(_ bodies: [[UInt8]]) -> Double {
        var (inner, outer) = (SHA256(), SHA256())
        let key = Array(value.utf8) + [UInt8](repeating: 0, count: 64 - value.utf8.count)
        inner.update(key.map { $0 ^ 0x36 })
        outer.update(key.map { $0 ^ 0x5C })
        let turns = max(1, deliveries / bodies.count)
        var sum: UInt8 = 0
        let start = ContinuousClock.now
        for _ in 0..<turns {
            for body in bodies {
                var (inner, outer) = (inner, outer)
                inner.update(body)
                let digest = inner.finalize()
                withUnsafeBytes(of: digest) { outer.update($0) }
                sum ^= outer.finalize()[0]
            }
        }
        withExtendedLifetime(sum) {}
        return Double(bodies.count * turns) / (.now - start).seconds
    }

    private static func verify(
        with keyring: Keyring, _ keys: KeyringHolder, _ end: Watched<RejudgeReport>
    ) throws -> (report: RejudgeReport, time: Duration) {
        end.change { $0 = RejudgeReport() }
        let start = ContinuousClock.now
        try keys.use(keyring)
        guard let report = end.wait(for: { $0.isComplete || $0.failure != nil ? $0 : nil }) else {
            throw Problem(what: "judging is stuck")
        }
        return (report, .now - start)
    }

    /// Measures the answer to a delivery every two milliseconds, while idle and while everything is verified again.
    private static func answers(
        _ history: History, _ keys: KeyringHolder, _ end: Watched<RejudgeReport>, _ findings: inout Findings
    ) throws {
        let quiet = load(history, keys) { _ in }
        let number = Watched(0)
        let judging = load(history, keys) { round in
            // Another secret follows as soon as the one before was tried on everything.
            guard round == 0 || end.now.isComplete else { return }
            end.change { $0 = RejudgeReport() }
            number.change { $0 += 1 }
            _ = try? keys.use(Keyring([.sample("other", "another secret \(number.now)")]))
        }
        for (name, times) in [("answers, nothing else to do", quiet), ("answers, judging again", judging)] {
            findings.report(name, "p50 \(times.median.text), p99 \(times.p99.text), longest \(times.largest.text)")
        }
        findings.expect(
            "answers, judging again", "p99 \(judging.p99.text)", "less than 50 ms",
            holds: judging.p99 < .milliseconds(50))
    }

    private static func load(_ history: History, _ keys: KeyringHolder, _ meanwhile: (Int) -> Void) -> Durations {
        let intake = Intake(history, keys: keys)
        let delivery = Delivery.sample(signedWith: .sample("pasted", value))
        let times = Watched(Durations())
        let start = ContinuousClock.now
        var sent = 0
        while .now - start < time {
            let began = ContinuousClock.now
            intake.receive(delivery, as: .notification) { _, _ in times.change { $0.add(.now - began) } }
            meanwhile(sent)
            sent += 1
            let rest = start + .milliseconds(2 * sent) - .now
            if rest > .zero { Thread.sleep(forTimeInterval: rest.seconds) }
        }
        _ = times.wait { $0.count == sent ? true : nil }
        return times.now
    }
}
