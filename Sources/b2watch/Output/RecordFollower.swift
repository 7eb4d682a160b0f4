import Foundation
import History
import Synchronization
import Workers

/// Writes what is recorded to standard output, as it is recorded.
///
/// It walks the record by a cursor and keeps nothing else, so that a reader that is slow, or gone, costs no memory and
/// delays no answer.
final class RecordFollower: Sendable {
    private struct State {
        var cursor: Int64
        var isScheduled = false
        var isClosed = false
        /// Why the record could not be read the last time.
        var problem: String?
    }

    private static let slice = 256

    private let history: History
    private let format: OutputFormat
    private let output: ByteOutput
    private let say: @Sendable (String) -> Void
    private let state: Mutex<State>
    /// Held while the record is read.
    private let reading = NSLock()
    private let thread = Worker("output")

    /// Follows from what is recorded next.
    init(_ history: History, as format: OutputFormat, to output: Int32, say: @escaping @Sendable (String) -> Void) {
        self.history = history
        self.format = format
        self.output = ByteOutput(descriptor: output)
        self.say = say
        state = Mutex(State(cursor: history.current.latestDelivery))
        history.observe { [weak self] event in
            if case .changed(let change) = event { self?.schedule(upTo: change.latestDelivery) }
        }
        // What was recorded between the cursor and the observer.
        schedule(upTo: history.current.latestDelivery)
    }

    /// Waits until all that is recorded is written, or the time is up. The record is read no more then, so that it may
    /// be closed, even if the output is stuck.
    func finish(within limit: Duration) {
        thread.async { [self] in write() }
        thread.wait(atMost: limit)
        state.withLock { $0.isClosed = true }
        if reading.lock(before: Date(timeIntervalSinceNow: limit / .seconds(1))) { reading.unlock() }
    }

    private func schedule(upTo latest: Int64) {
        let isFirst = state.withLock { state in
            guard latest > state.cursor else { return false }
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
                let records = try read()
                guard let last = records.last else { return }
                try output.write(records.flatMap(format.bytes))
                state.withLock { state in
                    state.cursor = last.id
                    state.problem = nil
                }
            }
        } catch is OutputFailure {
            state.withLock { $0.isClosed = true }
            say("standard output is closed: deliveries are still received and recorded, but written no more")
        } catch {
            // It is read again with each delivery: the same reason is said once.
            let problem = "\(error)"
            let isNew = state.withLock { state in
                defer { state.problem = problem }
                return state.problem != problem
            }
            if isNew { say("the record cannot be read for output: \(problem)") }
        }
    }

    /// The next records; none where all is written or reading has ended.
    private func read() throws -> [DeliveryRecord] {
        try reading.withLock {
            let (cursor, isClosed) = state.withLock { ($0.cursor, $0.isClosed) }
            return isClosed ? [] : try history.reader.deliveries(after: cursor, limit: Self.slice)
        }
    }
}
