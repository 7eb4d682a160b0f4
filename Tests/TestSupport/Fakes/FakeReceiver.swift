import Synchronization

/// Somebody's webhook: keeps what comes, and answers as it is told.
package final class FakeReceiver: FakeService {
    private struct State {
        var requests: [FakeRequest] = []
        var script: [FakeReply] = []
    }

    private let state: Mutex<State>
    private let standard: FakeReply

    /// - Parameters:
    ///   - script: The answers, in their order.
    ///   - standard: The answer when the script is at its end.
    package init(_ script: [FakeReply] = [], then standard: FakeReply = .text(200, "OK")) {
        state = Mutex(State(script: script))
        self.standard = standard
    }

    /// What came, in its order.
    package var requests: [FakeRequest] { state.withLock { $0.requests } }

    package func reply(to request: FakeRequest) -> FakeReply {
        state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? standard : state.script.removeFirst()
        }
    }
}
