import Control
import Foundation

/// Asks whether a secret that is held occurs in some bytes.
struct HoldsSecretRequest: ControlRequest {
    static let name = "holdsSecret"
    typealias Reply = Bool
    let bytes: Data
}
