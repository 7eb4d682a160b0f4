internal import Base
internal import History
internal import Notifications

/// The news about a batch.
enum ActionNews: Sendable, Equatable {
    /// This number of entries are dead or uncertain, the first of them for this reason.
    case gone(EntryState, count: Int, reason: String)
    /// This number of events failed and will be retried, without delaying others.
    case eventsFailing(count: Int, reason: String)
    /// The action did not work, and is tried again.
    case failing(reason: String)
    /// The action did not work, and is on hold.
    case onHold(reason: String)
    /// The action works.
    case works
}

/// The outcomes of the entries of a batch, counted.
struct ActionTally {
    private var gone: [EntryState: (count: Int, reason: String)] = [:]
    private var failed: (count: Int, reason: String)?

    mutating func count(_ settlement: Outbox.Settlement) {
        let reason = settlement.reason ?? ""
        switch settlement.state {
        case .dead, .uncertain:
            let before = gone[settlement.state]
            gone[settlement.state] = ((before?.count ?? 0) + 1, before?.reason ?? reason)
        case .failed, .queued: failed(reason)
        case .running, .done, .skipped, .onHold: break
        }
    }

    /// Counts an entry that will be retried.
    mutating func failed(_ reason: String) {
        failed = ((failed?.count ?? 0) + 1, failed?.reason ?? reason)
    }

    /// - Parameters:
    ///   - hold: The reason why the action is on hold; nil if it is not.
    ///   - isWhole: Whether the action as a whole waits.
    func news(hasWorked: Bool, hold: String?, isWhole: Bool) -> [ActionNews] {
        var news: [ActionNews] = []
        if hasWorked { news.append(.works) }
        if let hold {
            news.append(.onHold(reason: hold))
        } else if let failed {
            news.append(
                isWhole
                    ? .failing(reason: failed.reason) : .eventsFailing(count: failed.count, reason: failed.reason))
        }
        for state in [EntryState.dead, .uncertain] {
            if let (count, reason) = gone[state] { news.append(.gone(state, count: count, reason: reason)) }
        }
        return news
    }
}

/// Turns news into lines, and combines repeated ones: the first is reported at once, and those of the following minute
/// are counted in the next line. A change between failing and working is reported at most once a minute.
struct ActionLines: Sendable {
    private struct Repeated: Sendable {
        var start: Timestamp
        var untold = 0
    }

    /// The last report about the action as a whole.
    private enum Told: Sendable, Equatable {
        case works
        case fails
        case onHold(String)
    }

    static let pause = Duration.seconds(60)

    private let name: String
    private var told = Told.works
    private var toldAt: Timestamp?
    /// The number of failed attempts, each of one batch, since the action last worked.
    private var attempts = 0
    private var gone: [EntryState: Repeated] = [:]

    init(name: String) {
        self.name = name
    }

    /// A line with the news in it.
    struct Line: Sendable {
        var line: String
        var news: ActionNews
        /// The number of entries concerned, including those not reported before.
        var count: Int
    }

    /// Returns the news to report now, with escaped lines.
    mutating func report(_ news: [ActionNews], at now: Timestamp) -> [Line] {
        news.compactMap { news in
            var count = 1
            if case .gone(let state, let some, _) = news { count = some + (gone[state]?.untold ?? 0) }
            return line(news, at: now).map { Line(line: $0, news: news, count: count) }
        }
    }

    private mutating func line(_ news: ActionNews, at now: Timestamp) -> String? {
        switch news {
        case .works:
            defer { attempts = 0 }
            guard told != .works else { return nil }
            (told, toldAt) = (.works, now)
            return "action \(name) works again, after \(attempts) failed \(attempts == 1 ? "attempt" : "attempts")"
        case .failing(let reason):
            attempts += 1
            guard told == .works, !isSoon(now) else { return nil }
            (told, toldAt) = (.fails, now)
            return "action \(name) fails and is tried again: \(SafeText(reason))"
        case .onHold(let reason):
            attempts += 1
            guard told != .onHold(reason), told == .fails || !isSoon(now) else { return nil }
            (told, toldAt) = (.onHold(reason), now)
            return
                "action \(name) is on hold: \(SafeText(reason)). Its events wait, and one is tried now and then;"
                + " b2watch actions retry \(name) tries at once"
        case .eventsFailing(let count, let reason):
            let name = name
            // Unreported failures may be several attempts of one event, so their sum is not a number of events.
            let isSum = gone[.failed].map { $0.untold > 0 } ?? false
            return repeated(.failed, count, at: now) { total in
                if isSum {
                    return "action \(name): \(total) more attempts for single events have failed and are repeated;"
                        + " the latest: \(SafeText(reason))"
                }
                let events = total == 1 ? "an event has failed and is" : "\(total) events have failed and are"
                return "action \(name): \(events) tried again: \(SafeText(reason))"
            }
        case .gone(let state, let count, let reason):
            let name = name
            return repeated(state, count, at: now) { total in
                let entries = total == 1 ? "an entry is" : "\(total) entries are"
                return "action \(name): \(entries) \(state.word): \(SafeText(reason))"
            }
        }
    }

    /// Returns whether the last line about the action as a whole is less than a minute old.
    private func isSoon(_ now: Timestamp) -> Bool {
        toldAt.map { now < $0 + Self.pause && now >= $0 } ?? false
    }

    private mutating func repeated(
        _ state: EntryState, _ count: Int, at now: Timestamp, _ line: (Int) -> String
    ) -> String? {
        let total = count + (gone[state]?.untold ?? 0)
        if let last = gone[state], now < last.start + Self.pause, now >= last.start {
            gone[state]?.untold = total
            return nil
        }
        gone[state] = Repeated(start: now)
        return line(total)
    }

    /// Returns the lines that remain to be reported at the end.
    mutating func rest() -> [String] {
        defer { gone = [:] }
        return gone.filter { $0.value.untold > 0 && $0.key != .failed }.sorted { $0.key.rawValue < $1.key.rawValue }.map
        {
            "action \(name): \($0.value.untold) more \($0.value.untold == 1 ? "entry is" : "entries are") \($0.key.word)"
        }
    }
}
