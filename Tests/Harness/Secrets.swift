package import Notifications
import TestSupport

/// The secret of the tests, and its signatures.
package enum Secrets {
    package static let value = "b2DashTestSecret0123456789abcdEF"
    package static let held = SigningSecret.sample("prod", value)
    package static let otherValue = "anotherTestSecret0123456789abcde"
    package static let other = SigningSecret.sample("other", otherValue)
}
