import GRDB
import Notifications
import Synchronization

/// Reports changes of the history on the writer's thread: observers must only take note and return.
final class ChangeFeed: Sendable {
    private struct State {
        var change: HistoryChange
        var observers: [@Sendable (HistoryEvent) -> Void] = []
        var followers: [@Sendable ([RecordedDelivery]) -> Void] = []
        /// The reason why this process cannot record any more, until it ends.
        var damage: String?
        /// The conditions that last, each in a sentence.
        var lasting: [LastingCondition: String] = [:]

        /// All conditions that last; nil for none.
        var sentences: String? {
            let all = lasting.sorted { $0.key < $1.key }.map(\.value)
            return all.isEmpty ? nil : all.joined(separator: "; ")
        }

        /// Whether this is the copy of a shared history: deliveries are recorded there, whatever becomes of the copy.
        var isCopy = false
        /// The reason why the shared history cannot be written.
        var away: String?

        /// The health after a commit.
        var healthAfterCommit: HistoryHealth {
            (isCopy ? away : damage).map(HistoryHealth.failing) ?? .recording
        }
    }

    private let state: Mutex<State>

    init(_ change: HistoryChange) {
        state = Mutex(State(change: change))
    }

    var current: HistoryChange { state.withLock { $0.change } }

    func observe(_ observer: @escaping @Sendable (HistoryEvent) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    func committed(_ insertion: Insertion) {
        state.withLock { state in
            state.change.latestRow = insertion.latestRow
            state.change.latestDelivery = insertion.latestDelivery
            insertion.counts.apply(to: &state.change)
            state.change.health = state.healthAfterCommit
        }
        notify { .changed($0) }
        if insertion.isStale { notify { _ in .stale } }
    }

    /// Adds a follower, which receives the deliveries that each transaction has recorded.
    func follow(_ follower: @escaping @Sendable ([RecordedDelivery]) -> Void) {
        state.withLock { $0.followers.append(follower) }
    }

    /// Whether there are followers.
    var isFollowed: Bool { state.withLock { !$0.followers.isEmpty } }

    /// Passes on the deliveries that were just recorded.
    func recorded(_ deliveries: [RecordedDelivery]) {
        for follower in state.withLock({ $0.followers }) { follower(deliveries) }
    }

    /// Reports that answer times are written, up to the one of this delivery.
    func answered(_ delivery: Int64) {
        let isNew = state.withLock { state in
            defer { state.change.latestAnswered = max(delivery, state.change.latestAnswered) }
            return delivery > state.change.latestAnswered
        }
        if isNew { notify { .changed($0) } }
    }

    /// Reports that secrets were tried, and verdicts may have changed.
    func rejudged(_ counts: TallyChange) {
        guard !counts.isEmpty else { return }
        state.withLock { state in
            counts.apply(to: &state.change)
            state.change.revision += 1
        }
        notify { .changed($0) }
    }

    /// Reports that older records read differently.
    ///
    /// - Parameter tally: The counts as read from the file.
    func reread(_ tally: Tally) {
        state.withLock { state in
            state.change.tally = tally
            state.change.revision += 1
        }
        notify { .changed($0) }
    }

    /// Reports that deliveries were removed.
    ///
    /// - Parameter isLast: Whether no more are to be removed now: only then older records are read again.
    func removed(_ counts: TallyChange?, isLast: Bool) {
        guard counts != nil || isLast else { return }
        state.withLock { state in
            counts?.apply(to: &state.change)
            if isLast { state.change.revision += 1 }
        }
        notify { .changed($0) }
    }

    /// Reports that more requests of floods were counted.
    func flooded(_ more: Int) {
        state.withLock { state in
            state.change.kept.flooded += more
            state.change.revision += 1
        }
        notify { .changed($0) }
    }

    /// What is there of the requests that count against the bounds.
    var kept: KeptAmounts { state.withLock { $0.change.kept } }

    /// Reports that the outbox has changed.
    func outboxChanged(to revision: Int64) {
        state.withLock { $0.change.outbox = max($0.change.outbox, revision) }
        notify { .changed($0) }
    }

    func fail(_ reason: String) {
        let (reason, isCopy) = state.withLock { ($0.damage ?? reason, $0.isCopy) }
        if isCopy {
            return last(
                .copy, "the copy of the shared history is not continued: \(reason); what arrives is recorded there")
        }
        let isNew = state.withLock { state in
            defer { state.change.health = .failing(reason) }
            return state.change.health != .failing(reason)
        }
        if isNew { notify { .changed($0) } }
    }

    /// Notes that this is the copy of a shared history.
    func followShared() {
        state.withLock { $0.isCopy = true }
    }

    /// Reports that the shared history cannot be written, or can be: nil. May be called from any thread.
    func shared(isAway reason: String?) {
        let isNew = state.withLock { state in
            state.away = reason
            let health = state.healthAfterCommit
            defer { state.change.health = health }
            return state.change.health != health
        }
        if isNew { notify { .changed($0) } }
    }

    /// Reports that this process cannot record any more, until it ends. May be called from any thread.
    func fail(forGood reason: String) {
        state.withLock { $0.damage = reason }
        fail(reason)
    }

    /// Whether this process cannot record any more, until it ends.
    var isFailingForGood: Bool { state.withLock { $0.damage != nil } }

    var isFailing: Bool {
        state.withLock { $0.isCopy ? $0.lasting[.copy] != nil : $0.change.health != .recording }
    }

    /// Reports that deliveries are recorded again.
    ///
    /// - Parameter change: The state as read from the file.
    func recovered(_ change: HistoryChange) {
        state.withLock { state in
            let last = state.change
            state.change = change
            state.change.revision = last.revision + 1
            state.change.latestAnswered = last.latestAnswered
            state.change.health = state.healthAfterCommit
        }
        last(.copy, nil)
        notify { .changed($0) }
    }

    func refuse(_ reason: String) {
        notify { _ in .refused(reason) }
    }

    /// Reports a warning to a person. May be called from any thread.
    func warn(_ sentence: String) {
        notify { _ in .warning(sentence) }
    }

    /// Reports something for the log.
    func note(_ sentence: String) {
        notify { _ in .note(sentence) }
    }

    /// Reports that a condition lasts from now on, or has ended: nil. May be called from any thread.
    func last(_ condition: LastingCondition, _ sentence: String?) {
        let all: (String?, isProgress: Bool)? = state.withLock { state in
            let before = state.lasting[condition]
            state.lasting[condition] = sentence
            // Progress is shown as it is made, and logged once.
            let isNew = (before == nil) != (sentence == nil)
            guard isNew || condition == .filling && before != sentence else { return nil }
            return (state.sentences, !isNew)
        }
        guard let (all, isProgress) = all else { return }
        notify { _ in .lasting(news: isProgress ? nil : sentence, all: all) }
    }

    /// Reports the state as it is.
    func announce() {
        let sentences = state.withLock { $0.sentences }
        notify { .changed($0) }
        if let sentences { notify { _ in .lasting(news: sentences, all: sentences) } }
    }

    private func notify(_ event: (HistoryChange) -> HistoryEvent) {
        let (change, observers) = state.withLock { ($0.change, $0.observers) }
        let event = event(change)
        for observer in observers { observer(event) }
    }
}

/// A condition of the record that lasts, and that a person should know.
enum LastingCondition: Int, Sendable, Hashable, Comparable {
    /// The file system is of several machines.
    case shared
    /// The disk has less free space than the floor.
    case lowSpace
    /// The history takes most of the space that it may have.
    case large
    /// A bound is filled by requests that stay.
    case othersStay, notificationsStay, validStay
    /// The copy of a shared history cannot be written.
    case copy
    /// The copy of a shared history is far behind it.
    case filling

    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

// MARK: - Tally

/// The changes that a transaction makes to the counts by verdict. The counts are stored, because counting a million
/// rows would take most of a second.
struct TallyChange: Sendable {
    /// A verdict as recorded.
    struct Recorded: Sendable, Hashable {
        var verdict: SignatureVerdict
        /// The secret's number; 0 without a secret.
        var secret: Int64 = 0
    }

    /// The amounts to add to a row of the tally.
    struct Count: Sendable {
        /// The deliveries received, including removed ones.
        var deliveries = 0
        var rows = 0
        /// The requests that still exist and count against the bounds, by their share.
        var notifications = KeptAmounts.Amount()
        var others = KeptAmounts.Amount()
        /// The requests removed.
        var removed = 0
        var removedRows = 0

        mutating func add(_ deliveries: Int, _ share: Share?, bytes: Int) {
            let amount = KeptAmounts.Amount(requests: deliveries, bytes: deliveries < 0 ? -bytes : bytes)
            switch share {
            case .notification: notifications += amount
            case .other, .cut: others += amount
            case nil: break
            }
        }

        /// The values in the order of the parameters of `TallyChange.sql`, after the verdict and the secret.
        var values: [Int] {
            [
                deliveries, rows, notifications.requests, notifications.bytes, others.requests, others.bytes, removed,
                removedRows,
            ]
        }
    }

    private var counts: [Recorded: Count] = [:]
    /// The secrets whose verdicts read as removed.
    private let leaked: Set<Int64>

    init(leaked: Set<Int64>) {
        self.leaked = leaked
    }

    var isEmpty: Bool { counts.isEmpty }

    /// Counts deliveries as received, or as no longer of this verdict if the number is negative.
    ///
    /// - Parameters:
    ///   - share: The bound they count against; nil for those of an older version.
    ///   - bytes: The total of their bytes.
    mutating func add(_ deliveries: Int, rows: Int, share: Share?, bytes: Int, to recorded: Recorded) {
        counts[recorded, default: Count()].deliveries += deliveries
        counts[recorded, default: Count()].rows += rows
        counts[recorded, default: Count()].add(deliveries, share, bytes: bytes)
    }

    /// Counts one delivery as removed; it stays among those received.
    mutating func remove(rows: Int, share: Share?, bytes: Int, from recorded: Recorded) {
        counts[recorded, default: Count()].add(-1, share, bytes: bytes)
        counts[recorded, default: Count()].removed += 1
        counts[recorded, default: Count()].removedRows += rows
    }

    func apply(to change: inout HistoryChange) {
        for (recorded, count) in counts { Self.apply(count, of: recorded, leaked, to: &change) }
    }

    private static func apply(
        _ count: Count, of recorded: Recorded, _ leaked: Set<Int64>, to change: inout HistoryChange
    ) {
        change.tally[recorded.shown(leaked)] += count.deliveries
        change.tally.rows += count.rows
        change.kept.removed += count.removed
        change.kept.removedRows += count.removedRows
        if HistoryBounds.isTrusted(recorded.verdict) {
            change.kept.valid.requests += count.deliveries - count.removed
            change.kept.valid.bytes += count.notifications.bytes + count.others.bytes
        } else {
            change.kept.notifications += count.notifications
            change.kept.others += count.others
        }
    }

    /// Adds counts to the tally of a verdict and a secret: see `Count.values`.
    static let sql = """
        INSERT INTO tally (verdict, secret, \(columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (verdict, secret) DO UPDATE SET deliveries = deliveries + ?3, rows = rows + ?4,
            notifications = notifications + ?5, notificationBytes = notificationBytes + ?6, others = others + ?7,
            otherBytes = otherBytes + ?8, removed = removed + ?9, removedRows = removedRows + ?10
        """
    private static let columns =
        "deliveries, rows, notifications, notificationBytes, others, otherBytes, removed, removedRows"

    func apply(to db: Database) throws {
        let statement = try db.cachedStatement(sql: Self.sql)
        try forEach { recorded, count in
            try statement.execute(
                arguments: [recorded.verdict.rawValue, recorded.secret] + StatementArguments(count.values))
        }
    }

    /// Visits the changes to add to the tally.
    func forEach(_ visit: (Recorded, Count) throws -> Void) rethrows {
        for (recorded, count) in counts { try visit(recorded, count) }
    }

    /// Reads the counts from the file into a change.
    static func read(_ db: Database, into change: inout HistoryChange) throws {
        (change.tally, change.kept) = (Tally(), KeptAmounts())
        change.kept.flooded = try Int.fetchOne(db, sql: "SELECT flooded FROM retention") ?? 0
        let leaked = try SecretTable.leaked(db)
        for row in try Row.fetchAll(db, sql: "SELECT verdict, secret, \(columns) FROM tally") {
            guard let verdict = SignatureVerdict(rawValue: row[0]) else { continue }
            let count = Count(
                deliveries: row[2], rows: row[3], notifications: .init(requests: row[4], bytes: row[5]),
                others: .init(requests: row[6], bytes: row[7]), removed: row[8], removedRows: row[9])
            apply(count, of: Recorded(verdict: verdict, secret: row[1]), leaked, to: &change)
        }
    }

    static func read(_ db: Database) throws -> Tally {
        var change = HistoryChange()
        try read(db, into: &change)
        return change.tally
    }
}

extension TallyChange.Recorded {
    /// Returns the verdict as it reads now.
    fileprivate func shown(_ leaked: Set<Int64>) -> SignatureVerdict {
        verdict == .valid && leaked.contains(secret) ? .removed : verdict
    }
}
