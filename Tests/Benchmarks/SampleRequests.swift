import Harness
import Notifications
import TestSupport

/// Signed requests, made before the clock runs.
enum SampleRequests {
    static let all: [[UInt8]] = (0..<1_000).map { number in
        WireRequest.event("benchmark \(number)", object: "photos/2026/cat-\(number).jpg", signedWith: Secrets.held)
            .bytes
    }

    /// Returns a signed request whose event was not sent before.
    static func unique(_ number: Int) -> [UInt8] {
        WireRequest.event("steady \(number)", object: "photos/2026/cat-\(number).jpg", signedWith: Secrets.held).bytes
    }

    /// A home whose listener has the secret.
    static func home() throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        return home
    }
}
