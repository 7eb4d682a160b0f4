import Actions
import Base
import History
import Notifications
import Receiving
import Synchronization

/// The state that all views share, and their access to questions to the outside.
struct Context {
    var session: Session
    var events = EventsModel()
    var questions = Questions<DashboardModel>()
    /// The number of the opening of the tab or the overlay whose code is running.
    var opening = 0

    /// Puts a question for the tab or the overlay whose code is running. If it closes before the answer arrives, the
    /// answer is dropped.
    mutating func ask<V: Sendable, Answer: Sendable>(
        _ name: String, of view: V.Type, on lane: Lane,
        _ work: @escaping @Sendable (any Outside, Asking<Answer>) throws -> Answer,
        then: @escaping @Sendable (inout V, inout Context, Result<Answer, EffectFailure>) -> Void
    ) {
        let opening = opening
        questions.ask(name, of: opening, on: lane, work) { model, result in
            model.change(V.self, opening) { then(&$0, &$1, result) }
        }
    }
}

/// The outside world as questions see it. It is called off the screen's thread; tests pass their own.
protocol Outside: AccountAsking {
    /// Asks the listener. Blocks.
    ///
    /// - Throws: An error whose text is a sentence for the user.
    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply
    /// Asks the process that runs the actions. Blocks.
    ///
    /// - Throws: An error whose text is a sentence for the user.
    func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply
    /// Reads the user's settings again.
    func settings() throws -> DashboardSettings

    func rows(_ request: WindowRequest<Int64>) throws -> ListWindow<EventRow>
    func deliveries(_ question: ListQuestion<DeliveryRow>) throws -> ListAnswer<DeliveryRow>
    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) throws -> ListAnswer<OutboxRow>
    func log(_ question: ListQuestion<LogEntry>) throws -> ListAnswer<LogEntry>
    func rules(after id: Int64, through last: Int64) throws -> RuleStretch
    func listedActions() throws -> [ListedAction]
    func entry(_ id: Int64) throws -> TextPage.Content

    /// Searches for a row of the list.
    func seek(_ request: SeekRequest, isCancelled: @Sendable () -> Bool) throws -> SeekOutcome
    /// Returns the delivery received nearest to a time; nil if the history is empty.
    func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64?
    func logPlace(nearestTo stretch: Range<Timestamp>) throws -> LogPlace?
    /// Returns the next delivery that contains the first event of this one; nil if no other does.
    func nextDelivery(sharingEventWith id: Int64) throws -> Int64?
    func firstSteps(after id: Int64) throws -> FirstSteps
    /// Returns the values that complete filters, from all recorded events.
    func values() throws -> SeenValues
    /// Returns the number of rows that match; nil if cancelled.
    func count(
        _ predicate: RowPredicate, in rows: ClosedRange<Int64>, isCancelled: @Sendable () -> Bool
    ) throws -> Int?
    /// Counts events for the pulse; an earlier count may be extended. Returns nil if cancelled.
    func pulse(_ ticket: PulseReading.Ticket, adding: Pulse?, _ asking: Asking<Pulse?>) throws -> Pulse?

    func document(_ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool) -> DetailDocument
    func copy(_ request: CopyRequest) throws -> Copied
    func export(_ request: ExportRequest, _ asking: Asking<ExportOutcome>) throws -> ExportOutcome
    /// Does something for rows, or only counts what it would do.
    func act(_ request: ActRequest, _ asking: Asking<ActOutcome>) throws -> ActOutcome
    /// Returns the text that an action would send for the first of some rows.
    func preview(_ action: String, _ rows: ActedRows) throws -> DryRun
}

/// The error that no process runs actions.
struct NobodyActs: Error, CustomStringConvertible {
    var description: String { "Nobody runs actions here." }
}

// MARK: - Questions

/// The thread that answers a question. It answers one question at a time, in the order in which they were put.
///
/// A slow question in one lane does not delay the questions in other lanes. The raw value is the name of the thread.
enum Lane: String, Sendable, CaseIterable {
    case rows = "b2watch-rows"
    case log = "b2watch-logview"
    case documents = "b2watch-detail"
    case counts = "b2watch-count"
    case pulse = "b2watch-pulse"
    case seeking = "b2watch-seek"
    case export = "b2watch-export"
    /// Requests to the actions that finish at once, such as pausing one.
    case actions = "b2watch-actions"
    /// Questions that wait for the network, or that read the whole history.
    case patient = "b2watch-asking"
    /// Work on many rows.
    case acting = "b2watch-acting"
    /// Questions about the account, which wait for Backblaze.
    case account = "b2watch-account"
    /// A comparison of a bucket with the record.
    case comparing = "b2watch-compare"
    /// Questions to the listener, and the settings. They share a lane so that an old answer never arrives after a newer
    /// one.
    case listener = "b2watch-control"
}

/// The slot of a question. A newer question of the same opening with the same name replaces the older one.
struct Slot: Hashable, Sendable {
    /// The opening of the view that asks; 0 means the dashboard itself.
    let opening: Int
    let name: String
}

/// A question to the outside, on its way to a worker thread.
struct Asked: Sendable {
    typealias Answer = Result<any Sendable, EffectFailure>

    let slot: Slot
    let number: Int
    let lane: Lane
    let work: @Sendable (any Outside, Asking<any Sendable>) -> Answer
}

/// The answer to a question, or a part of it.
struct Answered: Sendable {
    let slot: Slot
    let number: Int
    let answer: Asked.Answer
    /// Whether more parts follow.
    var isPart = false
}

/// The connection from the work of a question to its asker.
struct Asking<Answer: Sendable>: Sendable {
    private let cancellation: Cancellation
    /// Sends a part of the answer.
    let report: @Sendable (Answer) -> Void

    init(_ cancellation: Cancellation, report: @escaping @Sendable (Answer) -> Void) {
        (self.cancellation, self.report) = (cancellation, report)
    }

    /// Whether the work must end, because another question has replaced it or the user has cancelled it.
    var isCancelled: Bool { cancellation.isCancelled }

    fileprivate func map<Part: Sendable>(_ transform: @escaping @Sendable (Part) -> Answer) -> Asking<Part> {
        Asking<Part>(cancellation) { [report] in report(transform($0)) }
    }
}

/// A flag that asks the work of a question to end.
final class Cancellation: Sendable {
    private let isSet = Atomic<Bool>(false)

    var isCancelled: Bool { isSet.load(ordering: .relaxed) }

    func cancel() { isSet.store(true, ordering: .relaxed) }
}

/// The unanswered questions of an owner, with the code that applies each answer.
///
/// It is a value, so asking only records the question. The owner passes the effects to a runner, and the answers back
/// to this value.
struct Questions<Owner>: Sendable {
    private typealias Then = @Sendable (inout Owner, Asked.Answer) -> Void

    private struct Waiting: Sendable {
        let number: Int
        let lane: Lane
        let then: Then
    }

    private var waiting: [Slot: Waiting] = [:]
    private var effects: [Effect] = []
    private var last = 0

    /// Puts a question. An older question in the same slot is cancelled, and its answer is dropped.
    ///
    /// - Parameters:
    ///   - name: The slot; nil for a slot of its own, if no question may replace another.
    ///   - work: Finds the answer on the thread of the lane. It may block.
    ///   - then: Applies the answer, and before it each of its parts.
    mutating func ask<Answer: Sendable>(
        _ name: String?, of opening: Int = 0, on lane: Lane,
        _ work: @escaping @Sendable (any Outside, Asking<Answer>) throws -> Answer,
        then: @escaping @Sendable (inout Owner, Result<Answer, EffectFailure>) -> Void
    ) {
        last += 1
        let slot = Slot(opening: opening, name: name ?? "#\(last)")
        waiting[slot] = Waiting(number: last, lane: lane) { owner, answer in
            switch answer {
            case .success(let value): if let value = value as? Answer { then(&owner, .success(value)) }
            case .failure(let failure): then(&owner, .failure(failure))
            }
        }
        effects.append(
            .ask(
                Asked(slot: slot, number: last, lane: lane) { outside, asking in
                    Result { try work(outside, asking.map { $0 }) }.mapError(EffectFailure.init)
                }))
    }

    /// Cancels the question in a slot. Answers that its work still sends are applied.
    mutating func cancel(_ name: String, of opening: Int = 0) {
        let slot = Slot(opening: opening, name: name)
        if waiting[slot] != nil { effects.append(.cancel(slot)) }
    }

    /// Cancels the question in a slot. Its answer is dropped.
    mutating func forget(_ name: String, of opening: Int = 0) {
        let slot = Slot(opening: opening, name: name)
        if waiting.removeValue(forKey: slot) != nil { effects.append(.forget(slot)) }
    }

    /// Cancels all questions of an opening, and drops their answers.
    mutating func forgetAll(of opening: Int) {
        for slot in waiting.keys where slot.opening == opening {
            waiting[slot] = nil
            effects.append(.forget(slot))
        }
    }

    /// Returns whether a question in this slot is unanswered.
    func isWaiting(_ name: String, of opening: Int = 0) -> Bool { waiting[Slot(opening: opening, name: name)] != nil }

    /// Returns whether any question is unanswered, except those with one name.
    func isWaiting(besides name: String) -> Bool { waiting.keys.contains { $0.name != name } }

    /// Returns the number of unanswered questions in some lanes.
    func count(on lanes: Set<Lane>) -> Int { waiting.values.count { lanes.contains($0.lane) } }

    /// Returns the code that applies an answer; nil if the answer is no longer wanted.
    mutating func settle(_ answered: Answered) -> ((inout Owner) -> Void)? {
        guard let question = waiting[answered.slot], question.number == answered.number else { return nil }
        if !answered.isPart { waiting[answered.slot] = nil }
        return { question.then(&$0, answered.answer) }
    }

    /// Adds an effect that has no answer.
    mutating func request(_ effect: Effect) { effects.append(effect) }

    /// Returns the effects added since the last call.
    mutating func dequeue() -> [Effect] {
        defer { effects = [] }
        return effects
    }
}

/// The reason why a question has no answer, as a sentence.
struct EffectFailure: Error, Sendable, Hashable {
    let sentence: String

    init(_ error: any Error) {
        sentence = (error as? EffectFailure)?.sentence ?? String(describing: error)
    }
}
