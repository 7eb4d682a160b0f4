import Foundation
import Synchronization

/// Slack's incoming webhooks, as the facts page has them: one URL, JSON with a `text`, `ok` or a word for what is wrong, and
/// about one message a second.
package final class FakeSlack: FakeService {
    /// The path of the webhook that there is.
    package static let path = "/services/T0FAKE/B0FAKE/notASecretButALongTokenOfOne"

    private struct State {
        var messages: [String] = []
        var script: [FakeReply] = []
        var times: [Int64] = []
    }

    private let state: Mutex<State>
    private let clock: (@Sendable () -> Int64)?
    private let burst: Int

    /// - Parameters:
    ///   - script: Answers before it does what it should, in their order; `.lost` writes the message.
    ///   - burst: How many messages it takes within as many seconds.
    ///   - clock: What time it is, in milliseconds; nil for no limit.
    package init(_ script: [FakeReply] = [], burst: Int = 3, clock: (@Sendable () -> Int64)? = nil) {
        state = Mutex(State(script: script))
        self.burst = burst
        self.clock = clock
    }

    /// The texts that stand in the channel, as they were sent.
    package var messages: [String] { state.withLock { $0.messages } }

    /// Those that call a person, a group or everybody: `<!channel>`, `<@U123>`.
    package var calls: [String] { messages.filter { $0.contains("<!") || $0.contains("<@") || $0.contains("<#") } }

    package func reply(to request: FakeRequest) -> FakeReply {
        guard request.method == "POST", request.path == Self.path else { return .text(404, "no_service") }
        let type = request.value(of: "Content-Type")?.lowercased() ?? ""
        guard type.hasPrefix("application/json"),
            let json = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        else { return .text(400, "invalid_payload") }
        guard let text = json["text"] as? String, !text.isEmpty else { return .text(400, "no_text") }
        return state.withLock { state in
            if !state.script.isEmpty {
                let reply = state.script.removeFirst()
                if case .lost = reply { state.messages.append(text) }
                return reply
            }
            if let now = clock?() {
                state.times = state.times.filter { now - $0 < Int64(burst) * 1_000 }
                guard state.times.count < burst else {
                    return .answer(
                        status: 429, headers: [("Retry-After", "1"), ("Content-Type", "text/plain")],
                        body: Array("rate_limited".utf8))
                }
                state.times.append(now)
            }
            state.messages.append(text)
            return .text(200, "ok")
        }
    }
}
