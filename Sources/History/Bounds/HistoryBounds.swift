import Notifications

/// How much a history keeps. The oldest requests above a bound are removed, some time after the commits that exceed it.
///
/// Requests that are not valid have bounds by default, in two shares, so that a flood of one kind leaves the other alone
/// and never touches a valid delivery. Valid deliveries have none unless a person sets one. Those of a rule that does not
/// sign count as valid here, because a stranger cannot send one.
public struct HistoryBounds: Sendable, Hashable {
    /// A number of requests and of bytes, whichever is reached first.
    public struct Limit: Sendable, Hashable {
        public var requests: Int
        public var bytes: Int

        public init(requests: Int = .max, bytes: Int = .max) {
            (self.requests, self.bytes) = (requests, bytes)
        }

        /// Twice as much.
        var doubled: Limit {
            Limit(requests: Self.doubled(requests), bytes: Self.doubled(bytes))
        }

        /// A limit smaller by a 64th, so that a removal has enough to do.
        var eased: Limit { Limit(requests: requests - requests / 64, bytes: bytes - bytes / 64) }

        /// A limit larger by a 64th.
        var exceeded: Limit {
            Limit(requests: Self.sum(requests, requests / 64), bytes: Self.sum(bytes, bytes / 64))
        }

        /// A limit larger by an eighth and a few. Nothing that is not valid is recorded above it, however slow the
        /// removal is.
        var last: Limit {
            Limit(requests: Self.sum(requests, requests / 8 + 1_024), bytes: Self.sum(bytes, bytes / 8 + 4 << 20))
        }

        private static func doubled(_ number: Int) -> Int { sum(number, number) }

        private static func sum(_ one: Int, _ other: Int) -> Int {
            let (sum, overflows) = one.addingReportingOverflow(other)
            return overflows ? .max : sum
        }
    }

    /// Requests that look like B2's and are not valid: a POST whose JSON has events.
    public var notifications: Limit
    /// Other requests that are not valid.
    public var others: Limit
    /// Valid deliveries; nil to keep all of them.
    public var valid: Limit?
    /// The age above which valid deliveries are removed; nil to keep them at any age.
    public var age: Duration?
    /// The free space of the disk, in bytes, below which requests that are not valid are not recorded; 0 for no limit.
    public var freeSpace = 0
    /// The number of removed events that are remembered, so that one that is sent again is a duplicate.
    public var tombstones: Int
    /// What may wait to be written.
    public var queue = Limit(requests: 8_192, bytes: 64 << 20)
    /// The time that a delivery waits to be written; B2 waits three seconds for its answer.
    public var writeTime = Duration.seconds(2)

    /// The bounds of a file: 100,000 requests that are not valid, or 1 GiB of them.
    public static let file = HistoryBounds(
        notifications: Limit(requests: 50_000, bytes: 512 << 20), others: Limit(requests: 50_000, bytes: 512 << 20),
        valid: nil, freeSpace: 256 << 20, tombstones: 1_000_000)

    /// The bounds of a history in memory: half of them for valid deliveries.
    public static let memory = HistoryBounds(
        notifications: Limit(requests: 50_000, bytes: 64 << 20), others: Limit(requests: 50_000, bytes: 64 << 20),
        valid: Limit(requests: 100_000, bytes: 128 << 20), tombstones: 100_000)
}

/// Whether a request may be recorded.
public enum RecordRoom: Sendable, Hashable {
    case some
    /// Requests that are not valid arrive faster than older ones are removed.
    case full
    /// Less space is free than `HistoryBounds.freeSpace`.
    case low
}

/// The bound that a request counts against while it is not valid.
enum Share: Int64, Sendable, Hashable {
    /// It looks like B2's: a POST whose JSON has events.
    case notification = 1
    /// Any other request.
    case other = 2
    /// Any other request of which only the start of the body is recorded: it is never verified again.
    case cut = 3
}

extension JudgedDelivery {
    var share: Share {
        if eventCount > 0, judgement.verdict != .unjudged { return .notification }
        return delivery.isCut ? .cut : .other
    }

    /// The bytes that it counts as, about as many as it takes in the file.
    ///
    /// - Parameter headers: The length of its header fields as they are recorded.
    func size(headers: Int) -> Int {
        delivery.body.count + headers + delivery.target.utf8.count + 256 + 384 * rowCount
    }
}

extension HistoryBounds {
    /// Returns whether requests with this verdict have the bound of valid ones, because no stranger can send one: valid
    /// deliveries, those with the proof of a rule that does not sign, and the events that b2watch has made from a bucket's
    /// listing.
    static func isTrusted(_ verdict: SignatureVerdict) -> Bool {
        [.valid, .unsigned, .reconciled].contains(verdict)
    }

    /// Their verdicts, in SQL.
    static let trusted = SignatureVerdict.allCases.filter(isTrusted).map { String($0.rawValue) }.joined(separator: ", ")
}

// MARK: - Amounts

/// The requests that a history has, as they count against its bounds, and the number of those that were removed.
public struct KeptAmounts: Sendable, Hashable {
    /// A number of requests and the bytes that they count as.
    public struct Amount: Sendable, Hashable {
        public var requests = 0
        public var bytes = 0

        public static func += (sum: inout Amount, other: Amount) {
            sum.requests += other.requests
            sum.bytes += other.bytes
        }

        func exceeds(_ limit: HistoryBounds.Limit) -> Bool { requests > limit.requests || bytes > limit.bytes }
    }

    /// Valid deliveries, and reconciled events. Those of an older version count as requests, and their bytes are unknown.
    public var valid = Amount()
    /// Requests that look like B2's and are not valid; without those of an older version, which stay.
    public var notifications = Amount()
    /// Other requests that are not valid; without those of an older version, which stay.
    public var others = Amount()
    /// The requests that were removed, and their rows in the event list.
    public var removed = 0
    public var removedRows = 0
    /// The requests of floods that were counted, and not recorded.
    public var flooded = 0
}
