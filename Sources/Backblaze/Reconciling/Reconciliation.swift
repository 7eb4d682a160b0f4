public import Base
internal import History

/// The order for a comparison.
public struct ReconcileRequest: Codable, Sendable, Hashable {
    public var bucket: String
    /// From when on, in milliseconds since 1970.
    public var since: Int64
    /// The beginning of the objects' names.
    public var prefix: String
    /// The name of the one rule to go by; nil for all of the bucket.
    public var rule: String?
    /// When the comparison began, in milliseconds since 1970.
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

/// What a version is found to be.
public enum ReconcileOutcome: String, Sendable, Hashable, CaseIterable {
    /// There is a valid event of it.
    case matched
    /// There is one, which arrived long after the upload.
    case late
    /// There is none, but an action has been run for it by an earlier comparison.
    case reconciled
    /// There is none.
    case missing
    /// Unknown: so new that its event may still be on its way.
    case recent
    /// Unknown: from before the record begins.
    case beforeRecord
    /// Unknown: the rules that are for it may be younger than it.
    case beforeRule
    /// Unknown: no enabled rule is for it.
    case outsideRules
    /// Unknown: rules are for some ways of creating it alone, and a listing does not say which way it was.
    case unsureType

    /// Whether nothing can be said of it.
    public var isUnknown: Bool {
        switch self {
        case .matched, .late, .reconciled, .missing: false
        case .recent, .beforeRecord, .beforeRule, .outsideRules, .unsureType: true
        }
    }
}

/// A rule to go by, with the time since when it is known to exist.
public struct ReconcileRule: Sendable {
    public let rule: NotificationRule
    /// When its first event was received, or b2watch first saw the rule; nil if neither is known. B2 does not say when a
    /// rule was made.
    public let since: Timestamp?

    public init(_ rule: NotificationRule, since: Timestamp?) {
        self.rule = rule
        self.since = since
    }
}

/// Which versions are compared, and what can be known of them.
struct ReconcileScope: Sendable {
    let request: ReconcileRequest
    /// When the record begins; nil where it is empty.
    let recordBegins: Timestamp?
    /// The rules to go by, of which only the enabled ones count; nil where they are not known.
    let rules: [ReconcileRule]?
    /// After how long an event is late, in milliseconds.
    let lateAfter: Int64

    /// Returns whether a version is compared.
    func includes(_ version: FileVersion) -> Bool {
        version.kind != nil && version.uploaded.milliseconds >= request.since
    }

    /// Returns what a version is of which no valid event is recorded.
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

    /// Returns the name of the rule that is for a version; empty where none is, or they are not known.
    func rule(for version: FileVersion) -> String { fitting(version).first?.name ?? "" }

    /// Returns the enabled rules that may be for a version, and whether each is for all ways of creating it.
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
    /// The way in which it came about; nil where nothing was created.
    var kind: VersionKind? {
        switch action {
        case .upload: .created
        case .hide: .hidden
        case .start, .other: nil
        }
    }
}

/// Compares the versions of a bucket with the recorded events: which objects changed without a notification?
///
/// A listing shows what is there: a deleted version leaves no trace in it, so that a missed deletion cannot be seen.
public struct Reconciliation: Sendable {
    private let client: B2Client
    private let bucket: Bucket
    private let store: ReconcileStore
    private let scope: ReconcileScope

    /// - Parameters:
    ///   - rules: The bucket's rules; nil where the key may not read them.
    ///   - recordBegins: When the record begins; nil where it is empty.
    ///   - lateAfter: After how long an event is late.
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

    /// How a run ended.
    public enum End: Sendable, Hashable {
        case done
        /// As many calls were made as are allowed.
        case limit
        case cancelled
    }

    /// Reads the listing from where it was left, page by page. Blocks.
    ///
    /// - Parameters:
    ///   - mostCalls: How many class C calls may be made in this run.
    ///   - pageSize: How many versions to ask for at once.
    ///   - told: Receives how many versions were read in this run, and how many calls were made; returns whether to go on.
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

/// A time in which objects changed without a notification.
public struct ReconcileGap: Sendable, Hashable {
    /// From one missing version to the next of the same gap.
    static let longestPause: Int64 = 5 * 60_000
    /// The most gaps that are told apart: more are joined to the last.
    static let most = 10_000

    public var first: Timestamp
    public var last: Timestamp
    public var count: Int
    /// How many of them have an event that is not valid.
    public var invalid: Int
    /// The names of the rules that are for them.
    public var rules: Set<String>

    public init(first: Timestamp, last: Timestamp, count: Int, invalid: Int, rules: Set<String> = []) {
        (self.first, self.last, self.count, self.invalid, self.rules) = (first, last, count, invalid, rules)
    }

    /// Returns the gaps of what is missing.
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
