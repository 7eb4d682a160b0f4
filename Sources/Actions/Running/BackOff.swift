internal import Notifications

/// How long what has failed waits: exponentially longer from 1 second to 15 minutes at most, and a random part of that
/// (full jitter), so that what failed together elsewhere does not come back together.
///
/// Source: Exponential Backoff And Jitter (AWS Architecture Blog, 2015).
enum BackOff {
    static let longest = Duration.seconds(900)
    /// The longest that somebody who is asked may make us wait.
    static let longestAsked = Duration.seconds(86_400)

    /// A part of the whole, from 0 to 1.
    static func draw(using generator: inout some RandomNumberGenerator) -> Double {
        Double.random(in: 0...1, using: &generator)
    }

    /// - Parameters:
    ///   - failures: How many there have been, from 1.
    ///   - draw: The random part of it.
    ///   - asked: What was asked for (Retry-After).
    static func delay(after failures: Int, _ draw: Double, atLeast asked: Duration?) -> Duration {
        let bound = min(longest, .seconds(1 << min(max(0, failures - 1), 10)))
        let wait = Duration.milliseconds(Int(bound / .milliseconds(1) * draw))
        return max(wait, min(asked ?? .zero, longestAsked))
    }
}

/// How long an action on hold waits before the next entry is tried: from 15 seconds to 15 minutes, each time twice as long.
enum Probing {
    static let shortest = Duration.seconds(15)

    /// - Parameters:
    ///   - probes: How many entries were tried without success, from 1.
    ///   - asked: What was asked for (Retry-After).
    static func delay(after probes: Int, atLeast asked: Duration?) -> Duration {
        let pause = min(BackOff.longest, shortest * (1 << min(max(0, probes - 1), 10)))
        return max(pause, min(asked ?? .zero, BackOff.longestAsked))
    }
}

extension Timestamp {
    static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + Int64((duration / .milliseconds(1)).rounded(.up)))
    }

    static func - (one: Timestamp, other: Timestamp) -> Duration {
        .milliseconds(one.milliseconds - other.milliseconds)
    }
}

extension Duration {
    /// Such as `3 d`, `2 h` or `90 s`.
    var inWords: String {
        let seconds = components.seconds
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60)] as [(String, Int64)]
        where seconds >= length && seconds % length == 0 {
            return "\(seconds / length) \(unit)"
        }
        return "\(seconds) s"
    }

    /// Rounded to whole seconds, minutes, hours or days, such as `23 h`.
    var about: String {
        let seconds = max(0, components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\((seconds + 30) / 60) min"
        case ..<172_800: "\((seconds + 1_800) / 3_600) h"
        default: "\((seconds + 43_200) / 86_400) days"
        }
    }
}
