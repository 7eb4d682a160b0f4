/// When to draw: after a key at once, else no more than thirty times a second, and never without need.
struct FramePacer {
    /// After a key, what comes of it is drawn at once too.
    private static let answerTime = Duration.milliseconds(100)

    private var isStale = true
    private var isUrgent = true
    private var lastFrame: ContinuousClock.Instant?
    private var lastInput: ContinuousClock.Instant?

    /// The user did something.
    mutating func noteInput(at now: ContinuousClock.Instant) {
        lastInput = now
        isStale = true
        isUrgent = true
    }

    /// Something changed.
    ///
    /// - Parameter isAnswer: Whether it is what an effect brought.
    mutating func noteChange(isAnswer: Bool, at now: ContinuousClock.Instant) {
        isStale = true
        if isAnswer, let lastInput, now - lastInput < Self.answerTime { isUrgent = true }
    }

    /// Whether to draw now.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard isStale else { return false }
        guard !isUrgent, let deadline else { return true }
        return now >= deadline
    }

    mutating func drew(at now: ContinuousClock.Instant) {
        isStale = false
        isUrgent = false
        lastFrame = now
    }

    /// When a postponed frame is due.
    var deadline: ContinuousClock.Instant? {
        guard isStale, let lastFrame else { return nil }
        return lastFrame + RowReading.frame
    }
}
