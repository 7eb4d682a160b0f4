import Actions
import ArgumentParser
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Synchronization

/// The client with which this process sends requests.
final class Outbound: Sendable {
    /// The client for actions, which never sends to b2watch itself.
    let forActions: OutgoingClient
    /// The client for replays, which may go to b2watch itself too.
    let forReplays: OutgoingClient
    private let own: OwnAddresses

    /// The addresses that this process listens at.
    private final class OwnAddresses: Sendable {
        let all = Mutex<[OwnAddress]>([])
    }

    /// - Parameter caFile: The authorities that an option names.
    /// - Throws: `AuthoritiesProblem` if a list of authorities cannot be used.
    init(caFile: String? = nil) throws {
        let rules = ConnectionRules(authorities: try ProcessEnvironment.authorities(caFile))
        let proxies = ProxyRules(environment: ProcessInfo.processInfo.environment)
        let own = OwnAddresses()
        self.own = own
        forActions = OutgoingClient(OutgoingPolicy(own: { own.all.withLock(\.self) }, proxies: proxies), rules: rules)
        forReplays = OutgoingClient(OutgoingPolicy(allowsOwnAddress: true, proxies: proxies), rules: rules)
    }

    /// The environment in which actions are made.
    var surroundings: ActionSurroundings { ProcessEnvironment.surroundings(forActions) }

    /// Prevents actions from sending to the listener of this process: each answer would be another event.
    func refuse(_ address: ListenAddress) {
        own.all.withLock { $0 = [OwnAddress(host: address.host, port: address.port)] }
    }

    /// Ends the replays, without waiting for them as for requests of actions. Blocks.
    func endReplays() {
        forReplays.shutdown()
    }

    /// Ends all requests. Blocks.
    func shutdown() {
        forActions.shutdown()
        forReplays.shutdown()
    }
}

// MARK: - Authorities

/// The authorities whose certificates are accepted where b2watch sends something.
struct AuthorityOptions: ParsableArguments {
    @Option(
        name: .customLong("ca-file"),
        help: ArgumentHelp(
            "Certificates of authorities, in PEM, that are trusted besides the system's where b2watch sends something.",
            discussion: "SSL_CERT_FILE and SSL_CERT_DIR replace the system's.", valueName: "file"))
    var caFile: String?

    func validate() throws {
        if caFile?.isEmpty == true { throw ValidationError("--ca-file wants a file's path") }
    }
}

// MARK: - The test event

/// Sends b2watch a signed test event through its own socket, like the console's Test Rule button: with the first
/// current secret, otherwise with b2watch's own.
struct SelfTest: Sendable {
    private let receiver: Receiver
    private static let limit = Duration.seconds(5)
    private let sender = NotificationSender(timeout: SelfTest.limit)

    init(_ receiver: Receiver) {
        self.receiver = receiver
    }

    /// Proves that a URL leads to this listener: sends a test event there, signed with a secret that no other process
    /// has, and checks that it is recorded here with the verdict valid. This shows that path, body and signature arrive
    /// unchanged. Blocks.
    ///
    /// - Throws: The reason why it does not, in a sentence.
    func prove(_ url: WebhookURL) throws {
        var order = SampleOrder()
        order.type = EventType("b2:TestEvent")
        let secret = receiver.intake.keys.selfTest
        if case .rule(let name) = secret.binding { order.ruleName = name }
        var generator = SystemRandomNumberGenerator()
        let sample = SignedSample(
            SampleNotification([order], at: .now, using: &generator), .signed(secret), using: &generator)
        var last = receiver.history.current.latestDelivery
        receiver.tests.add(1, ordering: .relaxed)
        var hasArrived = false
        defer { if !hasArrived { receiver.tests.subtract(1, ordering: .relaxed) } }
        let request = OutgoingRequest(
            "POST", url,
            headers: [
                OutgoingField("User-Agent", "B2/EventNotifications"),
                OutgoingField("Content-Type", "application/json; charset=UTF-8"),
                OutgoingField(SignatureHeader.name, sample.signature ?? ""),
            ], body: sample.body)
        let answer = try receiver.outbound.forReplays.send(request, within: .seconds(10))
        guard answer.status == 200 else { throw NotProved(reason: "a test event was answered \(answer.status)") }
        while case let records = try receiver.history.reader.deliveries(after: last, limit: 200), let end = records.last
        {
            if records.contains(where: { $0.delivery.body == sample.body && $0.judgement.verdict == .valid }) {
                hasArrived = true
                return
            }
            last = end.id
        }
        throw NotProved(reason: "a test event was answered 200, and has not arrived here as it was sent")
    }

    /// The reason why a URL does not lead here.
    private struct NotProved: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }

    /// Returns the sender that reaches the listener: it recognises its certificate, and begins like a proxy where one is
    /// expected.
    private func sender(to url: WebhookURL) -> NotificationSender {
        var rules = ConnectionRules()
        rules.pinnedKey = receiver.listener.pinnedKey
        if let proxies = receiver.callers.proxies, proxies.header == .proxyProtocol {
            rules.hasProxyHeader = proxies.proxies.contains(url.host)
        }
        return rules == ConnectionRules() ? sender : NotificationSender(timeout: Self.limit, rules: rules)
    }

    /// Sends a test event and waits for the answer. Blocks.
    ///
    /// - Returns: The result, such as `signed with prod (3f9a), answered 200 OK in 2.1 ms`.
    /// - Throws: `SendError` if no answer arrived.
    func send() throws -> String {
        // With its own secret the event is taken whatever addresses are allowed.
        let listed = receiver.callers.allowed == nil ? receiver.keyring.all.first?.secret : nil
        let secret = listed ?? receiver.intake.keys.selfTest
        var order = SampleOrder()
        order.type = EventType("b2:TestEvent")
        switch secret.binding {
        case .bucket(let name): order.bucketName = name
        case .rule(let name): order.ruleName = name
        case .any: break
        }
        var generator = SystemRandomNumberGenerator()
        let sample = SignedSample(
            SampleNotification([order], at: .now, using: &generator), .signed(secret), using: &generator)
        let url = try WebhookURL(receiver.hook)

        // Counted before it can arrive, so that it is never mistaken for one from elsewhere.
        receiver.tests.add(1, ordering: .relaxed)
        receiver.note("sending a test event to \(url)", .info)
        do {
            let answer = try sender(to: url).sendAndWait(sample, to: url)
            let text = String(decoding: answer.body, as: UTF8.self)
            let outcome =
                "signed with \(secret), answered \(answer.status) \(text) in \(answer.duration.inMilliseconds)"
            receiver.note("test event: \(outcome)", .info)
            return outcome
        } catch {
            receiver.tests.subtract(1, ordering: .relaxed)
            receiver.note("test event: \(error)", .warning)
            throw error
        }
    }
}
