import History

/// Which actions are known to fail, so that the first failure and the recovery are told and nothing between.
struct FailingActions {
    private var known: [String: ActionStatus] = [:]
    private var failing: Set<String> = []
    private var hasBegun = false

    /// Takes the actions as they are now.
    ///
    /// - Returns: What is to be told, in sentences.
    mutating func take(_ statuses: [ActionStatus]) -> [String] {
        defer {
            known = Dictionary(statuses.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
            hasBegun = true
        }
        guard hasBegun else {
            failing = Set(statuses.filter { $0[.failed] > 0 || $0.isOnHold }.map(\.name))
            return []
        }
        return statuses.compactMap { status in
            let before = known[status.name]
            let (bad, badBefore) = (Self.troubles(status), before.map(Self.troubles) ?? 0)
            if status.isOnHold, before?.isOnHold != true {
                failing.insert(status.name)
                return "The action \(status.name) is on hold: \(Self.short(status.hold?.reason))"
            }
            if failing.contains(status.name) {
                guard status[.failed] == 0, !status.isOnHold, bad <= badBefore, status[.done] > before?[.done] ?? 0
                else { return nil }
                failing.remove(status.name)
                return "The action \(status.name) works again."
            }
            guard bad > badBefore else { return nil }
            failing.insert(status.name)
            return "The action \(status.name) failed: \(Self.short(status.lastReason))"
        }
    }

    /// The reason, or as much of it as an announcement has room for: the entry tells the whole of it.
    private static func short(_ reason: String?) -> String {
        guard let reason, !reason.isEmpty else { return "its entries tell more." }
        return reason.count <= longest ? reason : "\(reason.prefix(longest))… Its entries tell more."
    }

    private static let longest = 100

    private static func troubles(_ status: ActionStatus) -> Int {
        status[.failed] + status[.dead] + status[.uncertain] + status[.onHold]
    }
}
