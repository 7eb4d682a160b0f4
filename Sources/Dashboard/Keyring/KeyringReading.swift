import History

/// The rhythm of asking what the secrets have matched: while they are seen, whenever that may have changed, one
/// question at a time and no more than a few a second.
struct KeyringReading {
    static let pause = Duration.milliseconds(250)

    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?
    private var isOutstanding = false
    private var lastRead: ContinuousClock.Instant?
    /// The state of the history that was asked of last; nil where an answer would be new in any case.
    private var asked: HistoryChange?

    /// What was read is out of date, whatever the history says.
    mutating func invalidate() {
        asked = nil
    }

    /// Whether to ask now.
    mutating func take(_ change: HistoryChange, isSeen: Bool, at now: ContinuousClock.Instant) -> Bool {
        deadline = nil
        guard isSeen else {
            asked = nil
            return false
        }
        guard !isOutstanding, asked != change else { return false }
        if asked != nil, let lastRead, now < lastRead + Self.pause {
            deadline = lastRead + Self.pause
            return false
        }
        isOutstanding = true
        asked = change
        lastRead = now
        return true
    }

    mutating func finish() {
        isOutstanding = false
    }
}
