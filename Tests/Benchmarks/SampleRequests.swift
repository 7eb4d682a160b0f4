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

extension LoadClient {
    /// Sends sample requests for some time.
    ///
    /// - Parameters:
    ///   - rate: The number of requests a second; nil for as many as are answered.
    ///   - accepted: Receives the time of each answer 200.
    /// - Returns: The seconds until the last answer.
    mutating func run(for time: Duration, rate: Double? = nil, accepted: (Duration) -> Void) -> Double {
        var sent = 0
        let start = ContinuousClock.now
        run(
            rate: rate,
            make: { _ in
                guard .now - start < time else { return nil }
                sent += 1
                return SampleRequests.all[sent % SampleRequests.all.count]
            },
            arrived: { if $0.answer.status == 200 { accepted($0.time) } })
        return (ContinuousClock.now - start).seconds
    }
}
