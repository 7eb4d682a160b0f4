internal import Outgoing
internal import Settings

/// What a `slack` action is declared with.
struct SlackSettings: Sendable, Hashable {
    /// The incoming webhook's URL: who has it can post.
    var url: ActionSecret
    var template: Template
    /// Whether plain http is right although it leaves this machine.
    var allowsPlainHTTP = false

    static let standardTemplate = "{{type}}: {{object}} in {{bucket}} ({{size}})"

    /// The URL as it is now.
    ///
    /// - Throws: Errors whose text says what to do, and holds nothing of it.
    func webhook() throws -> WebhookURL {
        let text = try url.value()
        let webhook: WebhookURL
        do {
            webhook = try WebhookURL(text)
        } catch .otherScheme {
            // What stands where the scheme should may be part of the secret.
            throw ActionProblem("\(url) holds no webhook's URL: it begins with https://")
        } catch {
            throw ActionProblem("\(url) holds no webhook's URL: \(error)")
        }
        let path = webhook.description.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).first ?? ""
        guard webhook.host.lowercased() != "hooks.slack.com" || path == "services" else {
            throw ActionProblem(
                "\(url) holds a URL of Slack's that is not an incoming webhook (a workflow's begins with /triggers/): copy the"
                    + " one under Incoming Webhooks, which begins with https://hooks.slack.com/services/")
        }
        guard webhook.isSecure || webhook.isLoopback || allowsPlainHTTP else {
            throw ActionProblem(
                "\(url) holds a URL of plain http to another machine: anyone between could read it; write https://, or"
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
    /// - Returns: Nil where a problem was found.
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
