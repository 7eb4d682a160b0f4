import GRDB
import Workers

/// Lets reads in until the history closes, which waits for those that are under way: a connection that is closed under a
/// reader ends the process.
final class ReadGate: Sendable {
    private struct State {
        var reading = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    /// The history's path; nil in memory.
    let path: String?
    /// Looks at the files of a history that this process writes.
    private let watch: HistoryGuard?

    init(path: String? = nil, watch: HistoryGuard? = nil) {
        self.path = path
        self.watch = watch
    }

    /// - Throws: `HistoryClosed`, `HistoryReadError` for what SQLite says, or what the body throws.
    func read<Value>(_ body: () throws -> Value) throws -> Value {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.reading += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw HistoryClosed() }
        defer { state.change { $0.reading -= 1 } }
        do {
            try watch?.checkBeforeReading()
            return try body()
        } catch let error as DatabaseError {
            watch?.met(error)
            throw HistoryReadError(error, path: path ?? "in memory")
        }
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

/// Why a history cannot be read, in a sentence.
public enum HistoryReadError: Error, Sendable, Hashable {
    /// Some of it is damaged.
    case damaged(path: String)
    /// For another reason, which SQLite or the system gives.
    case unreadable(path: String, reason: String)

    init(_ error: DatabaseError, path: String) {
        // Its description has the statement in it, in many lines, which helps nobody who uses b2watch.
        self =
            error.isDamage
            ? .damaged(path: path)
            : .unreadable(path: path, reason: error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")
    }
}

extension HistoryReadError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let path):
            "the history \(path) is damaged: b2watch recover \(path) writes what can still be read into a new history"
        case .unreadable(let path, let reason): "the history \(path) cannot be read: \(reason)"
        }
    }
}
