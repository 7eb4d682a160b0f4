import Intake
import Log
import Notifications
import Synchronization

/// Holds lines back until it is opened, so that the first line is the one that others wait for.
final class LineGate: Sendable {
    private let held = Mutex<[(String, LogLevel)]?>([])
    private let write: @Sendable (String, LogLevel) -> Void

    init(_ write: @escaping @Sendable (String, LogLevel) -> Void) {
        self.write = write
    }

    func say(_ line: String, _ level: LogLevel = .info) {
        let isHeld = held.withLock { held in
            held?.append((line, level))
            return held != nil
        }
        if !isHeld { write(line, level) }
    }

    /// What judging again has come to, once it is done and was more than nothing.
    func say(_ report: RejudgeReport) {
        if let failure = report.failure { say(failure, .warning) }
        if report.isComplete, report.total > 0 { say(report.sentence) }
        if report.isCancelled, report.failure == nil { say(report.cancellation) }
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
    /// What it had come to when it was cancelled.
    var cancellation: String {
        "verifying again was cancelled after \(total) \(total == 1 ? "delivery" : "deliveries"); \(remaining) to be verified"
            + " \(remaining == 1 ? "keeps its verdict" : "keep their verdicts")"
    }

    /// Such as `37 deliveries verified again: 35 valid, 2 invalid`.
    var sentence: String {
        let verdicts = SignatureVerdict.allCases
            .compactMap { verdict in deliveries[verdict].map { "\($0) \(verdict.title)" } }
            .joined(separator: ", ")
        return "\(total) \(total == 1 ? "delivery" : "deliveries") verified again: \(verdicts)"
    }
}
