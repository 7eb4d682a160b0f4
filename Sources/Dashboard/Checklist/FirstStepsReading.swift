import History

/// What is known of the first steps, and up to which delivery the record has been looked at for them.
struct FirstStepsReading {
    private(set) var known = FirstSteps()
    private var lookedThrough: Int64 = 0
    private var isOutstanding = false

    /// Returns the delivery after which to look now; nil while nothing is new, or nothing is left to find out.
    mutating func request(latest: Int64) -> Int64? {
        guard !known.areDone, !isOutstanding, latest > lookedThrough else { return nil }
        isOutstanding = true
        return lookedThrough
    }

    /// Applies what was found. A look that failed is not repeated before something new has arrived.
    mutating func finish(_ result: Result<FirstSteps, EffectFailure>, through last: Int64) {
        isOutstanding = false
        lookedThrough = max(lookedThrough, last)
        guard case .success(let found) = result else { return }
        known.isReachable = known.isReachable || found.isReachable
        known.isCalledByB2 = known.isCalledByB2 || found.isCalledByB2
    }
}
