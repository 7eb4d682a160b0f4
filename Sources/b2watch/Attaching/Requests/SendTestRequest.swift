import Control

/// Asks the listener to send itself a signed test event; the reply says what became of it.
struct SendTestRequest: ControlRequest {
    static let name = "sendTest"
    typealias Reply = String
}
