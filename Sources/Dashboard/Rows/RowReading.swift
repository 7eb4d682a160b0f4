import History

/// The rhythm of reading rows: one question at a time, and no more of them than frames.
///
/// However fast deliveries arrive, what the newest changes ask for waits for the next frame; what a key asks for does
/// not.
struct RowReading {
    /// The time from one frame to the next.
    static let frame = Duration.milliseconds(33)

    /// A question on its way.
    struct Ticket: Hashable {
        let request: RowRequest
        let generation: Int
    }

    /// Where the user wants to be, if elsewhere than in the rows held.
    private(set) var destination: RowRequest.Anchor?
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?
    /// What there was to list when the rows held were asked for.
    private(set) var extentRead: ListExtent?

    private var generation = 0
    private var outstanding: Ticket?
    private var lastRead: ContinuousClock.Instant?
    /// What was asked last, and of which state of the list: not to be asked again.
    private var asked: (request: RowRequest, extent: ListExtent)?

    /// Whether rows held may read differently by now.
    func isOutdated(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.revision != extent.revision || $0.outbox != extent.outbox } ?? false
    }

    /// Whether rows were found, or lost, since those held were asked for.
    func hasFoundMore(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.matched != extent.matched } ?? false
    }

    /// The user wants something else now: an answer on its way is to be dropped.
    mutating func goes(to destination: RowRequest.Anchor?) {
        self.destination = destination
        generation += 1
        asked = nil
    }

    mutating func arrived() {
        destination = nil
    }

    /// Whether an answer is on its way, or something is still to be asked.
    func awaits(_ wanted: RowRequest?, _ extent: ListExtent) -> Bool {
        if outstanding != nil { return true }
        return wanted.map { asked?.request != $0 || asked?.extent != extent } ?? false
    }

    /// What to ask now.
    mutating func take(
        _ wanted: (request: RowRequest, isUrgent: Bool)?, _ extent: ListExtent, at now: ContinuousClock.Instant
    ) -> Ticket? {
        deadline = nil
        guard let wanted, outstanding == nil else { return nil }
        if let asked, asked.request == wanted.request, asked.extent == extent { return nil }
        // What was never asked before is what a key has asked for; the same again is what was found since.
        let isUrgent = asked.map { wanted.isUrgent && $0.request != wanted.request } ?? true
        if !isUrgent, let lastRead, now < lastRead + Self.frame {
            deadline = lastRead + Self.frame
            return nil
        }
        let ticket = Ticket(request: wanted.request, generation: generation)
        outstanding = ticket
        asked = (wanted.request, extent)
        lastRead = now
        return ticket
    }

    /// Ends what was asked.
    ///
    /// - Returns: The question, or nil where the answer is stale.
    mutating func finish(_ generation: Int) -> RowRequest? {
        guard let ticket = outstanding, ticket.generation == generation else { return nil }
        outstanding = nil
        guard generation == self.generation else { return nil }
        extentRead = asked?.extent
        return ticket.request
    }
}
