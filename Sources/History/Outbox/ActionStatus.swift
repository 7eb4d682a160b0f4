public import Notifications

/// An action as the outbox knows it.
public struct ActionStatus: Sendable, Hashable, Identifiable {
    public var id: Int64
    public var name: String
    /// Such as `google-sheet`.
    public var kind: String
    /// What it does and for what, in a line to read; it holds no secret.
    public var summary: String
    public var isPaused: Bool
    /// Whether the configuration still has it.
    public var isDeclared: Bool
    /// How many entries are in which state; a state that none is in is left out.
    public var counts: [EntryState: Int]
    /// When the oldest entry was added that still waits.
    public var oldestWaiting: Timestamp?
    /// The reason of the entry that went wrong last.
    public var lastReason: String?
    /// Why nothing of it is begun; nil where nothing holds it up. One that is not `onHold` is over once its time has come.
    public var hold: ActionHold?
    /// The last row it has looked at.
    public var cursor: Int64
    /// The row it began behind.
    public var start: Int64

    public init(
        id: Int64, name: String, kind: String, summary: String, isPaused: Bool = false, isDeclared: Bool = true,
        counts: [EntryState: Int] = [:], oldestWaiting: Timestamp? = nil, lastReason: String? = nil,
        hold: ActionHold? = nil, cursor: Int64 = 0, start: Int64 = 0
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.summary = summary
        self.isPaused = isPaused
        self.isDeclared = isDeclared
        self.counts = counts
        self.oldestWaiting = oldestWaiting
        self.lastReason = lastReason
        self.hold = hold
        self.cursor = cursor
        self.start = start
    }

    /// The kinds of actions that write a sheet: their entries say that an event is in it.
    public static let sheetKinds = ["google-sheet", "csv"]

    /// Until when nothing of it is begun; nil, or past, where nothing holds it up.
    public var heldUntil: Timestamp? { hold?.until }

    /// Whether it waits for somebody to change something.
    public var isOnHold: Bool { hold?.kind == .onHold }

    /// Returns what holds it up at a time: a hold that is over, or that no entry waits for, is left out.
    public func currentHold(at now: Timestamp) -> ActionHold? {
        hold.flatMap { $0.kind == .onHold || waiting > 0 && $0.until > now ? $0 : nil }
    }

    /// How many entries are still to be done by themselves.
    public var waiting: Int { self[.queued] + self[.running] + self[.failed] }

    /// Whether it writes a sheet.
    public var isSheet: Bool { Self.sheetKinds.contains(kind) }

    /// How many entries are in this state.
    public subscript(state: EntryState) -> Int { counts[state] ?? 0 }

    /// Returns how many entries are in one of these states.
    public func count(of states: Set<EntryState>) -> Int { states.reduce(0) { $0 + self[$1] } }
}
