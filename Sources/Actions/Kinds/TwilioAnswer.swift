internal import Base
internal import Foundation
internal import Notifications
internal import Sending

/// Twilio's answer to a message, and its meaning.
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
    /// The received text if it is not JSON.
    private let other: String?

    /// - Parameter now: The reference of a date in Retry-After.
    init(_ answer: OutgoingAnswer, at now: Timestamp) {
        status = answer.status
        wait = answer.retryAfter(at: now)
        body = try? JSONDecoder().decode(Body.self, from: Data(answer.body))
        other = body == nil ? answer.summary : nil
    }

    /// The outcome of the message.
    var outcome: ActionOutcome {
        switch status {
        case 200..<300:
            // Without its id it may have been a stranger that answered, or Twilio; either way nothing is known.
            return body?.sid?.hasPrefix("SM") == true || body?.sid?.hasPrefix("MM") == true
                ? .done
                : .uncertain(
                    "the answer names no message (\(other ?? HTTPStatus.words(status))): look in Twilio's log whether it"
                        + " was sent, then retry or skip this entry")
        case _ where status == 429 || code == 20429:
            return .retry("Twilio takes no more messages for now\(explanation)", after: wait, scope: .action)
        // Before it answers so, it may have taken the message.
        case 408, 500...:
            return .uncertain(
                "Twilio answered \(status)\(explanation): it may have taken the message or not; look in its log, then retry or"
                    + " skip this entry")
        case 300..<400:
            return .hold(
                "the answer was \(other ?? HTTPStatus.words(status)): this is another address than Twilio's API; correct"
                    + " “api”")
        // The sender and the receiver are those of the settings, so no other event would do better.
        case 401, 403, 404, 405, 407, 410: return .hold(advice)
        case _ where Self.advice[code] != nil && !Self.aboutOne.contains(code): return .hold(advice)
        default: return .dead(advice)
        }
    }

    /// Codes that are about one message: it is empty, or too long.
    private static let aboutOne: Set<Int> = [21602, 21605, 21617, 21619]

    /// In a few words, such as `201 Created: queued SM…`.
    var words: String {
        let told =
            status < 300
            ? [body?.state, body?.sid].compactMap { $0 }.map { SafeText(String($0.prefix(40))).string }
            : body?.code.map { ["error \($0)"] } ?? []
        return HTTPStatus.words(status) + (told.isEmpty ? "" : ": \(told.joined(separator: " "))")
    }

    private var code: Int { body?.code ?? 0 }

    /// A remedy for a permanent error, with Twilio's own code and words.
    private var advice: String {
        let advice = Self.advice[code]
        switch status {
        case _ where advice != nil: return "\(advice?.what ?? "")\(explanation): \(advice?.remedy ?? "")"
        case 401:
            return
                "Twilio refused the credentials\(explanation): put the account's own SID and auth token into their files, then"
                + " retry"
        case 404: return "Twilio knows no such account\(explanation): correct the Account SID, then retry"
        case 403: return "Twilio does not let this account send\(explanation): see its console"
        default: return "Twilio refused the message with \(status)\(explanation)"
        }
    }

    /// The meaning of errors and their remedies, by Twilio's code (https://www.twilio.com/docs/api/errors).
    private static let advice: [Int: (what: String, remedy: String)] = {
        let credentials = (
            "Twilio refused the credentials", "put the account's own SID and auth token into their files, then retry"
        )
        let recipient = (
            "Twilio cannot send an SMS to this number", "correct “to”, or use a sender that may send to its country"
        )
        let sender = ("this number cannot send an SMS", "give in “from” a number of the account that can")
        let service = (
            "the messaging service cannot send",
            "correct “messaging-service”, and add a sender to it in Twilio's console"
        )
        let suspended = ("the account is not active", "see Twilio's console: its balance, or why it was suspended")
        let registration = (
            "the sender is not registered for messages to this country", "register it in Twilio's console, then retry"
        )
        return [
            20003: credentials, 20403: ("Twilio does not let this account send", "see its console"),
            20404: ("Twilio knows no such account", "correct the Account SID, then retry"),
            20005: suspended, 10001: suspended, 21403: suspended,
            20008: (
                "these are Twilio's test credentials", "they send nothing; use the account's live SID and auth token"
            ),
            21211: recipient, 21612: recipient, 21614: recipient, 21635: recipient, 21265: recipient,
            21602: ("the message was empty", "correct “template”"),
            21619: ("the message was empty", "correct “template”"),
            21605: ("the message was too long", "lower “segments”"),
            21617: ("the message was too long", "lower “segments”"),
            21603: ("there is no sender", "set “from”, or “messaging-service”"),
            21606: sender, 21607: sender, 21212: sender, 21659: sender, 21660: sender, 21661: sender,
            21608: (
                "a trial account sends to verified numbers only", "verify the number in Twilio's console, or upgrade"
            ),
            21610: ("the recipient has unsubscribed", "they can send START to the sender"),
            21408: (
                "the account may not send to this region", "allow it under Geo permissions in Twilio's console"
            ),
            21701: service, 21703: service, 21704: service, 21705: service, 21712: service,
            30034: registration, 30032: registration, 21670: registration,
            63038: (
                "the account has sent as much as it may in a day", "wait until tomorrow, or ask Twilio to raise it"
            ),
        ]
    }()

    /// Twilio's own words and the address of its explanation; the received text if Twilio sent no words.
    private var explanation: String {
        if let other { return " (\(other))" }
        let message = body?.message.map { "\(SafeText(String($0.prefix(300))).clipped(to: 200))" }
        guard let code = body?.code else { return message.map { " (\($0))" } ?? "" }
        return " (\(code)\(message.map { ": \($0)" } ?? ""); https://www.twilio.com/docs/errors/\(code))"
    }

    /// The error of a request that sends nothing, in words.
    var failure: String {
        status == 401 || status == 403 || status == 404 || Self.advice[code] != nil
            ? advice : "Twilio answered \(HTTPStatus.words(status))\(explanation)"
    }
}
