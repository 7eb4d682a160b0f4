internal import Foundation
internal import Notifications
internal import Outgoing
internal import SafeText

/// What Twilio's answer to a message means.
struct TwilioAnswer {
    private struct Body: Decodable {
        var sid: String?
        var state: String?
        var code: Int?
        var message: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            sid = try? container.decodeIfPresent(String.self, forKey: .sid)
            // A word for a message, a number for an error.
            state = try? container.decodeIfPresent(String.self, forKey: .status)
            code = try? container.decodeIfPresent(Int.self, forKey: .code)
            message = try? container.decodeIfPresent(String.self, forKey: .message)
        }

        private enum Key: String, CodingKey { case sid, status, code, message }
    }

    private let status: Int
    private let wait: Duration?
    private let body: Body?

    /// - Parameter now: What a date in Retry-After is counted from.
    init(_ answer: OutgoingAnswer, at now: Timestamp) {
        status = answer.status
        wait = answer.retryAfter(at: now)
        body = try? JSONDecoder().decode(Body.self, from: Data(answer.body))
    }

    /// What became of the message.
    var outcome: ActionOutcome {
        switch status {
        case 200..<300:
            // Without its id it may have been a stranger that answered, or Twilio; either way nothing is known.
            return body?.sid?.hasPrefix("SM") == true || body?.sid?.hasPrefix("MM") == true
                ? .done : .uncertain("the answer \(status) names no message: look in Twilio's log whether it was sent")
        case _ where status == 429 || code == 20429:
            return .retry("Twilio takes no more messages for now\(said)", after: wait, scope: .action)
        // Before it answers so, it may have taken the message.
        case 408, 500...:
            return .uncertain(
                "Twilio answered \(status)\(said): it may have taken the message or not; look in its log, then retry or"
                    + " skip this entry")
        case 300..<400:
            return .dead("answered \(status): this is another address than Twilio's API; correct “api”")
        default: return .dead(advice)
        }
    }

    /// In a few words, such as `201 Created: queued SM…`.
    var words: String {
        let told =
            status < 300
            ? [body?.state, body?.sid].compactMap { $0 }.map { SafeText(String($0.prefix(40))).string }
            : body?.code.map { ["error \($0)"] } ?? []
        return HTTPStatus.words(status) + (told.isEmpty ? "" : ": \(told.joined(separator: " "))")
    }

    private var code: Int { body?.code ?? 0 }

    /// What to do about an error that stays.
    private var advice: String {
        switch (code, status) {
        case (20003, _), (_, 401):
            "Twilio refused the credentials\(said): put the account's own SID and auth token into their files, then retry"
        case (20404, _), (_, 404):
            "Twilio knows no such account\(said): correct the Account SID, then retry"
        case (21211, _), (21614, _), (21612, _):
            "Twilio cannot send an SMS to this number\(said): correct “to”, or the sender for its country"
        case (21602, _): "the message was empty\(said): correct “template”"
        case (21617, _): "the message was too long\(said): lower “segments”"
        case (21606, _): "this number cannot send an SMS\(said): give in “from” one of the account's that can"
        case (21608, _):
            "a trial account sends to verified numbers only\(said): verify the number in Twilio's console, or upgrade"
        case (21610, _): "who has this number has unsubscribed\(said): they can send START to the sender"
        case (21408, _):
            "the account may not send to this region\(said): allow it under Geo permissions in Twilio's console"
        case (_, 403): "Twilio does not let this account send\(said): see its console"
        default: "Twilio refused the message with \(status)\(said)"
        }
    }

    /// Twilio's own words, and where it explains them.
    private var said: String {
        guard let code = body?.code else { return "" }
        let message = body?.message.map { ": \(SafeText(String($0.prefix(300))).clipped(to: 200))" } ?? ""
        return " (\(code)\(message); https://www.twilio.com/docs/errors/\(code))"
    }

    /// Its error in words, for a request that sends nothing.
    var failure: String {
        status == 401 || status == 403 || status == 404 ? advice : "answered \(status)\(said)"
    }
}
