import Backblaze
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Settings
import Synchronization

/// A task that begins and ends with a listener.
protocol ReceivingCompanion: Sendable {
    /// The application key that it uses.
    var key: ApplicationKey { get }

    /// Begins, once the listener accepts deliveries.
    ///
    /// - Parameter report: Receives what a person should know, in a sentence; from any thread, and must not block.
    func begin(
        _ receiver: Receiver, _ desk: ReceiverDesk, _ account: AccountDesk,
        report: @escaping @Sendable (String, LogLevel) -> Void)

    /// Ends, before the listener does. Blocks.
    ///
    /// - Returns: What failed, in a sentence; nil if nothing did.
    func end() -> String?
}

/// A bucket whose notifications are received while a rule points here.
final class BucketCompanion: ReceivingCompanion {
    private struct State {
        var connection: Connection?
        var forwarders: [Forwarder] = []
        var problem: B2Problem?
    }

    /// Creates the target that is pointed here: the rule, or a subscription at an event broker. It sends by a client,
    /// and reports events in sentences.
    typealias Target = @Sendable (any HTTPSending, @escaping @Sendable (String) -> Void) throws -> any ConnectionTarget

    let key: ApplicationKey
    private let target: Target
    /// A description of the target if it is not the rule; nil for the rule.
    private let goal: String?
    private let ruleName: String
    private let bucket: String
    /// The rule's signing secret; nil for a rule without one, which is proved by a secret path.
    private let secret: String?
    private let tunnel: Tunnel?
    private let publicURL: String?
    private let forward: [WebhookURL]
    /// Whether Backblaze is on this machine, as in tests. Only then may the URL be one of this machine.
    private let isLocal: Bool
    private let diagnostics: Diagnostics
    private let state = Mutex(State())

    init(
        _ key: ApplicationKey, target: @escaping Target, goal: String?, ruleName: String, bucket: String,
        secret: String?, tunnel: Tunnel?, publicURL: String?, forward: [WebhookURL], isLocal: Bool,
        diagnostics: Diagnostics
    ) {
        self.key = key
        self.target = target
        self.goal = goal
        self.ruleName = ruleName
        self.bucket = bucket
        self.secret = secret
        self.tunnel = tunnel
        self.publicURL = publicURL
        self.forward = forward
        self.isLocal = isLocal
        self.diagnostics = diagnostics
    }

    func begin(
        _ receiver: Receiver, _ desk: ReceiverDesk, _ account: AccountDesk,
        report: @escaping @Sendable (String, LogLevel) -> Void
    ) {
        var path = receiver.path
        do {
            if let secret {
                try addSecret(secret, to: receiver, desk)
            } else {
                path = (path == "/" ? "" : path) + "/" + RuleSecret.fresh()
                if let rule = UnsignedRule(ruleName, .path(path)) { receiver.unsigned.add(rule) }
                desk.announceSecrets()
            }
        } catch {
            return fail(B2Problem(.other, "the rule's secret cannot be used: \(error)"))
        }
        let forwarders = forward.map { Forwarder(receiver, to: $0) { report($0, .warning) } }
        let plan = Connection.Plan(
            tunnel: tunnel, publicURL: publicURL, path: path, port: receiver.listener.address.port,
            environment: ProcessInfo.processInfo.environment)
        let http = receiver.outbound.forReplays
        let target: any ConnectionTarget
        do {
            target = try self.target(http) { report($0, .warning) }
        } catch {
            return fail(B2Problem(.other, "\(error)"))
        }
        let connection = Connection(
            plan, target, allowsLoopback: isLocal,
            prove: { try SelfTest(receiver).prove(WebhookURL($0)) },
            probe: { Self.isHealthy($0, http) }
        ) { [self] news in
            switch news {
            case .step(let text): report(text, .info)
            case .warning(let text): report(text, .warning)
            case .connected(let url):
                SeenRules(ofBucket: bucket)?.note(ruleName)
                account.connected(url)
                let sentence =
                    goal.map { "\($0) sends the notifications of the rule \(ruleName) of \(bucket) to \(url)" }
                    ?? "the rule \(ruleName) of \(bucket) leads to \(url)"
                report("connected: \(sentence)", .info)
            case .failed(let problem): fail(problem)
            }
        }
        state.withLock {
            $0.connection = connection
            $0.forwarders = forwarders
        }
        connection.begin()
    }

    func end() -> String? {
        let (connection, forwarders, problem) = state.withLock { ($0.connection, $0.forwarders, $0.problem) }
        defer { forwarders.forEach { $0.end() } }
        do throws(B2Problem) {
            for note in try connection?.end() ?? [] { diagnostics.say(note) }
            return problem.map { "not connected: \($0)" }
        } catch {
            if goal != nil { return "\(error)" }
            return
                "the rule \(ruleName) of \(bucket) is not restored: \(error). Restore it with b2watch cleanup \(bucket)"
        }
    }

    /// Ends the process as a signal does, so that everything ends in its usual order.
    private func fail(_ problem: B2Problem) {
        state.withLock { $0.problem = problem }
        kill(getpid(), SIGTERM)
    }

    private func addSecret(_ secret: String, to receiver: Receiver, _ desk: ReceiverDesk) throws {
        let known = receiver.keyring.all.map(\.secret)
        let new = try SavedSecrets.secret(secret, ofRule: ruleName, among: known)
        guard !known.contains(where: new.isSame) else { return }
        try receiver.keyring.add(new, from: .rule(ruleName))
        desk.announceSecrets()
    }

    /// Asks the listener through a public URL whether it can record.
    private static func isHealthy(_ url: String, _ http: OutgoingClient) -> Bool {
        let origin = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
        guard let health = try? WebhookURL(origin.joined(separator: "/") + "/healthz") else { return false }
        guard let answer = try? http.send(OutgoingRequest("GET", health), within: .seconds(10)) else { return false }
        // With --health-from it may be kept from us.
        return answer.status == 200 || answer.status == 403 && answer.body == Array(Answer.forbidden.text.utf8)
    }
}

// MARK: - Forwarding

/// Forwards each accepted delivery to another URL, unchanged, from now on.
final class Forwarder: Sendable {
    /// The pauses between the attempts to send a delivery, which also limit the attempts.
    private static let pauses: [Duration] = [.seconds(1), .seconds(2), .seconds(4)]
    private static let limit = Duration.seconds(10)

    private let reader: HistoryReader
    private let http: OutgoingClient
    private let url: WebhookURL
    private let say: @Sendable (String) -> Void
    private let ownSecret: SecretIdentity
    private let worker = Worker("forward")
    /// The last delivery that was handled, and whether forwarding has to end.
    private let state: Monitor<(last: Int64, isEnded: Bool, isQueued: Bool)>

    /// - Parameter say: Receives a sentence about each delivery that did not arrive.
    init(_ receiver: Receiver, to url: WebhookURL, say: @escaping @Sendable (String) -> Void) {
        reader = receiver.history.reader
        http = receiver.outbound.forActions
        self.url = url
        self.say = say
        ownSecret = receiver.intake.keys.selfTest.identity
        state = Monitor((receiver.history.current.latestDelivery, false, false))
        receiver.history.observe { [weak self] event in
            if case .changed = event { self?.look() }
        }
    }

    /// Ends forwarding once all received deliveries are sent, or after a few seconds. Blocks.
    func end() {
        look()
        if !worker.wait(atMost: .seconds(5)) { say("some deliveries were not sent on to \(url.authority)") }
        state.change { $0.isEnded = true }
    }

    private func look() {
        let isNew = state.withLock { state in
            defer { state.isQueued = true }
            return !state.isQueued && !state.isEnded
        }
        if isNew { worker.async { self.drain() } }
    }

    private func drain() {
        state.withLock { $0.isQueued = false }
        while !state.withLock({ $0.isEnded }),
            let records = try? reader.deliveries(
                after: state.withLock { $0.last }, limit: 50), !records.isEmpty
        {
            for record in records {
                send(record)
                state.withLock { $0.last = record.id }
            }
        }
    }

    private func send(_ record: DeliveryRecord) {
        // B2 sends a delivery with another answer again, or it was not from B2.
        guard record.status == 200, record.judgement.verdict != .unjudged,
            record.judgement.secret.map({ !$0.isSame(as: ownSecret) }) ?? true
        else { return }
        let request: OutgoingRequest
        do throws(ReplayRefusal) {
            request = try ReplayRequest(record.delivery, to: url).request
        } catch {
            return say("delivery \(record.id) is not sent on: \(error)")
        }
        var problem = ""
        for pause in [nil] + Self.pauses.map(Optional.some) {
            if let pause, state.wait(until: .now + pause, for: { $0.isEnded ? true : nil }) == true { break }
            do throws(OutgoingFailure) {
                let status = try http.send(request, within: Self.limit).status
                if status < 300 { return }
                problem = "\(url.authority) answered \(status)"
            } catch {
                problem = "\(error)"
            }
        }
        say("delivery \(record.id) was not sent on: \(problem). b2watch replay \(record.id) --to URL sends it again")
    }
}
