public import Notifications

/// Which stretch of time is counted, and in how many bars.
public struct PulseRequest: Sendable, Hashable {
    /// The end of the stretch, which is in the last bar; nil for the moment of the latest delivery.
    public var end: Timestamp?
    /// How much time a bar stands for, in milliseconds; at least 1.
    public var barWidth: Int64
    /// How many bars there are, from 1 on.
    public var barCount: Int
    /// The zone's offset, in seconds east of UTC: bars of a day begin at midnight there.
    public var secondsFromUTC: Int

    /// A stretch of time.
    public init(end: Timestamp? = nil, barWidth: Int64, barCount: Int, secondsFromUTC: Int = 0) {
        self.end = end
        self.barWidth = max(1, barWidth)
        self.barCount = max(1, barCount)
        self.secondsFromUTC = secondsFromUTC
    }

    /// When the first bar begins, for a stretch that ends then.
    func start(endingAt end: Timestamp) -> Int64 {
        let offset = Int64(secondsFromUTC) * 1_000
        let local = end.milliseconds + offset
        let bar = local >= 0 ? local / barWidth : (local - barWidth + 1) / barWidth
        return (bar - Int64(barCount) + 1) * barWidth - offset
    }
}
