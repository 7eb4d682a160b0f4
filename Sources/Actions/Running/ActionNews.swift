internal import History
internal import Notifications
internal import SafeText

/// What there is to tell of a batch.
enum ActionNews: Sendable, Equatable {
    /// So many entries are dead or uncertain, the first of them for this reason.
    case gone(EntryState, count: Int, reason: String)
    /// So many did not work and are tried again.
    case failing(count: Int, reason: String)
    /// Something was done.
    case works
}

/// What became of the entries of a batch, counted.
struct ActionTally {
    private var counts: [EntryState: (count: Int, reason: String)] = [:]

    mutating func count(_ settlement: Outbox.Settlement) {
        let reason = counts[settlement.state]?.reason ?? settlement.reason ?? ""
        counts[settlement.state] = ((counts[settlement.state]?.count ?? 0) + 1, reason)
    }

    /// One that is tried again, though nothing is written of it.
    mutating func failed(_ reason: String) {
        counts[.failed] = ((counts[.failed]?.count ?? 0) + 1, counts[.failed]?.reason ?? reason)
    }

    func news(hasWorked: Bool) -> [ActionNews] {
        var news: [ActionNews] = []
        if hasWorked { news.append(.works) }
        if let (count, reason) = counts[.failed] { news.append(.failing(count: count, reason: reason)) }
        for state in [EntryState.dead, .uncertain] {
            if let (count, reason) = counts[state] { news.append(.gone(state, count: count, reason: reason)) }
        }
        return news
    }
}

/// Turns news into lines, so that many of the same are one: the first is told at once, and those of the minute behind it
/// are counted in the next line.
struct ActionLines: Sendable {
    private struct Repeated: Sendable {
        var start: Timestamp
        var untold = 0
    }

    static let pause = Duration.seconds(60)

    private let name: String
    private var isFailing = false
    private var failed = 0
    private var gone: [EntryState: Repeated] = [:]

    init(name: String) {
        self.name = name
    }

    /// The lines to tell now, escaped.
    mutating func lines(_ news: [ActionNews], at now: Timestamp) -> [String] {
        news.compactMap { line($0, at: now) }
    }

    private mutating func line(_ news: ActionNews, at now: Timestamp) -> String? {
        switch news {
        case .works:
            guard isFailing else { return nil }
            defer { (isFailing, failed) = (false, 0) }
            return "action \(name) works again, after \(failed) failed \(failed == 1 ? "attempt" : "attempts")"
        case .failing(let count, let reason):
            failed += count
            guard !isFailing else { return nil }
            isFailing = true
            return "action \(name) fails and is tried again: \(SafeText(reason))"
        case .gone(let state, let count, let reason):
            let total = count + (gone[state]?.untold ?? 0)
            if let last = gone[state], now < last.start + Self.pause, now >= last.start {
                gone[state]?.untold = total
                return nil
            }
            gone[state] = Repeated(start: now)
            let entries = total == 1 ? "an entry is" : "\(total) entries are"
            return "action \(name): \(entries) \(state.word): \(SafeText(reason))"
        }
    }

    /// What is still to tell at the end.
    mutating func rest() -> [String] {
        defer { gone = [:] }
        return gone.filter { $0.value.untold > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "action \(name): \($0.value.untold) more \($0.value.untold == 1 ? "entry is" : "entries are") \($0.key.word)"
        }
    }
}
