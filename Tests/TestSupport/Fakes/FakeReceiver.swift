import Synchronization

/// A webhook of another program: it records requests, and returns prepared answers.
package final class FakeReceiver: FakeService {
    private struct State {
        var requests: [FakeRequest] = []
        var script: [FakeReply] = []
    }

    private let state: Mutex<State>
    private let standard: FakeReply

    /// - Parameters:
    ///   - script: The answers, in their order.
    ///   - standard: The answer after the end of the script.
    package init(_ script: [FakeReply] = [], then standard: FakeReply = .text(200, "OK")) {
        state = Mutex(State(script: script))
        self.standard = standard
    }

    /// The received requests, in their order.
    package var requests: [FakeRequest] { state.withLock { $0.requests } }

    package func reply(to request: FakeRequest) -> FakeReply {
        state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? standard : state.script.removeFirst()
        }
    }
}
