import History

/// When the pulse is read: one question at a time, at once for a key and else no more than once a second.
struct PulseReading {
    /// The least time between two readings for what has arrived.
    static let pause = Duration.seconds(1)

    /// A question on its way.
    struct Ticket: Hashable, Sendable {
        let request: PulseRequest
        /// Grows when verdicts change: what was counted before is then void.
        let revision: Int
        /// The newest delivery to be counted. What comes later is added to the answer of the same question.
        let through: Int64

        func asksTheSame(as other: Ticket?) -> Bool {
            request == other?.request && revision == other?.revision
        }
    }

    private(set) var pulse: Pulse?
    private(set) var failure: EffectFailure?
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?
    private var outstanding: Ticket?
    private var shown: Ticket?
    private var readAt: (delivery: Int64, moment: ContinuousClock.Instant)?

    /// What may be added to for a question: it was counted under the same verdicts.
    func base(for ticket: Ticket) -> Pulse? { ticket.asksTheSame(as: shown) ? pulse : nil }

    /// Whether what is shown is not yet what was asked for last.
    var isCounting: Bool { outstanding.map { !$0.asksTheSame(as: shown) } ?? false }

    /// What to ask now.
    mutating func take(
        _ request: PulseRequest, _ change: HistoryChange, at now: ContinuousClock.Instant
    ) -> Ticket? {
        deadline = nil
        let ticket = Ticket(request: request, revision: change.revision, through: change.latestDelivery)
        // Another question gives up the one under way: its answer is dropped, and the runner stops counting.
        if ticket.asksTheSame(as: outstanding) { return nil }
        if ticket.request == shown?.request || outstanding?.request == ticket.request {
            guard outstanding == nil, !ticket.asksTheSame(as: shown) || change.latestDelivery != readAt?.delivery
            else { return nil }
            if let readAt, now < readAt.moment + Self.pause {
                deadline = readAt.moment + Self.pause
                return nil
            }
        }
        outstanding = ticket
        readAt = (change.latestDelivery, now)
        return ticket
    }

    mutating func take(_ result: Result<Pulse, EffectFailure>, for ticket: Ticket) {
        guard ticket == outstanding else { return }
        switch result {
        case .success(let pulse):
            self.pulse = pulse
            failure = nil
            shown = ticket
            if pulse.isComplete { outstanding = nil }
        case .failure(let failure):
            self.failure = failure
            shown = ticket
            outstanding = nil
        }
    }
}
