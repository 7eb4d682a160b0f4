package import Notifications
import TestSupport

/// The secret that the tests hold, and what it signs.
package enum Secrets {
    package static let value = "b2DashTestSecret0123456789abcdEF"
    package static let held = SigningSecret.sample("prod", value)
    package static let otherValue = "anotherTestSecret0123456789abcde"
    package static let other = SigningSecret.sample("other", otherValue)
}
