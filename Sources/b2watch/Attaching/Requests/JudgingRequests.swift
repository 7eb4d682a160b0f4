import Control

/// Asks to end judging again; what remains keeps its verdicts.
struct CancelJudgingRequest: ControlRequest {
    static let name = "cancelJudging"
    typealias Reply = Done
}

/// Asks to judge what remains to be judged again.
struct ResumeJudgingRequest: ControlRequest {
    static let name = "resumeJudging"
    typealias Reply = Done
}

/// It is done, and there is nothing else to say.
struct Done: Codable, Sendable {}
