import History

/// The rows of a query in the order of arrival, found newest first; and what is to be looked at next.
///
/// New rows are looked at as they come. Where verdicts have changed that the query reads, all is looked at anew, and
/// what was found before stays in view until then.
struct ScannedList: Sendable {
    let predicate: RowPredicate
    private(set) var found: FoundRows
    /// How often what is in view was replaced.
    private(set) var replacements = 0
    /// What is asked of the rows: the predicate, or the same with less work.
    private var question: RowPredicate
    /// Of rows up to this one it is known which may be duplicates.
    private var known: Int64 = 0
    private var latest: Int64
    private var revision: Int
    /// The revision at which what is in view was begun to be looked at.
    private var foundRevision: Int
    /// What replaces it.
    private var fresh: FoundRows?
    private var freshRevision = 0
    private var freshTime = Duration.zero
    /// What has a share of time waits until then.
    private var nextFresh: ContinuousClock.Instant?
    private var nextNewer: ContinuousClock.Instant?
    private var step: StepSize

    init(_ predicate: RowPredicate, _ change: HistoryChange, delaysWriter: Bool = false) {
        step = StepSize(delaysWriter: delaysWriter)
        self.predicate = predicate
        question = predicate
        latest = change.latestRow
        revision = change.revision
        foundRevision = change.revision
        found = FoundRows(below: change.latestRow)
    }

    mutating func follow(_ change: HistoryChange) {
        latest = max(latest, change.latestRow)
        revision = max(revision, change.revision)
    }

    mutating func next(_ now: ContinuousClock.Instant) -> BrowseStep {
        let isBehind = found.high < latest
        if isBehind, nextNewer.map({ $0 <= now }) ?? true {
            return .look(question, found.high + 1...min(latest, found.high + step.rows))
        }
        if let rows = fresh ?? (found.reachesTheOldest ? nil : found), needsRepeated(rows) { return .findRepeated }
        if !found.reachesTheOldest { return .look(question, found.older(step.rows)) }
        if let fresh, !fresh.reachesTheOldest { return .look(question, fresh.older(step.rows)) }
        var waits = isBehind ? nextNewer : nil
        if predicate.readsVerdicts, revision != foundRevision {
            if nextFresh.map({ $0 <= now }) ?? true, found.high > 0 {
                let fresh = FoundRows(below: found.high)
                self.fresh = fresh
                freshRevision = revision
                freshTime = .zero
                return .look(question, fresh.older(step.rows))
            }
            waits = [waits, nextFresh].compactMap(\.self).min()
        }
        return waits.map { .pause(until: $0) } ?? .rest
    }

    /// Whether so many rows are left to look at that it is better known first which of them may be duplicates. The newest
    /// are looked at before that, so that something is found at once.
    private func needsRepeated(_ rows: FoundRows) -> Bool {
        predicate.asksForDuplicates && rows.high - rows.low >= 4_000
            && rows.low - known > 20_000
    }

    /// Takes note of which rows may be duplicates.
    mutating func learn(_ repeated: RepeatedEvents) {
        known = max(repeated.through, latest)
        question = predicate.among(repeated)
    }

    /// Takes note of what a step has found.
    ///
    /// - Parameter time: How long it took.
    mutating func finish(
        _ ids: [Int64], in range: ClosedRange<Int64>, _ time: Duration, now: ContinuousClock.Instant
    ) {
        if range.lowerBound > found.high {
            found.add(ids, in: range)
            fresh?.add(ids, in: range)
            nextNewer = now + .pace
        } else if range.upperBound < found.low {
            found.add(ids, in: range)
        } else {
            fresh?.add(ids, in: range)
            freshTime += time
            if let fresh, fresh.reachesTheOldest {
                found = fresh
                replacements += 1
                foundRevision = freshRevision
                self.fresh = nil
                // Verdicts that keep changing get a fifth of the time at most.
                nextFresh = now + max(.milliseconds(250), freshTime * 4)
            }
        }
        step.note(time, rows: Int64(range.count))
    }

    /// How many were looked at, and of how many. Once all were, what has arrived since does not count as missing.
    var extent: (scanned: Int, total: Int) {
        let scanned = found.high - found.low + 1
        return (Int(scanned), Int(found.reachesTheOldest ? scanned : latest))
    }
}
