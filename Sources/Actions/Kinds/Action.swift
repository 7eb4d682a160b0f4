public import History
public import Notifications
public import Outgoing

/// Something that is done for events, as the configuration has declared it.
///
/// `perform`, `recover`, `preview` and `test` are called on threads that may wait; `perform` for one batch at a time
/// unless `manner.lanes` says otherwise.
public protocol Action: Sendable {
    /// What it does and for what, in a line without secrets: `#alerts in Slack`, `events.csv`.
    var summary: String { get }
    /// How its entries are taken.
    var manner: ActionManner { get }

    /// How many of some items, from the first, one batch has room for; it takes one at least. It is asked before a batch is
    /// begun, and what has no room goes with the next.
    func fitting(_ items: [ActionItem]) -> Int

    /// Does it for some events, once.
    ///
    /// - Parameters:
    ///   - items: In the order in which their entries were made; at most `manner.largestBatch`, and no more than fit.
    ///   - batch: Told before anything is sent, durably: after a crash or a lost answer it tells what it was.
    /// - Returns: What has become of each item, in their order.
    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport

    /// Finds out what became of a batch of which the process has not seen the end.
    ///
    /// It is asked after a crash, and after `.unknown`, before anything else is done.
    ///
    /// - Returns: An outcome for each item. `.again` says that it was not done; `.retry`, and `.unknown`, that it could not
    ///   be found out yet: it is asked again later.
    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport

    /// What would be sent, as text to read, its secrets masked. Sends nothing.
    func preview(_ items: [ActionItem]) throws -> [UInt8]

    /// Finds out whether it would work, changing as little as can be: `test` of the command line.
    ///
    /// - Returns: A sentence for a person.
    /// - Throws: Errors whose text is a sentence that says what to do.
    func test(_ item: ActionItem) throws -> String

    /// Ends what is under way, which returns soon then: b2watch ends, and does not wait for it for long. It is called
    /// meanwhile, from another thread.
    func stop()

    /// Lets go of what it holds; called once, when nobody uses the action any more.
    func close()
}

extension Action {
    public func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        ActionReport(items.map { _ in .again("b2watch ended while it ran") })
    }

    public func stop() {}

    public func fitting(_ items: [ActionItem]) -> Int { items.count }

    public func close() {}
}

/// How the entries of an action are taken.
public struct ActionManner: Sendable, Hashable {
    /// How many go in one batch at most; at least 1.
    public var largestBatch = 1
    /// Whether a batch is to hold entries of one delivery only.
    public var isByDelivery = false
    /// How long a batch may wait for more to come; with an old backlog nothing waits.
    public var gathering = Duration.zero
    /// How many batches may run at once. More than 1 gives up the order.
    public var lanes = 1
    /// How many may run at once whatever the settings say: 1 for what can find out about its latest batch only.
    public var mostLanes = 16
    /// The least time from the start of one batch to the start of the next.
    public var pace = Duration.zero
    /// How many items may be done in a minute and in a day; nil without a limit.
    public var mostPerMinute: Int?
    public var mostPerDay: Int?
    /// Whether an entry that has failed holds up those behind it.
    public var keepsOrder = false
    /// How long a failing entry is tried before it is dead.
    public var patience = Duration.seconds(3 * 86_400)

    public init() {}
}

/// An event that an action is done for.
public struct ActionItem: Sendable {
    public var entry: Int64
    public var row: EventRow
    public var record: DeliveryRecord
    /// The event itself, with the fields that the row does not have; nil for a row without one.
    public var event: NotificationEvent?
    /// Which attempt it is, from 1.
    public var attempt: Int

    public init(entry: Int64, row: EventRow, record: DeliveryRecord, event: NotificationEvent?, attempt: Int = 1) {
        self.entry = entry
        self.row = row
        self.record = record
        self.event = event
        self.attempt = attempt
    }
}

/// What became of one item.
public enum ActionOutcome: Sendable, Hashable {
    case done
    /// It was surely not done, nothing has failed, and it may be done at once.
    case again(String)
    /// It did not work, and may work later.
    ///
    /// - Parameters:
    ///   - after: How long to wait at least, where that was said (Retry-After); nil leaves it to the back-off.
    ///   - scope: Whether only this item is concerned, or whatever this action would do now.
    case retry(String, after: Duration? = nil, scope: Scope = .item)
    /// This item will not be done by itself; the sentence says what to do. What concerns every item is `hold`.
    case dead(String)
    /// It was surely not done, and neither would any other item be until somebody changes something: an access was
    /// withdrawn, a file cannot be written, a program is missing. The sentence says what to do. The action goes on hold, and
    /// its entries wait in their order.
    ///
    /// - Parameter after: How long to wait at least before it is tried again, where that was said (Retry-After).
    case hold(String, after: Duration? = nil)
    /// It may have been done or not, and nobody can find out but a person.
    case uncertain(String)
    /// It may have been done or not, and `recover` can find out later: until then nothing else is done by this action. An
    /// item that stays so for longer than the action's patience is uncertain.
    case unknown(String, after: Duration? = nil)

    public enum Scope: Sendable, Hashable { case item, action }
}

/// What became of a batch.
public struct ActionReport: Sendable, Hashable {
    /// One for each item, in their order.
    public var outcomes: [ActionOutcome]
    /// What was asked and answered; it holds no secret.
    public var exchange: OutboxExchange?
    /// What a person should know besides: for the log.
    public var warning: String?

    public init(_ outcomes: [ActionOutcome], exchange: OutboxExchange? = nil, warning: String? = nil) {
        self.outcomes = outcomes
        self.exchange = exchange
        self.warning = warning
    }
}

/// What actions are made with.
public struct ActionSurroundings: Sendable {
    /// How requests are sent.
    public var http: any HTTPSending
    /// The environment of the process: for secrets that stand there, and what commands may see of it.
    public var environment: [String: String]
    /// The folder of the configuration file, for relative paths; the user's home, for `~/`.
    public var folder: String
    public var home: String?
    /// What time it is.
    public var now: @Sendable () -> Timestamp

    public init(
        http: any HTTPSending, environment: [String: String], folder: String, home: String? = nil,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.http = http
        self.environment = environment
        self.folder = folder
        self.home = home
        self.now = now
    }
}

// MARK: - Kinds

/// A kind of action: what `kind:` may name.
public struct ActionKind: Sendable {
    /// Such as `google-sheet`.
    public let name: String
    /// Reads its settings. It returns nil where a problem was found, and must not touch the network; of files it reads no
    /// more than it must to say what is wrong with the settings.
    public let read: @Sendable (inout ActionReading, ActionSurroundings) -> (any Action)?

    public init(
        _ name: String, read: @escaping @Sendable (inout ActionReading, ActionSurroundings) -> (any Action)?
    ) {
        self.name = name
        self.read = read
    }

    /// All kinds: a line for each.
    public static let all: [ActionKind] = [
        .googleSheet,
        .csv,
        .command,
        .forward,
        .slack,
        .twilio,
    ]
}

// MARK: - Problems

/// Why an action does not work, in a sentence that says what to do and holds no secret.
struct ActionProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
