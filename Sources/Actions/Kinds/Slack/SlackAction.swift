internal import History
internal import Notifications
internal import Outgoing

/// Writes a message in Slack: for one event its own, for a burst of them a digest.
///
/// Slack tells no message apart from its repetition: where an answer is lost the message is written again, and may be
/// there twice.
struct SlackAction: Action {
    private let settings: SlackSettings
    private let http: any HTTPSending
    private let now: @Sendable () -> Timestamp

    static let limit = Duration.seconds(15)

    init(_ settings: SlackSettings, _ surroundings: ActionSurroundings) {
        self.settings = settings
        http = surroundings.http
        now = surroundings.now
    }

    var summary: String { "a message in Slack" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.largestBatch = 100
        manner.gathering = .milliseconds(1_500)
        // What Slack allows a webhook for long.
        manner.pace = .seconds(1)
        return manner
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        func all(_ outcome: ActionOutcome) -> [ActionOutcome] { items.map { _ in outcome } }
        let request: OutgoingRequest
        do {
            request = try self.request(SlackText(items, settings.template).json)
        } catch {
            return ActionReport(all(.hold("\(error)")))
        }
        let (result, exchange) = http.exchange(request, within: Self.limit, now: now)
        if case .success(let answer) = result, (200..<300).contains(answer.status), !SlackAnswer(answer).isOK {
            return ActionReport(
                all(
                    .dead(
                        "the answer is not Slack's “ok”, but \(answer.summary): check that the URL is that of an incoming"
                            + " webhook, and whether the message is in the channel")),
                exchange: exchange)
        }
        var outcome = judgement.judge(result, at: now())
        // Slack gives some of its words with a status that is otherwise about one message.
        if case .success(let answer) = result, SlackAnswer(answer).isLasting, case .dead(let reason) = outcome {
            outcome = .hold(reason)
        }
        return ActionReport(all(outcome), exchange: exchange)
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        MaskedRequest(try request(SlackText(items, settings.template).json)).bytes
    }

    /// Asks with a message that says nothing: Slack refuses that, and other webhooks than those it has before.
    func test(_ item: ActionItem) throws -> String {
        let request = try request(Array("{\"text\":\"\"}".utf8))
        let answer = request.masked(try http.send(request, within: Self.limit))
        let slack = SlackAnswer(answer)
        if answer.status == 400, slack.word == "no_text" || slack.word == "invalid_payload" {
            return "Slack has this webhook; nothing was written. A message would be: "
                + SlackText([item], settings.template).text
        }
        if slack.isOK { return "the webhook takes messages" }
        switch judgement.judge(answer, at: now()) {
        case .done:
            throw ActionProblem(
                "the answer is not one of Slack's, but \(answer.summary): check that the URL is that of an incoming webhook"
            )
        case .dead(let reason), .hold(let reason, _), .uncertain(let reason), .again(let reason),
            .retry(let reason, _, _),
            .unknown(let reason, _):
            throw ActionProblem(reason)
        }
    }

    private var judgement: HTTPOutcome {
        HTTPOutcome("Slack", advice: { SlackAnswer($0).advice }, lost: { .retry($0) })
    }

    private func request(_ body: [UInt8]) throws -> OutgoingRequest {
        OutgoingRequest(
            "POST", try settings.webhook(),
            headers: [OutgoingField("Content-Type", "application/json; charset=utf-8")], body: body,
            allowsPlainHTTP: settings.allowsPlainHTTP, secrecy: .path)
    }
}
