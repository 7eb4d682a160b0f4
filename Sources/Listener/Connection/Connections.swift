internal import NIOCore
internal import Synchronization

/// The connections that are open.
final class Connections: Sendable {
    /// What becomes of a new one.
    enum Admission {
        case welcome
        /// Over the limit: told so, then closed.
        case crowded
        /// So far over the limit, or so late, that it is closed without a word.
        case closed
    }

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limit: Int
    /// How many may be told at the same time that they are too many.
    private let slack = 64

    init(limit: Int) {
        self.limit = limit
    }

    /// Notes a new connection until it is closed.
    func admit(_ channel: any Channel) -> Admission {
        let id = ObjectIdentifier(channel)
        let admission: Admission = state.withLock { state in
            guard !state.isStopping, state.channels.count < limit + slack else { return .closed }
            state.channels[id] = channel
            return state.channels.count > limit ? .crowded : .welcome
        }
        if admission != .closed {
            channel.closeFuture.whenComplete { _ in
                _ = self.state.withLock { $0.channels.removeValue(forKey: id) }
            }
        }
        return admission
    }

    /// Admits no more, and returns those that are open.
    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopping = true
            return Array(state.channels.values)
        }
    }
}
