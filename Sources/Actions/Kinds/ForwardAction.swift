internal import Base
internal import History
internal import Notifications
internal import Sending
internal import Settings

/// Forwards deliveries to another URL: the bytes and header fields as received, so that the receiver's own check of the
/// signature succeeds. Fields that the settings name are set in place of the received ones.
///
/// A batch is one delivery, sent once for all its events; they share its outcome. It is sent at least once: if an
/// answer is lost it is sent again, and the receiver can recognise it by its events' ids.
struct ForwardAction: Action {
    private let settings: ForwardSettings
    private let http: any HTTPSending
    private let now: @Sendable () -> Timestamp

    init(_ settings: ForwardSettings, _ surroundings: ActionSurroundings) {
        self.settings = settings
        http = surroundings.http
        now = surroundings.now
    }

    var summary: String { "the delivery to \(settings.url.authority)" }

    var manner: ActionManner {
        var manner = ActionManner()
        // The most events of one delivery, so that it is sent once.
        manner.largestBatch = Payload.maximumEvents
        manner.isByDelivery = true
        return manner
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        guard let record = items.first?.record else { return ActionReport([]) }
        let replay: ReplayRequest
        do {
            replay = try request(record)
        } catch {
            return ActionReport(items.map { _ in .dead("\(error)") })
        }
        let request: OutgoingRequest
        do throws(ActionSecretError) {
            request = try self.request(replay)
        } catch {
            return ActionReport(items.map { _ in .hold("\(error)") })
        }
        var (result, exchange) = http.exchange(request, within: settings.limit, now: now)
        // The sender's Accept-Encoding was sent on too.
        if case .success(let answer) = result { exchange.answer = answer.readable }
        let outcome = outcomes.classify(result, at: now())
        let names = replay.altered.filter { name in
            !settings.headers.contains { $0.name.lowercased() == name.lowercased() }
        }.joined(separator: ", ")
        return ActionReport(
            items.map { _ in outcome }, exchange: exchange,
            warning: names.isEmpty
                ? nil
                : "delivery \(record.id) was sent on with a header field that was changed, because it was not UTF-8: \(names)"
        )
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        var seen: Set<Int64> = []
        let requests = try items.filter { seen.insert($0.record.id).inserted }.map { item in
            MaskedRequest(try request(request(item.record))).bytes
        }
        return Array(requests.joined(separator: Array("\n\n".utf8)))
    }

    func test(_ item: ActionItem) throws -> String {
        let answer = try http.send(try request(request(item.record)), within: settings.limit)
        let answered =
            "\(settings.url.authority) answered \(HTTPStatus.words(answer.status)) to a test without a signature"
        switch answer.status {
        case 200..<300: return answered
        case 401, 403: return "\(answered): it is reachable, and refuses requests without a signature"
        default: throw ActionProblem("\(answered): check the URL")
        }
    }

    private var outcomes: HTTPOutcome {
        HTTPOutcome(
            settings.url.authority,
            advice: { answer in
                switch answer.status {
                case 401, 403:
                    "it refuses the delivery; check that it has the signing secret of the rule, and accepts requests"
                        + " from here"
                default: nil
                }
            },
            lost: { .retry($0) })
    }

    /// Returns the request with the fields of the settings.
    private func request(_ replay: ReplayRequest) throws(ActionSecretError) -> OutgoingRequest {
        var request = replay.request
        try settings.headers.apply(to: &request)
        return request
    }

    private func request(_ record: DeliveryRecord) throws(ReplayRefusal) -> ReplayRequest {
        try ReplayRequest(
            record.delivery, to: settings.url, allowsPlainHTTP: settings.allowsPlainHTTP,
            isSecret: { Masking.masked.masks($0) })
    }
}

// MARK: - Settings

/// The settings of a `forward` action.
struct ForwardSettings: Sendable, Hashable {
    var url: WebhookURL
    /// The fields that are set, `Host` included.
    var headers: [ActionHeader] = []
    /// Whether plain http is right although it leaves this machine.
    var allowsPlainHTTP = false
    /// The time limit of one delivery, from connecting to the end of the answer.
    var limit = Duration.seconds(10)
}

extension ActionKind {
    static let forward = ActionKind("forward") {
        reading, surroundings in
        ForwardSettings(&reading, surroundings.environment).map { ForwardAction($0, surroundings) }
    }
}

extension ForwardSettings {
    /// - Returns: Nil if a problem was found.
    init?(_ reading: inout ActionReading, _ environment: [String: String]) {
        let count = reading.problems.count
        headers = reading.headers("headers", environment: environment)
        let written = reading.required("url", expected: "the http or https URL to send to")
        allowsPlainHTTP = reading.truth("allow-http") ?? false
        limit = reading.duration("time-limit", atMost: .seconds(3_600)) ?? .seconds(10)
        guard let written else { return nil }
        do {
            url = try WebhookURL(written.value)
        } catch {
            reading.problem("“url” of “\(reading.name)”: \(error)", at: written.position)
            return nil
        }
        if !url.isSecure, !url.isLoopback, !allowsPlainHTTP {
            reading.problem(
                "“url” of “\(reading.name)” is plain http to another machine: anyone between could read it; write"
                    + " https://, or “allow-http: yes” where you mean it",
                at: written.position)
        }
        guard reading.problems.count == count else { return nil }
    }
}
