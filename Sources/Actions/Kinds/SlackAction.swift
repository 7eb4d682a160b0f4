internal import Base
internal import History
internal import Notifications
internal import Sending
internal import Settings

/// Writes a message in Slack: one for a single event, a digest for a burst of events.
///
/// Slack does not detect repeated messages: if an answer is lost the message is written again, and may appear twice.
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
        var outcome = outcomes.classify(result, at: now())
        // Slack gives some of its words with a status that is otherwise about one message.
        if case .success(let answer) = result, SlackAnswer(answer).isLasting, case .dead(let reason) = outcome {
            outcome = .hold(reason)
        }
        return ActionReport(all(outcome), exchange: exchange)
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        MaskedRequest(try request(SlackText(items, settings.template).json)).bytes
    }

    /// Tests the webhook with an empty message: Slack refuses it, and checks the webhook first.
    func test(_ item: ActionItem) throws -> String {
        let request = try request(Array("{\"text\":\"\"}".utf8))
        let answer = request.masked(try http.send(request, within: Self.limit))
        let slack = SlackAnswer(answer)
        if answer.status == 400, slack.word == "no_text" || slack.word == "invalid_payload" {
            return "Slack has this webhook; nothing was written. A message would be: "
                + SlackText([item], settings.template).text
        }
        if slack.isOK { return "the webhook takes messages" }
        switch outcomes.classify(answer, at: now()) {
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

    private var outcomes: HTTPOutcome {
        HTTPOutcome("Slack", advice: { SlackAnswer($0).advice }, lost: { .retry($0) })
    }

    private func request(_ body: [UInt8]) throws -> OutgoingRequest {
        OutgoingRequest(
            "POST", try settings.webhook(),
            headers: [OutgoingField("Content-Type", "application/json; charset=utf-8")], body: body,
            allowsPlainHTTP: settings.allowsPlainHTTP, secrecy: .path)
    }
}

// MARK: - Settings

/// The settings of a `slack` action.
struct SlackSettings: Sendable, Hashable {
    /// The incoming webhook's URL: who has it can post.
    var url: ActionSecret
    var template: Template
    /// Whether plain http is right although it leaves this machine.
    var allowsPlainHTTP = false

    static let standardTemplate = "{{type}}: {{object}} in {{bucket}} ({{size}})"

    /// Returns the current URL.
    ///
    /// - Throws: Errors whose text gives a remedy, and contains nothing of the URL.
    func webhook() throws -> WebhookURL {
        let text = try url.value()
        let webhook: WebhookURL
        do {
            webhook = try WebhookURL(text)
        } catch .otherScheme {
            // The text in place of the scheme may be part of the secret.
            throw ActionProblem("\(url) does not contain the URL of a webhook: it begins with https://")
        } catch {
            throw ActionProblem("\(url) does not contain the URL of a webhook: \(error)")
        }
        let path = webhook.description.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).first ?? ""
        guard webhook.host.lowercased() != "hooks.slack.com" || path == "services" else {
            throw ActionProblem(
                "\(url) contains a URL of Slack that is not an incoming webhook (a workflow's begins with /triggers/): copy the"
                    + " one under Incoming Webhooks, which begins with https://hooks.slack.com/services/")
        }
        guard webhook.isSecure || webhook.isLoopback || allowsPlainHTTP else {
            throw ActionProblem(
                "\(url) contains a plain http URL of another machine, which others could read on the way; write https://, or"
                    + " “allow-http: yes” where you mean it")
        }
        return webhook
    }
}

extension ActionKind {
    static let slack = ActionKind("slack") { reading, surroundings in
        SlackSettings(&reading, surroundings).map { SlackAction($0, surroundings) }
    }
}

extension SlackSettings {
    /// - Returns: Nil if a problem was found.
    init?(_ reading: inout ActionReading, _ surroundings: ActionSurroundings) {
        let count = reading.problems.count
        let url = reading.secret("url", what: "the incoming webhook's URL", environment: surroundings.environment)
        let template = reading.template(standard: Self.standardTemplate)
        allowsPlainHTTP = reading.truth("allow-http") ?? false
        guard let url, let template else { return nil }
        self.url = url
        self.template = template
        do {
            _ = try webhook()
        } catch {
            reading.problem("“\(reading.name)”: \(error)", at: reading.position)
        }
        guard reading.problems.count == count else { return nil }
    }
}

// MARK: - Answers

/// Slack's answer to a message: a word.
///
/// Source: Slack's changelog of 2016-05-17, "Changes to errors for incoming webhooks".
struct SlackAnswer {
    private let status: Int
    /// A word such as `ok` and `channel_is_archived`; empty if the answer is not a word.
    let word: String

    init(_ answer: OutgoingAnswer) {
        status = answer.status
        let text = String(decoding: answer.body.prefix(100), as: UTF8.self)
        let trimmed = text.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        let isWord =
            !trimmed.isEmpty && trimmed.count <= 60
            && trimmed.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
            }
        word = isWord ? trimmed : ""
    }

    var isOK: Bool { (200..<300).contains(status) && word == "ok" }

    /// Whether the webhook takes no message at all.
    var isLasting: Bool {
        [
            "user_not_found", "channel_not_found", "channel_is_archived", "action_prohibited", "restricted_action",
            "posting_to_general_channel_denied", "no_service", "no_service_id", "no_team", "no_active_hooks",
            "invalid_token", "token_revoked", "team_disabled", "account_inactive",
        ].contains(word)
    }

    /// The remedy, to follow Slack's own word; nil if the answer is not a word.
    var advice: String? {
        guard !word.isEmpty else { return nil }
        let known: String =
            switch word {
            case "invalid_payload", "invalid_blocks", "invalid_blocks_format",
                "missing_text_or_fallback_or_attachments",
                "msg_too_long", "msg_blocks_too_long", "too_many_attachments":
                "it does not understand the message; check “template”"
            case "no_text": "the message is empty; check “template”"
            case "user_not_found": "the person the webhook writes to does not exist any more; make a new webhook"
            case "channel_not_found": "the webhook's channel does not exist any more; make a new webhook"
            case "channel_is_archived": "the webhook's channel is archived; unarchive it, or make a new webhook"
            case "action_prohibited", "restricted_action", "posting_to_general_channel_denied":
                "an administrator of the workspace does not allow this; ask them, or make a webhook for another channel"
            case "rollup_error": "something went wrong at Slack"
            case "no_service", "no_service_id", "no_team", "no_active_hooks", "invalid_token", "token_revoked",
                "team_disabled", "account_inactive":
                "Slack does not have this webhook, or not any more; make one at api.slack.com/apps, under Incoming Webhooks,"
                    + " and put its URL where this one is"
            default:
                switch status {
                case 401, 403: "Slack does not allow this; ask an administrator of the workspace, or make a new webhook"
                case 404, 410: "Slack does not have this webhook, or not any more; make a new one"
                case 500...: "something went wrong at Slack"
                default: "b2watch does not know this word of Slack's; search api.slack.com for it"
                }
            }
        return "\(word): \(known)"
    }
}
