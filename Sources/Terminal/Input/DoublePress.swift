/// Tells a press from the second of a double press, by where and when it comes.
struct DoublePress {
    /// The longest time between the two.
    static let time = Duration.milliseconds(400)

    /// The press that a second one would belong to.
    private var first: (event: MouseEvent, moment: ContinuousClock.Instant)?

    /// The event as it is to be understood: as it was, or as a double press. A third press at once is a first one again.
    mutating func judge(_ event: MouseEvent, at now: ContinuousClock.Instant) -> MouseEvent {
        switch event.kind {
        case .release: return event
        case .wheelUp, .wheelDown, .doublePress:
            first = nil
            return event
        case .press:
            guard let first, first.event == event, now - first.moment <= Self.time else {
                first = (event, now)
                return event
            }
            self.first = nil
            var event = event
            event.kind = .doublePress
            return event
        }
    }
}
