/// What a row of the event list shows of its entries: the worst of their states. Only actions count that are declared:
/// what another one has done, or has still to do, says nothing of what holds now.
enum OutboxMarks {
    /// The worst first.
    private static let order: [EntryState] = [.dead, .uncertain, .onHold, .failed, .running, .queued, .skipped, .done]

    /// Of all actions. Asks nothing as long as there is no action.
    static let ofAll = worst(among: "")

    /// Of those that write a sheet.
    static let ofSheets = worst(among: "AND action.kind IN (\(sheets))")

    /// The kinds of actions that write a sheet.
    private static let sheets = ActionStatus.sheetKinds.map { "'\($0)'" }.joined(separator: ", ")

    /// - Parameter actions: Which ones, as the rest of a condition.
    private static func worst(among actions: String) -> String {
        let places = order.enumerated().map { "WHEN \($1.rawValue) THEN \($0)" }.joined(separator: " ")
        return """
            CASE WHEN EXISTS (SELECT 1 FROM action) AND event.position IS NOT NULL
                THEN (SELECT min(CASE entry.state \(places) END)
                    FROM entry CROSS JOIN action ON action.id = entry.action
                    WHERE identity = \(EventIdentity.sql()) AND action.isDeclared \(actions)) END
            """
    }

    /// - Parameter place: As read by `ofAll` or `ofSheets`.
    static func state(_ place: Int?) -> EntryState? {
        guard let place, order.indices.contains(place) else { return nil }
        return order[place]
    }
}
