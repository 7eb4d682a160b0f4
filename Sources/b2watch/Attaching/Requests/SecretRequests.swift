import Control
import Dashboard
import Notifications

/// Asks to hold one more secret.
struct AddSecretRequest: ControlRequest {
    static let name = "addSecret"
    typealias Reply = KeyringSummary
    let secret: SecretOnTheWay
}

/// Asks to put a secret in another's place.
struct ReplaceSecretRequest: ControlRequest {
    static let name = "replaceSecret"
    typealias Reply = KeyringSummary
    let label: String
    let secret: SecretOnTheWay
}

/// Asks to delete a secret.
struct ForgetSecretRequest: ControlRequest {
    static let name = "forgetSecret"
    typealias Reply = KeyringSummary
    let label: String
    let wasLeaked: Bool
}

/// Asks to mark a secret as leaked that verifies no longer.
struct MarkLeakedRequest: ControlRequest {
    static let name = "markLeaked"
    typealias Reply = KeyringSummary
    let secret: SecretIdentity
}

/// Asks to keep a secret for the next start; the reply says where.
struct RememberSecretRequest: ControlRequest {
    static let name = "rememberSecret"
    typealias Reply = String
    let label: String
}

/// Asks to read the sources of secrets again.
struct ReloadSecretsRequest: ControlRequest {
    static let name = "reloadSecrets"
    typealias Reply = KeyringSummary
}

/// A secret on its way over the socket, which is the only place where one is written. Prints as its label only.
struct SecretOnTheWay: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    private let label: String
    private let value: String
    private let binding: SecretBinding

    init(_ draft: SecretDraft) {
        label = draft.label
        value = draft.value
        binding = draft.binding
    }

    var draft: SecretDraft { SecretDraft(label: label, value: value, binding: binding) }
    var description: String { draft.description }
    var customMirror: Mirror { draft.customMirror }
}
