import Foundation
import Notifications
import Sending
import Synchronization

/// The parts of Backblaze's event broker sample that b2listen and b2watch use: it receives B2's notifications and sends
/// them to its subscribers, unchanged.
///
/// Source: `subscription.py` of `backblaze-b2-samples/b2listen`, and the broker's README.
package final class FakeBroker: FakeService {
    private struct State {
        /// The URL of each subscription, by its path.
        var subscriptions: [String: String] = [:]
        var requests: [FakeRequest] = []
        var count = 0
    }

    private let secret: SigningSecret
    private let state = Mutex(State())

    /// - Parameter secret: The signing secret of the rule.
    package init(_ secret: String) throws {
        self.secret = try SigningSecret(label: "broker", value: secret)
    }

    /// The URLs that are subscribed.
    package var subscribers: [String] { state.withLock { Array($0.subscriptions.values) } }

    /// The methods and paths of the requests about subscriptions.
    package var asked: [String] { state.withLock { $0.requests.map { "\($0.method) \($0.path)" } } }

    /// Ends all subscriptions, as the broker does after failed messages.
    package func drop() {
        state.withLock { $0.subscriptions = [:] }
    }

    package func reply(to request: FakeRequest) -> FakeReply {
        let signature = request.value(of: SignatureHeader.name)
        guard signature == secret.signature(of: request.body) else { return .text(401, "Invalid signature") }
        guard request.path.hasPrefix("/@subscriptions/") else { return pass(request) }
        return state.withLock { state in
            state.requests.append(request)
            switch request.method {
            case "POST":
                let body = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any]
                guard let url = body?["url"] as? String else { return .text(400, "no URL") }
                state.count += 1
                let id = "subscription-\(state.count)"
                state.subscriptions["\(request.path)/\(id)"] = url
                return .json(200, "{\"id\":\"\(id)\",\"url\":\"\(url)\"}")
            case "HEAD": return .text(state.subscriptions[request.path] == nil ? 404 : 200, "")
            case "DELETE":
                return .text(state.subscriptions.removeValue(forKey: request.path) == nil ? 404 : 204, "")
            default: return .text(405, "Method not allowed")
            }
        }
    }

    private func pass(_ request: FakeRequest) -> FakeReply {
        let client = OutgoingClient()
        defer { client.shutdown() }
        let kept = ["user-agent", "content-type", SignatureHeader.name]
        for text in subscribers {
            guard let url = try? WebhookURL(text) else { continue }
            let headers = request.headers.filter { kept.contains($0.name.lowercased()) }
            let passed = OutgoingRequest(
                "POST", url, headers: headers.map { OutgoingField($0.name, $0.value) }, body: request.body,
                allowsPlainHTTP: true)
            _ = try? client.send(passed, within: .seconds(3))
        }
        return .text(200, "OK")
    }
}
