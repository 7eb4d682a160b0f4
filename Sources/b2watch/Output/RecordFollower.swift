import ArgumentParser
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Synchronization

/// Writes recorded deliveries to standard output as they are recorded.
///
/// New deliveries arrive in memory. If the output is late, they are read from the history by a cursor instead, so that
/// a slow or absent reader costs little memory and delays no answer.
final class RecordFollower: Sendable {
    private struct State {
        /// The last delivery that was written.
        var cursor: Int64
        /// The last delivery that is recorded.
        var latest: Int64
        /// The deliveries received in memory and not written yet, in the order of arrival.
        var handed: [RecordedDelivery] = []
        var isScheduled = false
        var isClosed = false
        /// The reason why the last read of the history failed.
        var problem: String?

        /// Adds deliveries that were just recorded; if too many wait, the oldest are left to be read from the history.
        mutating func add(_ recorded: [RecordedDelivery]) {
            handed += recorded
            var room = RecordFollower.memory
            let kept = handed.reversed().prefix { delivery in
                room -= delivery.record.delivery.body.count + 1_024
                return room >= 0
            }
            handed.removeFirst(handed.count - kept.count)
        }
    }

    /// The next deliveries to write.
    private enum Next {
        case handed([RecordedDelivery])
        /// The delivery must be read from the record: it was never in memory, or was dropped.
        case behind(Int64)
        case nothing
    }

    private static let slice = 256
    /// The most memory for waiting deliveries, in bytes of bodies.
    private static let memory = 4 << 20

    private let history: History
    private let seen: SeenEvents
    private let format: OutputFormat
    private let output: ByteOutput
    private let say: @Sendable (String) -> Void
    private let state: Mutex<State>
    /// The lock for reading the history.
    private let reading = NSLock()
    private let thread = Worker("output")

    /// Follows from the next recorded delivery on.
    init(_ history: History, as format: OutputFormat, to output: Int32, say: @escaping @Sendable (String) -> Void) {
        self.history = history
        seen = SeenEvents(history.reader)
        self.format = format
        self.output = ByteOutput(descriptor: output)
        self.say = say
        let latest = history.current.latestDelivery
        state = Mutex(State(cursor: latest, latest: latest))
        history.follow { [weak self] recorded in self?.receive(recorded) }
        // Deliveries that were recorded and not passed on: before the follower existed, or in a transaction that seemed
        // to fail.
        history.observe { [weak self] event in
            if case .changed(let change) = event { self?.schedule(upTo: change.latestDelivery) }
        }
        schedule(upTo: history.current.latestDelivery)
    }

    /// Waits until all recorded deliveries are written, or the time is up. The history is not read after that, so that
    /// it can be closed, even if the output is stuck.
    func finish(within limit: Duration) {
        thread.async { [self] in write() }
        thread.wait(atMost: limit)
        state.withLock { $0.isClosed = true }
        if reading.lock(before: Date(timeIntervalSinceNow: limit / .seconds(1))) { reading.unlock() }
    }

    private func receive(_ recorded: [RecordedDelivery]) {
        state.withLock { state in
            if !state.isClosed { state.add(recorded) }
        }
        if let last = recorded.last { schedule(upTo: last.record.id) }
    }

    private func schedule(upTo latest: Int64) {
        let isFirst = state.withLock { state in
            state.latest = max(latest, state.latest)
            guard state.latest > state.cursor else { return false }
            defer { state.isScheduled = true }
            return !state.isScheduled && !state.isClosed
        }
        guard isFirst else { return }
        thread.async { [self] in
            state.withLock { $0.isScheduled = false }
            write()
        }
    }

    private func write() {
        do {
            while true {
                var bytes = OutputBytes()
                let last: Int64
                switch next() {
                case .handed(let recorded):
                    guard let end = recorded.last else { return }
                    last = end.record.id
                    guard let duplicates = try read({ try seen.duplicates(among: recorded) }) else { return }
                    for var delivery in recorded {
                        delivery.record.isDuplicate = duplicates.contains(delivery.record.id)
                        format.write(delivery.record, delivery.events, to: &bytes)
                    }
                case .behind(let cursor):
                    let records = try read { try history.reader.deliveries(after: cursor, limit: Self.slice) } ?? []
                    guard let end = records.last else { return }
                    last = end.id
                    for record in records { format.write(record, to: &bytes) }
                case .nothing: return
                }
                try output.write(bytes.array)
                state.withLock { state in
                    state.cursor = max(last, state.cursor)
                    state.problem = nil
                }
            }
        } catch let failure as OutputFailure {
            state.withLock { state in
                state.isClosed = true
                state.handed = []
            }
            let state = failure.isClosed ? "is closed" : "cannot be written (\(failure.reason))"
            say("standard output \(state): deliveries are still received and recorded, but written no more")
        } catch {
            // The read is tried again with each delivery: an unchanged reason is reported once.
            let problem = "\(error)"
            let isNew = state.withLock { state in
                defer { state.problem = problem }
                return state.problem != problem
            }
            if isNew { say("the record cannot be read for output: \(problem)") }
        }
    }

    private func next() -> Next {
        state.withLock { state in
            guard !state.isClosed, state.latest > state.cursor else { return .nothing }
            state.handed.removeFirst(state.handed.prefix { $0.record.id <= state.cursor }.count)
            guard let first = state.handed.first, first.record.id == state.cursor + 1 else {
                return .behind(state.cursor)
            }
            defer { state.handed = [] }
            return .handed(state.handed)
        }
    }

    /// Reads the record; returns nil if reading has ended.
    private func read<Value>(_ body: () throws -> Value) throws -> Value? {
        try reading.withLock {
            state.withLock { $0.isClosed } ? nil : try body()
        }
    }
}

// MARK: - Formats

/// The format in which `listen` writes deliveries.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One line an event.
    case text
    /// One JSON object a delivery.
    case json

    /// Writes a delivery at the end of some bytes.
    func write(_ record: DeliveryRecord, _ events: [NotificationEvent]? = nil, to bytes: inout OutputBytes) {
        switch self {
        case .text: EventLines.append(record, events: events, to: &bytes)
        case .json:
            JSONWriter.append(to: &bytes) { json in DeliveryJSON.append(record, events, to: &json) }
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}

// MARK: - The gate of lines

/// Delays lines until it is opened, so that the first line is the one that scripts wait for.
final class LineGate: Sendable {
    private let held = Mutex<[(String, LogLevel)]?>([])
    private let write: @Sendable (String, LogLevel) -> Void

    init(_ write: @escaping @Sendable (String, LogLevel) -> Void) {
        self.write = write
    }

    func say(_ line: String, _ level: LogLevel = .info) {
        let isHeld = held.withLock { held in
            held?.append((line, level))
            return held != nil
        }
        if !isHeld { write(line, level) }
    }

    /// Reports the result of verifying again, once it is done and has changed something.
    func say(_ report: RejudgeReport) {
        if let failure = report.failure { say(failure, .warning) }
        if report.isComplete, report.total > 0 { say(report.sentence) }
        if report.isCancelled, report.failure == nil { say(report.cancellation) }
    }

    func open() {
        let lines = held.withLock { held in
            defer { held = nil }
            return held ?? []
        }
        lines.forEach(write)
    }
}

extension RejudgeReport {
    /// The result up to the cancellation.
    var cancellation: String {
        "verifying again was cancelled after \(total) \(total == 1 ? "delivery" : "deliveries"); \(remaining) to be verified"
            + " \(remaining == 1 ? "keeps its verdict" : "keep their verdicts")"
    }

    /// A sentence such as `37 deliveries verified again: 35 valid, 2 invalid`.
    var sentence: String {
        let verdicts = SignatureVerdict.allCases
            .compactMap { verdict in deliveries[verdict].map { "\($0) \(verdict.title)" } }
            .joined(separator: ", ")
        return "\(total) \(total == 1 ? "delivery" : "deliveries") verified again: \(verdicts)"
    }
}
