internal import Foundation
internal import History
internal import Notifications
internal import SafeText

/// Finds out which troubles of actions are new, so that each is told once. It knows no clock but what it is told.
struct TroubleNews {
    /// How many entries each trouble concerned when it was last looked at; nil before the first look, whose troubles are
    /// known already.
    private var known: [String: Int]?
    /// From when on an action may be behind: what waited before is given time to be done.
    private let start: Timestamp

    init(at start: Timestamp) {
        self.start = start
    }

    /// Takes note of how the actions stand.
    ///
    /// - Returns: What is new, with how many more entries it concerns.
    mutating func take(_ statuses: [ActionStatus], at now: Timestamp) -> [ActionTrouble] {
        var current: [String: Int] = [:]
        var new: [ActionTrouble] = []
        for trouble in statuses.flatMap({ $0.troubles(at: now) }) {
            if trouble.kind == .backlog, now < lateAt { continue }
            let key = "\(trouble.kind.rawValue) \(trouble.action)"
            current[key] = trouble.count
            let before = known?[key]
            switch trouble.kind {
            case .onHold where before == nil, .backlog where before == nil: new.append(trouble)
            case .dead where trouble.count > before ?? 0, .uncertain where trouble.count > before ?? 0,
                .heldEntries where trouble.count > before ?? 0:
                var more = trouble
                more.count -= before ?? 0
                new.append(more)
            default: break
            }
        }
        defer { known = current }
        return known == nil ? new.filter { $0.kind == .backlog } : new
    }

    /// When an action will be behind that is not yet; nil where none will.
    func nextLate(_ statuses: [ActionStatus], after now: Timestamp) -> Timestamp? {
        statuses.compactMap(\.lateAt).map { max($0, lateAt) }.filter { $0 > now }.min()
    }

    private var lateAt: Timestamp {
        Timestamp(milliseconds: start.milliseconds + Int64(ActionStatus.lateness / .milliseconds(1)))
    }
}

extension ActionTrouble {
    /// What a program is told in its environment, escaped. The variables about a delivery are empty.
    var environment: [String: String] {
        func value(_ text: String) -> String {
            String(SafeText(String(text.prefix(Problem.longestValue))).string.prefix(Problem.longestValue))
        }
        var variables = Dictionary(uniqueKeysWithValues: ProblemReport.variables.map { ($0, "") })
        variables["B2WATCH_PROBLEM"] = "action"
        variables["B2WATCH_PROBLEMS"] = String(count)
        variables["B2WATCH_ACTION"] = action
        variables["B2WATCH_ACTION_PROBLEM"] = kind.rawValue
        variables["B2WATCH_REASON"] = value(reason ?? "")
        return variables
    }
}
