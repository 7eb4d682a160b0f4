import Control

/// Asks for the URL at which this machine reaches the listener, with the path that takes notifications.
struct HookRequest: ControlRequest {
    static let name = "hook"
    typealias Reply = String
}
