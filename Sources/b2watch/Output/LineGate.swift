import Intake
import Notifications
import Synchronization

/// Holds lines back until it is opened, so that the first line is the one that others wait for.
final class LineGate: Sendable {
    private let held = Mutex<[String]?>([])
    private let write: @Sendable (String) -> Void

    init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    func say(_ line: String) {
        let isHeld = held.withLock { held in
            held?.append(line)
            return held != nil
        }
        if !isHeld { write(line) }
    }

    /// What judging again has come to, once it is done and was more than nothing.
    func say(_ report: RejudgeReport) {
        if let failure = report.failure { say(failure) }
        if report.isComplete, report.total > 0 { say(report.sentence) }
    }

    func open() {
        let lines = held.withLock { held in
            defer { held = nil }
            return held ?? []
        }
        lines.forEach(write)
    }
}

extension RejudgeReport {
    /// Such as `37 deliveries judged again: 35 valid, 2 invalid`.
    var sentence: String {
        let verdicts = SignatureVerdict.allCases
            .compactMap { verdict in deliveries[verdict].map { "\($0) \(verdict.word)" } }
            .joined(separator: ", ")
        return "\(total) \(total == 1 ? "delivery" : "deliveries") judged again: \(verdicts)"
    }
}
