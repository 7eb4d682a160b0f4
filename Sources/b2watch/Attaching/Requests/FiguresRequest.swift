import Control
import Notifications

/// Asks what changes with every delivery.
struct FiguresRequest: ControlRequest {
    static let name = "figures"
    typealias Reply = ListenerFigures
}

/// What the listener says of itself when it is asked in passing.
struct ListenerFigures: Codable, Sendable {
    var answers = 0
    /// In microseconds.
    var median = 0
    /// In microseconds.
    var p99 = 0
    /// In how many milliseconds they change by ageing alone. A moment of one process is none of another's.
    var ageing: Int?
    var hasReceivedFromElsewhere = false
}

extension ListenerFigures {
    init(_ summary: AnswerTimesSummary, hasReceivedFromElsewhere: Bool) {
        answers = summary.count
        median = summary.median
        p99 = summary.p99
        ageing = summary.until.map { max(1, Int((ContinuousClock.now.duration(to: $0)) / .milliseconds(1))) }
        self.hasReceivedFromElsewhere = hasReceivedFromElsewhere
    }

    var summary: AnswerTimesSummary {
        AnswerTimesSummary(
            count: answers, median: median, p99: p99, until: ageing.map { ContinuousClock.now + .milliseconds($0) })
    }
}
