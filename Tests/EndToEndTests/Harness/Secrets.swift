import Notifications
import TestSupport

/// The secret that the tests hold, and what it signs.
enum Secrets {
    static let value = "b2DashTestSecret0123456789abcdEF"
    static let held = SigningSecret.sample("prod", value)
    static let otherValue = "anotherTestSecret0123456789abcde"
    static let other = SigningSecret.sample("other", otherValue)
}
