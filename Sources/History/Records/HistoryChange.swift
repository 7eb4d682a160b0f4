/// What has changed in the history; told after each commit and on each change of its health.
public struct HistoryChange: Sendable, Hashable {
    /// The newest row's id, 0 where there is none.
    public var latestRow: Int64
    /// The newest delivery's id, 0 where there is none.
    public var latestDelivery: Int64
    public var tally: Tally
    public var health: HistoryHealth
    /// Grows whenever what was recorded before may read differently: verdicts judged again.
    public var revision: Int
    /// The newest delivery whose answer time is recorded, since the start; 0 where there is none.
    public var latestAnswered: Int64 = 0
    /// Grows with every change of the outbox.
    public var outbox: Int64 = 0

    public init(
        latestRow: Int64 = 0, latestDelivery: Int64 = 0, tally: Tally = Tally(), health: HistoryHealth = .recording,
        revision: Int = 0
    ) {
        self.latestRow = latestRow
        self.latestDelivery = latestDelivery
        self.tally = tally
        self.health = health
        self.revision = revision
    }
}

/// Whether deliveries can be recorded.
public enum HistoryHealth: Codable, Sendable, Hashable {
    case recording
    /// The last write failed; every delivery is answered 503 until one succeeds. A sentence says why and what to do.
    case failing(String)
}

/// What observers of a history are told.
public enum HistoryEvent: Sendable, Hashable {
    case changed(HistoryChange)
    /// A delivery was recorded that an older keyring has judged: it is to be judged again.
    case stale
    /// A delivery could not be recorded, by no fault of the store; a sentence says why.
    case refused(String)
    /// Something else that a person should know, in a sentence.
    case warning(String)
}
