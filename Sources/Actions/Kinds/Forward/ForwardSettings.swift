internal import Outgoing
internal import Settings

/// What a `forward` action is declared with.
struct ForwardSettings: Sendable, Hashable {
    var url: WebhookURL
    /// Whether plain http is right although it leaves this machine.
    var allowsPlainHTTP = false
    /// How long one delivery may take, from connecting to the end of the answer.
    var limit = Duration.seconds(10)
}

extension ActionKind {
    static let forward = ActionKind("forward") {
        reading, surroundings in
        ForwardSettings(&reading).map { ForwardAction($0, surroundings) }
    }
}

extension ForwardSettings {
    /// - Returns: Nil where a problem was found.
    init?(_ reading: inout ActionReading) {
        let count = reading.problems.count
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
