import Control
import Dashboard
import History

/// Asks what the listener does now, and for its `ListenerNews` from then on.
struct SubscribeRequest: ControlRequest {
    static let name = "subscribe"

    struct Reply: Codable, Sendable {
        /// Where it listens.
        var url: String
        var isLoopback: Bool
        var keyring: KeyringSummary
        var figures: ListenerFigures
        /// The warning that stands.
        var warning: String?
        var health: HistoryHealth
        /// What a person should know of the secrets, in sentences.
        var notes: [String]
        /// The file that remembers secrets; nil where there is no place for one.
        var secretsFile: String?
    }
}
