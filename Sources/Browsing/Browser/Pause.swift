import Workers

/// A wait for a moment that can be cut short.
final class Pause: Sendable {
    private let isOver = Monitor(false)

    /// Blocks until then, or until `end` was called since the last wait.
    func wait(until moment: ContinuousClock.Instant) {
        isOver.wait(until: moment) { isOver in
            defer { isOver = false }
            return isOver ? () : nil
        }
    }

    /// Ends the wait there is, or the next one.
    func end() {
        isOver.change { $0 = true }
    }
}
