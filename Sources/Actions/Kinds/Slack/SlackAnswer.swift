internal import Outgoing

/// What Slack answered to a message: a word.
///
/// Source: Slack's changelog of 2016-05-17, "Changes to errors for incoming webhooks".
struct SlackAnswer {
    private let status: Int
    /// Such as `ok` and `channel_is_archived`; empty where it is none.
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

    /// What to do about it, behind Slack's own word; nil where it answered no word.
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
