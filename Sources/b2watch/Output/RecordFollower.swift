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
    }

    private static let slice = 256

    private let history: History
    private let format: OutputFormat
    private let output: Int32
    private let say: @Sendable (String) -> Void
    private let state: Mutex<State>
    private let thread = Worker("output")

    /// Follows from what is recorded next.
    init(_ history: History, as format: OutputFormat, to output: Int32, say: @escaping @Sendable (String) -> Void) {
        self.history = history
        self.format = format
        self.output = output
        self.say = say
        state = Mutex(State(cursor: history.current.latestDelivery))
        history.observe { [weak self] _ in self?.schedule() }
    }

    /// Waits until all that is recorded is written, or the time is up.
    func finish(within limit: Duration) {
        thread.async { [self] in write() }
        thread.wait(atMost: limit)
    }

    private func schedule() {
        let isFirst = state.withLock { state in
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
                let (cursor, isClosed) = state.withLock { ($0.cursor, $0.isClosed) }
                guard !isClosed else { return }
                let records = try history.reader.deliveries(after: cursor, limit: Self.slice)
                guard let last = records.last else { return }
                guard send(records.flatMap(format.bytes)) else { return stop() }
                state.withLock { $0.cursor = last.id }
            }
        } catch {
            say("the record cannot be read for output: \(error)")
        }
    }

    private func stop() {
        state.withLock { $0.isClosed = true }
        say("standard output is closed: deliveries are still received and recorded, but written no more")
    }

    /// - Returns: False where the reader is gone.
    private func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(output, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }
}
