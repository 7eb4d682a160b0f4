import Control

/// Asks to read the configuration again; the reply says what is different then, in sentences.
struct ReloadRequest: ControlRequest {
    static let name = "reload"
    typealias Reply = [String]
}
