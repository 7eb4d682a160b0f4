import History
import Notifications
import SafeText

/// When what has arrived is told: at once, and while more comes no more than once a second, all that came together.
struct PlainNews {
    /// The least time between two announcements.
    static let pause = Duration.seconds(1)
    /// As many events are told one by one.
    static let most = 5
    /// As many are looked at to tell what they are.
    static let lookedAt = 500

    /// The newest row that was told.
    private(set) var told: Int64
    private var lastTold: ContinuousClock.Instant?
    private(set) var isAsked = false

    init(from row: Int64) {
        told = row
    }

    /// When something that waits may be told; nil where nothing waits.
    func deadline(latest: Int64) -> ContinuousClock.Instant? {
        guard latest > told, !isAsked else { return nil }
        return lastTold.map { $0 + Self.pause }
    }

    /// Whether the newest rows are to be read now. They are then asked for.
    mutating func ask(latest: Int64, at now: ContinuousClock.Instant) -> Bool {
        guard latest > told, !isAsked, lastTold.map({ now >= $0 + Self.pause }) ?? true else { return false }
        isAsked = true
        lastTold = now
        return true
    }

    /// What is to be said of the newest rows, which were read when there was no newer one than `latest`.
    mutating func take(_ window: RowWindow, latest: Int64, isFiltered: Bool, clock: RowClock) -> [SafeText] {
        let new = window.rows.filter { $0.id > told }
        // Where the first row read is new too, there are more of them before it.
        let isAll = new.count < window.rows.count || !window.hasOlder
        defer { finish(latest: max(latest, new.last?.id ?? 0)) }
        guard isAll else {
            let count: SafeText =
                isFiltered
                ? "More than \(Wording.grouped(new.count))" : "\(Wording.grouped(Int(max(latest, new[0].id) - told)))"
            return [count + " more events; the last \(Wording.grouped(new.count)) of them: " + Self.verdicts(new)]
        }
        guard new.count > Self.most else { return new.map { PlainRow(row: $0, clock: clock).announcement } }
        return ["\(Wording.grouped(new.count)) more events, " + Self.verdicts(new)]
    }

    /// What is to be said where rows are not read: how many there are.
    mutating func takeCount(latest: Int64) -> SafeText {
        defer { finish(latest: latest) }
        return "\(Wording.count(Int(latest - told), "more event has", "more events have")) come."
    }

    /// Nothing came of the question; what it was for is told with what comes next.
    mutating func failed() {
        isAsked = false
    }

    private mutating func finish(latest: Int64) {
        told = max(told, latest)
        isAsked = false
    }

    private static func verdicts(_ rows: [EventRow]) -> SafeText {
        SignatureVerdict.allCases.compactMap { verdict -> SafeText? in
            let count = rows.count { $0.verdict == verdict }
            return count > 0 ? "\(Wording.grouped(count)) \(verdict.title)" : nil
        }.joined(separator: ", ")
    }
}
