@testable import Notifications
import TestSupport

/// A request whose signature is not right, and what is to be said about it.
struct BrokenRequest {
    enum Expectation: Sendable {
        /// These changes and no others.
        case certain([DiagnosisCause.Change])
        /// Nothing certain, and a hint such as this.
        case hint(@Sendable (DiagnosisHint) -> Bool)
        /// Nothing certain: nobody could know.
        case nothing
    }

    var name: String
    var delivery: Delivery
    var keyring: Keyring
    var expectation: Expectation
}
