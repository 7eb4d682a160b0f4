public import Base
public import History
public import Notifications
public import Sending

/// Work that is done for events, as the configuration declares it.
///
/// `perform`, `recover`, `preview` and `test` are called on threads that may wait; `perform` for one batch at a time
/// unless `manner.lanes` allows more.
public protocol Action: Sendable {
    /// A line without secrets that describes it: `#alerts in Slack`, `events.csv`.
    var summary: String { get }
    /// The manner of processing its entries.
    var manner: ActionManner { get }

    /// Returns the number of items, from the first, that fit into one batch; at least one. It is called before a batch
    /// is begun; the others go into the next batch.
    func fitting(_ items: [ActionItem]) -> Int

    /// Does the work once for some events.
    ///
    /// - Parameters:
    ///   - items: In the order in which their entries were made; at most `manner.largestBatch`, and no more than fit.
    ///   - batch: The number of the batch, stored durably before anything is sent: after a crash or a lost answer it
    ///     identifies the batch.
    /// - Returns: The outcome of each item, in their order.
    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport

    /// Finds out the outcome of a batch whose end the process has not seen.
    ///
    /// It is called after a crash, and after `.unknown`, before anything else is done.
    ///
    /// - Returns: An outcome for each item. `.again` means that the work was not done; `.retry` and `.unknown` that the
    ///   outcome could not be found out yet: it is called again later.
    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport

    /// Returns the request as readable text, with its secrets masked. Sends nothing.
    func preview(_ items: [ActionItem]) throws -> [UInt8]

    /// Finds out whether the action would work, with as few changes as possible: `test` on the command line.
    ///
    /// - Returns: A sentence for a person.
    /// - Throws: Errors whose text is a sentence with a remedy.
    func test(_ item: ActionItem) throws -> String

    /// Ends the current work, which then returns soon: b2watch ends, and waits for it only briefly. It is called from
    /// another thread while the work runs.
    func stop()

    /// Releases its resources; called once, when the action is no longer used.
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

/// The manner of processing an action's entries.
public struct ActionManner: Sendable, Hashable {
    /// The most items of one batch; at least 1.
    public var largestBatch = 1
    /// Whether a batch may contain entries of only one delivery.
    public var isByDelivery = false
    /// The time that a batch may wait for more entries; an old backlog does not wait.
    public var gathering = Duration.zero
    /// The most batches that may run at once. More than 1 gives up the order.
    public var lanes = 1
    /// The most batches that may run at once whatever the settings are: 1 for kinds that can find out only about their
    /// latest batch.
    public var mostLanes = 16
    /// The least time from the start of one batch to the start of the next.
    public var pace = Duration.zero
    /// The most items in a minute and in a day; nil without a limit.
    public var mostPerMinute: Int?
    public var mostPerDay: Int?
    /// Whether an entry that has failed delays those after it.
    public var keepsOrder = false
    /// The time for which a failing entry is retried before it is dead.
    public var patience = Duration.seconds(3 * 86_400)
}

/// An event that an action is done for.
public struct ActionItem: Sendable {
    public var entry: Int64
    public var row: EventRow
    public var record: DeliveryRecord
    /// The event itself, with the fields that the row does not have; nil for a row without one.
    public var event: NotificationEvent?
    /// The number of the attempt, from 1.
    public var attempt = 1
}

/// The outcome of one item.
public enum ActionOutcome: Sendable, Hashable {
    case done
    /// It was surely not done, nothing has failed, and it may be done at once.
    case again(String)
    /// It failed, and may succeed later.
    ///
    /// - Parameters:
    ///   - after: The least time to wait, if the answer gave one (Retry-After); nil leaves it to the back-off.
    ///   - scope: Whether only this item is concerned, or everything that this action would do now.
    case retry(String, after: Duration? = nil, scope: Scope = .item)
    /// This item will not be retried automatically; the sentence gives a remedy. `hold` is for problems that concern
    /// every item.
    case dead(String)
    /// The item was certainly not done, and no other item can be done until a person changes something: access was
    /// withdrawn, a file cannot be written, a program is missing. The sentence gives a remedy. The action goes on hold,
    /// and its entries wait in their order.
    ///
    /// - Parameter after: The least time to wait before the next attempt, if the answer gave one (Retry-After).
    case hold(String, after: Duration? = nil)
    /// It may have been done or not, and only a person can find out.
    case uncertain(String)
    /// It may have been done or not, and `recover` can find out later: until then nothing else is done by this action. An
    /// item that stays so for longer than the action's patience is uncertain.
    case unknown(String, after: Duration? = nil)

    public enum Scope: Sendable, Hashable { case item, action }
}

/// The outcome of a batch.
public struct ActionReport: Sendable, Hashable {
    /// One for each item, in their order.
    public var outcomes: [ActionOutcome]
    /// The request and the answer; it contains no secret.
    public var exchange: OutboxExchange?
    /// A warning for the log.
    public var warning: String?

    public init(_ outcomes: [ActionOutcome], exchange: OutboxExchange? = nil, warning: String? = nil) {
        self.outcomes = outcomes
        self.exchange = exchange
        self.warning = warning
    }
}

/// The environment in which actions are made.
public struct ActionSurroundings: Sendable {
    /// The client that sends requests.
    public var http: any HTTPSending
    /// The environment of the process: for secrets in variables, and for the variables passed to commands.
    public var environment: [String: String]
    /// The folder of the configuration file, for relative paths; the user's home, for `~/`.
    public var folder: String
    public var home: String?
    /// The function that returns the current time.
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
    /// The function that reads its settings. It returns nil if a problem was found, and must not use the network; it
    /// reads only the files that it needs to find problems of the settings.
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

/// The reason why an action does not work, in a sentence with a remedy and without secrets.
struct ActionProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
