internal import Browsing
internal import Notifications
internal import Settings

/// The settings that every action has.
extension ActionReading {
    /// What the settings change in a kind's manner.
    struct MannerChanges {
        var patience: Duration?
        var lanes: Located<Int>?
        var pace: Duration?
        var keepsOrder: Bool?

        func applied(to manner: ActionManner) -> ActionManner {
            var manner = manner
            if let patience { manner.patience = patience }
            if let lanes { manner.lanes = lanes.value }
            if let pace { manner.pace = pace }
            if let keepsOrder { manner.keepsOrder = keepsOrder }
            if manner.lanes > 1 { manner.keepsOrder = false }
            return manner
        }
    }

    mutating func kind(of kinds: [ActionKind]) -> ActionKind? {
        let names = kinds.map(\.name)
        guard let wanted = required("kind", expected: "one of \(names.joined(separator: ", "))") else { return nil }
        if let kind = kinds.first(where: { $0.name == wanted.value }) { return kind }
        let question = Suggestion.question(for: wanted.value, among: names)
        problem(
            "“kind” of “\(name)” is “\(wanted.value)”; expected is one of \(names.joined(separator: ", "))\(question)",
            at: wanted.position)
        return nil
    }

    /// - Parameter now: What times in it count back from.
    mutating func filter(at now: Timestamp) -> Filter? {
        let before = problems.count
        let text = text("when", expected: "a filter, such as type:created bucket:my*")
        guard problems.count == before else { return nil }
        let context = FilterContext(now: now, allowsRegularExpressions: false)
        do throws(FilterError) {
            return try Filter(text?.value ?? ActionDeclaration.usualFilter, in: context)
        } catch {
            if let text { problem("“when” of “\(name)”: \(error)", at: text.position) }
            return nil
        }
    }

    mutating func mannerChanges() -> MannerChanges {
        var changes = MannerChanges()
        changes.patience = duration("retry-for")
        changes.lanes = locatedNumber("concurrency", in: 1...16)
        if let rate = take("rate") { changes.pace = pace(rate) }
        if let order = take("order") {
            switch order.content {
            case .scalar("keep", _):
                changes.keepsOrder = true
                if let lanes = changes.lanes?.value, lanes > 1 {
                    problem(
                        "“order” of “\(name)” is “keep”, which a “concurrency” of \(lanes) cannot: leave out one of the two",
                        at: order.position)
                }
            case .scalar("free", _): changes.keepsOrder = false
            default: refuse(order, "order", expected: "keep or free")
            }
        }
        return changes
    }

    /// The action that is done when this one fails.
    mutating func onFailure() -> Located<String>? {
        text("on-failure", expected: "the name of another action")
    }

    /// Refuses what a kind cannot do.
    mutating func check(_ changes: MannerChanges, of kind: ActionKind, _ manner: ActionManner) {
        guard let lanes = changes.lanes, lanes.value > manner.mostLanes else { return }
        let most = manner.mostLanes == 1 ? "one batch" : "\(manner.mostLanes) batches"
        problem(
            "“concurrency” of “\(name)” is \(lanes.value), but \(kind.name) takes \(most) at a time at most: leave it out",
            at: lanes.position)
    }

    /// `60/m`: a number for each second, minute or hour.
    private mutating func pace(_ node: ConfigurationNode) -> Duration? {
        if case .scalar(let text, _) = node.content {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let units = ["s": 1, "m": 60, "h": 3_600]
            if parts.count == 2, parts[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(parts[0]), (1...10_000).contains(number), let unit = units[String(parts[1])]
            {
                return .seconds(unit) / number
            }
        }
        refuse(
            node, "rate",
            expected: "a number from 1 to 10000 for each second, minute or hour, such as 2/s, 60/m or 100/h")
        return nil
    }
}
