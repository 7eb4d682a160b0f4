import Control
import Dashboard

/// Asks what may be told of the secrets held.
struct KeyringRequest: ControlRequest {
    static let name = "keyring"
    typealias Reply = KeyringSummary
}
