public import Base
internal import History

/// The order for a comparison.
public struct ReconcileRequest: Codable, Sendable, Hashable {
    public var bucket: String
    /// The start of the compared time, in milliseconds since 1970.
    public var since: Int64
    /// The beginning of the objects' names.
    public var prefix: String
    /// The name of the only rule to consider; nil for all rules of the bucket.
    public var rule: String?
    /// The time at which the comparison began, in milliseconds since 1970.
    public var now: Int64
    /// The age from which a version without an event is missing, in milliseconds: B2 repeats notifications for a while.
    public var grace: Int64

    /// The default age from which a version without an event is missing.
    public static let usualGrace = Duration.seconds(15 * 60)

    public init(
        bucket: String, since: Timestamp, prefix: String, rule: String?, now: Timestamp,
        grace: Duration = usualGrace
    ) {
        self.bucket = bucket
        self.since = since.milliseconds
        self.prefix = prefix
        self.rule = rule
        self.now = now.milliseconds
        self.grace = Int64(grace / .milliseconds(1))
    }
}

/// The result for a version.
public enum ReconcileOutcome: String, Sendable, Hashable, CaseIterable {
    /// It has a valid event.
    case matched
    /// It has a valid event, which arrived long after the upload.
    case late
    /// It has none, but an action has run for it after an earlier comparison.
    case reconciled
    /// It has none.
    case missing
    /// Unknown: so new that its event may still be on its way.
    case recent
    /// Unknown: it is older than the record.
    case beforeRecord
    /// Unknown: it may be older than the rules that cover it.
    case beforeRule
    /// Unknown: no enabled rule covers it.
    case outsideRules
    /// Unknown: rules cover only some ways of creating it, and a listing does not show how it was created.
    case unsureType

    /// Whether the version may or may not have had a notification.
    public var isUnknown: Bool {
        switch self {
        case .matched, .late, .reconciled, .missing: false
        case .recent, .beforeRecord, .beforeRule, .outsideRules, .unsureType: true
        }
    }
}

/// A rule to consider, with the earliest time at which it is known to exist.
public struct ReconcileRule: Sendable {
    public let rule: NotificationRule
    /// The time at which its first event was received, or b2watch first saw the rule; nil if neither is known. B2 does
    /// not report when a rule was created.
    public let since: Timestamp?

    public init(_ rule: NotificationRule, since: Timestamp?) {
        self.rule = rule
        self.since = since
    }
}

/// The versions to compare, and the facts that decide what is known about them.
struct ReconcileScope: Sendable {
    let request: ReconcileRequest
    /// The start of the record; nil if it is empty.
    let recordBegins: Timestamp?
    /// The rules to consider, of which only the enabled ones count; nil if they are not known.
    let rules: [ReconcileRule]?
    /// The delay after which an event is late, in milliseconds.
    let lateAfter: Int64

    /// Returns whether a version is compared.
    func includes(_ version: FileVersion) -> Bool {
        version.kind != nil && version.uploaded.milliseconds >= request.since
    }

    /// Returns the result for a version without a recorded valid event.
    func outcome(of version: FileVersion) -> ReconcileOutcome {
        if version.uploaded.milliseconds > request.now - request.grace { return .recent }
        guard let recordBegins, version.uploaded >= recordBegins else { return .beforeRecord }
        guard rules != nil else { return .missing }
        let fitting = fitting(version)
        if fitting.isEmpty { return .outsideRules }
        guard fitting.contains(where: \.isWhole) else { return .unsureType }
        return fitting.contains { $0.isWhole && $0.since.map { $0 <= version.uploaded } ?? false }
            ? .missing : .beforeRule
    }

    /// Returns the name of a rule that covers a version; empty if there is none, or the rules are not known.
    func rule(for version: FileVersion) -> String { fitting(version).first?.name ?? "" }

    /// Returns the enabled rules that may cover a version, and whether each covers all ways of creating it.
    private func fitting(_ version: FileVersion) -> [(name: String, isWhole: Bool, since: Timestamp?)] {
        guard let family = version.kind?.typePrefix else { return [] }
        return (rules ?? []).compactMap { known in
            let rule = known.rule
            let types = rule.eventTypes.filter { $0.hasPrefix(family) }
            guard rule.isEnabled, !types.isEmpty, version.name.utf8.starts(with: rule.prefix.utf8) else { return nil }
            return (rule.name, types.contains { $0.hasSuffix(":*") }, known.since)
        }
    }
}

extension FileVersion {
    /// The kind of change that made the version; nil if nothing was created.
    var kind: VersionKind? {
        switch action {
        case .upload: .created
        case .hide: .hidden
        case .start, .other: nil
        }
    }
}

/// A comparison of the versions of a bucket with the recorded events, which finds objects that changed without a
/// notification.
///
/// A listing shows only existing versions. A deleted version leaves no trace in it, so a missed deletion cannot be
/// detected.
public struct Reconciliation: Sendable {
    private let client: B2Client
    private let bucket: Bucket
    private let store: ReconcileStore
    private let scope: ReconcileScope

    /// - Parameters:
    ///   - rules: The bucket's rules; nil if the key may not read them.
    ///   - recordBegins: The start of the record; nil if it is empty.
    ///   - lateAfter: The delay after which an event is late.
    public init(
        _ client: B2Client, _ bucket: Bucket, _ store: ReconcileStore, rules: [ReconcileRule]?,
        recordBegins: Timestamp?, lateAfter: Duration = .seconds(60)
    ) throws(B2Problem) {
        self.client = client
        self.bucket = bucket
        self.store = store
        let request = try store.request()
        scope = ReconcileScope(
            request: request, recordBegins: recordBegins,
            rules: rules.map { rules in rules.filter { request.rule == nil || $0.rule.name == request.rule } },
            lateAfter: Int64(lateAfter / .milliseconds(1)))
    }

    /// The way in which a run ended.
    public enum End: Sendable, Hashable {
        case done
        /// It made the allowed number of calls.
        case limit
        case cancelled
    }

    /// Reads the listing from where it was left, page by page. Blocks.
    ///
    /// - Parameters:
    ///   - mostCalls: The largest number of class C calls in this run.
    ///   - pageSize: The number of versions to request at once.
    ///   - told: Receives the number of versions read in this run, and the number of calls; returns whether to
    ///     continue.
    public func run(
        mostCalls: Int = .max, pageSize: Int = B2Client.largestPage, told: (_ versions: Int, _ calls: Int) -> Bool
    ) throws(B2Problem) -> End {
        var (versions, calls) = (0, 0)
        if try store.progress().isDone { return .done }
        var mark = try store.mark()
        while true {
            // A call is for a thousand versions.
            let left = min(max(0, mostCalls - calls), B2Client.largestPage / 1_000)
            guard left > 0 else { return .limit }
            let size = min(pageSize, left * 1_000)
            let page = try client.versions(of: bucket, prefix: scope.request.prefix, from: mark, count: size)
            try store.compare(page, scope)
            versions += page.versions.count
            calls += page.calls
            guard told(versions, calls) else { return page.next == nil ? .done : .cancelled }
            guard let next = page.next else { return .done }
            mark = next
        }
    }
}

// MARK: - Gaps

/// A period in which objects changed without a notification.
public struct ReconcileGap: Sendable, Hashable {
    /// The longest time between two missing versions of the same gap.
    static let longestPause: Int64 = 5 * 60_000
    /// The largest number of separate gaps: more are joined to the last.
    static let most = 10_000

    public var first: Timestamp
    public var last: Timestamp
    public var count: Int
    /// The number of versions with an event that is not valid.
    public var invalid: Int
    /// The names of the rules that cover the versions.
    public var rules: Set<String> = []

    /// Returns the gaps between missing versions.
    public static func all(in store: ReconcileStore) throws -> [ReconcileGap] {
        var gaps: [ReconcileGap] = []
        try store.visitMissing { missing in
            if var gap = gaps.last,
                missing.uploaded.milliseconds - gap.last.milliseconds <= longestPause || gaps.count == most
            {
                gap.last = missing.uploaded
                gap.count += 1
                gap.invalid += missing.hasInvalid ? 1 : 0
                gap.rules.insert(missing.rule)
                gaps[gaps.count - 1] = gap
            } else {
                gaps.append(
                    ReconcileGap(
                        first: missing.uploaded, last: missing.uploaded, count: 1,
                        invalid: missing.hasInvalid ? 1 : 0, rules: [missing.rule]))
            }
        }
        return gaps
    }
}
