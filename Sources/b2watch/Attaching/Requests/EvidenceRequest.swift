import Control
import Notifications

/// Asks what the Signature tab shows of a recorded delivery. It is found where the secrets are.
struct EvidenceRequest: ControlRequest {
    static let name = "evidence"
    typealias Reply = SignatureEvidence
    let delivery: Int64
}
