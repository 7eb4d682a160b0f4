internal import Base
internal import Foundation
public import Notifications
public import Sending

/// The target that a connection points to a public URL, and releases at its end.
public protocol ConnectionTarget: Sendable {
    /// Whether it points here.
    var isTaken: Bool { get }

    /// Points it to a URL.
    ///
    /// - Returns: Notes for a person, in sentences.
    func lead(to url: String) throws(B2Problem) -> [String]

    /// Undoes what was done.
    ///
    /// - Returns: What was done, in sentences.
    func release() throws(B2Problem) -> [String]
}

extension RuleLease: ConnectionTarget {}

/// A subscription to Backblaze's event broker sample: B2 sends the notifications of a rule to the broker, and the broker
/// sends them to each subscriber, unchanged. The rule itself is not changed.
///
/// The broker ends a subscription after some failed messages, for example when a tunnel is down for a while. So b2watch
/// checks at intervals whether the subscription still exists, and subscribes again.
///
/// Source: `subscription.py` of `backblaze-b2-samples/b2listen`.
public final class BrokerSubscription: ConnectionTarget {
    private struct State {
        /// The public URL that is subscribed, and the subscription's id.
        var url: String?
        var id: String?
        var isEnded = false
        var isWatching = false
        var isDown = false
    }

    /// The interval between two checks of the subscription.
    public static let usualLook = Duration.seconds(30)
    private static let limit = Duration.seconds(10)

    /// The URL of the rule's subscriptions.
    private let base: String
    private let broker: String
    private let secret: SigningSecret
    private let http: any HTTPSending
    private let look: Duration
    private let told: @Sendable (String) -> Void
    private let state = Monitor(State())
    private let worker = Worker("broker")

    /// - Parameters:
    ///   - broker: The broker's URL.
    ///   - secret: The rule's signing secret.
    ///   - told: Receives later reports in sentences, on another thread.
    public init(
        _ broker: WebhookURL, bucket: String, rule: String, secret: SigningSecret, http: any HTTPSending,
        look: Duration = usualLook, told: @escaping @Sendable (String) -> Void
    ) {
        let text = broker.description
        self.broker = text.hasSuffix("/") ? String(text.dropLast()) : text
        base = "\(self.broker)/@subscriptions/\(bucket.percentEncoded)/\(rule.percentEncoded)"
        self.secret = secret
        self.http = http
        self.look = look
        self.told = told
    }

    public var isTaken: Bool { state.withLock { $0.id != nil } }

    public func lead(to url: String) throws(B2Problem) -> [String] {
        let before = state.withLock { ($0.url, $0.id) }
        if before.0 == url, before.1 != nil { return [] }
        let id = try subscribe(url)
        let isFirst = state.change { state in
            (state.url, state.id) = (url, id)
            defer { state.isWatching = true }
            return !state.isWatching
        }
        if isFirst { worker.async { [self] in watch() } }
        // The subscription of an earlier URL: a failure is harmless, because the broker ends it by itself.
        if let old = before.1 { _ = try? send("DELETE", "\(base)/\(old.percentEncoded)") }
        return []
    }

    public func release() throws(B2Problem) -> [String] {
        let id = state.change { state in
            state.isEnded = true
            defer { state.id = nil }
            return state.id
        }
        worker.wait(atMost: Self.limit)
        guard let id else { return [] }
        let status = try send("DELETE", "\(base)/\(id.percentEncoded)").status
        // A subscription that the broker has ended does not exist.
        guard (200..<300).contains(status) || status == 404 else {
            throw B2Problem(
                .other,
                "the event broker answered \(status) to the end of the subscription; it ends it after some failed messages"
            )
        }
        return ["the subscription at the event broker is ended"]
    }

    // MARK: - Requests

    /// - Returns: The subscription's id.
    private func subscribe(_ url: String) throws(B2Problem) -> String {
        let body: JSONValue = ["url": .string(url)]
        let answer = try send("POST", base, body.bytes)
        guard (200..<300).contains(answer.status) else {
            let reason =
                switch answer.status {
                case 401, 403: "it does not accept the signature: check that it has the signing secret of this rule"
                case 404: "it has no subscriptions at \(base): check --event-broker-url"
                default: "check --event-broker-url, and the broker's log"
                }
            throw B2Problem(.other, "the event broker answered \(answer.status) to a subscription: \(reason)")
        }
        guard let id = JSONValue(answer.body)?["id"]?.text else {
            throw B2Problem(
                .other, "the event broker's answer has no id: is \(broker) Backblaze's event broker? Check the URL")
        }
        return id
    }

    /// Sends a request with the broker's signature over its body, which is empty except in a subscription.
    private func send(_ method: String, _ url: String, _ body: [UInt8] = []) throws(B2Problem) -> OutgoingAnswer {
        let target: WebhookURL
        do throws(WebhookURLError) {
            target = try WebhookURL(url)
        } catch {
            throw B2Problem(.other, "the event broker's URL cannot be used: \(error)")
        }
        var headers = [
            OutgoingField(SignatureHeader.name, secret.signature(of: body)), OutgoingField("User-Agent", "b2watch"),
        ]
        if !body.isEmpty { headers.append(OutgoingField("Content-Type", "application/json")) }
        do throws(OutgoingFailure) {
            return try http.send(
                OutgoingRequest(method, target, headers: headers, body: body), within: Self.limit)
        } catch {
            throw B2Problem(.connection, "the event broker cannot be asked: \(error)")
        }
    }

    // MARK: - Keeping it alive

    private func watch() {
        while true {
            let isEnded = state.wait(until: .now + look) { $0.isEnded ? true : nil } ?? false
            if isEnded { return }
            let (url, id) = state.withLock { ($0.url, $0.id) }
            guard let url, let id else { continue }
            do throws(B2Problem) {
                let status = try send("HEAD", "\(base)/\(id.percentEncoded)").status
                guard !(200..<300).contains(status) else {
                    reportDown(nil)
                    continue
                }
                let new = try subscribe(url)
                let isCurrent = state.change { state in
                    guard !state.isEnded, state.id == id else { return false }
                    state.id = new
                    return true
                }
                if isCurrent {
                    told("the event broker had ended the subscription: b2watch has subscribed again")
                } else {
                    _ = try? send("DELETE", "\(base)/\(new.percentEncoded)")
                }
                reportDown(nil)
            } catch {
                reportDown(error)
            }
        }
    }

    /// Reports once that the broker does not answer, until it does.
    private func reportDown(_ problem: B2Problem?) {
        let isNews = state.change { state in
            defer { state.isDown = problem != nil }
            return state.isDown != (problem != nil)
        }
        if isNews { told(problem.map { "\($0); trying again" } ?? "the event broker answers again") }
    }
}
