import Foundation
import Synchronization

/// Slack's incoming webhooks: one URL, JSON with a `text` and blocks of rich text, the answer `ok` or a word for the
/// error, and about one message a second.
package final class FakeSlack: FakeService {
    /// The path of the existing webhook.
    package static let path = "/services/T0FAKE/B0FAKE/notASecretButALongTokenOfOne"

    private struct State {
        var messages: [Message] = []
        var script: [FakeReply] = []
        var times: [Int64] = []
    }

    private let state: Mutex<State>
    private let clock: (@Sendable () -> Int64)?
    private let burst: Int

    /// - Parameters:
    ///   - script: The first answers, in their order; `.lost` writes the message.
    ///   - burst: The number of messages accepted within as many seconds.
    ///   - clock: Returns the time in milliseconds; nil for no limit.
    package init(_ script: [FakeReply] = [], burst: Int = 3, clock: (@Sendable () -> Int64)? = nil) {
        state = Mutex(State(script: script))
        self.burst = burst
        self.clock = clock
    }

    /// The messages as the channel shows them: rich text if there is some, otherwise the plain text.
    package var messages: [String] { state.withLock { $0.messages.map(\.shown) } }

    /// The mentions of a person, a group or everybody in the channel: `<!channel>`, `<@U123>`.
    package var calls: [String] { state.withLock { $0.messages.flatMap(\.calls) } }

    /// What rich text is made of, such as `bold(a)`, `:bomb:` or `link(https://a.test)`; plain texts are left out.
    package var obeyed: [String] { state.withLock { $0.messages.flatMap(\.obeyed) } }

    /// The plain texts next to the rich ones.
    package var fallbacks: [String] { state.withLock { $0.messages.map(\.fallback) } }

    private struct Message {
        var fallback: String
        var shown = ""
        var calls: [String] = []
        var obeyed: [String] = []

        /// - Returns: Nil if Slack would refuse the blocks.
        init?(_ text: String, blocks: [[String: Any]]?) {
            fallback = text
            guard let blocks else {
                shown = text
                calls = ["<!", "<@", "<#"].filter { text.contains($0) }
                return
            }
            for block in blocks {
                guard block["type"] as? String == "rich_text",
                    let sections = block["elements"] as? [[String: Any]], !sections.isEmpty
                else { return nil }
                for section in sections {
                    guard section["type"] as? String == "rich_text_section",
                        let elements = section["elements"] as? [[String: Any]], !elements.isEmpty
                    else { return nil }
                    for element in elements { guard add(element) else { return nil } }
                }
            }
        }

        private mutating func add(_ element: [String: Any]) -> Bool {
            func value(_ name: String) -> String? {
                (element[name] as? String).flatMap { $0.isEmpty ? nil : $0 }
            }
            func call(_ text: String?) -> Bool {
                guard let text else { return false }
                shown += text
                calls.append(text)
                obeyed.append(text)
                return true
            }
            switch element["type"] as? String {
            case "text":
                guard let text = value("text") else { return false }
                shown += text
                for style in (element["style"] as? [String: Bool] ?? [:]).filter(\.value).keys.sorted() {
                    obeyed.append("\(style)(\(text))")
                }
                return true
            case "link":
                guard let url = value("url") else { return false }
                shown += value("text") ?? url
                obeyed.append("link(\(url))")
                return true
            case "emoji":
                guard let name = value("name") else { return false }
                shown += ":\(name):"
                obeyed.append(":\(name):")
                return true
            case "broadcast": return call(value("range").map { "<!\($0)>" })
            case "user": return call(value("user_id").map { "<@\($0)>" })
            case "usergroup": return call(value("usergroup_id").map { "<!subteam^\($0)>" })
            case "channel": return call(value("channel_id").map { "<#\($0)>" })
            default: return false
            }
        }
    }

    package func reply(to request: FakeRequest) -> FakeReply {
        guard request.method == "POST", request.path == Self.path else { return .text(404, "no_service") }
        let type = request.value(of: "Content-Type")?.lowercased() ?? ""
        guard type.hasPrefix("application/json"),
            let json = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        else { return .text(400, "invalid_payload") }
        guard let text = json["text"] as? String, !text.isEmpty else { return .text(400, "no_text") }
        let blocks = json["blocks"] as? [[String: Any]]
        guard let message = Message(text, blocks: blocks) else { return .text(400, "invalid_blocks") }
        return state.withLock { state in
            if !state.script.isEmpty {
                let reply = state.script.removeFirst()
                if case .lost = reply { state.messages.append(message) }
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
            state.messages.append(message)
            return .text(200, "ok")
        }
    }
}
