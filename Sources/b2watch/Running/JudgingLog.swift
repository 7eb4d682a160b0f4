import Intake
import Log
import Synchronization

/// Notes when recorded deliveries begin to be judged again, and what has come of it.
final class JudgingLog: Sendable {
    private let isJudging = Mutex(false)
    private let note: @Sendable (String, LogLevel) -> Void

    init(_ note: @escaping @Sendable (String, LogLevel) -> Void) {
        self.note = note
    }

    /// The first of several reports tells that it has begun.
    func began(_ report: RejudgeReport) {
        let isOver = report.isComplete || report.isCancelled || report.failure != nil
        let isFirst = isJudging.withLock { isJudging in
            defer { isJudging = !isOver }
            return !isJudging && (!isOver || report.total > 0)
        }
        if isFirst { note("verifying recorded deliveries again", .info) }
    }

    func ended(_ report: RejudgeReport) {
        if let failure = report.failure { note(failure, .warning) }
        if report.isComplete, report.total > 0 { note(report.sentence, .info) }
        if report.isCancelled, report.failure == nil { note(report.cancellation, .info) }
    }
}
