internal import NIOCore
internal import Synchronization

/// The connections that are open.
final class Connections: Sendable {
    /// What becomes of a new one.
    enum Admission {
        case welcome
        /// Over the limit: told so, then closed.
        case crowded
        /// So late that it is closed without a word.
        case closed
    }

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Those of them that are over the limit, the oldest first.
        var crowded: [ObjectIdentifier] = []
        var onNextClose: (@Sendable () -> Void)?
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limit: Int
    /// How many may be told at the same time that they are too many.
    private let slack: Int

    init(limit: Int) {
        self.limit = limit
        slack = Self.slack(of: limit)
    }

    static func slack(of limit: Int) -> Int { min(64, max(4, limit / 8)) }

    /// Notes a new connection until it is closed.
    func admit(_ channel: any Channel) -> Admission {
        let id = ObjectIdentifier(channel)
        let (admission, oldest) = state.withLock { state -> (Admission, (any Channel)?) in
            guard !state.isStopping else { return (.closed, nil) }
            let isCrowded = state.channels.count - state.crowded.count >= limit
            state.channels[id] = channel
            guard isCrowded else { return (.welcome, nil) }
            state.crowded.append(id)
            // The oldest has had its answer for the longest time.
            guard state.crowded.count > slack else { return (.crowded, nil) }
            return (.crowded, state.channels[state.crowded.removeFirst()])
        }
        if admission != .closed { channel.closeFuture.whenComplete { _ in self.remove(id) } }
        oldest?.close(promise: nil)
        return admission
    }

    /// Calls `body` once, when the next connection is closed; in place of what was to be called then before.
    func onNextClose(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.onNextClose = body }
    }

    private func remove(_ id: ObjectIdentifier) {
        let next = state.withLock { state in
            state.channels.removeValue(forKey: id)
            if let index = state.crowded.firstIndex(of: id) { state.crowded.remove(at: index) }
            defer { state.onNextClose = nil }
            return state.onNextClose
        }
        next?()
    }

    /// Whether no more are admitted.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Admits no more, and returns those that are open.
    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopping = true
            return Array(state.channels.values)
        }
    }
}
