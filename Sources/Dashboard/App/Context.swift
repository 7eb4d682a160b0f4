import Base
import History
import Notifications
import Synchronization

/// What the views share, and may ask of the world.
struct Context {
    var session: Session
    var questions = Questions<DashboardModel>()
    /// The opening of the view that runs.
    var opening = 0

    /// Puts a question of the view that runs. An answer that arrives after it was closed is void.
    mutating func ask<V: Tab, Answer: Sendable>(
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

/// What questions may ask of the world. Called off the screen's thread; tests pass one of their own.
protocol Outside: Sendable {
    var listener: any ListenerControl { get }
    /// Whoever runs the actions; nil where there is nobody.
    var actions: (any ActionControl)? { get }
    /// Reads again what the user has set.
    func settings() throws -> DashboardSettings

    func rows(_ request: WindowRequest<Int64>) throws -> WindowAnswer<EventRow>
    func deliveries(_ question: ListQuestion<DeliveryRow>) -> ListAnswer<DeliveryRow>
    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) -> ListAnswer<OutboxRow>
    func log(_ question: ListQuestion<LogEntry>) -> ListAnswer<LogEntry>
    func rules(after id: Int64, through last: Int64) throws -> RuleStretch
    func listedActions() throws -> [ListedAction]
    func entry(_ id: Int64) throws -> TextPage.Content

    /// Looks for a row of the list.
    func seek(_ request: SeekRequest, isCancelled: @Sendable () -> Bool) throws -> SeekOutcome
    /// Returns the delivery that was received nearest to a time; nil where there is none.
    func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64?
    func logPlace(nearestTo stretch: Range<Timestamp>) throws -> LogPlace?
    /// Returns the next delivery that has the first event of this one; nil where there is no other.
    func nextDelivery(sharingEventWith id: Int64) throws -> Int64?
    func firstSteps(after id: Int64) throws -> FirstSteps
    /// Returns what filters may be completed with, of all that is recorded.
    func values() throws -> SeenValues
    /// Returns how many rows match; nil once it is cancelled.
    func count(
        _ predicate: RowPredicate, in rows: ClosedRange<Int64>, isCancelled: @Sendable () -> Bool
    ) throws -> Int?
    /// Counts for the pulse; what was counted before may be added to. Returns nil once it is cancelled.
    func pulse(_ ticket: PulseReading.Ticket, adding: Pulse?, _ asking: Asking<Pulse?>) throws -> Pulse?

    func document(_ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool) -> DetailDocument
    func copy(_ request: CopyRequest) throws -> Copied
    func export(_ request: ExportRequest, _ asking: Asking<ExportOutcome>) throws -> ExportOutcome
    /// Does something for rows, or counts what that would come to.
    func act(_ request: ActRequest, _ asking: Asking<ActOutcome>) throws -> ActOutcome
    /// Returns what an action would send for the first of some rows.
    func preview(_ action: String, _ rows: ActedRows) throws -> DryRun
}

extension Outside {
    /// Returns whoever runs the actions.
    ///
    /// - Throws: `NobodyActs`.
    func requireActions() throws -> any ActionControl {
        guard let actions else { throw NobodyActs() }
        return actions
    }
}

/// Why nothing can be asked.
struct NobodyActs: Error, CustomStringConvertible {
    var description: String { "Nobody runs actions here." }
}

// MARK: - Questions

/// The thread that answers a question: one question at a time, in the order they were put.
///
/// What waits in one lane keeps nothing in another waiting. The raw value is the name of the thread.
enum Lane: String, Sendable, CaseIterable {
    case rows = "b2watch-rows"
    case log = "b2watch-logview"
    case documents = "b2watch-detail"
    case counts = "b2watch-count"
    case pulse = "b2watch-pulse"
    case seeking = "b2watch-seek"
    case export = "b2watch-export"
    /// What whoever runs the actions does at once, such as pausing one.
    case actions = "b2watch-actions"
    /// What waits for the network, or for all of the history.
    case patient = "b2watch-asking"
    /// What is done for many rows.
    case acting = "b2watch-acting"
    /// The listener and the settings: in one line, so that no old answer arrives after a newer one.
    case listener = "b2watch-control"
}

/// The place of a question: a newer one of the same opening of a view replaces an older one with the same name.
struct Slot: Hashable, Sendable {
    /// The opening of the view that asks; 0 for the dashboard itself.
    let opening: Int
    let name: String
}

/// A question to the outside, on its way to a worker.
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
    /// Whether more of it follows.
    var isPart = false
}

/// What the work of a question knows of whoever asked.
struct Asking<Answer: Sendable>: Sendable {
    private let cancellation: Cancellation
    /// Hands in a part of the answer.
    let report: @Sendable (Answer) -> Void

    init(_ cancellation: Cancellation, report: @escaping @Sendable (Answer) -> Void) {
        (self.cancellation, self.report) = (cancellation, report)
    }

    /// Whether the work is to end: another question has taken its place, or a person has cancelled it.
    var isCancelled: Bool { cancellation.isCancelled }

    fileprivate func map<Part: Sendable>(_ transform: @escaping @Sendable (Part) -> Answer) -> Asking<Part> {
        Asking<Part>(cancellation) { [report] in report(transform($0)) }
    }
}

/// Whether the work of a question is to end.
final class Cancellation: Sendable {
    private let isSet = Atomic<Bool>(false)

    var isCancelled: Bool { isSet.load(ordering: .relaxed) }

    func cancel() { isSet.store(true, ordering: .relaxed) }
}

/// The questions of an owner that are not answered yet, and what is done with their answers.
///
/// A value: asking only takes note. Whoever owns it hands the effects to a runner, and the answers back.
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

    /// Puts a question; an older one in the same slot is cancelled, and its answer void.
    ///
    /// - Parameters:
    ///   - name: The slot; nil for one of its own, where no question may replace another.
    ///   - work: Finds the answer, on the thread of the lane. It may block.
    ///   - then: Applies the answer, and each part of it before.
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

    /// Cancels the question in a slot; what its work still answers is applied.
    mutating func cancel(_ name: String, of opening: Int = 0) {
        let slot = Slot(opening: opening, name: name)
        if waiting[slot] != nil { effects.append(.cancel(slot)) }
    }

    /// Cancels the question in a slot; its answer is void.
    mutating func forget(_ name: String, of opening: Int = 0) { forget { $0 == Slot(opening: opening, name: name) } }

    /// Cancels all questions of an opening of a view; their answers are void.
    mutating func forgetAll(of opening: Int) { forget { $0.opening == opening } }

    private mutating func forget(where isMeant: (Slot) -> Bool) {
        for slot in waiting.keys where isMeant(slot) {
            waiting[slot] = nil
            effects.append(.forget(slot))
        }
    }

    /// Returns whether a question in this slot waits for its answer.
    func isWaiting(_ name: String, of opening: Int = 0) -> Bool { waiting[Slot(opening: opening, name: name)] != nil }

    /// Returns whether a question waits, besides those of one name.
    func isWaiting(besides name: String) -> Bool { waiting.keys.contains { $0.name != name } }

    /// Returns how many questions wait in some lanes.
    func count(on lanes: Set<Lane>) -> Int { waiting.values.count { lanes.contains($0.lane) } }

    /// Returns what is done with an answer; nil where it is void.
    mutating func settle(_ answered: Answered) -> ((inout Owner) -> Void)? {
        guard let question = waiting[answered.slot], question.number == answered.number else { return nil }
        if !answered.isPart { waiting[answered.slot] = nil }
        return { question.then(&$0, answered.answer) }
    }

    /// Takes note of something to be done outside that has no answer.
    mutating func request(_ effect: Effect) { effects.append(effect) }

    /// Returns what has to be done outside since this was called last.
    mutating func dequeue() -> [Effect] {
        defer { effects = [] }
        return effects
    }
}

/// Why a question has no answer, in a sentence.
struct EffectFailure: Error, Sendable, Hashable {
    let sentence: String

    init(_ error: any Error) {
        sentence = (error as? EffectFailure)?.sentence ?? String(describing: error)
    }
}
