import Workers

/// Lets reads in until the history closes, which waits for those that are under way: a connection that is closed under a
/// reader ends the process.
final class ReadGate: Sendable {
    private struct State {
        var reading = 0
        var isClosed = false
    }

    private let state = Monitor(State())

    /// - Throws: `HistoryClosed`, or what the body throws.
    func read<Value>(_ body: () throws -> Value) throws -> Value {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.reading += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw HistoryClosed() }
        defer { state.change { $0.reading -= 1 } }
        return try body()
    }

    /// Lets no more reads in, and waits for the last.
    func close() {
        state.wait { state in
            state.isClosed = true
            return state.reading == 0 ? () : nil
        }
    }
}

/// The history was closed before it was read.
public struct HistoryClosed: Error, Sendable, CustomStringConvertible {
    public let description = "the history is closed"
}
